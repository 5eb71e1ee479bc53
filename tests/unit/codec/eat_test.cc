// SPDX-License-Identifier: Apache-2.0
#include "codec/eat.h"

#include <gtest/gtest.h>

#include "codec/cbor.h"
#include "support/diagnostic.h"
#include "support/inputs.h"

namespace birthmark::eat {
namespace {

Result<Claims> read(const std::string& text) {
  const auto bytes = test::from_diagnostic(text);
  EXPECT_TRUE(bytes) << text;
  return read_claims(bytes.value_or(Bytes{}));
}

TEST(Eat, each_claim) {
  const auto claims = read(R"({
    4: 1700000000, 5: 1600000000, 6: 1650000000, 10: h'0102030405060708', 256: h'01020304050607', 258: 64242,
    259: h'aa', 260: ["3.1", 1], 262: true, 263: 3, 265: "tag:example,2026:x", 267: 7, 268: h'bb',
    270: "OS", 271: ["2", "multipartnumeric"], 273: [[258, h'a0'], [60, h'']],
    274: [["tee", [["all", 1], [h'00ff', 3]]]], 275: 5, 266: {"a": {263: 4}, "b": h'd2', "c": [-16, h'00'], "d": "[]"}})");
  ASSERT_TRUE(claims) << claims.error().detail;
  EXPECT_EQ(to_rfc3339(claims->expires.value()), "2023-11-14T22:13:20Z");
  EXPECT_TRUE(claims->not_before && claims->issued_at);
  ASSERT_EQ(claims->nonces.size(), 1u);
  EXPECT_EQ(claims->nonces[0].size(), 8u);
  EXPECT_EQ(claims->ueid->size(), 7u);
  EXPECT_EQ(std::get<std::int64_t>(*claims->oemid), 64242);
  EXPECT_EQ(claims->hardware_version, "3.1");
  EXPECT_EQ(claims->oem_boot, true);
  EXPECT_EQ(claims->debug, 3);
  EXPECT_EQ(std::get<std::string>(*claims->profile), "tag:example,2026:x");
  EXPECT_EQ(claims->boot_count, 7u);
  EXPECT_EQ(claims->software_name, "OS");
  EXPECT_EQ(claims->software_version, "2");
  ASSERT_EQ(claims->measurements.size(), 2u);
  EXPECT_EQ(claims->measurements[0].content_format, 258u);
  ASSERT_EQ(claims->results.size(), 2u);
  EXPECT_EQ(claims->results[1].objective, "00ff");
  EXPECT_EQ(claims->results[1].result, Comparison::not_run);
  EXPECT_EQ(claims->intended_use, 5);
  ASSERT_EQ(claims->submodules.size(), 4u);
  EXPECT_EQ(claims->submodule("a")->claims()->debug, 4);
  EXPECT_TRUE(std::holds_alternative<NestedToken>(claims->submodule("b")->content));
  EXPECT_TRUE(std::holds_alternative<DetachedDigest>(claims->submodule("c")->content));
  EXPECT_TRUE(std::holds_alternative<NestedToken>(claims->submodule("d")->content));
  EXPECT_EQ(claims->submodule("e"), nullptr);
  // What is written is read as the same, and in one encoding.
  const auto written = write(*claims);
  const auto again = read_claims(written);
  ASSERT_TRUE(again) << again.error().detail;
  EXPECT_EQ(write(*again), written);
  cbor::Reader deterministic{written};
  EXPECT_TRUE(deterministic.skip() && deterministic.finish());
}

TEST(Eat, what_is_absent_is_absent) {
  const auto claims = read("{}");
  ASSERT_TRUE(claims);
  EXPECT_FALSE(claims->debug || claims->oem_boot || claims->ueid || claims->expires || claims->profile);
  EXPECT_TRUE(claims->nonces.empty() && claims->submodules.empty());
  EXPECT_EQ(to_hex(write(*claims)), "a0");
}

// RFC 9711 §4: types, sizes, ranges.
TEST(Eat, refused) {
  const std::string nonce = "h'0102030405060708'";
  const std::vector<std::string> texts{"[]",
                                       "1({})",
                                       "{10: h'01'}",
                                       "{10: h'" + std::string(130, '0') + "'}",
                                       "{10: [" + nonce + "]}",
                                       "{10: []}",
                                       "{10: \"0102030405060708\"}",
                                       "{256: h'010203040506'}",
                                       "{256: h'" + std::string(68, '0') + "'}",
                                       "{258: h'0000'}",
                                       "{258: h'" + std::string(34, '0') + "'}",
                                       "{258: \"x\"}",
                                       "{259: h''}",
                                       "{259: h'" + std::string(66, '0') + "'}",
                                       "{260: \"1\"}",
                                       "{260: []}",
                                       "{260: [\"1\", 1, 1]}",
                                       "{262: 1}",
                                       "{262: null}",
                                       "{263: 5}",
                                       "{263: -1}",
                                       "{263: true}",
                                       "{263: [3]}",
                                       "{265: 1}",
                                       "{266: {}}",
                                       "{266: []}",
                                       "{266: {1: {}}}",
                                       "{266: {\"a\": 1}}",
                                       "{266: {\"a\": [1]}}",
                                       "{266: {\"a\": [h'00', h'00']}}",
                                       "{266: {\"a\": {263: 9}}}",
                                       "{266: {\"a\": {}, \"a\": {}}}",
                                       "{267: -1}",
                                       "{268: h''}",
                                       "{273: []}",
                                       "{273: [[258]]}",
                                       "{273: [[\"x\", h'']]}",
                                       "{274: [[\"s\", []]]}",
                                       "{274: [[\"s\", [[\"o\", 0]]]]}",
                                       "{274: [[\"s\", [[\"o\", 5]]]]}",
                                       "{275: 0}",
                                       "{275: 6}",
                                       "{4: -1}",
                                       "{4: 253402300800}",
                                       "{4: \"now\"}",
                                       "{4: 1(1700000000)}",
                                       "{263: 3, 263: 3}"};
  for (const auto& text : texts) {
    const auto claims = read(text);
    ASSERT_FALSE(claims) << text;
    EXPECT_EQ(claims.error().code, Code::bad_evidence) << text;
  }
}

TEST(Eat, a_time_is_no_float) {
  EXPECT_FALSE(read_claims(test::hex("a1 06 fb41d584367c200000")));
  EXPECT_TRUE(read_claims(test::hex("a1 01 fb41d584367c200000"))) << "an unknown claim may be one";
}

TEST(Eat, unknown_claims_are_passed_over) {
  EXPECT_TRUE(read("{-80000: \"x\", -80001: {1: 2}, \"y\": [1], h'00': 0, 99999: null, 1: \"joe\", 0: 0}"));
}

TEST(Eat, submodules_are_bounded) {
  const auto levels = [](int count) {
    std::string out = "{";
    for (int i = 0; i < count; ++i) {
      out += "266: {\"s\": {";
    }
    for (int i = 0; i < count; ++i) {
      out += "}}";
    }
    return out + "}";
  };
  EXPECT_TRUE(read(levels(4)));
  EXPECT_FALSE(read(levels(5)));
  std::string many = "{266: {";
  for (int i = 0; i < 32; ++i) {
    many += "\"" + std::to_string(i) + "\": {}, ";
  }
  EXPECT_TRUE(read(many + "}}"));
  EXPECT_FALSE(read(many + "\"32\": {}}}"));
  EXPECT_TRUE(read("{266: {\"" + std::string(256, 'x') + "\": {}}}"));
  EXPECT_FALSE(read("{266: {\"" + std::string(257, 'x') + "\": {}}}"));
}

TEST(Eat, damage_is_refused_or_shows) {
  const auto whole =
      test::from_diagnostic(
          "{10: h'0102030405060708', 256: h'01020304050607', 263: 3, 266: {\"tee\": {263: 4, 262: true}}}")
          .value();
  const auto original = write(read_claims(whole).value());
  test::each_truncation(whole, [](const Bytes& cut) { EXPECT_FALSE(read_claims(cut)); });
  auto longer = whole;
  longer.push_back(0);
  EXPECT_FALSE(read_claims(longer));
  test::each_damage(whole, [&](const Bytes& damaged) {
    if (const auto claims = read_claims(damaged); claims && damaged != whole) {
      EXPECT_NE(write(*claims), original) << to_hex(damaged);
    }
  });
}

}  // namespace
}  // namespace birthmark::eat
