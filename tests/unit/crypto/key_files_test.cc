// SPDX-License-Identifier: Apache-2.0
#include <openssl/core_names.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>

#include "codec/oid.h"
#include "unit/crypto/support.h"

namespace birthmark::crypto {
namespace {

using test::generate;
using test::pem;

Secret passphrase(std::string_view text = "correct horse") {
  return Secret{to_bytes(as_bytes(text))};
}

/// A key file as another program would encrypt it: its own scheme and costs.
std::string encrypted_otherwise(X509_ALGOR* scheme) {
  const EvpPkeyPtr key{EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256")};
  const Pkcs8InfoPtr info{EVP_PKEY2PKCS8(key.get())};
  const X509SigPtr encrypted{PKCS8_set0_pbe("correct horse", 13, info.get(), scheme)};
  EXPECT_TRUE(encrypted);
  unsigned char* der = nullptr;
  const int size = i2d_X509_SIG(encrypted.get(), &der);
  const auto text = pem("ENCRYPTED PRIVATE KEY", {der, static_cast<std::size_t>(std::max(size, 0))});
  OPENSSL_free(der);
  return text;
}

std::string plain_pem(EVP_PKEY* key) {
  const Pkcs8InfoPtr info{EVP_PKEY2PKCS8(key)};
  unsigned char* der = nullptr;
  const int size = i2d_PKCS8_PRIV_KEY_INFO(info.get(), &der);
  const auto text = pem("PRIVATE KEY", {der, static_cast<std::size_t>(std::max(size, 0))});
  OPENSSL_free(der);
  return text;
}

class KeyFile : public testing::TestWithParam<KeyType> {};
INSTANTIATE_TEST_SUITE_P(Keys, KeyFile, testing::Values(KeyType::p256, KeyType::p384, KeyType::p521, KeyType::ed25519));

TEST_P(KeyFile, encrypted_key_comes_back) {
  const auto key = generate(GetParam());
  const auto file = key.to_encrypted_pem(passphrase());
  ASSERT_TRUE(file);
  EXPECT_TRUE(file->starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"));
  const auto again = PrivateKey::from_encrypted_pem(*file, passphrase());
  ASSERT_TRUE(again);
  EXPECT_EQ(again->public_key(), key.public_key());
  const auto signature = *again->sign(as_bytes("m"));
  EXPECT_TRUE(key.public_key().verify(key.scheme(), as_bytes("m"), signature));
}

TEST_P(KeyFile, plain_key_comes_back) {
  const auto key = generate(GetParam());
  const auto again = PrivateKey::from_pem(*key.to_pem());
  ASSERT_TRUE(again);
  EXPECT_EQ(again->public_key(), key.public_key());
}

TEST(KeyFiles, wrong_passphrases_are_refused) {
  const auto file = *generate(KeyType::p256).to_encrypted_pem(passphrase());
  for (const auto* wrong : {"correct hors", "correct horse ", "Correct horse", "x", ""}) {
    const auto key = PrivateKey::from_encrypted_pem(file, passphrase(wrong));
    ASSERT_FALSE(key) << wrong;
    EXPECT_EQ(key.error().code, Code::key_attributes);
    EXPECT_EQ(key.error().detail.find("correct"), std::string::npos);
  }
  EXPECT_FALSE(PrivateKey::from_encrypted_pem(file, passphrase(std::string(1025, 'x'))));
  EXPECT_EQ(ERR_peek_error(), 0U);
}

TEST(KeyFiles, a_passphrase_may_hold_any_byte) {
  const auto key = generate(KeyType::p256);
  const std::string_view strange{"a\0b\xFF\n", 5};
  const auto file = *key.to_encrypted_pem(passphrase(strange));
  EXPECT_TRUE(PrivateKey::from_encrypted_pem(file, passphrase(strange)));
  EXPECT_FALSE(PrivateKey::from_encrypted_pem(file, passphrase("a")));
}

TEST(KeyFiles, nothing_is_written_under_no_passphrase) {
  EXPECT_FALSE(generate(KeyType::p256).to_encrypted_pem(Secret{}));
}

TEST(KeyFiles, each_writing_is_different) {
  const auto key = generate(KeyType::p256);
  EXPECT_NE(*key.to_encrypted_pem(passphrase()), *key.to_encrypted_pem(passphrase()));
}

TEST(KeyFiles, kinds_are_not_mixed_up) {
  const auto key = generate(KeyType::p256);
  EXPECT_FALSE(PrivateKey::from_encrypted_pem(*key.to_pem(), passphrase()));
  EXPECT_FALSE(PrivateKey::from_pem(*key.to_encrypted_pem(passphrase())));
}

TEST(KeyFiles, text_around_or_inside_is_refused) {
  const auto file = *generate(KeyType::p256).to_pem();
  EXPECT_TRUE(PrivateKey::from_pem("\n" + file + "\n"));
  EXPECT_FALSE(PrivateKey::from_pem("comment\n" + file));
  EXPECT_FALSE(PrivateKey::from_pem(file + "comment\n"));
  EXPECT_FALSE(PrivateKey::from_pem(file + file));
  EXPECT_FALSE(PrivateKey::from_pem(file.substr(0, file.size() - 8)));
  EXPECT_FALSE(PrivateKey::from_pem(""));
  EXPECT_FALSE(PrivateKey::from_pem("-----BEGIN PRIVATE KEY-----"));
  EXPECT_FALSE(PrivateKey::from_pem("-----BEGIN PRIVATE KEY----------END PRIVATE KEY-----"));
  EXPECT_FALSE(PrivateKey::from_pem("-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----"));
  EXPECT_FALSE(PrivateKey::from_pem(std::string(17 * 1024, '\n') + file));
  auto with_header = file;
  with_header.insert(with_header.find('\n') + 1, "Proc-Type: 4,ENCRYPTED\n\n");
  EXPECT_FALSE(PrivateKey::from_pem(with_header));
  EXPECT_EQ(ERR_peek_error(), 0U);
}

TEST(KeyFiles, bytes_behind_the_key_are_refused) {
  const EvpPkeyPtr key{EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256")};
  const Pkcs8InfoPtr info{EVP_PKEY2PKCS8(key.get())};
  unsigned char* der = nullptr;
  const int size = i2d_PKCS8_PRIV_KEY_INFO(info.get(), &der);
  Bytes longer{der, der + size};
  OPENSSL_free(der);
  ASSERT_TRUE(PrivateKey::from_pem(pem("PRIVATE KEY", longer)));
  longer.push_back(0);
  EXPECT_FALSE(PrivateKey::from_pem(pem("PRIVATE KEY", longer)));
}

// RFC 5958 §3, RFC 8018 §6.2, RFC 7914 §7.
TEST(KeyFiles, other_schemes_and_costs_are_refused_before_any_work) {
  const auto refused = [](X509_ALGOR* scheme, std::string_view why) {
    const auto key = PrivateKey::from_encrypted_pem(encrypted_otherwise(scheme), passphrase());
    ASSERT_FALSE(key) << why;
    EXPECT_EQ(key.error().code, Code::key_attributes);
    EXPECT_NE(key.error().detail.find(why), std::string::npos) << key.error().detail;
  };
  const auto* const aes = EVP_aes_256_cbc();
  refused(PKCS5_pbe2_set_scrypt(aes, nullptr, 16, nullptr, 1 << 10, 8, 1), "costs");
  refused(PKCS5_pbe2_set_scrypt(aes, nullptr, 16, nullptr, 1 << 13, 8, 1), "costs");
  refused(PKCS5_pbe2_set_scrypt(aes, nullptr, 16, nullptr, 1 << 14, 4, 1), "costs");
  refused(PKCS5_pbe2_set_scrypt(aes, nullptr, 16, nullptr, 1 << 14, 8, 2), "costs");
  refused(PKCS5_pbe2_set_scrypt(aes, nullptr, 4, nullptr, 1 << 14, 8, 1), "costs");
  refused(PKCS5_pbe2_set_scrypt(EVP_aes_128_cbc(), nullptr, 16, nullptr, 1 << 14, 8, 1), "AES-256-CBC");
  refused(PKCS5_pbe2_set_iv(aes, 1000, nullptr, 16, nullptr, NID_hmacWithSHA256), "scrypt");
  refused(PKCS5_pbe_set(NID_pbe_WithSHA1And3_Key_TripleDES_CBC, 1000, nullptr, 8), "PBES2");
}

TEST(KeyFiles, the_same_costs_by_another_writer_are_read) {
  const auto file = encrypted_otherwise(PKCS5_pbe2_set_scrypt(EVP_aes_256_cbc(), nullptr, 8, nullptr, 1 << 14, 8, 1));
  EXPECT_TRUE(PrivateKey::from_encrypted_pem(file, passphrase()));
}

TEST(KeyFiles, keys_that_the_product_does_not_use_are_refused) {
  for (const auto* group : {"P-224", "brainpoolP256r1", "secp256k1"}) {
    const EvpPkeyPtr key{EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", group)};
    const auto read = PrivateKey::from_pem(plain_pem(key.get()));
    ASSERT_FALSE(read) << group;
    EXPECT_EQ(read.error().code, Code::key_attributes);
  }
  const EvpPkeyPtr small{EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{1024})};
  EXPECT_FALSE(PrivateKey::from_pem(plain_pem(small.get())));
  const EvpPkeyPtr x25519{EVP_PKEY_Q_keygen(nullptr, nullptr, "X25519")};
  EXPECT_FALSE(PrivateKey::from_pem(plain_pem(x25519.get())));
  const EvpPkeyPtr explicit_curve{EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256")};
  ASSERT_EQ(EVP_PKEY_set_utf8_string_param(explicit_curve.get(), OSSL_PKEY_PARAM_EC_ENCODING, "explicit"), 1);
  EXPECT_FALSE(PrivateKey::from_pem(plain_pem(explicit_curve.get())));
}

TEST(KeyFiles, halves_that_do_not_fit_are_refused) {
  const Bytes number(32, 0x11);
  const auto good = PrivateKey::from_pem(test::ec_pem(oids::secp256r1, number));
  ASSERT_TRUE(good);
  const auto with_public_half = [&](BytesView point) {
    der::Writer inner;
    inner.open(der::tag::sequence).unsigned_int(1).octet_string(number);
    inner.open(der::tag::context_constructed(1)).bit_string(point).close().close();
    der::Writer outer;
    outer.open(der::tag::sequence).unsigned_int(0);
    outer.open(der::tag::sequence).oid(oids::ec_public_key).oid(oids::secp256r1).close();
    outer.octet_string(std::move(inner).finish()).close();
    return pem("PRIVATE KEY", std::move(outer).finish());
  };
  EXPECT_TRUE(PrivateKey::from_pem(with_public_half(good->public_key().point())));
  EXPECT_FALSE(PrivateKey::from_pem(with_public_half(generate(KeyType::p256).public_key().point())));
}

TEST(KeyFiles, private_numbers_out_of_range_are_refused) {
  const auto order = test::hex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
  EXPECT_FALSE(PrivateKey::from_pem(test::ec_pem(oids::secp256r1, Bytes(32, 0))));
  EXPECT_FALSE(PrivateKey::from_pem(test::ec_pem(oids::secp256r1, order)));
}

TEST(KeyFiles, no_flipped_bit_of_the_contents_opens) {
  const auto file = *generate(KeyType::p256).to_encrypted_pem(passphrase());
  const auto first = file.find('\n') + 1;
  int tried = 0;
  for (std::size_t at = first; at < file.rfind("-----END") - 1; at += 17) {
    auto bad = file;
    if (bad[at] == '\n') {
      continue;
    }
    bad[at] = bad[at] == 'A' ? 'B' : 'A';
    const auto key = PrivateKey::from_encrypted_pem(bad, passphrase());
    EXPECT_FALSE(key) << at;
    ++tried;
  }
  EXPECT_GT(tried, 10);
}

}  // namespace
}  // namespace birthmark::crypto
