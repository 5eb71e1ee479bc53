// SPDX-License-Identifier: Apache-2.0
#include "codec/cbor.h"

#include <gtest/gtest.h>

#include <limits>

#include "support/inputs.h"

namespace birthmark::cbor {
namespace {

using test::hex;

Result<void> read(BytesView input, Limits limits = {}) {
  Reader reader{input, limits};
  BM_CHECK(reader.skip());
  return reader.finish();
}

struct Refused {
  const char* name;
  std::string hex;
};

class RefusedCbor : public testing::TestWithParam<Refused> {};

TEST_P(RefusedCbor, is_bad_evidence) {
  const auto outcome = read(hex(GetParam().hex));
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, Code::bad_evidence);
}

std::string repeated(const char* text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) {
    out += text;
  }
  return out;
}

// AC-21, RFC 8949 §3, §4.2.1, §5.3.1.
INSTANTIATE_TEST_SUITE_P(
    Tables, RefusedCbor,
    testing::Values(
        Refused{"empty", ""}, Refused{"two_documents", "0000"}, Refused{"byte_after_map", "a000"},
        Refused{"duplicate_key", "a2010101 02"}, Refused{"duplicate_text_key", "a2616101616102"},
        Refused{"duplicate_key_far_apart", "a3 01 00 02 00 01 00"}, Refused{"keys_not_sorted", "a202010102"},
        Refused{"text_key_before_integer", "a2 6161 00 01 00"}, Refused{"longer_key_first", "a2 626161 00 6162 00"},
        Refused{"negative_key_before_positive", "a2 20 00 01 00"},
        Refused{"duplicate_in_inner_map", "81 a1 00 a2 01 00 01 00"}, Refused{"array_as_key", "a1 80 00"},
        Refused{"map_as_key", "a1 a0 00"}, Refused{"tag_as_key", "a1 c1 00 00"}, Refused{"bool_as_key", "a1 f4 00"},
        Refused{"null_as_key", "a1 f6 00"}, Refused{"indefinite_bytes", "5f4100ff"},
        Refused{"indefinite_text", "7f6161ff"}, Refused{"indefinite_array", "9f01ff"},
        Refused{"indefinite_map", "bf0102ff"}, Refused{"break_alone", "ff"}, Refused{"reserved_28", "1c"},
        Refused{"reserved_29", "3d"}, Refused{"reserved_30", "5e"}, Refused{"long_head_1", "1817"},
        Refused{"long_head_2", "1900ff"}, Refused{"long_head_4", "1a0000ffff"},
        Refused{"long_head_8", "1b00000000ffffffff"}, Refused{"long_length", "5801aa"},
        Refused{"long_array_length", "980100"}, Refused{"long_tag", "d80100"}, Refused{"half_float", "f93c00"},
        Refused{"float", "fa3f800000"}, Refused{"double", "fb3ff8000000000000"}, Refused{"nan", "f97e00"},
        Refused{"undefined", "f7"}, Refused{"simple_0", "e0"}, Refused{"simple_19", "f3"}, Refused{"simple_32", "f820"},
        Refused{"simple_255", "f8ff"}, Refused{"true_in_two_octets", "f815"},
        Refused{"bytes_of_2_63", "5b8000000000000000"}, Refused{"bytes_of_2_64", "5bffffffffffffffff"},
        Refused{"text_of_2_63", "7b800000000000000000"}, Refused{"array_of_2_63", "9b8000000000000000"},
        Refused{"map_of_2_63", "bb800000000000000000"}, Refused{"map_of_2_64", "bbffffffffffffffff"},
        Refused{"array_of_2_40", "9b0000010000000000"}, Refused{"bytes_cut", "4200"}, Refused{"array_cut", "8200"},
        Refused{"map_cut", "a1"}, Refused{"map_without_value", "a100"}, Refused{"tag_alone", "c1"},
        Refused{"positive_bignum", "c249010000000000000000"}, Refused{"negative_bignum", "c349010000000000000000"},
        Refused{"text_not_utf8", "61ff"}, Refused{"text_surrogate", "63eda080"}, Refused{"text_overlong", "62c080"},
        Refused{"levels_17", repeated("81", 17) + "00"}, Refused{"levels_2000", repeated("81", 2000) + "00"},
        Refused{"levels_of_maps", repeated("a100", 2000) + "00"},
        Refused{"levels_of_tags", repeated("c1", 2000) + "00"}, Refused{"items_5000", "991388" + repeated("00", 5000)}),
    [](const auto& refused) { return std::string{refused.param.name}; });

TEST(Cbor, limits_are_reached_before_they_refuse) {
  EXPECT_TRUE(read(hex(repeated("81", 16) + "00")));
  EXPECT_TRUE(read(hex("83010203"), {.items_max = 4}));
  EXPECT_FALSE(read(hex("83010203"), {.items_max = 3}));
  EXPECT_TRUE(read(hex("4411223344"), {.bytes_max = 5}));
  EXPECT_FALSE(read(hex("4411223344"), {.bytes_max = 4}));
  EXPECT_FALSE(read(hex("80"), {.depth_max = 0}));
  EXPECT_TRUE(read(hex("00"), {.depth_max = 0}));
}

TEST(Cbor, reads_what_the_writer_wrote) {
  const auto document = Writer{}
                            .map(3)
                            .unsigned_int(1)
                            .array(5)
                            .unsigned_int(std::numeric_limits<std::uint64_t>::max())
                            .integer(std::numeric_limits<std::int64_t>::min())
                            .boolean(true)
                            .boolean(false)
                            .null()
                            .integer(-2)
                            .tag(18)
                            .bytes(hex("00ff"))
                            .text("k")
                            .raw(hex("82 01 a0"))
                            .finish();
  Reader reader{document};
  EXPECT_EQ(reader.peek(), Type::map);
  EXPECT_EQ(reader.map(), 3u);
  EXPECT_EQ(reader.integer(), 1);
  EXPECT_EQ(reader.array(), 5u);
  EXPECT_EQ(reader.unsigned_int(), std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(reader.integer(), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(reader.boolean(), true);
  EXPECT_EQ(reader.boolean(), false);
  EXPECT_TRUE(reader.null());
  EXPECT_EQ(reader.integer(), -2);
  EXPECT_EQ(reader.tag(), 18u);
  const auto bytes = reader.bytes();
  ASSERT_TRUE(bytes);
  EXPECT_EQ(to_hex(*bytes), "00ff");
  EXPECT_EQ(reader.text(), "k");
  const auto raw = reader.raw();
  ASSERT_TRUE(raw);
  EXPECT_EQ(to_hex(*raw), "8201a0");
  EXPECT_TRUE(reader.finish());
}

TEST(Cbor, an_item_of_another_type_is_refused_and_the_error_sticks) {
  const auto document = hex("820102");
  Reader reader{document};
  ASSERT_TRUE(reader.array());
  const auto first = reader.text();
  ASSERT_FALSE(first);
  const auto second = reader.unsigned_int();
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error(), first.error());
  EXPECT_EQ(reader.finish().error(), first.error());
  EXPECT_EQ(reader.skip().error(), first.error());
}

TEST(Cbor, integers_that_do_not_fit_are_refused) {
  for (const auto* text : {"1b8000000000000000", "3b8000000000000000", "3bffffffffffffffff"}) {
    const auto document = hex(text);
    EXPECT_FALSE(Reader{document}.integer()) << text;
    EXPECT_TRUE(read(document)) << text;
  }
  const auto negative = hex("20");
  EXPECT_FALSE(Reader{negative}.unsigned_int());
}

TEST(Cbor, booleans_and_null_are_not_mixed_up) {
  const auto yes = hex("f5");
  const auto none = hex("f6");
  EXPECT_FALSE(Reader{none}.boolean());
  EXPECT_FALSE(Reader{yes}.null());
  EXPECT_EQ(Reader{yes}.boolean(), true);
  EXPECT_TRUE(Reader{none}.null());
}

TEST(Cbor, finish_refuses_an_open_container) {
  const auto document = hex("820102");
  Reader reader{document};
  ASSERT_TRUE(reader.array());
  ASSERT_TRUE(reader.skip());
  EXPECT_FALSE(reader.finish());
  EXPECT_FALSE(Reader{document}.finish());
}

TEST(Cbor, nothing_can_be_read_after_the_document) {
  const auto document = hex("0102");
  Reader reader{document};
  ASSERT_TRUE(reader.unsigned_int());
  EXPECT_FALSE(reader.peek());
}

TEST(Cbor, keys_are_checked_when_they_are_skipped_or_taken_raw) {
  const auto document = hex("a2 01 00 01 00");
  Reader skipping{document};
  ASSERT_TRUE(skipping.map());
  ASSERT_TRUE(skipping.skip());
  ASSERT_TRUE(skipping.skip());
  EXPECT_FALSE(skipping.skip());
  Reader raw{document};
  ASSERT_TRUE(raw.map());
  ASSERT_TRUE(raw.raw());
  ASSERT_TRUE(raw.raw());
  EXPECT_FALSE(raw.raw());
}

TEST(Cbor, containers_close_themselves_together) {
  const auto document = hex("82 81 81 a1 00 80 07");
  Reader reader{document};
  ASSERT_TRUE(reader.array());
  ASSERT_TRUE(reader.skip());
  EXPECT_EQ(reader.unsigned_int(), 7u);
  EXPECT_TRUE(reader.finish());
}

TEST(Cbor, truncations_are_refused_and_damage_never_crashes) {
  const auto whole = hex("a4 01 82 03 a1 02 f5 02 d8 64 43 010203 20 64 c3a9c3a9 63 616263 1b 0000000100000000");
  ASSERT_TRUE(read(whole));
  test::each_truncation(whole, [](const Bytes& cut) { EXPECT_FALSE(read(cut)) << to_hex(cut); });
  test::each_damage(whole, [](const Bytes& damaged) { static_cast<void>(read(damaged).has_value()); });
}

TEST(Cbor, writer_uses_the_shortest_heads) {
  EXPECT_EQ(to_hex(Writer{}.unsigned_int(23).finish()), "17");
  EXPECT_EQ(to_hex(Writer{}.unsigned_int(24).finish()), "1818");
  EXPECT_EQ(to_hex(Writer{}.unsigned_int(255).finish()), "18ff");
  EXPECT_EQ(to_hex(Writer{}.unsigned_int(256).finish()), "190100");
  EXPECT_EQ(to_hex(Writer{}.unsigned_int(65535).finish()), "19ffff");
  EXPECT_EQ(to_hex(Writer{}.unsigned_int(65536).finish()), "1a00010000");
  EXPECT_EQ(to_hex(Writer{}.unsigned_int(0xFFFFFFFF).finish()), "1affffffff");
  EXPECT_EQ(to_hex(Writer{}.unsigned_int(0x100000000).finish()), "1b0000000100000000");
  EXPECT_EQ(to_hex(Writer{}.integer(-24).finish()), "37");
  EXPECT_EQ(to_hex(Writer{}.integer(-25).finish()), "3818");
}

using CborWriterDeathTest = testing::Test;

TEST(CborWriterDeathTest, a_programmers_mistake_aborts) {
  EXPECT_DEATH(static_cast<void>(Writer{}.map(2).unsigned_int(1).null().unsigned_int(1)), "not in order");
  EXPECT_DEATH(static_cast<void>(Writer{}.map(2).text("b").null().text("a")), "not in order");
  EXPECT_DEATH(static_cast<void>(Writer{}.map(1).array(0)), "map key");
  EXPECT_DEATH(static_cast<void>(Writer{}.map(1).null()), "map key");
  EXPECT_DEATH(static_cast<void>(Writer{}.array(2).null().finish()), "not finished");
  EXPECT_DEATH(static_cast<void>(Writer{}.finish()), "not finished");
  EXPECT_DEATH(static_cast<void>(Writer{}.null().null()), "after the end");
}

}  // namespace
}  // namespace birthmark::cbor
