// SPDX-License-Identifier: Apache-2.0
#include "crypto/ecdsa_signature.h"

#include "unit/crypto/support.h"

namespace birthmark::crypto {
namespace {

using test::generate;
using test::hex;

// The order of P-256, SP 800-186 §3.2.1.3.
const std::string kOrder = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
const std::string kOrderLess1 = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632550";

struct Form {
  const char* name;
  std::string der;
  bool good;
};
class EcdsaForm : public testing::TestWithParam<Form> {};

TEST_P(EcdsaForm, is_read_strictly) {  // RFC 3279 §2.2.3
  const auto der = hex(GetParam().der);
  EXPECT_EQ(read_ecdsa_signature(KeyType::p256, der).has_value(), GetParam().good);
  EXPECT_EQ(ecdsa_der_to_raw(KeyType::p256, der).has_value(), GetParam().good);
}

INSTANTIATE_TEST_SUITE_P(
    Forms, EcdsaForm,
    testing::Values(
        Form{"one_one", "3006020101020101", true}, Form{"sign_byte", "300702020080020101", true},
        Form{"largest", "3046022100" + kOrderLess1 + "022100" + kOrderLess1, true},
        Form{"r_zero", "3006020100020101", false}, Form{"s_zero", "3006020101020100", false},
        Form{"r_order", "3026022100" + kOrder + "020101", false}, Form{"s_order", "3026020101022100" + kOrder, false},
        Form{"r_above_order", "3026022100ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff020101",
             false},
        Form{"r_33_bytes", "3026022101" + kOrder + "020101", false}, Form{"r_negative", "3006020181020101", false},
        Form{"s_negative", "30060201010201ff", false}, Form{"r_padded", "300702020001020101", false},
        Form{"s_padded", "300702010102020001", false}, Form{"r_empty", "30050200020101", false},
        Form{"s_missing", "3003020101", false}, Form{"three_numbers", "3009020101020101020101", false},
        Form{"trailing_byte", "300602010102010100", false}, Form{"trailing_inside", "300802010102010105", false},
        Form{"trailing_null_inside", "30080201010201010500", false},
        Form{"ber_long_length", "308106020101020101", false},
        Form{"ber_long_length_of_r",
             "30070281010102"
             "0101",
             false},
        Form{"indefinite", "30800201010201010000", false}, Form{"set", "3106020101020101", false},
        Form{"r_octet_string", "3006040101020101", false}, Form{"r_enumerated", "30060a0101020101", false},
        Form{"r_constructed",
             "3008220302010102"
             "0101",
             false},
        Form{"truncated", "30060201010201", false}, Form{"length_beyond", "3007020101020101", false},
        Form{"only_header", "3006", false}, Form{"empty_sequence", "3000", false}, Form{"empty", "", false},
        Form{"raw", kOrderLess1 + kOrderLess1, false}),
    [](const auto& form) { return form.param.name; });

TEST(EcdsaSignature, every_truncation_and_extension_is_refused) {
  const auto key = generate(KeyType::p256);
  const auto signature = *key.sign(as_bytes("message"));
  ASSERT_TRUE(read_ecdsa_signature(KeyType::p256, signature));
  for (std::size_t size = 0; size < signature.size(); ++size) {
    EXPECT_FALSE(read_ecdsa_signature(KeyType::p256, BytesView{signature}.first(size))) << size;
  }
  auto longer = signature;
  longer.push_back(0);
  EXPECT_FALSE(read_ecdsa_signature(KeyType::p256, longer));
}

TEST(EcdsaSignature, keys_that_are_not_ec_have_none) {
  const auto der = hex("3006020101020101");
  EXPECT_FALSE(read_ecdsa_signature(KeyType::rsa, der));
  EXPECT_FALSE(read_ecdsa_signature(KeyType::ed25519, der));
  EXPECT_FALSE(ecdsa_raw_to_der(KeyType::ed25519, {}));
  EXPECT_EQ(field_size(KeyType::rsa), 0U);
}

TEST(EcdsaSignature, p384_has_its_own_order) {  // SP 800-186 §3.2.1.4
  const auto above_p256 = hex("3026022100" + kOrder + "020101");
  EXPECT_TRUE(read_ecdsa_signature(KeyType::p384, above_p256));
  const std::string order384 =
      "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973";
  EXPECT_FALSE(ecdsa_to_der(KeyType::p384, hex(order384), Bytes{1}));
  auto less = hex(order384);
  less.back()--;
  EXPECT_TRUE(ecdsa_to_der(KeyType::p384, less, Bytes{1}));
}

TEST(EcdsaSignature, p521_ends_one_below_its_order) {  // SP 800-186 §3.2.1.5
  const std::string head = "01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa";
  const auto order521 = hex(head + "51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409");
  EXPECT_FALSE(ecdsa_to_der(KeyType::p521, order521, Bytes{1}));
  auto less = order521;
  less.back()--;
  EXPECT_TRUE(ecdsa_to_der(KeyType::p521, less, Bytes{1}));
}

TEST(EcdsaSignature, raw_and_der_say_the_same) {  // RFC 9053 §2.1, RFC 7518 §3.4
  for (const auto type : {KeyType::p256, KeyType::p384, KeyType::p521}) {
    const auto key = generate(type);
    for (int i = 0; i < 64; ++i) {  // short r or s, and sign bytes, come by chance
      const auto der = *key.sign(Bytes{static_cast<std::uint8_t>(i)});
      const auto raw = ecdsa_der_to_raw(type, der);
      ASSERT_TRUE(raw);
      EXPECT_EQ(raw->size(), 2 * field_size(type));
      EXPECT_EQ(*ecdsa_raw_to_der(type, *raw), der);
    }
  }
}

TEST(EcdsaSignature, raw_of_wrong_size_or_range_is_refused) {
  EXPECT_FALSE(ecdsa_raw_to_der(KeyType::p256, Bytes(63, 1)));
  EXPECT_FALSE(ecdsa_raw_to_der(KeyType::p256, Bytes(65, 1)));
  EXPECT_FALSE(ecdsa_raw_to_der(KeyType::p256, Bytes(64, 0)));
  EXPECT_FALSE(ecdsa_raw_to_der(KeyType::p256, Bytes(64, 0xFF)));
  EXPECT_FALSE(ecdsa_raw_to_der(KeyType::p384, Bytes(64, 1)));
  EXPECT_TRUE(ecdsa_raw_to_der(KeyType::p256, Bytes(64, 1)));
}

TEST(EcdsaSignature, numbers_with_leading_zeros_are_the_same_numbers) {
  EXPECT_EQ(*ecdsa_to_der(KeyType::p256, Bytes{0, 0, 0x80}, Bytes{0, 1}), hex("300702020080020101"));
  EXPECT_FALSE(ecdsa_to_der(KeyType::p256, Bytes{0, 0}, Bytes{1}));
  EXPECT_FALSE(ecdsa_to_der(KeyType::p256, {}, Bytes{1}));
}

}  // namespace
}  // namespace birthmark::crypto
