// SPDX-License-Identifier: Apache-2.0
// The worked vectors of docs/wire/evidence.md against the code; tests/vectors/wire computes them from the page.
#include "attest/lock_check.h"
#include "codec/tpm_attest.h"
#include "crypto/hash.h"
#include "lifecycle/device_id.h"
#include "support/wire_document.h"
#include "unit/attest/support.h"

namespace birthmark::attest {
namespace {

using lifecycle::Purpose;
using lifecycle::RootKind;

std::string shown(const std::string& name) {
  return test::in_document("evidence.md", name);
}
template <std::size_t N>
Octets<N> numbered(std::uint8_t first) {
  Octets<N> out{};
  for (std::size_t i = 0; i < N; ++i) {
    out[i] = static_cast<std::uint8_t>(first + i);
  }
  return out;
}

const Nonce kNonce{numbered<32>(0x00)};
const SessionId kSession{numbered<32>(0x20)};
const Digest kTranscript{numbered<32>(0x40)};

Bytes key() {
  return from_hex(shown("Public identity")).value();
}
DeviceId device() {
  return lifecycle::device_id(RootKind::tpm, key());
}

TEST(EvidenceVectors, device_ids) {
  EXPECT_TRUE(crypto::PublicKey::from_spki(key()));
  EXPECT_EQ(to_hex(device().get()), shown("DeviceId"));
  EXPECT_EQ(to_hex(crypto::sha256(from_hex(shown("Array of a TPM")).value()).get()), shown("DeviceId"));
  EXPECT_EQ(to_hex(lifecycle::secure_element_identity(key(), numbered<9>(0x60))),
            shown("Identity of a secure element"));
}

TEST(EvidenceVectors, freshness_values) {
  const auto spki = crypto::sha256(key());
  const auto unknown = lifecycle::freshness_value(Purpose::provision, kNonce, kSession, std::nullopt, spki);
  EXPECT_EQ(to_hex(unknown.get()), shown("Value before the device is known"));
  EXPECT_EQ(to_hex(crypto::sha256(from_hex(shown("Array before the device is known")).value()).get()),
            shown("Value before the device is known"));
  const auto known = lifecycle::freshness_value(Purpose::renew, kNonce, kSession, device(), spki);
  EXPECT_EQ(to_hex(known.get()), shown("Value of a known device"));
}

TEST(EvidenceVectors, creation_data) {
  const auto bytes = from_hex(shown("Creation data")).value();
  const auto read = tpm::read_creation_data(bytes).value();
  EXPECT_EQ(to_hex(tpm::write(read)), shown("Creation data"));
  EXPECT_EQ(read.locality, 1);
  EXPECT_TRUE(read.selection.empty() && read.outside_info.empty() && !read.parent_name_hash);
  EXPECT_EQ(to_hex(read.parent_name), "4000000b");
  EXPECT_EQ(read.parent_qualified_name, read.parent_name);
  EXPECT_EQ(to_hex(crypto::sha256(bytes).get()), shown("creationHash"));
}

TEST(EvidenceVectors, lock_check_record) {
  const LockCheck record{.device = device(),
                         .nonce = kNonce,
                         .transcript = kTranscript,
                         .debug_locked = true,
                         .secure_boot = true,
                         .lockdown_sealed = false};
  EXPECT_EQ(to_hex(lock_check_message(record)), shown("Lock-check message"));
}

TEST(EvidenceVectors, findings) {
  const Findings findings{{"ek.path", "RFC 5280 §6.1", Outcome::passed, Code::ek_untrusted, ""},
                          {"ek.denied", "EK 4", Outcome::failed, Code::ek_untrusted, "on the deny list"},
                          {"ek.names", "EK 8", Outcome::not_reached, Code::ek_untrusted, ""}};
  EXPECT_EQ(to_hex(write(findings)), shown("Findings"));
  EXPECT_EQ(read_findings(from_hex(shown("Findings")).value()).value(), findings);
}

}  // namespace
}  // namespace birthmark::attest
