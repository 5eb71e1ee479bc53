// SPDX-License-Identifier: Apache-2.0
// The reader under Rule::definite: what it takes besides deterministic CBOR, and what it still refuses.
#include <gtest/gtest.h>

#include "codec/cbor.h"
#include "support/inputs.h"

namespace birthmark::cbor {
namespace {

using test::hex;

constexpr Limits kDefinite{.rule = Rule::definite};

Result<void> read(BytesView input, Limits limits = kDefinite) {
  Reader reader{input, limits};
  BM_CHECK(reader.skip());
  return reader.finish();
}

std::string repeated(const char* text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) {
    out += text;
  }
  return out;
}

struct Document {
  const char* name;
  std::string hex;
};
const auto kName = [](const auto& document) { return std::string{document.param.name}; };

class RefusedDefiniteCbor : public testing::TestWithParam<Document> {};

TEST_P(RefusedDefiniteCbor, is_bad_evidence) {
  const auto outcome = read(hex(GetParam().hex));
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, Code::bad_evidence);
}

// AC-21, RFC 8949 §3, §5.3, §5.6.
INSTANTIATE_TEST_SUITE_P(
    Tables, RefusedDefiniteCbor,
    testing::Values(
        Document{"empty", ""}, Document{"two_documents", "0000"}, Document{"byte_after_map", "a000"},
        Document{"duplicate_key", "a2 01 01 01 02"}, Document{"duplicate_far_apart", "a3 01 00 02 00 01 00"},
        Document{"duplicate_in_a_longer_head", "a2 01 00 1801 00"},
        Document{"duplicate_in_the_longest_head", "a2 01 00 1b0000000000000001 00"},
        Document{"duplicate_negative", "a2 20 00 3800 00"}, Document{"duplicate_text", "a2 6161 00 780161 00"},
        Document{"duplicate_bytes", "a2 4161 00 580161 00"}, Document{"duplicate_empty_text", "a2 60 00 60 00"},
        Document{"duplicate_in_inner_map", "81 a1 00 a2 01 00 01 00"},
        Document{"duplicate_behind_inner_map", "a2 01 a1 01 00 01 00"}, Document{"array_as_key", "a1 80 00"},
        Document{"map_as_key", "a1 a0 00"}, Document{"tag_as_key", "a1 c1 00 00"},
        Document{"float_as_key", "a1 f93c00 00"}, Document{"bool_as_key", "a1 f4 00"},
        Document{"undefined_as_key", "a1 f7 00"}, Document{"indefinite_bytes", "5f4100ff"},
        Document{"indefinite_text", "7f6161ff"}, Document{"indefinite_array", "9f01ff"},
        Document{"indefinite_map", "bf0102ff"}, Document{"break_alone", "ff"}, Document{"reserved_28", "1c"},
        Document{"reserved_simple", "fc"}, Document{"simple_0_in_two_octets", "f800"},
        Document{"true_in_two_octets", "f815"}, Document{"simple_31", "f81f"}, Document{"half_float_cut", "f93c"},
        Document{"double_cut", "fb3ff80000000000"}, Document{"bytes_of_2_63", "5b8000000000000000"},
        Document{"text_of_2_64", "7bffffffffffffffff"}, Document{"array_of_2_63", "9b8000000000000000"},
        Document{"map_of_2_63", "bb800000000000000000"}, Document{"map_of_2_64", "bbffffffffffffffff"},
        Document{"bytes_cut", "4200"}, Document{"map_without_value", "a100"}, Document{"tag_alone", "c1"},
        Document{"bignum_alone", "c2"}, Document{"text_not_utf8", "61ff"}, Document{"text_surrogate", "63eda080"},
        Document{"levels_2000", repeated("81", 2000) + "00"}, Document{"levels_of_maps", repeated("a100", 2000) + "00"},
        Document{"levels_of_tags", repeated("d80100", 500) + "00"},
        Document{"items_5000", "991388" + repeated("00", 5000)}),
    kName);

class TakenDefiniteCbor : public testing::TestWithParam<Document> {};

TEST_P(TakenDefiniteCbor, only_by_this_rule) {
  const auto document = hex(GetParam().hex);
  EXPECT_TRUE(read(document));
  EXPECT_FALSE(read(document, {}));
}

INSTANTIATE_TEST_SUITE_P(
    Tables, TakenDefiniteCbor,
    testing::Values(Document{"long_integer", "1800"}, Document{"longest_integer", "1b0000000000000000"},
                    Document{"long_negative", "3900ff"}, Document{"long_length", "5801aa"},
                    Document{"long_array", "980100"}, Document{"long_map", "b90001 01 00"},
                    Document{"long_tag", "d80100"}, Document{"keys_in_any_order", "a3 02 00 01 00 20 00"},
                    Document{"text_before_integer", "a2 6161 00 01 00"},
                    Document{"equal_numbers_of_other_types", "a4 6101 00 4101 00 20 00 01 00"},
                    Document{"half_float", "f93c00"}, Document{"float", "fa3f800000"},
                    Document{"double", "fb3ff8000000000000"}, Document{"nan", "f97e00"}, Document{"undefined", "f7"},
                    Document{"simple_0", "e0"}, Document{"simple_32", "f820"}, Document{"simple_255", "f8ff"},
                    Document{"positive_bignum", "c249010000000000000000"},
                    Document{"negative_bignum", "c349010000000000000000"}),
    kName);

// What has the bits of true, of a number or of null is none of them in a float or another simple value.
TEST(DefiniteCbor, floats_and_simple_values_are_read_as_nothing_else) {
  for (const char* const document :
       {"f90015", "f90014", "f90016", "fa00000015", "fb0000000000000014", "f7", "e0", "f8ff", "e1"}) {
    const auto bytes = hex(document);
    EXPECT_FALSE(Reader(bytes, kDefinite).boolean()) << document;
    EXPECT_FALSE(Reader(bytes, kDefinite).null()) << document;
    EXPECT_FALSE(Reader(bytes, kDefinite).integer()) << document;
    EXPECT_FALSE(Reader(bytes, kDefinite).unsigned_int()) << document;
    EXPECT_FALSE(Reader(bytes, kDefinite).bytes()) << document;
    EXPECT_FALSE(Reader(bytes, kDefinite).text()) << document;
    EXPECT_FALSE(Reader(bytes, kDefinite).array()) << document;
    EXPECT_FALSE(Reader(bytes, kDefinite).tag()) << document;
    EXPECT_TRUE(Reader(bytes, kDefinite).skip()) << document;
  }
  EXPECT_EQ(Reader(hex("f93c00"), kDefinite).peek(), Type::floating);
  EXPECT_EQ(Reader(hex("f7"), kDefinite).peek(), Type::simple);
  EXPECT_EQ(Reader(hex("f5"), kDefinite).boolean(), true);
  EXPECT_EQ(Reader(hex("f4"), kDefinite).boolean(), false);
  EXPECT_TRUE(Reader(hex("f6"), kDefinite).null());
}

TEST(DefiniteCbor, integers_in_longer_heads_have_their_value) {
  EXPECT_EQ(Reader(hex("1b000000000000000a"), kDefinite).unsigned_int(), 10u);
  EXPECT_EQ(Reader(hex("390000"), kDefinite).integer(), -1);
  EXPECT_FALSE(Reader(hex("1bffffffffffffffff"), kDefinite).integer());
}

// A repeated key shows when its map closes: at its last value, wherever that one is nested.
TEST(DefiniteCbor, a_repeated_key_sticks) {
  const auto document = hex("82 a2 01 00 01 81 a0 00");
  Reader reader{document, kDefinite};
  ASSERT_TRUE(reader.array());
  ASSERT_TRUE(reader.map());
  ASSERT_TRUE(reader.skip());
  ASSERT_TRUE(reader.skip());
  ASSERT_TRUE(reader.skip());
  ASSERT_TRUE(reader.array());
  EXPECT_FALSE(reader.map());
  EXPECT_FALSE(reader.skip());
  EXPECT_FALSE(reader.finish());
}

// Thousands of keys, one of them twice, wherever it stands; and the same without.
TEST(DefiniteCbor, large_maps) {
  const auto map_of = [](std::uint16_t pairs, std::uint16_t last_key) {
    Bytes out{0xB9, static_cast<std::uint8_t>(pairs >> 8), static_cast<std::uint8_t>(pairs)};
    for (std::uint16_t i = 0; i < pairs; ++i) {
      // Downwards, so that nothing comes sorted.
      const auto key = static_cast<std::uint16_t>(i + 1 == pairs ? last_key : pairs - i);
      append(out, Bytes{0x19, static_cast<std::uint8_t>(key >> 8), static_cast<std::uint8_t>(key), 0x00});
    }
    return out;
  };
  EXPECT_TRUE(read(map_of(2000, 1)));
  EXPECT_FALSE(read(map_of(2000, 1000)));
  EXPECT_FALSE(read(map_of(2000, 2000)));
  EXPECT_FALSE(read(map_of(2000, 2)));
}

TEST(DefiniteCbor, whatever_is_deterministic_is_definite) {
  const auto document = Writer{}
                            .map(2)
                            .integer(-3)
                            .array(3)
                            .tag(18)
                            .bytes(hex("00ff"))
                            .boolean(true)
                            .null()
                            .text("k")
                            .map(1)
                            .bytes(hex("01"))
                            .unsigned_int(70000)
                            .finish();
  EXPECT_TRUE(read(document));
  EXPECT_TRUE(read(document, {}));
  test::each_truncation(document, [](const Bytes& cut) { EXPECT_FALSE(read(cut)); });
}

}  // namespace
}  // namespace birthmark::cbor
