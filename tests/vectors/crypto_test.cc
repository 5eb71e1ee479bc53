// SPDX-License-Identifier: Apache-2.0
#include "crypto/ecdsa_signature.h"
#include "unit/crypto/support.h"

namespace birthmark::crypto {
namespace {

namespace json = boost::json;
using test::hex_value;

struct Suite {
  const char* file;
  SignatureScheme scheme;
  int cases_min;
};
class Wycheproof : public testing::TestWithParam<Suite> {};

std::string text(const json::value& value) {
  return {value.as_string().data(), value.as_string().size()};
}

json::value load(const char* file) {
  const auto path = test::vectors() / "crypto/wycheproof" / file;
  return std::filesystem::exists(path) ? json::parse(test::read_text(path)) : json::value{};
}

TEST_P(Wycheproof, verdicts_agree) {
  const auto document = load(GetParam().file);
  if (document.is_null()) {
    GTEST_SKIP() << "Wycheproof vectors are not beside the repository";
  }
  int cases = 0;
  for (const auto& group : document.at("testGroups").as_array()) {
    const auto key = PublicKey::from_spki(hex_value(group.at("publicKeyDer")));
    if (text(group.at("publicKeyDer")).ends_with("020103")) {
      EXPECT_FALSE(key) << "an RSA exponent of 3 is not for us";
      continue;
    }
    ASSERT_TRUE(key) << text(group.at("publicKeyDer"));
    for (const auto& test : group.at("tests").as_array()) {
      const auto verdict = text(test.at("result"));
      const bool accepted = key->verify(GetParam().scheme, hex_value(test.at("msg")), hex_value(test.at("sig")));
      if (verdict != "acceptable") {
        EXPECT_EQ(accepted, verdict == "valid") << test.at("tcId") << " " << text(test.at("comment"));
      }
      ++cases;
    }
  }
  EXPECT_GE(cases, GetParam().cases_min);
}

INSTANTIATE_TEST_SUITE_P(
    Suites, Wycheproof,
    testing::Values(Suite{"ecdsa_secp256r1_sha256_test.json", SignatureScheme::ecdsa_sha256, 400},
                    Suite{"ecdsa_secp384r1_sha384_test.json", SignatureScheme::ecdsa_sha384, 400},
                    Suite{"ed25519_test.json", SignatureScheme::ed25519, 100},
                    Suite{"rsa_signature_2048_sha256_test.json", SignatureScheme::rsa_pkcs1_sha256, 200},
                    Suite{"rsa_signature_3072_sha384_test.json", SignatureScheme::rsa_pkcs1_sha384, 200}),
    [](const auto& suite) {
      std::string name = suite.param.file;
      return name.substr(0, name.find("_test"));
    });

TEST(WycheproofRaw, ecdsa_p1363_verdicts_agree) {
  const auto document = load("ecdsa_secp256r1_sha256_p1363_test.json");
  if (document.is_null()) {
    GTEST_SKIP() << "Wycheproof vectors are not beside the repository";
  }
  for (const auto& group : document.at("testGroups").as_array()) {
    const auto key = PublicKey::from_spki(hex_value(group.at("publicKeyDer")));
    ASSERT_TRUE(key);
    for (const auto& test : group.at("tests").as_array()) {
      const auto der = ecdsa_raw_to_der(KeyType::p256, hex_value(test.at("sig")));
      const bool accepted = der && key->verify(SignatureScheme::ecdsa_sha256, hex_value(test.at("msg")), *der);
      EXPECT_EQ(accepted, text(test.at("result")) == "valid") << test.at("tcId") << " " << text(test.at("comment"));
    }
  }
}

}  // namespace
}  // namespace birthmark::crypto
