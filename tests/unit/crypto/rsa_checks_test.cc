// SPDX-License-Identifier: Apache-2.0
#include "crypto/rsa_checks.h"

#include <openssl/core_names.h>
#include <openssl/pem.h>

#include "unit/crypto/support.h"

namespace birthmark::crypto {
namespace {

Bytes to_bytes_of(const BIGNUM* number) {
  Bytes out(static_cast<std::size_t>(BN_num_bytes(number)));
  BN_bn2bin(number, out.data());
  return out;
}

/// The modulus of a key that OpenSSL made.
Bytes sound_modulus(std::size_t bits) {
  const EvpPkeyPtr key{EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", bits)};
  BIGNUM* n = nullptr;
  EXPECT_EQ(EVP_PKEY_get_bn_param(key.get(), OSSL_PKEY_PARAM_RSA_N, &n), 1);
  const BnPtr owner{n};
  return to_bytes_of(n);
}

/// k·M + (65537^a mod M), with M the product of the primes up to 167 and the 126 that the 2048-bit keys use.
Bytes structured(unsigned a, unsigned largest_prime) {
  const BnCtxPtr context{BN_CTX_new()};
  const BnPtr m{BN_new()}, g{BN_new()}, exponent{BN_new()}, n{BN_new()};
  BN_one(m.get());
  for (unsigned p = 2; p <= largest_prime; ++p) {
    bool prime = true;
    for (unsigned q = 2; q * q <= p; ++q) {
      prime = prime && p % q != 0;
    }
    if (prime) {
      BN_mul_word(m.get(), p);
    }
  }
  BN_set_word(g.get(), 65537);
  BN_set_word(exponent.get(), a);
  BN_mod_exp(n.get(), g.get(), exponent.get(), m.get(), context.get());
  BN_mul_word(m.get(), 0x12345677);
  BN_add(n.get(), n.get(), m.get());
  return to_bytes_of(n.get());
}

TEST(Roca, structured_numbers_are_found) {
  for (const unsigned a : {0U, 1U, 2U, 65537U, 123456789U}) {
    EXPECT_TRUE(has_roca_fingerprint(structured(a, 167))) << a;
    EXPECT_TRUE(has_roca_fingerprint(structured(a, 701))) << a;
  }
}

TEST(Roca, a_neighbour_is_not) {
  for (unsigned a = 1; a < 40; ++a) {
    auto modulus = structured(a, 167);
    modulus.back() = static_cast<std::uint8_t>(modulus.back() + 2);
    EXPECT_FALSE(has_roca_fingerprint(modulus)) << a;
  }
}

TEST(Roca, each_prime_alone_is_not_enough) {
  // A number whose logarithms exist for every prime but contradict one another: 65537^1 modulo 163 and 65537^2 modulo
  // the rest, by the Chinese remainder theorem in BIGNUM. Orders share factors, so no exponent serves both.
  const BnCtxPtr context{BN_CTX_new()};
  const BnPtr rest{BN_new()}, value{BN_new()}, p{BN_new()}, remainder{BN_new()};
  BN_one(rest.get());
  for (const unsigned prime :
       {3U,  5U,  7U,  11U, 13U, 17U,  19U,  23U,  29U,  31U,  37U,  41U,  43U,  47U,  53U,  59U,  61U,  67U, 71U,
        73U, 79U, 83U, 89U, 97U, 101U, 103U, 107U, 109U, 113U, 127U, 131U, 137U, 139U, 149U, 151U, 157U, 167U}) {
    BN_mul_word(rest.get(), prime);
  }
  BN_set_word(value.get(), 65537);
  BN_sqr(value.get(), value.get(), context.get());
  while (BN_mod_word(value.get(), 163) != 65537 % 163) {
    BN_add(value.get(), value.get(), rest.get());
  }
  EXPECT_FALSE(has_roca_fingerprint(to_bytes_of(value.get())));
}

TEST(Roca, sound_keys_and_odd_inputs_are_not_found) {
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(has_roca_fingerprint(sound_modulus(2048)));
  }
  EXPECT_FALSE(has_roca_fingerprint(BytesView{}));
  EXPECT_FALSE(has_roca_fingerprint(Bytes(256, 0)));
  EXPECT_FALSE(has_roca_fingerprint(Bytes(256, 0xFF)));
  EXPECT_FALSE(has_roca_fingerprint(test::generate(KeyType::p256).public_key()));
  EXPECT_FALSE(has_roca_fingerprint(*PublicKey::from_rsa(sound_modulus(2048), 65537)));
}

TEST(Roca, a_structured_key_is_found_as_a_key) {
  const auto modulus = structured(9, 1601);
  const auto key = PublicKey::from_rsa(modulus, 65537);
  if (modulus.back() % 2 == 1 && key) {
    EXPECT_TRUE(has_roca_fingerprint(*key));
  } else {
    FAIL() << "the sample is no RSA modulus of a size that is read: " << modulus.size();
  }
}

struct Published {
  const char* file;
  bool weak;
};
class RocaData : public testing::TestWithParam<Published> {};
TEST_P(RocaData, verdict_agrees) {
  const auto path = test::vectors() / "csr/roca" / GetParam().file;
  if (!std::filesystem::exists(path)) {
    GTEST_SKIP() << "ROCA samples are not beside the repository";
  }
  auto text = test::read_text(path);
  Bytes modulus;
  if (text.starts_with("0x")) {
    text.erase(text.find_last_not_of("\r\n") + 1);
    text.erase(0, 2);
    modulus = test::hex(text.size() % 2 == 0 ? text : "0" + text);
  } else {
    const OpensslPtr<BIO, BIO_free_all> in{BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))};
    const OpensslPtr<X509, X509_free> certificate{PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr)};
    ASSERT_TRUE(certificate);
    BIGNUM* n = nullptr;
    ASSERT_EQ(EVP_PKEY_get_bn_param(X509_get0_pubkey(certificate.get()), OSSL_PKEY_PARAM_RSA_N, &n), 1);
    modulus = to_bytes_of(n);
    BN_free(n);
  }
  EXPECT_EQ(has_roca_fingerprint(modulus), GetParam().weak);
}
INSTANTIATE_TEST_SUITE_P(
    Published, RocaData,
    testing::Values(Published{"mod01.txt", true}, Published{"mod02.txt", true}, Published{"mod03.txt", true},
                    Published{"mod04.txt", false}, Published{"mod05.txt", false}, Published{"mod06.txt", false},
                    Published{"mod07.txt", false}, Published{"mod08.txt", true}, Published{"mod09.txt", true},
                    Published{"cert01.pem", false}, Published{"cert02.pem", false}, Published{"cert03.pem", false},
                    Published{"cert04.pem", true}, Published{"cert05.pem", true}, Published{"cert06.pem", false}));

TEST(EasyFactors, small_ones_and_primes_close_together_are_found) {
  EXPECT_FALSE(is_easily_factored(sound_modulus(2048)));
  EXPECT_FALSE(is_easily_factored(sound_modulus(3072)));
  const BnCtxPtr context{BN_CTX_new()};
  const BnPtr p{BN_new()}, q{BN_new()}, n{BN_new()};
  for (const unsigned small : {3U, 17U, 751U}) {
    const auto sound = sound_modulus(2048);
    BN_bin2bn(sound.data(), static_cast<int>(sound.size()), n.get());
    BN_mul_word(n.get(), small);
    EXPECT_TRUE(is_easily_factored(to_bytes_of(n.get()))) << small;
  }
  ASSERT_EQ(BN_generate_prime_ex(p.get(), 512, 0, nullptr, nullptr, nullptr), 1);
  BN_copy(q.get(), p.get());
  do {
    BN_add_word(q.get(), 2);
  } while (BN_check_prime(q.get(), context.get(), nullptr) != 1);
  BN_mul(n.get(), p.get(), q.get(), context.get());
  EXPECT_TRUE(is_easily_factored(to_bytes_of(n.get())));
  BN_mul(n.get(), p.get(), p.get(), context.get());
  EXPECT_TRUE(is_easily_factored(to_bytes_of(n.get()))) << "a square";
  ASSERT_EQ(BN_generate_prime_ex(q.get(), 512, 0, nullptr, nullptr, nullptr), 1);
  BN_mul(n.get(), p.get(), q.get(), context.get());
  EXPECT_FALSE(is_easily_factored(to_bytes_of(n.get())));
}

}  // namespace
}  // namespace birthmark::crypto
