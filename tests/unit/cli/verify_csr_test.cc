// SPDX-License-Identifier: Apache-2.0
// AC-19, AC-20: the verdict on a file. What requests may say stands in csr_policy_test.cc.
#include "cli/verify_csr.h"

#include <gtest/gtest.h>

#include <array>

#include "codec/csr_attestation.h"
#include "codec/der.h"
#include "codec/oid.h"
#include "codec/pem.h"
#include "codec/pkcs10.h"
#include "crypto/keys.h"

namespace birthmark::cli {
namespace {

constexpr std::string_view kDevice = "BM-01-000042";

Bytes name_of(std::initializer_list<x509::NamePart> parts) {
  return x509::write_name(std::span{parts.begin(), parts.size()}).value();
}
Bytes device_name() {
  return name_of({{oids::common_name, der::tag::utf8_string, kDevice}});
}

struct Asked {
  Bytes name = device_name();
  crypto::KeyType key = crypto::KeyType::p256;
  x509::SignatureAlgorithm algorithm = x509::SignatureAlgorithm::ecdsa_sha256;
  std::vector<pkcs10::Attribute> attributes = {};
};

Bytes request(const Asked& asked) {
  const auto key = crypto::PrivateKey::generate(asked.key).value();
  return pkcs10::write_request(asked.name, key.public_key().spki(), asked.attributes, asked.algorithm,
                               [&](BytesView info) { return key.sign(info); })
      .value();
}

std::string check_of(const CsrVerdict& verdict) {
  return verdict.accepted ? "" : std::string{verdict.said.at("check").as_string()};
}
std::string refused_by(const Asked& asked) {
  return check_of(judge_csr_file(request(asked), kDevice));
}

TEST(VerifyCsr, takes_pem_and_der) {
  const auto der = request({});
  EXPECT_TRUE(judge_csr_file(der, kDevice).accepted);
  for (const auto* label : {"CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"}) {
    const auto text = pem::write(label, der);
    EXPECT_TRUE(judge_csr_file(as_bytes(text), kDevice).accepted) << label;
    const auto twice = text + text;
    EXPECT_EQ(check_of(judge_csr_file(as_bytes(twice), kDevice)), "csr.encoding") << "which of the two?";
  }
  const auto certificate = pem::write("CERTIFICATE", der);
  EXPECT_EQ(check_of(judge_csr_file(as_bytes(certificate), kDevice)), "csr.encoding");
  EXPECT_EQ(check_of(judge_csr_file({}, kDevice)), "csr.encoding");
}

TEST(VerifyCsr, a_block_of_pem_inside_of_der_is_not_judged_in_its_place) {
  const auto text = pem::write("CERTIFICATE REQUEST", request({}));
  Bytes der{0x30, 0x82, static_cast<std::uint8_t>(text.size() >> 8), static_cast<std::uint8_t>(text.size())};
  append(der, as_bytes(text));
  EXPECT_EQ(check_of(judge_csr_file(der, kDevice)), "csr.encoding");
}

TEST(VerifyCsr, says_what_failed_where_it_is_demanded_and_what_a_file_cannot_show) {
  const auto good = judge_csr_file(request({}), kDevice);
  EXPECT_EQ(good.said.at("verdict"), "accept");
  EXPECT_EQ(good.said.at("key"), "P-256");
  EXPECT_EQ(good.said.at("not_judged").as_array().size(), 1U);
  const auto other = judge_csr_file(request({}), "BM-01-000043");
  EXPECT_FALSE(other.accepted);
  EXPECT_EQ(other.said.at("verdict"), "reject");
  EXPECT_EQ(other.said.at("check"), "csr.subject");
  EXPECT_EQ(other.said.at("code"), "csr_policy");
  EXPECT_FALSE(other.said.at("clause").as_string().empty());
}

TEST(VerifyCsr, takes_every_sound_key_and_says_that_a_policy_must_name_it) {
  using enum x509::SignatureAlgorithm;
  for (const auto& [type, algorithm] :
       {std::pair{crypto::KeyType::p384, ecdsa_sha384}, std::pair{crypto::KeyType::p521, ecdsa_sha512},
        std::pair{crypto::KeyType::ed25519, ed25519}}) {
    const auto verdict = judge_csr_file(request({.key = type, .algorithm = algorithm}), kDevice);
    EXPECT_TRUE(verdict.accepted);
    EXPECT_EQ(verdict.said.at("not_judged").as_array().size(), type == crypto::KeyType::p384 ? 1U : 2U);
  }
  EXPECT_EQ(refused_by({.key = crypto::KeyType::p384, .algorithm = ecdsa_sha256}), "csr.signature");
}

TEST(VerifyCsr, a_name_is_the_devices_and_says_it_once) {
  using der::tag::printable_string;
  using der::tag::utf8_string;
  const std::string long_name(65, 'A');
  EXPECT_EQ(refused_by({.name = name_of({{oids::common_name, utf8_string, kDevice},
                                         {oids::serial_number, printable_string, kDevice}})}),
            "");
  EXPECT_EQ(refused_by({.name = Bytes{0x30, 0x00}}), "") << "no name is the registry's to give";
  for (const auto& name :
       {name_of({{oids::common_name, utf8_string, kDevice}, {oids::common_name, utf8_string, kDevice}}),
        name_of({{oids::serial_number, utf8_string, kDevice}}),
        name_of({{oids::common_name, der::tag::ia5_string, kDevice}}),
        name_of({{oids::organization, utf8_string, kDevice}}),
        name_of({{oids::common_name, utf8_string, "bm-01-000042"}}),
        name_of({{oids::common_name, utf8_string, "BM-01-000042 "}})}) {
    EXPECT_EQ(refused_by({.name = name}), "csr.subject") << to_hex(name);
  }
  const auto der = request({.name = name_of({{oids::common_name, utf8_string, long_name}})});
  EXPECT_EQ(check_of(judge_csr_file(der, long_name)), "csr.subject") << "ub-common-name";
}

TEST(VerifyCsr, a_challenge_password_is_for_the_channel_and_evidence_for_its_own_reader) {
  const auto password = pkcs10::challenge_password_value("dGxzLXVuaXF1ZQ==").value();
  EXPECT_EQ(refused_by({.attributes = {{oids::challenge_password, password}}}), "");
  const Bytes value{0x30, 0x06, 0x04, 0x01, 0x61, 0x04, 0x01, 0x62};
  const auto bundle =
      csr_attestation::write({.statements = {{csr_attestation::kTpmCertify, value}}, .certificates = {}});
  const auto with = judge_csr_file(request({.attributes = {{csr_attestation::kAttribute, *bundle}}}), kDevice);
  EXPECT_TRUE(with.accepted) << json::write(with.said);
  const Bytes wrong{0x30, 0x00};
  EXPECT_NE(refused_by({.attributes = {{csr_attestation::kAttribute, wrong}}}), "");
  const Bytes unknown{0x2A, 0x03};
  EXPECT_EQ(refused_by({.attributes = {{unknown, wrong}}}), "csr.attributes");
}

}  // namespace
}  // namespace birthmark::cli
