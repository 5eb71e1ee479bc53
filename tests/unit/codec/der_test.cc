// SPDX-License-Identifier: Apache-2.0
#include "codec/der.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "der_samples.h"

namespace birthmark::der {
namespace {

using samples::hex;
using samples::nested;

/// One encoding and whether the named read takes it.
struct Case {
  const char* name;
  const char* input;
  bool accepted;
};

template <class Read>
void expect_verdicts(std::span<const Case> cases, Read read) {
  for (const auto& one : cases) {
    const auto input = hex(one.input);
    Reader reader{input};
    const auto result = read(reader);
    EXPECT_EQ(result.has_value(), one.accepted) << one.name;
    if (!result) {
      EXPECT_EQ(result.error().code, Code::bad_request) << one.name;
      EXPECT_NE(result.error().detail.find(" at "), std::string::npos) << one.name;
    }
  }
}

TEST(DerReader, takes_only_definite_minimal_lengths_and_short_tags) {  // X.690 §10, §10.1, §10.2, §8.1.2.4, §8.1.5
  constexpr std::array kCases{
      Case{"empty_contents", "0400", true},
      Case{"short_form", "0401aa", true},
      Case{"constructed_sequence", "3003020101", true},
      Case{"context_tag", "8001aa", true},
      Case{"nothing", "", false},
      Case{"tag_only", "04", false},
      Case{"contents_missing", "0402aa", false},
      Case{"indefinite", "30800201010000", false},
      Case{"indefinite_primitive", "0480", false},
      Case{"long_form_for_127", "04817f", false},
      Case{"leading_zero_in_length", "04820081aa", false},
      Case{"length_octets_missing", "0482", false},
      Case{"length_256_mib", "048410000000", false},
      Case{"length_4_gib", "0484ffffffffaa", false},
      Case{"length_in_five_octets", "04850100000000", false},
      Case{"length_in_eight_octets", "0488ffffffffffffffff", false},
      Case{"reserved_length_ff", "04ff00", false},
      Case{"high_tag_number", "1f8101ff", false},
      Case{"high_context_tag_number", "bf810100", false},
      Case{"end_of_contents", "0000", false},
      Case{"constructed_octet_string", "2403040161", false},
      Case{"constructed_utf8_string", "2c030c0161", false},
      Case{"primitive_sequence", "1000", false},
      Case{"primitive_set", "1100", false},
  };
  expect_verdicts(kCases, [](Reader& reader) { return reader.any(); });
}

TEST(DerReader, gives_tag_contents_and_whole_and_moves_on) {
  const auto input = hex("0402aabb0500");
  Reader reader{input};
  const auto first = reader.any();
  ASSERT_TRUE(first);
  EXPECT_EQ(first->tag, tag::octet_string);
  EXPECT_EQ(to_hex(first->contents), "aabb");
  EXPECT_EQ(to_hex(first->whole), "0402aabb");
  EXPECT_EQ(reader.peek(), tag::null);
  EXPECT_FALSE(reader.finish());
  ASSERT_TRUE(reader.expect(tag::null));
  EXPECT_TRUE(reader.empty());
  EXPECT_EQ(reader.peek(), std::nullopt);
  EXPECT_TRUE(reader.finish());
}

TEST(DerReader, long_lengths_are_read_whole) {
  Bytes contents(70'000, 0x41);
  const auto input = samples::element(tag::octet_string, contents);
  EXPECT_EQ(to_hex(BytesView{input}.first(5)), "0483011170");
  Reader reader{input};
  const auto read = reader.expect(tag::octet_string);
  ASSERT_TRUE(read);
  EXPECT_TRUE(equal(*read, contents));
}

TEST(DerReader, errors_tell_the_offset_from_the_outermost_start) {
  const auto input = hex("3006040002020001");
  Reader outer{input};
  auto inner = outer.enter(tag::sequence);
  ASSERT_TRUE(inner);
  ASSERT_TRUE(inner->expect(tag::octet_string));
  const auto failed = inner->integer();
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().detail, "DER: INTEGER not minimal at 4");
}

TEST(DerReader, optional_takes_the_tag_or_leaves_everything) {
  const auto input = hex("8101aa");
  Reader reader{input};
  const auto absent = reader.optional(tag::context(0));
  ASSERT_TRUE(absent);
  EXPECT_FALSE(absent->has_value());
  const auto present = reader.optional(tag::context(1));
  ASSERT_TRUE(present);
  ASSERT_TRUE(present->has_value());
  EXPECT_EQ(to_hex(**present), "aa");
  EXPECT_FALSE(reader.optional(tag::context(2))->has_value());
  const auto broken = hex("8105aa");
  EXPECT_FALSE(Reader{broken}.optional(tag::context(1)));
}

TEST(DerReader, booleans_are_00_or_ff) {  // X.690 §11.1
  constexpr std::array kCases{Case{"true", "0101ff", true},     Case{"false", "010100", true},
                              Case{"one", "010101", false},     Case{"empty", "0100", false},
                              Case{"two", "0102ffff", false},   Case{"integer", "0201ff", false},
                              Case{"context", "8101ff", false}, Case{"cut", "0101", false}};
  expect_verdicts(kCases, [](Reader& reader) { return reader.boolean(); });
}

TEST(DerReader, integers_are_minimal) {  // X.690 §8.3.2
  constexpr std::array kCases{Case{"zero", "020100", true},           Case{"minus_one", "0201ff", true},
                              Case{"128", "02020080", true},          Case{"minus_128", "020180", true},
                              Case{"minus_129", "0202ff7f", true},    Case{"empty", "0200", false},
                              Case{"padded_one", "02020001", false},  Case{"padded_minus_128", "0202ff80", false},
                              Case{"padded_zero", "02020000", false}, Case{"enumerated", "0a0101", false}};
  expect_verdicts(kCases, [](Reader& reader) { return reader.integer(); });
}

TEST(DerReader, small_unsigned_fits_64_bits_and_is_not_negative) {
  constexpr std::array kCases{Case{"zero", "020100", true}, Case{"max", "020900ffffffffffffffff", true},
                              Case{"one_more", "0209010000000000000000", false}, Case{"negative", "0201ff", false},
                              Case{"padded", "02020001", false}};
  expect_verdicts(kCases, [](Reader& reader) { return reader.small_unsigned(); });
  const auto max = hex("020900ffffffffffffffff");
  EXPECT_EQ(Reader{max}.small_unsigned().value(), UINT64_MAX);
}

TEST(DerReader, object_identifiers_have_whole_minimal_arcs) {  // X.690 §8.19.2
  constexpr std::array kCases{Case{"common_name", "0603550403", true},
                              Case{"zero", "060100", true},
                              Case{"two_999", "06028837", true},
                              Case{"empty", "0600", false},
                              Case{"arc_begins_with_80", "0603500180", false},
                              Case{"arc_begins_with_80_inside", "060455800103", false},
                              Case{"first_arc_begins_with_80", "06028001", false},
                              Case{"arc_cut", "060350018101", false},
                              Case{"arc_not_ended", "060450018181", false},
                              Case{"only_continuation", "060181", false}};
  expect_verdicts(kCases, [](Reader& reader) { return reader.oid(); });
  const auto longest = samples::element(tag::oid, Bytes(64, 0x01)),
             longer = samples::element(tag::oid, Bytes(65, 0x01));
  EXPECT_TRUE(Reader{longest}.oid());
  EXPECT_FALSE(Reader{longer}.oid());
}

TEST(DerReader, octets_of_a_bit_string_have_no_unused_bits) {
  constexpr std::array kCases{Case{"octets", "030200ff", true}, Case{"none", "030100", true},
                              Case{"no_count", "0300", false}, Case{"unused_one", "030201fe", false},
                              Case{"constructed", "2305030300aabb", false}};
  expect_verdicts(kCases, [](Reader& reader) { return reader.bit_octets(); });
}

TEST(DerReader, named_bits_end_with_a_one) {  // X.690 §11.2, §11.2.2
  constexpr std::array kCases{Case{"first", "03020780", true},
                              Case{"none", "030100", true},
                              Case{"ninth", "0303070080", true},
                              Case{"thirty_two", "030500ffffffff", true},
                              Case{"too_many", "030600ffffffffff", false},
                              Case{"trailing_zero_bit", "03020680", false},
                              Case{"padding_not_zero", "03020781", false},
                              Case{"all_zero", "03020000", false},
                              Case{"zero_octet_behind", "0303078000", false},
                              Case{"eight_unused", "03020880", false},
                              Case{"unused_of_nothing", "030107", false}};
  expect_verdicts(kCases, [](Reader& reader) { return reader.named_bits(); });
  const auto ninth = hex("0303070080");
  EXPECT_EQ(Reader{ninth}.named_bits().value(), 1U << 8);
}

struct TimeCase {
  const char* name;
  std::uint8_t tag;
  const char* text;
  const char* rfc3339;  ///< null: refused
};

TEST(DerReader, times_have_one_form_for_each_year) {  // RFC 5280 §4.1.2.5, §4.1.2.5.1
  constexpr auto kUtc = tag::utc_time, kGeneral = tag::generalized_time;
  constexpr std::array kCases{
      TimeCase{"first_utc", kUtc, "500101000000Z", "1950-01-01T00:00:00Z"},
      TimeCase{"last_utc", kUtc, "491231235959Z", "2049-12-31T23:59:59Z"},
      TimeCase{"leap_day", kUtc, "000229000000Z", "2000-02-29T00:00:00Z"},
      TimeCase{"first_generalized", kGeneral, "20500101000000Z", "2050-01-01T00:00:00Z"},
      TimeCase{"no_end", kGeneral, "99991231235959Z", "9999-12-31T23:59:59Z"},
      TimeCase{"no_seconds", kUtc, "2601010000Z", nullptr},
      TimeCase{"offset", kUtc, "260101000000+0100", nullptr},
      TimeCase{"lower_z", kUtc, "260101000000z", nullptr},
      TimeCase{"no_z", kUtc, "2601010000000", nullptr},
      TimeCase{"month_13", kUtc, "261301000000Z", nullptr},
      TimeCase{"month_0", kUtc, "260001000000Z", nullptr},
      TimeCase{"day_0", kUtc, "260100000000Z", nullptr},
      TimeCase{"no_leap_day", kUtc, "260229000000Z", nullptr},
      TimeCase{"hour_24", kUtc, "260101240000Z", nullptr},
      TimeCase{"minute_60", kUtc, "260101006000Z", nullptr},
      TimeCase{"leap_second", kUtc, "261231235960Z", nullptr},
      TimeCase{"letters", kUtc, "26010100000xZ", nullptr},
      TimeCase{"sign", kUtc, "-60101000000Z", nullptr},
      TimeCase{"nul", kUtc, "", nullptr},
      TimeCase{"generalized_for_2049", kGeneral, "20491231235959Z", nullptr},
      TimeCase{"generalized_for_1949", kGeneral, "19491231235959Z", nullptr},
      TimeCase{"fraction", kGeneral, "20500101000000.5Z", nullptr},
      TimeCase{"generalized_in_utc", kUtc, "20500101000000Z", nullptr},
      TimeCase{"utc_in_generalized", kGeneral, "260101000000Z", nullptr},
      TimeCase{"another_type", tag::utf8_string, "260101000000Z", nullptr},
  };
  for (const auto& one : kCases) {
    const auto input = samples::element(one.tag, as_bytes(one.text));
    const auto time = Reader{input}.time();
    ASSERT_EQ(time.has_value(), one.rfc3339 != nullptr) << one.name;
    if (time) {
      EXPECT_EQ(to_rfc3339(*time), one.rfc3339) << one.name;
      EXPECT_EQ(std::move(Writer{}.time(*time)).finish(), input) << one.name;
    }
  }
}

TEST(DerReader, either_type_of_time_may_be_asked_for) {
  const auto read = [](std::uint8_t tag, std::string_view text) {
    const auto input = samples::element(tag, as_bytes(text));
    return Reader{input}.time_of_either_type();
  };
  EXPECT_EQ(to_rfc3339(read(tag::generalized_time, "19500101000000Z").value()), "1950-01-01T00:00:00Z");
  EXPECT_EQ(read(tag::generalized_time, "20261123100000Z").value(), read(tag::utc_time, "261123100000Z").value());
  EXPECT_FALSE(read(tag::generalized_time, "19491231235959Z"));
  EXPECT_FALSE(read(tag::generalized_time, "20261123100000.5Z"));
}

TEST(ReadOne, wants_exactly_one_element_of_that_tag) {
  EXPECT_TRUE(read_one(hex("3000"), tag::sequence));
  EXPECT_FALSE(read_one(hex("300000"), tag::sequence));
  EXPECT_FALSE(read_one(hex("3100"), tag::sequence));
  EXPECT_FALSE(read_one({}, tag::sequence));
}

TEST(CheckNesting, finds_depth_and_damage_at_any_level) {
  EXPECT_TRUE(check_nesting({}, 1));
  EXPECT_TRUE(check_nesting(nested(24), 24));
  EXPECT_FALSE(check_nesting(nested(25), 24));
  EXPECT_FALSE(check_nesting(nested(600), 24));
  EXPECT_FALSE(check_nesting(nested(600), 100'000)) << "the bound of the walk itself";
  EXPECT_TRUE(check_nesting(hex("300502010130000500"), 2)) << "an element may follow";
  EXPECT_FALSE(check_nesting(hex("3003020201"), 8)) << "truncated inside";
  EXPECT_FALSE(check_nesting(hex("30030202010500"), 8)) << "a child that reaches into its parent's sibling";
  EXPECT_FALSE(check_nesting(hex("30010500"), 8)) << "a child's header that does so";
  EXPECT_FALSE(check_nesting(hex("30043002300005"), 8));
  EXPECT_FALSE(check_nesting(hex("3080"), 8));
  EXPECT_TRUE(check_nesting(hex("0402ffff"), 8)) << "octets are not looked into";
}

TEST(CheckNesting, simple_types_have_the_contents_of_der) {  // X.690 §8.6.2, §11.2.1
  for (const auto* good : {"0101ff", "020100", "0a0101", "030100",
                           "030207"
                           "80",
                           "0500", "0603550403", "1e020061"}) {
    EXPECT_TRUE(check_nesting(hex(good), 1)) << good;
  }
  for (const auto* bad : {"010101", "0106052b81040022", "0100", "0200", "02020001", "0a00", "0300", "030101",
                          "030208"
                          "80",
                          "030201ff", "050100", "0600", "0602550180", "0603500180", "1e0100", "1c020000"}) {
    EXPECT_FALSE(check_nesting(hex(bad), 1)) << bad;
    EXPECT_FALSE(check_nesting(samples::element(tag::sequence, hex(bad)), 2)) << bad;
  }
}

TEST(DerWriter, writes_known_bytes) {
  Writer out;
  out.open(tag::sequence).boolean(true).boolean(false).unsigned_int(0).unsigned_int(127).unsigned_int(128);
  out.positive_integer(hex("000080")).positive_integer({}).oid(oids::common_name).null();
  out.octet_string(hex("aa")).bit_string(hex("bb")).named_bits(0).named_bits(1U << 8).text(tag::utf8_string, "é");
  out.raw(hex("0500")).close();
  EXPECT_EQ(to_hex(std::move(out).finish()),
            "30330101ff01010002010002017f020200800202008002010006035504030500"
            "0401aa030200bb03010003030700800c02c3a90500");
}

/// Lengths around each change of their form, in elements around each other: an inner one that grows moves the outer.
TEST(DerWriter, lengths_of_every_form_in_each_other) {
  for (const std::size_t size :
       {0U, 1U, 123U, 124U, 125U, 126U, 127U, 128U, 251U, 252U, 253U, 254U, 255U, 256U, 65534U, 65536U}) {
    const Bytes contents(size, 0x5A);
    Writer out{1};
    out.open(tag::sequence).open(tag::set).octet_string(contents).close().null().close();
    const auto bytes = std::move(out).finish();
    auto outer = read_one(bytes, tag::sequence);
    ASSERT_TRUE(outer) << size;
    auto inner = outer->enter(tag::set);
    ASSERT_TRUE(inner) << size;
    EXPECT_EQ(to_bytes(inner->expect(tag::octet_string).value()), contents);
    EXPECT_TRUE(inner->finish());
    EXPECT_TRUE(outer->expect(tag::null));
    EXPECT_TRUE(outer->finish());
  }
}

TEST(DerWriter, an_octet_before_the_contents_counts_in_the_length) {
  for (const std::size_t size : {0U, 1U, 126U, 127U, 128U, 254U, 255U, 256U}) {
    const Bytes contents(size, 0x5A), high(size, 0xA5);
    const auto bits = std::move(Writer{}.bit_string(contents)).finish();
    EXPECT_EQ(to_bytes(Reader{bits}.bit_octets().value()), contents) << size;
    const auto low_number = std::move(Writer{}.positive_integer(contents)).finish();
    EXPECT_EQ(to_bytes(Reader{low_number}.integer().value()), size == 0 ? Bytes{0} : contents) << size;
    const auto high_number = std::move(Writer{}.positive_integer(high)).finish();
    Bytes wanted{0};
    append(wanted, high);
    EXPECT_EQ(to_bytes(Reader{high_number}.integer().value()), wanted) << size;
  }
}

TEST(DerWriter, times_are_cut_to_the_second_before_and_after_1970) {
  const auto written = [](std::int64_t ms) {
    const auto bytes = std::move(Writer{}.time(from_ms(ms))).finish();
    return std::string{as_text(Reader{bytes}.any().value().contents)};
  };
  EXPECT_EQ(written(-1), "691231235959Z");
  EXPECT_EQ(written(-43'200'001), "691231115959Z");
  EXPECT_EQ(written(999), "700101000000Z");
  constexpr std::int64_t kLastOfUtcTime = 2'524'607'999'999;
  EXPECT_EQ(written(kLastOfUtcTime), "491231235959Z");
  EXPECT_EQ(written(kLastOfUtcTime + 1), "20500101000000Z");
  EXPECT_EQ(written(to_ms(kNoEnd) + 999), "99991231235959Z");
}

TEST(DerReader, takes_the_tags_of_der_and_no_others) {
  for (unsigned tag = 0; tag < 256; ++tag) {
    const bool universal = tag < 0x40;
    const bool sequence_or_set = tag == 0x30 || tag == 0x31;
    // X.690 §8.1.2.4, §8.1.5, §10.2: no high number, no end of contents; constructed are SEQUENCE and SET alone.
    const bool wanted = tag % 32 != 31 &&
                        (!universal || sequence_or_set || (tag != 0 && tag < 0x20 && tag % 32 != 16 && tag % 32 != 17));
    const Bytes element{static_cast<std::uint8_t>(tag), 0};
    EXPECT_EQ(Reader{element}.any().has_value(), wanted) << tag;
  }
}

TEST(DerWriterDeathTest, misuse_ends_the_process) {
  EXPECT_DEATH(Writer{}.close(), "close without open");
  EXPECT_DEATH((void)std::move(Writer{}.open(tag::sequence)).finish(), "still open");
  const auto open_too_often = [] {
    Writer out;
    for (int depth = 0; depth < 17; ++depth) {
      out.open(tag::sequence);
    }
  };
  EXPECT_DEATH(open_too_often(), "nested too deep");
  const auto fill = [] {
    Writer out;
    for (int depth = 0; depth < 16; ++depth) {
      out.open(tag::sequence);
    }
    out.null();
  };
  EXPECT_DEATH(fill(), "nested too deep");
  EXPECT_DEATH(Writer{}.oid(hex("80")), "object identifier");
  EXPECT_DEATH(Writer{}.time(from_ms(-631'152'000'001)), "years");
  EXPECT_DEATH(Writer{}.time(from_ms(to_ms(kNoEnd) + 1'000)), "years");
}

RC_GTEST_PROP(DerWriter, unsigned_integers_come_back, (std::uint64_t value)) {
  const auto bytes = std::move(Writer{}.unsigned_int(value)).finish();
  RC_ASSERT(Reader{bytes}.small_unsigned().value() == value);
}

RC_GTEST_PROP(DerWriter, named_bits_come_back, (std::uint32_t flags)) {
  const auto bytes = std::move(Writer{}.named_bits(flags)).finish();
  RC_ASSERT(Reader{bytes}.named_bits().value() == flags);
}

RC_GTEST_PROP(DerWriter, contents_of_any_size_come_back, ()) {
  const auto size = *rc::gen::inRange<std::size_t>(0, 70'000);
  const Bytes contents(size, 0x5A);
  const auto bytes = std::move(Writer{}.open(tag::sequence).octet_string(contents).close()).finish();
  RC_ASSERT(equal(read_one(bytes, tag::sequence).value().expect(tag::octet_string).value(), contents));
}

RC_GTEST_PROP(DerReader, what_is_read_is_what_the_writer_writes, (const Bytes& input)) {
  Reader reader{input};
  const auto element = reader.any();
  if (element) {
    RC_ASSERT(samples::element(element->tag, element->contents) == to_bytes(element->whole));
  }
}

}  // namespace
}  // namespace birthmark::der
