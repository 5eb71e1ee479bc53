// SPDX-License-Identifier: Apache-2.0
#include "crypto/keys.h"

#include "crypto/ecdsa_signature.h"
#include "crypto/native.h"
#include "unit/crypto/support.h"

namespace birthmark::crypto {
namespace {

using test::generate;
using test::hex;

constexpr std::array kSchemes{SignatureScheme::ecdsa_sha256,     SignatureScheme::ecdsa_sha384,
                              SignatureScheme::ecdsa_sha512,     SignatureScheme::rsa_pkcs1_sha256,
                              SignatureScheme::rsa_pkcs1_sha384, SignatureScheme::rsa_pkcs1_sha512,
                              SignatureScheme::ed25519};

class EveryType : public testing::TestWithParam<KeyType> {};
INSTANTIATE_TEST_SUITE_P(Keys, EveryType,
                         testing::Values(KeyType::p256, KeyType::p384, KeyType::p521, KeyType::ed25519));

TEST_P(EveryType, what_it_signs_verifies) {
  const auto key = generate(GetParam());
  for (const std::string message : {"", "a", "message"}) {
    const auto signature = key.sign(as_bytes(message));
    ASSERT_TRUE(signature);
    EXPECT_TRUE(key.public_key().verify(key.scheme(), as_bytes(message), *signature));
  }
}

TEST_P(EveryType, another_message_key_or_scheme_does_not_verify) {
  const auto key = generate(GetParam());
  const auto other = generate(GetParam());
  const auto signature = *key.sign(as_bytes("message"));
  EXPECT_FALSE(key.public_key().verify(key.scheme(), as_bytes("massage"), signature));
  EXPECT_FALSE(key.public_key().verify(key.scheme(), {}, signature));
  EXPECT_FALSE(other.public_key().verify(key.scheme(), as_bytes("message"), signature));
  EXPECT_FALSE(key.public_key().verify(key.scheme(), as_bytes("message"), {}));
  for (const auto scheme : kSchemes) {
    EXPECT_EQ(key.public_key().verify(scheme, as_bytes("message"), signature), scheme == key.scheme());
  }
}

TEST_P(EveryType, each_flipped_bit_of_a_signature_is_seen) {
  const auto key = generate(GetParam());
  const auto good = *key.sign(as_bytes("message"));
  for (std::size_t at = 0; at < good.size(); ++at) {
    auto bad = good;
    bad[at] ^= 1;
    EXPECT_FALSE(key.public_key().verify(key.scheme(), as_bytes("message"), bad)) << at;
  }
}

TEST_P(EveryType, keys_alternate_without_mixing) {
  const auto a = generate(GetParam());
  const auto b = generate(GetParam());
  const auto of_a = *a.sign(as_bytes("m")), of_b = *b.sign(as_bytes("m"));
  for (int i = 0; i < 4; ++i) {
    EXPECT_TRUE(a.public_key().verify(a.scheme(), as_bytes("m"), of_a));
    EXPECT_FALSE(b.public_key().verify(b.scheme(), as_bytes("m"), of_a));
    EXPECT_TRUE(b.public_key().verify(b.scheme(), as_bytes("m"), of_b));
    EXPECT_FALSE(a.public_key().verify(a.scheme(), as_bytes("m"), of_b));
  }
}

TEST_P(EveryType, public_half_reads_back) {
  const auto key = generate(GetParam());
  const auto& half = key.public_key();
  const auto again = PublicKey::from_spki(half.spki());
  ASSERT_TRUE(again);
  EXPECT_EQ(*again, half);
  EXPECT_EQ(again->type(), GetParam());
  EXPECT_EQ(half.spki_sha256(), sha256(half.spki()));
  EXPECT_FALSE(half == generate(GetParam()).public_key());
}

TEST_P(EveryType, a_copy_outlives_the_original) {
  auto key = std::make_unique<PrivateKey>(generate(GetParam()));
  const auto signature = *key->sign(as_bytes("m"));
  const auto scheme = key->scheme();
  const PublicKey half = key->public_key();
  key.reset();
  EXPECT_TRUE(half.verify(scheme, as_bytes("m"), signature));
}

TEST_P(EveryType, moves_with_its_contexts) {
  auto from = generate(GetParam());
  ASSERT_TRUE(from.sign(as_bytes("m")));
  PrivateKey to = std::move(from);
  const auto signature = to.sign(as_bytes("m"));
  ASSERT_TRUE(signature);
  EXPECT_TRUE(to.public_key().verify(to.scheme(), as_bytes("m"), *signature));
}

TEST_P(EveryType, library_sees_the_same_public_key) {
  const auto key = generate(GetParam());
  const auto copy = native_copy(key.public_key());
  ASSERT_TRUE(copy);
  EXPECT_EQ(EVP_PKEY_eq(copy->get(), native(key)), 1);
  EXPECT_EQ(test::spki_of(copy->get()), to_bytes(key.public_key().spki()));
}

TEST_P(EveryType, refusing_a_signature_leaves_no_library_error_behind) {
  const auto key = generate(GetParam());
  ERR_clear_error();
  EXPECT_FALSE(key.public_key().verify(key.scheme(), as_bytes("m"), Bytes(64, 7)));
  auto other = *key.sign(as_bytes("n"));
  EXPECT_FALSE(key.public_key().verify(key.scheme(), as_bytes("m"), other));
  EXPECT_EQ(ERR_peek_error(), 0U);
}

TEST(Keys, points_and_raw_keys_lead_to_the_same_key) {
  for (const auto type : {KeyType::p256, KeyType::p384, KeyType::p521}) {
    const auto key = generate(type);
    const auto point = key.public_key().point();
    const auto size = field_size(type);
    ASSERT_EQ(point.size(), 1 + 2 * size);
    const auto again = PublicKey::from_point(type, point.subspan(1, size), point.last(size));
    ASSERT_TRUE(again);
    EXPECT_EQ(*again, key.public_key());
  }
  const auto key = generate(KeyType::ed25519);
  EXPECT_EQ(*PublicKey::from_ed25519(key.public_key().point()), key.public_key());
}

TEST(Keys, points_of_wrong_size_or_off_the_curve_are_refused) {
  const auto key = generate(KeyType::p256);
  const auto x = key.public_key().point().subspan(1, 32), y = key.public_key().point().last(32);
  EXPECT_FALSE(PublicKey::from_point(KeyType::p256, x.first(31), y));
  EXPECT_FALSE(PublicKey::from_point(KeyType::p256, x, y.first(31)));
  EXPECT_FALSE(PublicKey::from_point(KeyType::p256, y, x));
  EXPECT_FALSE(PublicKey::from_point(KeyType::p384, x, y));
  EXPECT_FALSE(PublicKey::from_point(KeyType::rsa, x, y));
  EXPECT_FALSE(PublicKey::from_point(KeyType::ed25519, x, y));
  EXPECT_FALSE(PublicKey::from_point(KeyType::p256, Bytes(32, 0), Bytes(32, 0)));
  EXPECT_FALSE(PublicKey::from_ed25519(x.first(31)));
  EXPECT_TRUE(PublicKey::from_point(KeyType::p256, x, y));
}

TEST(Keys, rsa_is_read_verified_and_signed_but_never_made) {
  EXPECT_FALSE(PrivateKey::generate(KeyType::rsa));
  const EvpPkeyPtr native_key{EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{2048})};
  ASSERT_TRUE(native_key);
  const auto half = PublicKey::from_spki(test::spki_of(native_key.get()));
  ASSERT_TRUE(half);
  EXPECT_EQ(half->type(), KeyType::rsa);
  EXPECT_TRUE(half->point().empty());

  const Pkcs8InfoPtr info{EVP_PKEY2PKCS8(native_key.get())};
  unsigned char* der = nullptr;
  const int size = i2d_PKCS8_PRIV_KEY_INFO(info.get(), &der);
  const auto key = PrivateKey::from_pem(test::pem("PRIVATE KEY", {der, static_cast<std::size_t>(size)}));
  OPENSSL_free(der);
  ASSERT_TRUE(key);
  for (int i = 0; i < 2; ++i) {
    auto signature = *key->sign(as_bytes("m"));
    EXPECT_TRUE(half->verify(SignatureScheme::rsa_pkcs1_sha256, as_bytes("m"), signature));
    EXPECT_FALSE(half->verify(SignatureScheme::rsa_pkcs1_sha384, as_bytes("m"), signature));
    EXPECT_FALSE(half->verify(SignatureScheme::ecdsa_sha256, as_bytes("m"), signature));
    EXPECT_FALSE(half->verify(SignatureScheme::rsa_pkcs1_sha256, as_bytes("m"), BytesView{signature}.subspan(1)));
    signature.push_back(0);
    EXPECT_FALSE(half->verify(SignatureScheme::rsa_pkcs1_sha256, as_bytes("m"), signature));
  }
}

// RFC 8032 §7.1, test 2.
TEST(Keys, ed25519_known_answer) {
  const auto key = PublicKey::from_ed25519(hex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"));
  ASSERT_TRUE(key);
  const auto signature =
      hex("92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
          "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00");
  EXPECT_TRUE(key->verify(SignatureScheme::ed25519, Bytes{0x72}, signature));
  EXPECT_FALSE(key->verify(SignatureScheme::ed25519, Bytes{0x73}, signature));
}

}  // namespace
}  // namespace birthmark::crypto
