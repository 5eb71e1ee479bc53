// SPDX-License-Identifier: Apache-2.0
#include "codec/cmw.h"

#include <gtest/gtest.h>

#include "codec/der.h"
#include "support/diagnostic.h"
#include "support/inputs.h"

namespace birthmark::cmw {
namespace {

Result<Wrapper> read(const std::string& text) {
  const auto bytes = test::from_diagnostic(text);
  EXPECT_TRUE(bytes) << text;
  return read_cbor(bytes.value_or(Bytes{}));
}

TEST(Cmw, records) {
  const auto numbered = read("[64999, h'2347']");
  ASSERT_TRUE(numbered);
  EXPECT_EQ(std::get<std::uint16_t>(std::get<Record>(*numbered).type), 64999);
  EXPECT_EQ(std::get<Record>(*numbered).indicators, 0);
  const auto named = read("[\"application/eat+cwt\", h'', 4]");
  ASSERT_TRUE(named);
  EXPECT_EQ(std::get<Record>(*named).indicators, evidence);
  EXPECT_TRUE(std::get<Record>(*named).value.empty());
  for (const auto* const wrapper : {&numbered, &named}) {
    const auto& record = std::get<Record>(**wrapper);
    EXPECT_EQ(std::get<Record>(*read_cbor(write(record))).value, record.value);
  }
}

// RFC 9277 §4.3, and draft-ietf-rats-msg-wrap.
TEST(Cmw, tags_stand_for_content_formats) {
  EXPECT_EQ(tag_of(0), 1668546817u);
  EXPECT_EQ(tag_of(254), 1668546817u + 254);
  EXPECT_EQ(tag_of(255), 1668546817u + 256);
  EXPECT_EQ(tag_of(64999), 1668612070u);
  for (const int number : {0, 1, 60, 254, 255, 256, 10000, 64999, 65024}) {
    const auto format = static_cast<std::uint16_t>(number);
    EXPECT_EQ(content_format_of(tag_of(format)), format);
  }
  for (const std::uint64_t tag : {0ULL, 18ULL, 1668546816ULL, 1668546817ULL + 255, 1668612096ULL, ~0ULL}) {
    EXPECT_EQ(content_format_of(tag), std::nullopt) << tag;
  }
  ASSERT_TRUE(read("1668612070(h'2347da55')"));
  EXPECT_FALSE(read("18(h'2347da55')"));
  EXPECT_FALSE(read("1668612070(1)"));
}

TEST(Cmw, collections) {
  const auto whole =
      read("{\"__cmwc_t\": \"tag:example,2026:x\", 0: [1, h'aa', 4], -1: 1668546817(h''), \"b\": {1: [2, h'']}}");
  ASSERT_TRUE(whole) << whole.error().detail;
  const auto& collection = std::get<Collection>(*whole);
  EXPECT_EQ(collection.type, "tag:example,2026:x");
  ASSERT_EQ(collection.entries.size(), 3u);
  EXPECT_EQ(std::get<std::int64_t>(collection.entries[1].label), -1);
  EXPECT_TRUE(std::holds_alternative<Collection>(collection.entries[2].message));
}

TEST(Cmw, refused) {
  for (const char* const text : {"{}",
                                 "{\"__cmwc_t\": \"x\"}",
                                 "{\"__cmwc_t\": 1, 0: [1, h'']}",
                                 "[1]",
                                 "[1, h'', 1, 1]",
                                 "[1, \"x\"]",
                                 "[-1, h'']",
                                 "[65536, h'']",
                                 "[\"\", h'']",
                                 "[\"application\", h'']",
                                 "[\"/x\", h'']",
                                 "[\"x/\", h'']",
                                 "[1, h'', 0]",
                                 "[1, h'', 32]",
                                 "[1, h'', 36]",
                                 "[1, h'', -1]",
                                 "[1, h'', \"4\"]",
                                 "{0: 1}",
                                 "{0: h''}",
                                 "{h'00': [1, h'']}",
                                 "{0: [1, h''], 0: [1, h'']}",
                                 "1",
                                 "h''",
                                 "null",
                                 "{1: {1: {1: {1: {1: [1, h'']}}}}}"}) {
    const auto wrapper = read(text);
    ASSERT_FALSE(wrapper) << text;
    EXPECT_EQ(wrapper.error().code, Code::bad_evidence) << text;
  }
  EXPECT_TRUE(read("{1: {1: {1: {1: [1, h'']}}}}"));
}

TEST(Cmw, json) {
  const auto record = read_json(R"(["application/x", "I0faVQ", 8])");
  ASSERT_TRUE(record) << record.error().detail;
  EXPECT_EQ(to_hex(std::get<Record>(*record).value), "2347da55");
  EXPECT_EQ(std::get<Record>(*record).indicators, attestation_results);
  EXPECT_TRUE(read_json(R"({"__cmwc_t": "x", "a": ["application/x", ""], "b": {"c": ["application/x", "YQ"]}})"));
  for (const char* const text :
       {"", "{}", "[]", R"(["application/x"])", R"([1, "YQ"])", R"(["application/x", "Y"])",
        R"(["application/x", "YQ=="])", R"(["application/x", "YQ", 0])", R"(["application/x", "YQ", 64])",
        R"(["application/x", "YQ", -1])", R"(["application/x", "YQ", 4.0])", R"(["application/x", "YQ", 4, 4])",
        R"({"a": 1})", R"({"__cmwc_t": "x"})", R"({"__cmwc_t": 1, "a": ["application/x", ""]})", R"({"a": ["x", ""]})",
        R"({"a": ["application/x", ""], "a": ["application/x", ""]})",
        R"({"a":{"a":{"a":{"a":{"a":["application/x",""]}}}}})"}) {
    const auto wrapper = read_json(text);
    ASSERT_FALSE(wrapper) << text;
    EXPECT_EQ(wrapper.error().code, Code::bad_evidence) << text;
  }
}

Bytes element(std::uint8_t tag, BytesView contents) {
  der::Writer out;
  out.primitive(tag, contents);
  return std::move(out).finish();
}

TEST(Cmw, the_extension_is_a_choice) {
  const auto cbor = test::from_diagnostic("[1, h'aa']").value();
  const std::string json = R"(["application/x", "YQ"])";
  EXPECT_TRUE(read_extension(element(der::tag::octet_string, cbor)));
  EXPECT_TRUE(read_extension(element(der::tag::utf8_string, as_bytes(json))));
  EXPECT_FALSE(read_extension(element(der::tag::octet_string, as_bytes(json)))) << "the form decides";
  EXPECT_FALSE(read_extension(element(der::tag::utf8_string, cbor)));
  EXPECT_FALSE(read_extension(element(der::tag::ia5_string, as_bytes(json))));
  auto two = element(der::tag::octet_string, cbor);
  append(two, element(der::tag::octet_string, cbor));
  EXPECT_FALSE(read_extension(two));
  EXPECT_FALSE(read_extension({}));
}

TEST(Cmw, damage_is_refused_or_shows) {
  const auto whole = test::from_diagnostic("[\"application/x\", h'2347da55', 4]").value();
  test::each_truncation(whole, [](const Bytes& cut) { EXPECT_FALSE(read_cbor(cut)); });
  auto longer = whole;
  longer.push_back(0);
  EXPECT_FALSE(read_cbor(longer));
  test::each_damage(whole, [&](const Bytes& damaged) {
    if (const auto read = read_cbor(damaged); read && damaged != whole) {
      EXPECT_NE(write(std::get<Record>(*read)), whole) << to_hex(damaged);
    }
  });
}

}  // namespace
}  // namespace birthmark::cmw
