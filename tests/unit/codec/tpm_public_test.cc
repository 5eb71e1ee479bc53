// SPDX-License-Identifier: Apache-2.0
#include "codec/tpm_public.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <array>

#include "support/inputs.h"

namespace birthmark::tpm {
namespace {

using test::hex;

const std::string kX(64, 'a');
const std::string kY(64, 'b');
/// An IAK of birthmark's template, in parts that the tables below replace.
const std::string kHead = "0023 000b 00050072 0000 0010";
const std::string kScheme = "0018 000b";
const std::string kCurve = "0003 0010";
const std::string kPoint = "0020" + kX + "0020" + kY;

struct Refused {
  const char* name;
  std::string hex;
};

class RefusedPublic : public testing::TestWithParam<Refused> {};

TEST_P(RefusedPublic, is_bad_evidence) {
  const auto outcome = read_public(hex(GetParam().hex));
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, Code::bad_evidence);
}

INSTANTIATE_TEST_SUITE_P(
    Tables, RefusedPublic,
    testing::Values(Refused{"empty", ""}, Refused{"keyed_hash", "0008 000b 00050072 0000 0010 0000"},
                    Refused{"symmetric_type", "0025 000b 00050072 0000 0006 0080 0043 0000"},
                    Refused{"type_null", "0010 000b 00050072 0000 0010" + kScheme + kCurve + kPoint},
                    Refused{"name_sha1", "0023 0004 00050072 0000 0010" + kScheme + kCurve + kPoint},
                    Refused{"name_null", "0023 0010 00050072 0000 0010" + kScheme + kCurve + kPoint},
                    Refused{"name_sha3", "0023 0027 00050072 0000 0010" + kScheme + kCurve + kPoint},
                    Refused{"reserved_bit_0", "0023 000b 00050073 0000 0010" + kScheme + kCurve + kPoint},
                    Refused{"reserved_bit_3", "0023 000b 0005007a 0000 0010" + kScheme + kCurve + kPoint},
                    Refused{"reserved_bit_8", "0023 000b 00050172 0000 0010" + kScheme + kCurve + kPoint},
                    Refused{"reserved_bit_12", "0023 000b 00051072 0000 0010" + kScheme + kCurve + kPoint},
                    Refused{"reserved_bit_31", "0023 000b 80050072 0000 0010" + kScheme + kCurve + kPoint},
                    Refused{"short_policy", "0023 000b 00050072 0001 00 0010" + kScheme + kCurve + kPoint},
                    Refused{"policy_of_another_hash",
                            "0023 000b 00050072 0030" + std::string(96, '0') + "0010" + kScheme + kCurve + kPoint},
                    Refused{"policy_past_the_end", "0023 000b 00050072 ffff"},
                    Refused{"tdes", "0023 000b 000300b2 0000 0003 0080 0043 0010" + kCurve + kPoint},
                    Refused{"aes_192", "0023 000b 000300b2 0000 0006 00c0 0043 0010" + kCurve + kPoint},
                    Refused{"aes_cbc", "0023 000b 000300b2 0000 0006 0080 0042 0010" + kCurve + kPoint},
                    Refused{"ecdaa", kHead + "001a 000b 0000" + kCurve + kPoint},
                    Refused{"rsassa_on_ecc", kHead + "0014 000b" + kCurve + kPoint},
                    Refused{"ecdsa_sha1", kHead + "0018 0004" + kCurve + kPoint},
                    Refused{"ecdsa_null_hash", kHead + "0018 0010" + kCurve + kPoint},
                    Refused{"p192", kHead + kScheme + "0001 0010" + kPoint},
                    Refused{"p224", kHead + kScheme + "0002 0010" + kPoint},
                    Refused{"p521_with_a_long_point",
                            kHead + kScheme + "0005 0010 0043" + std::string(134, 'a') + "0000"},
                    Refused{"bn256", kHead + kScheme + "0010 0010" + kPoint},
                    Refused{"sm2", kHead + kScheme + "0020 0010" + kPoint},
                    Refused{"kdf", kHead + kScheme + "0003 0020 000b" + kPoint},
                    Refused{"long_x", kHead + kScheme + kCurve + "0021 00" + kX + "0020" + kY},
                    Refused{"long_y", kHead + kScheme + kCurve + "0020" + kX + "0021 00" + kY},
                    Refused{"x_past_the_end", kHead + kScheme + kCurve + "0020" + kX},
                    Refused{"trailing", kHead + kScheme + kCurve + kPoint + "00"},
                    Refused{"rsa_1024", "0001 000b 00050072 0000 0010 0014 000b 0400 00000000 0000"},
                    Refused{"rsa_4096", "0001 000b 00050072 0000 0010 0014 000b 1000 00000000 0000"},
                    Refused{"rsa_2047", "0001 000b 00050072 0000 0010 0014 000b 07ff 00000000 0000"},
                    Refused{"rsa_exponent_3", "0001 000b 00050072 0000 0010 0014 000b 0800 00000003 0000"},
                    Refused{"rsapss_sha1", "0001 000b 00050072 0000 0010 0016 0004 0800 00000000 0000"},
                    Refused{"rsaes", "0001 000b 00050072 0000 0010 0015 0800 00000000 0000"},
                    Refused{"rsassa_sha1", "0001 000b 00050072 0000 0010 0014 0004 0800 00000000 0000"},
                    Refused{"ecdsa_on_rsa", "0001 000b 00050072 0000 0010 0018 000b 0800 00000000 0000"},
                    Refused{"rsa_long_modulus",
                            "0001 000b 00050072 0000 0010 0014 000b 0800 00000000 0101" + std::string(514, '1')}),
    [](const auto& refused) { return std::string{refused.param.name}; });

TEST(TpmPublic, reads_an_attestation_key) {
  const auto key = read_public(hex(kHead + kScheme + kCurve + kPoint));
  ASSERT_TRUE(key) << key.error().detail;
  EXPECT_EQ(key->name_hash, Hash::sha256);
  EXPECT_TRUE(key->auth_policy.empty());
  EXPECT_FALSE(key->symmetric);
  ASSERT_NE(key->ecc(), nullptr);
  EXPECT_EQ(key->ecc()->curve, Curve::p256);
  EXPECT_EQ(key->ecc()->ecdsa, Hash::sha256);
  EXPECT_EQ(to_hex(key->ecc()->x), kX);
  EXPECT_EQ(key->rsa(), nullptr);
  EXPECT_EQ(to_hex(*uncompressed_point(*key->ecc())), "04" + kX + kY);
}

TEST(TpmPublic, each_attribute_has_its_bit) {
  struct Bit {
    unsigned position;
    bool (Attributes::*test)() const;
  };
  constexpr std::array kBits{
      Bit{1, &Attributes::fixed_tpm},      Bit{2, &Attributes::st_clear},
      Bit{4, &Attributes::fixed_parent},   Bit{5, &Attributes::sensitive_data_origin},
      Bit{6, &Attributes::user_with_auth}, Bit{7, &Attributes::admin_with_policy},
      Bit{10, &Attributes::no_da},         Bit{11, &Attributes::encrypted_duplication},
      Bit{16, &Attributes::restricted},    Bit{17, &Attributes::decrypt},
      Bit{18, &Attributes::sign},          Bit{19, &Attributes::x509_sign},
  };
  std::uint32_t defined = 0;
  for (const auto& bit : kBits) {
    const auto only = Attributes::from_bits(1U << bit.position);
    ASSERT_TRUE(only) << bit.position;
    defined |= only->bits();
    for (const auto& other : kBits) {
      EXPECT_EQ((*only.*other.test)(), other.position == bit.position);
    }
  }
  EXPECT_EQ(defined, Attributes::kDefined);
  for (unsigned position = 0; position < 32; ++position) {
    EXPECT_EQ(Attributes::from_bits(1U << position).has_value(), (defined >> position & 1) == 1) << position;
  }
}

TEST(TpmPublic, a_point_is_padded_and_a_template_has_none) {
  EXPECT_EQ(to_hex(*uncompressed_point({.x = {0xAA}, .y = {0xBB}})),
            "04" + std::string(62, '0') + "aa" + std::string(62, '0') + "bb");
  EXPECT_EQ(uncompressed_point({.curve = Curve::p384, .x = {1}, .y = {2}})->size(), 97u);
  EXPECT_FALSE(uncompressed_point({}));
  EXPECT_FALSE(uncompressed_point({.x = {1}}));
  EXPECT_FALSE(uncompressed_point({.x = {1}, .y = Bytes(33, 1)}));
}

TEST(TpmPublic, a_modulus_is_odd_and_as_long_as_the_key) {
  EXPECT_TRUE(rsa_modulus({.modulus = Bytes(256, 0xFF)}));
  EXPECT_TRUE(rsa_modulus({.bits = RsaKeyBits::rsa3072, .modulus = Bytes(384, 0x81)}));
  EXPECT_FALSE(rsa_modulus({}));
  EXPECT_FALSE(rsa_modulus({.modulus = Bytes(255, 0xFF)}));
  EXPECT_FALSE(rsa_modulus({.modulus = Bytes(256, 0x7F)}));
  EXPECT_FALSE(rsa_modulus({.modulus = Bytes(256, 0xFE)}));
  EXPECT_FALSE(rsa_modulus({.bits = RsaKeyBits::rsa3072, .modulus = Bytes(256, 0xFF)}));
}

TEST(TpmPublic, a_sized_one_is_exactly_its_size) {
  const auto body = hex(kHead + kScheme + kCurve + kPoint);
  const auto key = *read_public(body);
  const auto sized = write_sized(key);
  EXPECT_EQ(to_hex(sized), "0058" + to_hex(body));
  EXPECT_EQ(read_sized_public(sized), key);
  auto longer = sized;
  longer.push_back(0);
  EXPECT_FALSE(read_sized_public(longer));
  longer[1] = 0x59;
  EXPECT_FALSE(read_sized_public(longer));
  EXPECT_FALSE(read_sized_public(hex("0000")));
  EXPECT_FALSE(read_sized_public(hex("ffff00")));
  test::each_truncation(sized, [](const Bytes& cut) { EXPECT_FALSE(read_sized_public(cut)); });
}

Bytes any_bytes(std::size_t size_max) {
  return *rc::gen::container<Bytes>(*rc::gen::inRange<std::size_t>(0, size_max + 1),
                                    rc::gen::arbitrary<std::uint8_t>());
}

std::optional<RsaScheme> any_rsa_scheme() {
  return *rc::gen::element(std::optional<RsaScheme>{}, std::optional{RsaScheme{RsaPadding::pkcs1, Hash::sha256}},
                           std::optional{RsaScheme{RsaPadding::pss, Hash::sha512}});
}

std::optional<Hash> any_scheme() {
  return *rc::gen::element(std::optional<Hash>{}, std::optional{Hash::sha256}, std::optional{Hash::sha384});
}

Public any_public() {
  Public key;
  key.name_hash = *rc::gen::element(Hash::sha256, Hash::sha384, Hash::sha512);
  key.attributes = *Attributes::from_bits(*rc::gen::arbitrary<std::uint32_t>() & Attributes::kDefined);
  if (*rc::gen::arbitrary<bool>()) {
    key.auth_policy = Bytes(digest_size(key.name_hash), *rc::gen::arbitrary<std::uint8_t>());
  }
  key.symmetric = *rc::gen::element(std::optional<AesKeyBits>{}, std::optional{AesKeyBits::aes128},
                                    std::optional{AesKeyBits::aes256});
  if (*rc::gen::arbitrary<bool>()) {
    const auto curve = *rc::gen::element(Curve::p256, Curve::p384, Curve::p521);
    const auto size = coordinate_size(curve);
    key.key = EccKey{curve, any_scheme(), any_bytes(size), any_bytes(size)};
  } else {
    const auto bits = *rc::gen::element(RsaKeyBits::rsa2048, RsaKeyBits::rsa3072);
    key.key =
        RsaKey{bits, any_rsa_scheme(), *rc::gen::arbitrary<bool>(), any_bytes(static_cast<std::size_t>(bits) / 8)};
  }
  return key;
}

RC_GTEST_PROP(TpmPublicLaws, what_is_written_is_read_back, ()) {
  const auto key = any_public();
  RC_ASSERT(read_public(write(key)) == key);
  RC_ASSERT(read_sized_public(write_sized(key)) == key);
}

RC_GTEST_PROP(TpmPublicLaws, what_is_read_is_written_byte_for_byte, ()) {
  const auto whole = write(any_public());
  test::each_truncation(whole, [](const Bytes& cut) { RC_ASSERT_FALSE(read_public(cut).has_value()); });
  test::each_damage(whole, [](const Bytes& damaged) {
    if (const auto key = read_public(damaged)) {
      RC_ASSERT(write(*key) == damaged);
    }
  });
}

}  // namespace
}  // namespace birthmark::tpm
