// SPDX-License-Identifier: Apache-2.0
// Wycheproof: signatures that look right, and right ones that look odd.
#include <gtest/gtest.h>

#include <array>

#include "crypto/ecdsa_signature.h"
#include "crypto/keys.h"
#include "support/vector_tally.h"
#include "vectors/files.h"

namespace birthmark::test {
namespace {

using crypto::KeyType;
using crypto::PublicKey;
using crypto::SignatureScheme;

boost::json::value load(const std::string& name) {
  auto document = json::read(file(vectors("crypto/wycheproof") / name),
                             {.bytes_max = std::size_t{8} << 20, .items_max = 100'000, .string_max = 65536});
  EXPECT_TRUE(document) << name << document.error().detail;
  return document.value_or(boost::json::value{});
}

Bytes hex_of(const boost::json::value& object, std::string_view name) {
  return from_hex(text_of(object.as_object(), name)).value();
}

/// Calls `judge` with group and test of each case that has a verdict; an exponent of 3 makes no key here.
template <class Judge>
void each_case(const std::string& name, std::span<const Disagreement> explained, Judge judge) {
  VectorTally tally{"crypto/wycheproof/" + name, explained};
  const auto document = load(name);
  std::size_t small_exponents = 0;
  for (const auto& group : document.at("testGroups").as_array()) {
    const auto key = PublicKey::from_spki(hex_of(group, "publicKeyDer"));
    if (text_of(group.as_object(), "publicKeyDer").ends_with("020103")) {
      EXPECT_FALSE(key);
      ++small_exponents;
      continue;
    }
    ASSERT_TRUE(key) << text_of(group.as_object(), "publicKeyDer");
    for (const auto& test : group.at("tests").as_array()) {
      const auto result = text_of(test.as_object(), "result");
      if (result != "acceptable") {
        tally.judge(std::to_string(test.at("tcId").as_int64()), result == "valid" ? Verdict::accept : Verdict::reject,
                    judge(*key, test) ? Verdict::accept : Verdict::reject, text_of(test.as_object(), "comment"));
      }
    }
  }
  if (small_exponents != 0) {
    std::printf("crypto/wycheproof/%s: %zu groups with an exponent of 3 passed over\n", name.c_str(), small_exponents);
  }
}

struct Suite {
  const char* file;
  SignatureScheme scheme;
  std::span<const Disagreement> explained = {};
};
constexpr std::array kPss{Disagreement{"72", "the salt is as long as it can be, as TPMs make it"}};
class Wycheproof : public testing::TestWithParam<Suite> {};
INSTANTIATE_TEST_SUITE_P(
    Suites, Wycheproof,
    testing::Values(Suite{"ecdsa_secp256r1_sha256_test.json", SignatureScheme::ecdsa_sha256},
                    Suite{"ecdsa_secp384r1_sha384_test.json", SignatureScheme::ecdsa_sha384},
                    Suite{"ed25519_test.json", SignatureScheme::ed25519},
                    Suite{"rsa_pss_2048_sha256_mgf1_32_test.json", SignatureScheme::rsa_pss_sha256, kPss},
                    Suite{"rsa_signature_2048_sha256_test.json", SignatureScheme::rsa_pkcs1_sha256},
                    Suite{"rsa_signature_3072_sha384_test.json", SignatureScheme::rsa_pkcs1_sha384}),
    [](const auto& suite) {
      std::string name = suite.param.file;
      return name.substr(0, name.find("_test"));
    });

TEST_P(Wycheproof, verdicts_agree) {
  BM_NEEDS_VECTORS("crypto/wycheproof");
  each_case(GetParam().file, GetParam().explained, [&](const PublicKey& key, const boost::json::value& test) {
    return key.verify(GetParam().scheme, hex_of(test, "msg"), hex_of(test, "sig"));
  });
}

TEST(WycheproofRaw, ecdsa_p1363_verdicts_agree) {
  BM_NEEDS_VECTORS("crypto/wycheproof");
  each_case("ecdsa_secp256r1_sha256_p1363_test.json", {}, [](const PublicKey& key, const boost::json::value& test) {
    const auto der = crypto::ecdsa_raw_to_der(KeyType::p256, hex_of(test, "sig"));
    return der && key.verify(SignatureScheme::ecdsa_sha256, hex_of(test, "msg"), *der);
  });
}

}  // namespace
}  // namespace birthmark::test
