// SPDX-License-Identifier: Apache-2.0
#include "crypto/p256.h"

#include <openssl/ec.h>
#include <openssl/obj_mac.h>

#include "crypto/key_impl.h"
#include "crypto/native.h"
#include "unit/crypto/support.h"

namespace birthmark::crypto {
namespace {

namespace json = boost::json;
using test::generate;
using test::hex_value;

/// One key in the three ways there are: the library's own verification, ours without the key's table, and with it.
class ThreeWays {
 public:
  explicit ThreeWays(PublicKey key)
      : key_{std::move(key)}, table_{VerifyTable::make(key_.point())}, native_{native_copy(key_).value()} {}

  /// What all three say.
  bool verify(BytesView message, BytesView der) const {
    const auto digest = sha256(message);
    const EvpPkeyCtxPtr context{EVP_PKEY_CTX_new_from_pkey(nullptr, native_.get(), nullptr)};
    const bool library = EVP_PKEY_verify_init(context.get()) == 1 &&
                         EVP_PKEY_verify(context.get(), der.data(), der.size(), digest.get().data(), 32) == 1;
    const auto numbers = read_ecdsa_signature(KeyType::p256, der);
    EXPECT_EQ(numbers && verify_p256(key_.point(), nullptr, digest, *numbers), library) << "without a table";
    EXPECT_EQ(numbers && verify_p256(key_.point(), table_.get(), digest, *numbers), library) << "with a table";
    return library;
  }

 private:
  PublicKey key_;
  std::unique_ptr<const VerifyTable> table_;
  EvpPkeyPtr native_;
};

// FIPS 186-5 §6.4.2.
TEST(P256, agrees_with_the_library_on_good_and_flipped_signatures) {
  for (int keys = 0; keys < 4; ++keys) {
    const auto key = generate(KeyType::p256);
    const ThreeWays ways{key.public_key()};
    for (int i = 0; i < 16; ++i) {
      const auto message = to_bytes(as_bytes("message " + std::to_string(i)));
      auto signature = *key.sign(message);
      EXPECT_TRUE(ways.verify(message, signature));
      EXPECT_FALSE(ways.verify(as_bytes("another"), signature));
      for (std::size_t at = 0; at < signature.size(); at += 5) {
        signature[at] ^= 0x10;
        EXPECT_FALSE(ways.verify(message, signature)) << at;
        signature[at] ^= 0x10;
      }
    }
  }
}

TEST(P256, the_signature_of_another_key_does_not_verify) {
  const auto key = generate(KeyType::p256);
  const auto other = generate(KeyType::p256);
  const auto message = as_bytes("m");
  const ThreeWays ways{key.public_key()};
  const ThreeWays others{other.public_key()};
  for (int i = 0; i < 3; ++i) {  // by turns: no point of the key before is left
    EXPECT_TRUE(ways.verify(message, *key.sign(message)));
    EXPECT_FALSE(ways.verify(message, *other.sign(message)));
    EXPECT_TRUE(others.verify(message, *other.sign(message)));
  }
}

TEST(P256, knows_what_is_no_point_of_the_curve) {
  const auto good = to_bytes(generate(KeyType::p256).public_key().point());
  EXPECT_TRUE(is_p256_point(good));
  auto off = good;
  off.back() ^= 1;
  Bytes compressed{static_cast<std::uint8_t>(2 + good.back() % 2)};
  append(compressed, BytesView{good}.subspan(1, 32));
  auto hybrid = good;
  hybrid.front() = static_cast<std::uint8_t>(6 + good.back() % 2);
  auto longer = good;
  longer.push_back(0);
  for (const auto& bad : {off, compressed, hybrid, longer, Bytes{}, Bytes{0}, Bytes(65, 0), Bytes(65, 0xFF)}) {
    EXPECT_FALSE(is_p256_point(bad)) << to_hex(bad);
    EXPECT_TRUE(is_p256_point(good)) << "after " << to_hex(bad);
  }
}

/// A key and the edges of u and v, where the parts of the sum meet each other or nothing (the same point, its negative,
/// infinity).
TEST(P256, verifies_at_the_edges_of_the_group) {
  const OpensslPtr<EC_GROUP, EC_GROUP_free> group{EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1)};
  const BnCtxPtr context{BN_CTX_new()};
  const BIGNUM* const n = EC_GROUP_get0_order(group.get());
  const auto number = [&](int value) {  // modulo n
    BnPtr out{BN_new()};
    EXPECT_EQ(BN_set_word(out.get(), static_cast<BN_ULONG>(value < 0 ? -value : value)), 1);
    return value < 0 && BN_sub(out.get(), n, out.get()) != 1 ? nullptr : std::move(out);
  };
  const auto octets_of = [](const BIGNUM* value) {
    Bytes out(32);
    EXPECT_EQ(BN_bn2binpad(value, out.data(), 32), 32);
    return out;
  };
  int valid = 0;
  for (const int d : {1, 2, 3, -1, -2}) {  // Q = d G
    const auto secret = number(d);
    const OpensslPtr<EC_POINT, EC_POINT_free> q{EC_POINT_new(group.get())}, r_point{EC_POINT_new(group.get())};
    ASSERT_EQ(EC_POINT_mul(group.get(), q.get(), secret.get(), nullptr, nullptr, context.get()), 1);
    Bytes point(65);
    ASSERT_EQ(EC_POINT_point2oct(group.get(), q.get(), POINT_CONVERSION_UNCOMPRESSED, point.data(), point.size(),
                                 context.get()),
              point.size());
    const auto table = VerifyTable::make(point);
    ASSERT_TRUE(table);
    for (const int u : {0, 1, 2, 3, 4, 6, -1, -2, -3}) {
      for (const int v : {1, 2, 3, -1, -2}) {
        // R = u G + v Q, r = x(R), s = r / v, e = u s: a signature that verifies, unless R is infinity.
        const BnPtr k{BN_new()}, r{BN_new()}, s{BN_new()}, e{BN_new()};
        const auto u_value = number(u), v_value = number(v);
        ASSERT_EQ(BN_mod_mul(k.get(), v_value.get(), secret.get(), n, context.get()), 1);
        ASSERT_EQ(BN_mod_add(k.get(), k.get(), u_value.get(), n, context.get()), 1);
        const bool infinity = BN_is_zero(k.get()) == 1;
        ASSERT_EQ(EC_POINT_mul(group.get(), r_point.get(), infinity ? secret.get() : k.get(), nullptr, nullptr,
                               context.get()),
                  1);
        ASSERT_EQ(EC_POINT_get_affine_coordinates(group.get(), r_point.get(), r.get(), nullptr, context.get()), 1);
        const BnPtr inverse{BN_mod_inverse(nullptr, v_value.get(), n, context.get())};
        ASSERT_EQ(BN_mod_mul(s.get(), r.get(), inverse.get(), n, context.get()), 1);
        ASSERT_EQ(BN_mod_mul(e.get(), u_value.get(), s.get(), n, context.get()), 1);
        const auto r_octets = octets_of(r.get()), s_octets = octets_of(s.get());
        const Digest digest{*octets<32>(octets_of(e.get()))};
        const EcdsaSignature signature{r_octets, s_octets};
        for (const auto* const multiples : {static_cast<const VerifyTable*>(nullptr), table.get()}) {
          EXPECT_EQ(verify_p256(point, multiples, digest, signature), !infinity) << d << " " << u << " " << v;
        }
        valid += infinity ? 0 : 1;
      }
    }
  }
  EXPECT_GT(valid, 150);
}

TEST(P256, nothing_verifies_by_what_is_no_point) {
  const auto key = generate(KeyType::p256);
  const auto message = as_bytes("m");
  const auto der = *key.sign(message);
  const auto signature = read_ecdsa_signature(KeyType::p256, der).value();
  ASSERT_TRUE(verify_p256(key.public_key().point(), nullptr, sha256(message), signature));
  EXPECT_FALSE(is_p256_point(Bytes(65, 0)));
  for (const auto& bad : {Bytes{}, Bytes{0}, Bytes(65, 0)}) {
    EXPECT_FALSE(verify_p256(bad, nullptr, sha256(message), signature)) << to_hex(bad);
  }
}

TEST(P256, wycheproof_verdicts_agree) {
  const auto path = test::vectors() / "crypto/wycheproof/ecdsa_secp256r1_sha256_test.json";
  if (!std::filesystem::exists(path)) {
    GTEST_SKIP() << "Wycheproof vectors are not beside the repository";
  }
  const auto document = json::parse(test::read_text(path));
  for (const auto& group : document.at("testGroups").as_array()) {
    const auto key = PublicKey::from_spki(hex_value(group.at("publicKeyDer")));
    ASSERT_TRUE(key);
    const ThreeWays ways{*key};
    for (const auto& test : group.at("tests").as_array()) {
      if (test.at("result").as_string() != "acceptable") {
        EXPECT_EQ(ways.verify(hex_value(test.at("msg")), hex_value(test.at("sig"))),
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

TEST(P256, x_may_be_the_order_and_r_together) {
  const LargeX made{sha256(as_bytes("m"))};
  const auto key =
      PublicKey::from_point(KeyType::p256, BytesView{made.point}.subspan(1, 32), BytesView{made.point}.last(32));
  ASSERT_TRUE(key);
  const ThreeWays ways{*key};
  EXPECT_TRUE(ways.verify(as_bytes("m"), made.signature));
  EXPECT_FALSE(ways.verify(as_bytes("n"), made.signature));
}

}  // namespace
}  // namespace birthmark::crypto
