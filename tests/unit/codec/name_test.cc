// SPDX-License-Identifier: Apache-2.0
#include "codec/name.h"

#include <gtest/gtest.h>

#include <rapidcheck/gtest.h>
#include <cstring>

#include "der_samples.h"

namespace birthmark::x509 {
namespace {

using samples::element;
using samples::hex;
using samples::name_of;
using samples::sequence;

constexpr std::uint8_t kTeletex = 0x14, kNumeric = 0x12, kBmp = 0x1E, kUniversal = 0x1C, kVisible = 0x1A;

/// One RDN with several attributes in the order given.
Bytes rdn(std::initializer_list<BytesView> attributes) {
  return element(der::tag::set, samples::joined(attributes));
}
Bytes attribute(BytesView type, std::string_view text) {
  return sequence({element(der::tag::oid, type), element(der::tag::utf8_string, as_bytes(text))});
}

struct StringCase {
  const char* name;
  std::uint8_t tag;
  std::string_view contents;
  bool accepted;
};

TEST(CheckString, each_type_has_its_characters) {  // X.680 §41.4, RFC 3629 §4
  using namespace std::string_view_literals;
  constexpr std::array kCases{
      StringCase{"utf8", der::tag::utf8_string, "Gerät №1", true},
      StringCase{"utf8_nul", der::tag::utf8_string, "good\0.evil"sv, false},
      StringCase{"utf8_cut", der::tag::utf8_string, "\xc3", false},
      StringCase{"utf8_overlong", der::tag::utf8_string, "\xc0\xaf", false},
      StringCase{"utf8_surrogate", der::tag::utf8_string, "\xed\xa0\x80", false},
      StringCase{"utf8_latin1", der::tag::utf8_string, "Ger\xe4t", false},
      StringCase{"printable", der::tag::printable_string, "BM-01 (a)'+,./:=?", true},
      StringCase{"printable_at", der::tag::printable_string, "a@b", false},
      StringCase{"printable_star", der::tag::printable_string, "*", false},
      StringCase{"printable_underscore", der::tag::printable_string, "a_b", false},
      StringCase{"printable_nul", der::tag::printable_string, "a\0"sv, false},
      StringCase{"printable_utf8", der::tag::printable_string, "ä", false},
      StringCase{"ia5", der::tag::ia5_string, "a@b_c*", true},
      StringCase{"ia5_high", der::tag::ia5_string, "\x80", false},
      StringCase{"ia5_nul", der::tag::ia5_string, "a\0b"sv, false},
      StringCase{"numeric", kNumeric, "12 34", true},
      StringCase{"numeric_letter", kNumeric, "12a", false},
      StringCase{"teletex", kTeletex, "abc", true},
      StringCase{"teletex_high", kTeletex, "\xe4", false},
      StringCase{"bmp", kBmp, "\0a\0b"sv, true},
      StringCase{"bmp_odd", kBmp, "\0a\0"sv, false},
      StringCase{"bmp_nul", kBmp, "\0a\0\0"sv, false},
      StringCase{"bmp_surrogate", kBmp, "\xd8\x01\xdc\x01", false},
      StringCase{"universal", kUniversal, "\0\0\0a"sv, false},
      StringCase{"visible", kVisible, "a", false},
      StringCase{"octets", der::tag::octet_string, "a", false},
      StringCase{"empty", der::tag::utf8_string, "", false},
      StringCase{"longest", der::tag::utf8_string, "0123456789012345", true},
      StringCase{"too_long", der::tag::utf8_string, "01234567890123456", false},
  };
  for (const auto& one : kCases) {
    const std::size_t max = one.name == std::string_view{"printable"} ? 64 : 16;
    EXPECT_EQ(check_string(one.tag, as_bytes(one.contents), max).has_value(), one.accepted) << one.name;
  }
}

TEST(CheckString, printable_has_its_74_characters) {  // X.680 §41.4
  std::size_t accepted = 0;
  for (unsigned c = 0; c < 256; ++c) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const bool digit = c >= '0' && c <= '9';
    const bool mark = c != 0 && c < 0x80 && std::strchr(" '()+,-./:=?", static_cast<int>(c)) != nullptr;
    const bool taken = check_string(der::tag::printable_string, Bytes{static_cast<std::uint8_t>(c)}, 1).has_value();
    EXPECT_EQ(taken, letter || digit || mark) << c;
    accepted += taken ? 1 : 0;
  }
  EXPECT_EQ(accepted, 74U);
}

TEST(ReadName, gives_every_attribute_with_its_rdn) {
  const auto name = sequence({rdn({attribute(oids::organization, "O1")}),
                              rdn({attribute(oids::common_name, "c"), attribute(oids::serial_number, "s")})});
  const auto attributes = read_name(name);
  ASSERT_TRUE(attributes);
  ASSERT_EQ(attributes->size(), 3U);
  EXPECT_EQ((*attributes)[0].rdn, 0U);
  EXPECT_EQ((*attributes)[1].rdn, 1U);
  EXPECT_EQ((*attributes)[2].rdn, 1U);
  EXPECT_EQ(as_text((*attributes)[2].value), "s");
  EXPECT_EQ((*attributes)[2].tag, der::tag::utf8_string);
  EXPECT_TRUE(read_name(hex("3000"))->empty());
}

TEST(ReadName, refuses_other_forms) {  // RFC 5280 §4.1.2.4
  const auto good = attribute(oids::common_name, "a");
  struct Case {
    const char* name;
    Bytes encoding;
  };
  std::array cases{
      Case{"nothing", {}},
      Case{"empty_rdn", sequence({rdn({})})},
      Case{"set_outside", element(der::tag::set, good)},
      Case{"sequence_for_set", sequence({sequence({good})})},
      Case{"trailing", samples::joined({name_of("a"), hex("00")})},
      Case{"attribute_with_three",
           sequence({rdn({sequence({element(der::tag::oid, oids::common_name), hex("0c0161"), hex("0500")})})})},
      Case{"attribute_without_value", sequence({rdn({sequence({element(der::tag::oid, oids::common_name)})})})},
      Case{"integer_value", name_of(der::tag::integer, hex("01"))},
      Case{"nul", name_of(std::string_view{"a\0b", 3})},
      Case{"bad_utf8", name_of(std::string_view{"\xff"})},
      Case{"value_too_long", name_of(std::string(1025, 'a'))},
      Case{"seventy_thousand", name_of(std::string(70'000, 'a'))},
      Case{"bad_oid", name_of(der::tag::utf8_string, as_bytes("a"), hex("80"))},
      Case{"too_many", {}},
  };
  Bytes many;
  for (std::size_t i = 0; i <= kNameAttributesMax; ++i) {
    append(many, rdn({good}));
  }
  cases.back().encoding = element(der::tag::sequence, many);
  for (const auto& [name, encoding] : cases) {
    EXPECT_FALSE(read_name(encoding)) << name;
  }
  EXPECT_TRUE(read_name(name_of(std::string(1024, 'a'))));
}

TEST(ReadName, order_inside_an_rdn_is_asked_for_where_the_rules_say_so) {  // X.690 §11.6
  const auto first = attribute(oids::common_name, "b"), second = attribute(oids::organizational_unit, "a");
  const NameRules sorted{.set_order = NameRules::SetOrder::sorted};
  EXPECT_TRUE(read_name(sequence({rdn({first, second})}), sorted));
  EXPECT_FALSE(read_name(sequence({rdn({second, first})}), sorted));
  EXPECT_TRUE(read_name(sequence({rdn({second, first})})));
  EXPECT_TRUE(read_name(sequence({rdn({second}), rdn({first})}), sorted)) << "the RDNs themselves are a SEQUENCE";
}

TEST(FindOnlyAttribute, never_chooses_between_two) {
  const auto name = sequence({rdn({attribute(oids::common_name, "a")}), rdn({attribute(oids::serial_number, "1")}),
                              rdn({attribute(oids::serial_number, "2")})});
  const auto attributes = read_name(name).value();
  EXPECT_EQ(as_text(find_only_attribute(attributes, oids::common_name).value().value), "a");
  EXPECT_FALSE(find_only_attribute(attributes, oids::serial_number));
  EXPECT_FALSE(find_only_attribute(attributes, oids::organization));
}

TEST(WriteName, writes_single_valued_rdns_in_order) {
  const std::array parts{NamePart{oids::organization, der::tag::utf8_string, "Maker"},
                         NamePart{oids::serial_number, der::tag::printable_string, "BM-1"}};
  const auto name = write_name(parts);
  ASSERT_TRUE(name);
  EXPECT_EQ(to_hex(*name), "301f310e300c060355040a0c054d616b6572310d300b06035504051304424d2d31");
  const auto attributes = read_name(*name).value();
  ASSERT_EQ(attributes.size(), 2U);
  EXPECT_EQ(as_text(attributes[0].value), "Maker");
  EXPECT_EQ(attributes[1].tag, der::tag::printable_string);
  EXPECT_EQ(to_hex(write_name({}).value()), "3000");
}

TEST(WriteName, refuses_what_the_reader_would) {
  for (const auto& part : {NamePart{oids::common_name, der::tag::printable_string, "a@b"},
                           NamePart{oids::common_name, der::tag::utf8_string, ""},
                           NamePart{oids::common_name, der::tag::utf8_string, "\xff"},
                           NamePart{oids::common_name, der::tag::integer, "a"}}) {
    EXPECT_FALSE(write_name({&part, 1}));
  }
  EXPECT_FALSE(
      write_name(std::vector(kNameAttributesMax + 1, NamePart{oids::common_name, der::tag::utf8_string, "a"})));
}

TEST(DisplayName, follows_rfc_4514_and_stays_printable) {  // RFC 4514 §2.1, §2.4, §3
  using namespace std::string_view_literals;
  const auto two = sequence({rdn({attribute(oids::organization, "Maker, Inc.")}),
                             rdn({attribute(oids::common_name, "a"), attribute(oids::serial_number, "7")})});
  EXPECT_EQ(display_name(two), "CN=a+serialNumber=7,O=Maker\\, Inc.");
  struct Case {
    std::string_view text;
    const char* shown;
  };
  for (const auto& [text, shown] : {Case{" a ", "CN=\\ a\\ "}, Case{"#a", "CN=\\#a"}, Case{"a#", "CN=a#"},
                                    Case{"a\r\nb", "CN=a\\0D\\0Ab"}, Case{"\"<>;+=\\", "CN=\\\"\\<\\>\\;\\+\\=\\\\"},
                                    Case{"é", "CN=\\C3\\A9"}, Case{"\x1b[2J", "CN=\\1B[2J"}, Case{"\x7f", "CN=\\7F"}}) {
    EXPECT_EQ(display_name(name_of(text)), shown);
  }
  EXPECT_EQ(display_name(name_of(der::tag::utf8_string, as_bytes("x"), oids::tcg_model)), "2.23.133.2.2=x");
  EXPECT_EQ(display_name(name_of(der::tag::utf8_string, as_bytes("x"), hex("55ffffffffffffffffffffff7f"))), "OID=x");
  EXPECT_EQ(display_name(hex("3000")), "");
  EXPECT_EQ(display_name(hex("30")), "(unreadable name)");
  EXPECT_EQ(display_name(name_of(std::string_view{"a\0b", 3})), "(unreadable name)");
  const auto cut = display_name(name_of(std::string(1024, '\x01')));
  EXPECT_EQ(cut.size(), 1024U);
  EXPECT_TRUE(cut.ends_with("..."));
}

RC_GTEST_PROP(DisplayName, is_printable_whatever_comes, (const Bytes& contents)) {
  for (const auto tag : {der::tag::utf8_string, der::tag::ia5_string, kBmp}) {
    for (const char c : display_name(name_of(tag, contents))) {
      RC_ASSERT(c >= 0x20 && c <= 0x7E);
    }
  }
}

}  // namespace
}  // namespace birthmark::x509
