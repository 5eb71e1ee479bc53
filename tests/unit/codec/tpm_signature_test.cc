// SPDX-License-Identifier: Apache-2.0
#include "codec/tpm_signature.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "support/inputs.h"

namespace birthmark::tpm {
namespace {

using test::hex;

struct Refused {
  const char* name;
  std::string hex;
};

class RefusedSignature : public testing::TestWithParam<Refused> {};

TEST_P(RefusedSignature, is_bad_evidence) {
  const auto outcome = read_signature(hex(GetParam().hex));
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, Code::bad_evidence);
}

INSTANTIATE_TEST_SUITE_P(
    Tables, RefusedSignature,
    testing::Values(
        Refused{"empty", ""}, Refused{"null_scheme", "0010"}, Refused{"hmac", "0005 000b" + std::string(64, '1')},
        Refused{"rsapss_sha1", "0016 0004 0100" + std::string(512, '1')}, Refused{"ecdaa", "001a 000b 0001 01 0001 01"},
        Refused{"sha1", "0018 0004 0001 01 0001 01"}, Refused{"null_hash", "0018 0010 0001 01 0001 01"},
        Refused{"r_empty", "0018 000b 0000 0001 01"}, Refused{"s_empty", "0018 000b 0001 01 0000"},
        Refused{"r_zero", "0018 000b 0002 0000 0001 01"}, Refused{"s_zero", "0018 000b 0001 01 0001 00"},
        Refused{"r_67", "0018 000b 0043" + std::string(134, '1') + "0001 01"},
        Refused{"s_65535", "0018 000b 0001 01 ffff 01"}, Refused{"trailing", "0018 000b 0001 01 0001 01 00"},
        Refused{"no_s", "0018 000b 0001 01"}, Refused{"rsa_empty", "0014 000b 0000"},
        Refused{"rsa_255", "0014 000b 00ff" + std::string(510, '1')},
        Refused{"rsa_257", "0014 000b 0101" + std::string(514, '1')},
        Refused{"rsa_512", "0014 000b 0200" + std::string(1024, '1')},
        Refused{"rsa_sha1", "0014 0004 0100" + std::string(512, '1')},
        Refused{"rsa_trailing", "0014 000b 0100" + std::string(514, '1')}),
    [](const auto& refused) { return std::string{refused.param.name}; });

TEST(TpmSignature, reads_each_scheme) {
  const auto ecdsa = read_signature(hex("0018 000c 0001 01 0002 0002"));
  ASSERT_TRUE(ecdsa);
  EXPECT_EQ(*ecdsa, (Signature{EcdsaSignature{Hash::sha384, {1}, {0, 2}}}));
  EXPECT_EQ(hash_of(*ecdsa), Hash::sha384);
  const auto rsa = read_signature(hex("0014 000b 0180" + std::string(768, '1')));
  ASSERT_TRUE(rsa);
  EXPECT_EQ(*rsa, (Signature{RsaSignature{RsaPadding::pkcs1, Hash::sha256, Bytes(384, 0x11)}}));
  EXPECT_EQ(*read_signature(hex("0016 000b 0100" + std::string(512, '1'))),
            (Signature{RsaSignature{RsaPadding::pss, Hash::sha256, Bytes(256, 0x11)}}));
}

struct Der {
  const char* r;
  const char* s;
  std::string der;
};

// RFC 3279 §2.2.3 in DER. X.690 §8.3: the fewest octets, positive.
TEST(TpmSignature, der_integers_are_minimal_and_positive) {
  const std::string high = "80" + std::string(62, '0');
  for (const auto& row : {Der{"01", "7f", "300602010102017f"}, Der{"80", "ff", "300802020080020200ff"},
                          Der{"0001", "0080", "3007020101 02020080"}, Der{"00000000ff", "01", "3007020200ff 020101"},
                          Der{high.c_str(), "01", "3026 022100" + high + "020101"}}) {
    const auto der = to_der({Hash::sha256, hex(row.r), hex(row.s)}, Curve::p256);
    ASSERT_TRUE(der) << row.r;
    EXPECT_EQ(*der, hex(row.der));
  }
}

TEST(TpmSignature, der_of_the_longest_numbers) {
  const Bytes longest(48, 0xFF);
  const auto der = to_der({Hash::sha384, longest, longest}, Curve::p384);
  ASSERT_TRUE(der);
  EXPECT_EQ(der->size(), 2u + 2 * (2 + 49));
  EXPECT_EQ((*der)[1], 2 * (2 + 49));
}

TEST(TpmSignature, der_of_p521_spells_its_length_with_two_octets_where_it_must) {
  Bytes longest(66, 0xFF);
  longest.front() = 0x01;
  const auto der = to_der({Hash::sha512, longest, longest}, Curve::p521);
  ASSERT_TRUE(der);
  EXPECT_EQ(der->size(), 3u + 2 * (2 + 66));
  EXPECT_EQ((*der)[1], 0x81);
  EXPECT_EQ((*der)[2], 2 * (2 + 66));
  const auto shorter = to_der({Hash::sha512, {1}, {1}}, Curve::p521);
  EXPECT_EQ(*shorter, hex("3006020101020101"));
}

TEST(TpmSignature, der_refuses_zero_and_too_long) {
  EXPECT_FALSE(to_der({Hash::sha256, {}, {1}}, Curve::p256));
  EXPECT_FALSE(to_der({Hash::sha256, {0, 0}, {1}}, Curve::p256));
  EXPECT_FALSE(to_der({Hash::sha256, {1}, {0}}, Curve::p256));
  EXPECT_FALSE(to_der({Hash::sha256, Bytes(33, 1), {1}}, Curve::p256));
  EXPECT_FALSE(to_der({Hash::sha256, {1}, Bytes(33, 1)}, Curve::p256));
  EXPECT_TRUE(to_der({Hash::sha256, {1}, Bytes(33, 1)}, Curve::p384));
  auto padded = Bytes(33, 1);
  padded[0] = 0;
  EXPECT_TRUE(to_der({Hash::sha256, {1}, padded}, Curve::p256));
}

Signature any_signature() {
  const auto hash = *rc::gen::element(Hash::sha256, Hash::sha384, Hash::sha512);
  if (*rc::gen::arbitrary<bool>()) {
    const auto number = [] {
      auto out = *rc::gen::container<Bytes>(*rc::gen::inRange<std::size_t>(1, 67), rc::gen::arbitrary<std::uint8_t>());
      out.back() |= 1;
      return out;
    };
    return EcdsaSignature{hash, number(), number()};
  }
  return RsaSignature{*rc::gen::element(RsaPadding::pkcs1, RsaPadding::pss), hash,
                      Bytes(*rc::gen::element<std::size_t>(256, 384), *rc::gen::arbitrary<std::uint8_t>())};
}

RC_GTEST_PROP(TpmSignatureLaws, written_and_read_are_inverse, ()) {
  const auto signature = any_signature();
  const auto whole = write(signature);
  RC_ASSERT(read_signature(whole) == signature);
  test::each_truncation(whole, [](const Bytes& cut) { RC_ASSERT_FALSE(read_signature(cut).has_value()); });
  test::each_damage(whole, [](const Bytes& damaged) {
    if (const auto again = read_signature(damaged)) {
      RC_ASSERT(write(*again) == damaged);
    }
  });
}

}  // namespace
}  // namespace birthmark::tpm
