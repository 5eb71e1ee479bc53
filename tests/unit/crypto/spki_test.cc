// SPDX-License-Identifier: Apache-2.0
#include <openssl/core_names.h>

#include "codec/oid.h"
#include "crypto/ed25519_point.h"
#include "crypto/native.h"
#include "unit/crypto/support.h"

namespace birthmark::crypto {
namespace {

using test::generate;
using test::hex;

constexpr auto kEd25519 = oid<1, 3, 101, 112>;

Bytes element(std::uint8_t tag, BytesView contents) {
  der::Writer writer;
  writer.primitive(tag, contents);
  return std::move(writer).finish();
}
Bytes operator+(Bytes a, const Bytes& b) {
  append(a, b);
  return a;
}

/// A SubjectPublicKeyInfo of parts that need not fit; `bits` holds the contents of the BIT STRING with its first byte.
Bytes assemble(BytesView algorithm, const Bytes& parameters, const Bytes& bits, const Bytes& tail = {}) {
  return element(der::tag::sequence, element(der::tag::sequence, element(der::tag::oid, algorithm) + parameters) +
                                         element(der::tag::bit_string, bits) + tail);
}
Bytes octets_as_bits(BytesView octets) {
  return Bytes{0} + to_bytes(octets);
}
const Bytes kNull{0x05, 0x00};
const Bytes kP256 = element(der::tag::oid, oids::secp256r1);
const Bytes kP384 = element(der::tag::oid, oids::secp384r1);

Bytes some_point() {
  static const Bytes point = to_bytes(generate(KeyType::p256).public_key().point());
  return point;
}
Bytes ec(const Bytes& parameters, const Bytes& point) {
  return assemble(oids::ec_public_key, parameters, octets_as_bits(point));
}

struct Wrong {
  const char* name;
  Bytes spki;
};
class WrongSpki : public testing::TestWithParam<Wrong> {};
TEST_P(WrongSpki, is_refused_quietly) {
  ERR_clear_error();
  const auto key = PublicKey::from_spki(GetParam().spki);
  ASSERT_FALSE(key);
  EXPECT_EQ(key.error().code, Code::bad_request);
  EXPECT_EQ(ERR_peek_error(), 0U);
}
const auto by_name = [](const auto& wrong) { return std::string{wrong.param.name}; };

Bytes with_prefix(std::uint8_t prefix, std::size_t size) {
  auto point = some_point();
  point[0] = prefix;
  point.resize(size);
  return point;
}
Bytes with_y_bit_flipped() {
  auto point = some_point();
  point.back() ^= 1;
  return point;
}
/// x + p, where it fits into 32 bytes, names the same point in another way; p itself serves for x = 0.
Bytes with_x_of_p() {
  return Bytes{4} + hex("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff") +
         hex("66485c780e2f83d72433bd5d84a06bb6541c2af31dae871728bf856a174f93f4");
}
Bytes explicit_curve() {
  const EvpPkeyPtr key{EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256")};
  EXPECT_EQ(EVP_PKEY_set_utf8_string_param(key.get(), OSSL_PKEY_PARAM_EC_ENCODING, "explicit"), 1);
  const auto spki = test::spki_of(key.get());
  EXPECT_GT(spki.size(), 200U);
  return spki;
}
Bytes bits_unused() {
  auto bits = octets_as_bits(some_point());
  bits[0] = 1;
  return assemble(oids::ec_public_key, kP256, bits);
}
Bytes long_form_length() {
  auto spki = ec(kP256, some_point());
  spki.insert(spki.begin() + 1, 0x81);
  return spki;
}

INSTANTIATE_TEST_SUITE_P(
    Ec, WrongSpki,
    testing::Values(
        Wrong{"empty", {}}, Wrong{"only_tag", {0x30}}, Wrong{"empty_sequence", {0x30, 0x00}},
        Wrong{"compressed_02", ec(kP256, with_prefix(2, 33))}, Wrong{"compressed_03", ec(kP256, with_prefix(3, 33))},
        Wrong{"hybrid_06", ec(kP256, with_prefix(6, 65))}, Wrong{"hybrid_07", ec(kP256, with_prefix(7, 65))},
        Wrong{"compressed_prefix_full_size", ec(kP256, with_prefix(2, 65))}, Wrong{"infinity", ec(kP256, Bytes{0})},
        Wrong{"infinity_padded", ec(kP256, Bytes(65, 0))}, Wrong{"no_point", ec(kP256, Bytes{})},
        Wrong{"off_the_curve", ec(kP256, with_y_bit_flipped())}, Wrong{"origin", ec(kP256, Bytes{4} + Bytes(64, 0))},
        Wrong{"coordinates_too_large", ec(kP256, Bytes{4} + Bytes(64, 0xFF))},
        Wrong{"x_not_reduced", ec(kP256, with_x_of_p())}, Wrong{"point_short", ec(kP256, with_prefix(4, 64))},
        Wrong{"point_long", ec(kP256, some_point() + Bytes{0})},
        Wrong{"p256_point_named_p384", ec(kP384, some_point())}),
    by_name);

INSTANTIATE_TEST_SUITE_P(
    EcForm, WrongSpki,
    testing::Values(Wrong{"explicit_curve", explicit_curve()}, Wrong{"curve_null", ec(kNull, some_point())},
                    Wrong{"curve_missing", ec({}, some_point())},
                    Wrong{"curve_and_more", ec(kP256 + kNull, some_point())},
                    Wrong{"curve_secp256k1", ec(element(der::tag::oid, oid<1, 3, 132, 0, 10>), some_point())},
                    Wrong{"curve_brainpool",
                          ec(element(der::tag::oid, oid<1, 3, 36, 3, 3, 2, 8, 1, 1, 7>), some_point())},
                    Wrong{"algorithm_ecdh", assemble(oid<1, 3, 132, 1, 12>, kP256, octets_as_bits(some_point()))},
                    Wrong{"unused_bits", bits_unused()}, Wrong{"ber_length", long_form_length()},
                    Wrong{"trailing_byte", ec(kP256, some_point()) + Bytes{0}},
                    Wrong{"more_inside", assemble(oids::ec_public_key, kP256, octets_as_bits(some_point()), kNull)},
                    Wrong{"bit_string_empty", assemble(oids::ec_public_key, kP256, {})},
                    Wrong{"longer_than_1024", Bytes(1025, 0x30)}, Wrong{"a_megabyte", Bytes(1 << 20, 0x30)}),
    by_name);

const Bytes& sound_modulus() {
  static const Bytes modulus = [] {
    const EvpPkeyPtr key{EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{2048})};
    BIGNUM* n = nullptr;
    EXPECT_EQ(EVP_PKEY_get_bn_param(key.get(), OSSL_PKEY_PARAM_RSA_N, &n), 1);
    Bytes out(static_cast<std::size_t>(BN_num_bytes(n)));
    BN_bn2bin(n, out.data());
    BN_free(n);
    return out;
  }();
  return modulus;
}
/// An odd number of exactly so many bits.
Bytes number_of(std::size_t bits) {
  Bytes out((bits + 7) / 8, 0x5A);
  out.front() = static_cast<std::uint8_t>(1U << ((bits - 1) % 8));
  out.back() |= 1;
  return out;
}
Bytes rsa_numbers(const Bytes& modulus, const Bytes& exponent) {
  return element(der::tag::sequence, element(der::tag::integer, modulus) + element(der::tag::integer, exponent));
}
Bytes rsa(const Bytes& modulus, const Bytes& exponent) {
  const Bytes sign = modulus.empty() || modulus.front() < 0x80 ? Bytes{} : Bytes{0};
  return assemble(oids::rsa_encryption, kNull, octets_as_bits(rsa_numbers(sign + modulus, exponent)));
}
const Bytes kF4{0x01, 0x00, 0x01};
Bytes even_modulus() {
  auto modulus = sound_modulus();
  modulus.back() &= 0xFE;
  return modulus;
}
Bytes rsa_key_bits() {
  return octets_as_bits(rsa_numbers(Bytes{0} + sound_modulus(), kF4));
}

INSTANTIATE_TEST_SUITE_P(
    Rsa, WrongSpki,
    testing::Values(Wrong{"exponent_0", rsa(sound_modulus(), {0})}, Wrong{"exponent_1", rsa(sound_modulus(), {1})},
                    Wrong{"exponent_3", rsa(sound_modulus(), {3})},
                    Wrong{"exponent_65535", rsa(sound_modulus(), {0x00, 0xFF, 0xFF})},
                    Wrong{"exponent_even", rsa(sound_modulus(), {0x01, 0x00, 0x02})},
                    Wrong{"exponent_negative", rsa(sound_modulus(), {0x81, 0x00, 0x01})},
                    Wrong{"exponent_33_bits", rsa(sound_modulus(), {0x01, 0x00, 0x00, 0x00, 0x01})},
                    Wrong{"exponent_65_bits", rsa(sound_modulus(), {0x01, 0, 0, 0, 0, 0, 0, 0, 0x01})},
                    Wrong{"exponent_32768_bits", rsa(sound_modulus(), Bytes{0x7F} + Bytes(4095, 0x11))},
                    Wrong{"exponent_padded", rsa(sound_modulus(), Bytes{0} + kF4)}, Wrong{"modulus_0", rsa({0}, kF4)},
                    Wrong{"modulus_1", rsa({1}, kF4)}, Wrong{"modulus_512", rsa(number_of(512), kF4)},
                    Wrong{"modulus_1024", rsa(number_of(1024), kF4)}, Wrong{"modulus_2047", rsa(number_of(2047), kF4)},
                    Wrong{"modulus_4097", rsa(number_of(4097), kF4)},
                    Wrong{"modulus_16384", rsa(number_of(16384), kF4)},
                    Wrong{"modulus_32768", rsa(number_of(32768), kF4)},
                    Wrong{"modulus_even", rsa(even_modulus(), kF4)}),
    by_name);

INSTANTIATE_TEST_SUITE_P(
    RsaForm, WrongSpki,
    testing::Values(
        Wrong{"no_parameters", assemble(oids::rsa_encryption, {}, rsa_key_bits())},
        Wrong{"null_with_contents", assemble(oids::rsa_encryption, {0x05, 0x01, 0x00}, rsa_key_bits())},
        Wrong{"two_nulls", assemble(oids::rsa_encryption, kNull + kNull, rsa_key_bits())},
        Wrong{"pss", assemble(oid<1, 2, 840, 113549, 1, 1, 10>, kNull, rsa_key_bits())},
        Wrong{"modulus_negative",
              assemble(oids::rsa_encryption, kNull, octets_as_bits(rsa_numbers(Bytes{0x80} + Bytes(255, 0x11), kF4)))},
        Wrong{"modulus_padded",
              assemble(oids::rsa_encryption, kNull, octets_as_bits(rsa_numbers(Bytes{0, 0} + sound_modulus(), kF4)))},
        Wrong{"three_numbers",
              assemble(oids::rsa_encryption, kNull,
                       octets_as_bits(element(der::tag::sequence,
                                              element(der::tag::integer, Bytes{0} + sound_modulus()) +
                                                  element(der::tag::integer, kF4) + element(der::tag::integer, kF4))))},
        Wrong{"trailing_in_bits", assemble(oids::rsa_encryption, kNull, rsa_key_bits() + Bytes{0})},
        Wrong{"not_a_sequence", assemble(oids::rsa_encryption, kNull, octets_as_bits(sound_modulus()))}),
    by_name);

Bytes ed(const Bytes& raw, const Bytes& parameters = {}) {
  return assemble(kEd25519, parameters, octets_as_bits(raw));
}
INSTANTIATE_TEST_SUITE_P(
    Ed25519, WrongSpki,
    testing::Values(Wrong{"with_null",
                          ed(hex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"), kNull)},
                    Wrong{"short", ed(Bytes(31, 1))}, Wrong{"long", ed(Bytes(33, 1))}, Wrong{"none", ed({})},
                    Wrong{"x25519", assemble(oid<1, 3, 101, 110>, {}, octets_as_bits(Bytes(32, 9)))}),
    by_name);

// RFC 8032 §5.1.3. The eight points of small order, and the encodings of them with a y that is not reduced or a sign
// that x = 0 has not.
TEST(Ed25519Point, small_order_is_refused) {
  for (const auto* text : {"0100000000000000000000000000000000000000000000000000000000000000",
                           "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                           "0000000000000000000000000000000000000000000000000000000000000000",
                           "0000000000000000000000000000000000000000000000000000000000000080",
                           "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
                           "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
                           "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
                           "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
                           "0100000000000000000000000000000000000000000000000000000000000080",
                           "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
                           "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                           "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                           "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"}) {
    EXPECT_FALSE(is_sound_ed25519_point(hex(text))) << text;
    EXPECT_FALSE(PublicKey::from_ed25519(hex(text))) << text;
  }
}

TEST(Ed25519Point, about_half_of_all_numbers_are_on_the_curve) {
  int sound = 0;
  for (int i = 0; i < 200; ++i) {
    auto raw = to_bytes(sha256(Bytes{static_cast<std::uint8_t>(i)}).get());
    sound += is_sound_ed25519_point(raw) ? 1 : 0;
  }
  EXPECT_GT(sound, 60);
  EXPECT_LT(sound, 140);
}

TEST(Ed25519Point, every_made_key_is_sound) {
  for (int i = 0; i < 20; ++i) {
    EXPECT_TRUE(is_sound_ed25519_point(generate(KeyType::ed25519).public_key().point()));
  }
}

TEST(Rsa, sizes_at_the_edges_are_read) {
  for (const std::size_t bits : {2048, 3072, 4096}) {
    const auto key = PublicKey::from_spki(rsa(number_of(bits), kF4));
    ASSERT_TRUE(key) << bits;
    EXPECT_EQ(*PublicKey::from_rsa(number_of(bits), 65537), *key);
  }
  EXPECT_TRUE(PublicKey::from_spki(rsa(sound_modulus(), {0x00, 0xFF, 0xFF, 0xFF, 0xFF})));
  EXPECT_TRUE(PublicKey::from_rsa(sound_modulus(), 0xFFFFFFFF));
}

TEST(Rsa, wrong_numbers_are_refused) {
  EXPECT_FALSE(PublicKey::from_rsa({}, 65537));
  EXPECT_FALSE(PublicKey::from_rsa(Bytes(256, 0), 65537));
  EXPECT_FALSE(PublicKey::from_rsa(number_of(1024), 65537));
  EXPECT_FALSE(PublicKey::from_rsa(number_of(8192), 65537));
  EXPECT_FALSE(PublicKey::from_rsa(Bytes(1 << 20, 0x11), 65537));
  EXPECT_FALSE(PublicKey::from_rsa(even_modulus(), 65537));
  for (const std::uint32_t exponent : {0U, 1U, 3U, 17U, 65535U, 65536U, 65538U}) {
    EXPECT_FALSE(PublicKey::from_rsa(sound_modulus(), exponent)) << exponent;
  }
}

TEST(Spki, bytes_that_libraries_write_come_back_unchanged) {
  for (const auto* group : {"P-256", "P-384"}) {
    const EvpPkeyPtr key{EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", group)};
    const auto spki = test::spki_of(key.get());
    const auto read = PublicKey::from_spki(spki);
    ASSERT_TRUE(read);
    EXPECT_EQ(to_bytes(read->spki()), spki);
  }
  for (const auto* group : {"P-224", "brainpoolP256r1", "secp256k1"}) {
    const EvpPkeyPtr key{EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", group)};
    EXPECT_FALSE(PublicKey::from_spki(test::spki_of(key.get()))) << group;
  }
}

TEST(Spki, every_truncation_is_refused_and_no_flipped_bit_gives_the_same_key) {
  const auto key = generate(KeyType::p256);
  const auto spki = to_bytes(key.public_key().spki());
  for (std::size_t size = 0; size < spki.size(); ++size) {
    EXPECT_FALSE(PublicKey::from_spki(BytesView{spki}.first(size))) << size;
  }
  for (std::size_t bit = 0; bit < spki.size() * 8; ++bit) {
    auto bad = spki;
    bad[bit / 8] = static_cast<std::uint8_t>(bad[bit / 8] ^ (1U << (bit % 8)));
    EXPECT_FALSE(PublicKey::from_spki(bad)) << bit;  // no single bit leads to another point of the curve
  }
}

TEST(Spki, an_earlier_library_error_stays) {
  ERR_clear_error();
  ERR_raise(ERR_LIB_USER, 42);
  EXPECT_FALSE(PublicKey::from_spki(ec(kP256, with_y_bit_flipped())));
  EXPECT_EQ(ERR_GET_REASON(ERR_peek_last_error()), 42);
  ERR_clear_error();
}

TEST(Spki, what_is_read_openssl_reads_the_same_way) {
  const auto folder = test::vectors() / "csr/bssl-fuzz-spki";
  if (!std::filesystem::exists(folder)) {
    GTEST_SKIP() << "SPKI seeds are not beside the repository";
  }
  int read_count = 0;
  for (const auto& entry : std::filesystem::directory_iterator{folder}) {
    const auto spki = test::read_bytes(entry.path());
    const auto key = PublicKey::from_spki(spki);
    if (!key) {
      continue;
    }
    ++read_count;
    const unsigned char* cursor = spki.data();
    const EvpPkeyPtr native_key{d2i_PUBKEY(nullptr, &cursor, static_cast<long>(spki.size()))};
    ASSERT_TRUE(native_key) << entry.path();
    EXPECT_EQ(EVP_PKEY_eq(native_key.get(), native_copy(*key)->get()), 1) << entry.path();
  }
  EXPECT_EQ(read_count,
            3);  // P-256, P-384 and P-521; DSA, small curves, explicit curves and 1024-bit RSA are not for us
}

}  // namespace
}  // namespace birthmark::crypto
