// SPDX-License-Identifier: Apache-2.0
#define OPENSSL_SUPPRESS_DEPRECATED
#include "crypto/verify_table.h"

#include <openssl/ec.h>
#include <openssl/obj_mac.h>

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

/// A key and a signature (r, 1) of `digest` by it with x(R) = n + r: x lies between n and p once in 2^32 times.
struct LargeX {
  Bytes point;
  Bytes signature;

  explicit LargeX(const Digest& digest) {
    const OpensslPtr<EC_GROUP, EC_GROUP_free> group{EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1)};
    const OpensslPtr<EC_POINT, EC_POINT_free> key{EC_POINT_new(group.get())}, of_base{EC_POINT_new(group.get())};
    const BnCtxPtr context{BN_CTX_new()};
    const BIGNUM* const order = EC_GROUP_get0_order(group.get());
    const BnPtr r{BN_new()}, x{BN_dup(order)}, e{BN_bin2bn(digest.get().data(), 32, nullptr)};
    int count = 0;
    do {
      ++count;
      EXPECT_EQ(BN_add_word(x.get(), 1), 1);
    } while (EC_POINT_set_compressed_coordinates(group.get(), key.get(), x.get(), 0, context.get()) != 1);
    EXPECT_EQ(BN_set_word(r.get(), static_cast<BN_ULONG>(count)), 1);
    // Q = (R - e G) / r
    const BnPtr inverse{BN_mod_inverse(nullptr, r.get(), order, context.get())};
    EXPECT_EQ(EC_POINT_mul(group.get(), of_base.get(), e.get(), nullptr, nullptr, context.get()), 1);
    EXPECT_EQ(EC_POINT_invert(group.get(), of_base.get(), context.get()), 1);
    EXPECT_EQ(EC_POINT_add(group.get(), key.get(), key.get(), of_base.get(), context.get()), 1);
    EXPECT_EQ(EC_POINT_mul(group.get(), key.get(), nullptr, key.get(), inverse.get(), context.get()), 1);
    point.resize(65);
    EXPECT_EQ(EC_POINT_point2oct(group.get(), key.get(), POINT_CONVERSION_UNCOMPRESSED, point.data(), point.size(),
                                 context.get()),
              point.size());
    signature = *ecdsa_to_der(KeyType::p256, Bytes{static_cast<std::uint8_t>(count)}, Bytes{1});
  }
};

TEST(VerifyTable, x_may_be_the_order_and_r_together) {
  const LargeX made{sha256(as_bytes("m"))};
  const auto key =
      PublicKey::from_point(KeyType::p256, BytesView{made.point}.subspan(1, 32), BytesView{made.point}.last(32));
  ASSERT_TRUE(key);
  EXPECT_TRUE(key->verify(SignatureScheme::ecdsa_sha256, as_bytes("m"), made.signature)) << "the library says so";
  const auto table = VerifyTable::make(made.point);
  ASSERT_TRUE(table);
  EXPECT_TRUE(by_table(*table, as_bytes("m"), made.signature));
  EXPECT_FALSE(by_table(*table, as_bytes("n"), made.signature));
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
