// SPDX-License-Identifier: Apache-2.0
#include "crypto/verify_table.h"

#include "crypto/key_impl.h"
#include "unit/crypto/support.h"

namespace birthmark::crypto {
namespace {

namespace json = boost::json;
using test::generate;
using test::hex_value;

bool by_table(const VerifyTable& table, BytesView message, BytesView der) {
  const auto numbers = read_ecdsa_signature(KeyType::p256, der);
  return numbers && table.verify(sha256(message), *numbers);
}

// FIPS 186-5 §6.4.2.
TEST(VerifyTable, agrees_with_the_library_on_good_and_flipped_signatures) {
  for (int keys = 0; keys < 4; ++keys) {
    const auto key = generate(KeyType::p256);
    const auto table = VerifyTable::make(key.public_key().point());
    ASSERT_TRUE(table);
    for (int i = 0; i < 16; ++i) {
      const auto message = to_bytes(as_bytes("message " + std::to_string(i)));
      auto signature = *key.sign(message);
      EXPECT_TRUE(by_table(*table, message, signature));
      EXPECT_FALSE(by_table(*table, as_bytes("another"), signature));
      for (std::size_t at = 0; at < signature.size(); at += 5) {
        signature[at] ^= 0x10;
        EXPECT_FALSE(by_table(*table, message, signature)) << at;
        signature[at] ^= 0x10;
      }
    }
  }
}

TEST(VerifyTable, the_signature_of_another_key_does_not_verify) {
  const auto key = generate(KeyType::p256);
  const auto other = generate(KeyType::p256);
  const auto table = VerifyTable::make(key.public_key().point());
  ASSERT_TRUE(table);
  EXPECT_FALSE(by_table(*table, as_bytes("m"), *other.sign(as_bytes("m"))));
}

TEST(VerifyTable, takes_no_point_that_is_not_on_the_curve) {
  auto point = to_bytes(generate(KeyType::p256).public_key().point());
  point.back() ^= 1;
  EXPECT_FALSE(VerifyTable::make(point));
  EXPECT_FALSE(VerifyTable::make({}));
}

TEST(VerifyTable, wycheproof_verdicts_agree) {
  const auto path = test::vectors() / "crypto/wycheproof/ecdsa_secp256r1_sha256_test.json";
  if (!std::filesystem::exists(path)) {
    GTEST_SKIP() << "Wycheproof vectors are not beside the repository";
  }
  const auto document = json::parse(test::read_text(path));
  for (const auto& group : document.at("testGroups").as_array()) {
    const auto key = PublicKey::from_spki(hex_value(group.at("publicKeyDer")));
    ASSERT_TRUE(key);
    const auto table = VerifyTable::make(key->point());
    ASSERT_TRUE(table);
    for (const auto& test : group.at("tests").as_array()) {
      if (test.at("result").as_string() != "acceptable") {
        EXPECT_EQ(by_table(*table, hex_value(test.at("msg")), hex_value(test.at("sig"))),
                  test.at("result").as_string() == "valid")
            << test.at("tcId");
      }
    }
  }
}

TEST(TableWhenHot, verdicts_stay_when_a_key_gets_its_table) {
  const auto key = generate(KeyType::p256);
  const auto& half = key.public_key();
  const auto good = *key.sign(as_bytes("m"));
  for (unsigned i = 0; i < TableWhenHot::kUses + 4; ++i) {
    EXPECT_TRUE(half.verify(SignatureScheme::ecdsa_sha256, as_bytes("m"), good)) << i;
  }
  EXPECT_NE(half.impl().table.use(half.point()), nullptr);
  EXPECT_FALSE(half.verify(SignatureScheme::ecdsa_sha256, as_bytes("n"), good));
  EXPECT_FALSE(half.verify(SignatureScheme::ecdsa_sha384, as_bytes("m"), good));
}

}  // namespace
}  // namespace birthmark::crypto
