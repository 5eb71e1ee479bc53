// SPDX-License-Identifier: Apache-2.0
#include "cli/inspect_requests.h"

#include <gtest/gtest.h>

#include "cli/inspect.h"
#include "codec/csr_attestation.h"
#include "codec/ocsp.h"
#include "codec/pem.h"
#include "codec/tcg_event_log.h"
#include "codec/tpm_signature.h"

namespace birthmark::cli {
namespace {

std::string type_of(BytesView bytes) {
  const auto said = inspect(bytes);
  return said ? std::string{said->at("type").as_string()} : "";
}

TEST(InspectRequests, knows_each_form_by_itself) {
  const ocsp::Request request{{{ocsp::IdHash::sha1, Bytes(20, 1), Bytes(20, 2), {0x4B}}}, Bytes(16, 3), false};
  const auto der = ocsp::write(request).value();
  EXPECT_EQ(type_of(der), "OCSP request");
  const auto text = pem::write("OCSP REQUEST", der);
  EXPECT_EQ(type_of(as_bytes(text)), "OCSP request");
  const Bytes try_later{0x30, 0x03, 0x0A, 0x01, 0x03};
  EXPECT_EQ(type_of(try_later), "OCSP response");
  EXPECT_EQ(inspect(try_later)->at("status"), "tryLater");
  EXPECT_EQ(
      type_of(tpm::write(tpm::Signature{tpm::RsaSignature{tpm::RsaPadding::pss, tpm::Hash::sha256, Bytes(256, 1)}})),
      "TPMT_SIGNATURE");
  const Bytes value{0x30, 0x06, 0x04, 0x01, 0x61, 0x04, 0x01, 0x62};
  const auto bundle =
      csr_attestation::write({.statements = {{csr_attestation::kTpmCertify, value}}, .certificates = {}});
  EXPECT_EQ(type_of(*bundle), "AttestationBundle");
  const Bytes attributes{0x30, 0x04, 0x06, 0x02, 0x2A, 0x03};
  EXPECT_EQ(type_of(attributes), "CsrAttrs");
  const Bytes digest(32, 0xAA);
  const tcg_log::Log log{
      .format = tcg_log::Format::crypto_agile, .banks = {{0x000B, 32}}, .events = {{7, 4, {digest}, {}}}};
  const auto said = inspect(tcg_log::write(log));
  ASSERT_TRUE(said);
  EXPECT_EQ(said->at("type"), "event log");
  EXPECT_TRUE(said->contains("sha256 pcr 7"));
}

TEST(InspectRequests, refuses_what_it_does_not_know) {
  EXPECT_EQ(type_of({}), "");
  EXPECT_EQ(type_of(as_bytes("hello")), "");
  const Bytes empty{0x30, 0x00};
  EXPECT_EQ(type_of(empty), "") << "may be anything";
}

}  // namespace
}  // namespace birthmark::cli
