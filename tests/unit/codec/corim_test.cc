// SPDX-License-Identifier: Apache-2.0
#include "codec/corim.h"

#include <gtest/gtest.h>

#include "support/diagnostic.h"
#include "support/inputs.h"

namespace birthmark::corim {
namespace {

Bytes bytes_of(const std::string& text) {
  auto bytes = test::from_diagnostic(text);
  EXPECT_TRUE(bytes) << text;
  return bytes.value_or(Bytes{});
}

const std::string kEnvironment = "{0: {0: 560(h'0102'), 1: \"ACME\", 2: \"X\", 3: 1, 4: 2}, 1: 550(h'01aa')}";
const std::string kMeasurement =
    "{0: \"key\", 1: {0: {0: \"1.0\", 1: 16384}, 1: 552(7), 2: [[1, h'aa'], [\"sha-384\", h'bb']], 3: {0: true, 3: "
    "false}, "
    "11: \"PRoT\", 13: [560(h'cc')]}}";

std::string comid(const std::string& triples, const std::string& identity = "{0: \"tag\", 1: 3}") {
  return "{0: \"en\", 1: " + identity + ", 2: [{0: \"ACME\"}], 4: " + triples + ", -1: 0}";
}
std::string rim(const std::string& tags, const std::string& more = "") {
  return "501({0: \"id\", 1: [" + tags + "]" + more + "})";
}

TEST(Corim, a_comid_with_everything) {
  const auto read = read_comid(
      bytes_of(comid("{0: [[" + kEnvironment + ", [" + kMeasurement + "]]], 1: [[" + kEnvironment +
                     ", [{1: {1: 553(2)}}]]], 2: [[" + kEnvironment + ", [554(\"PEM\"), 559([1, h'aa'])]]], 3: [[" +
                     kEnvironment + ", [554(\"PEM\")], {0: 1}]], 10: [1]}")));
  ASSERT_TRUE(read) << read.error().detail;
  EXPECT_EQ(read->id, "tag");
  EXPECT_EQ(read->version, 3u);
  ASSERT_EQ(read->reference.size(), 1u);
  const auto& environment = read->reference[0].environment;
  EXPECT_EQ(environment.class_id->kind, ClassIdKind::bytes);
  EXPECT_EQ(to_hex(environment.class_id->value), "0102");
  EXPECT_EQ(environment.vendor, "ACME");
  EXPECT_EQ(environment.layer, 1u);
  EXPECT_EQ(environment.index, 2u);
  EXPECT_EQ(to_hex(environment.ueid.value()), "01aa");
  EXPECT_FALSE(environment.has_more);
  const auto& measurement = read->reference[0].measurements.at(0);
  EXPECT_EQ(measurement.key, "key");
  EXPECT_EQ(measurement.name, "PRoT");
  EXPECT_EQ(measurement.version, "1.0");
  EXPECT_EQ(measurement.svn->number, 7u);
  EXPECT_FALSE(measurement.svn->is_minimum);
  EXPECT_EQ(measurement.digests.size(), 2u);
  EXPECT_EQ(measurement.flags[0], true);
  EXPECT_EQ(measurement.flags[kIsDebug], false);
  EXPECT_EQ(measurement.flags[9], std::nullopt);
  EXPECT_FALSE(measurement.has_more);
  EXPECT_TRUE(read->endorsed[0].measurements[0].svn->is_minimum);
  EXPECT_EQ(read->identity[0].keys.size(), 2u);
  EXPECT_TRUE(read->attest_key[0].has_conditions);
  EXPECT_TRUE(read->has_other_triples);
}

// What narrows a statement, and is not read, must not be forgotten.
TEST(Corim, what_is_not_read_is_noted) {
  const auto first = [](const std::string& environment, const std::string& measurement) {
    return read_comid(bytes_of(comid("{0: [[" + environment + ", [" + measurement + "]]]}"))).value().reference[0];
  };
  EXPECT_TRUE(first("{0: {0: 600(h'01')}}", kMeasurement).environment.has_more);
  EXPECT_TRUE(first("{0: {1: \"V\"}, 1: 560(h'01')}", kMeasurement).environment.has_more);
  EXPECT_TRUE(first("{0: {1: \"V\"}, 2: 37(h'00')}", kMeasurement).environment.has_more);
  EXPECT_TRUE(first(kEnvironment, "{1: {4: 560(h'00')}}").measurements[0].has_more);
  EXPECT_TRUE(first(kEnvironment, "{1: {14: {0: []}}}").measurements[0].has_more);
  EXPECT_TRUE(first(kEnvironment, "{1: {1: 1}, 2: [554(\"x\")]}").measurements[0].has_more);
  EXPECT_FALSE(first(kEnvironment, "{1: {1: 1, -1: 5}}").measurements[0].has_more) << "an extension";
}

TEST(Corim, measurement_keys) {
  for (const auto& [text, key] :
       {std::pair{"\"a\"", "a"}, std::pair{"700", "700"}, std::pair{"111(h'5502')", "5502"}}) {
    const auto read =
        read_comid(bytes_of(comid("{0: [[" + kEnvironment + ", [{0: " + std::string{text} + ", 1: {1: 1}}]]]}")));
    ASSERT_TRUE(read) << text;
    EXPECT_EQ(read->reference[0].measurements[0].key, key);
  }
}

TEST(Corim, refused_comids) {
  const auto triple = "{0: [[" + kEnvironment + ", [" + kMeasurement + "]]]}";
  for (const std::string& text : {std::string{"[]"},
                                  "506(" + comid(triple) + ")",
                                  comid(triple, "{}"),
                                  comid(triple, "{0: \"\"}"),
                                  comid(triple, "{0: h'00'}"),
                                  comid(triple, "{0: \"x\", 1: -1}"),
                                  std::string{"{1: {0: \"x\"}}"},
                                  comid("{0: []}"),
                                  comid("{0: [[{}, [" + kMeasurement + "]]]}"),
                                  comid("{0: [[{3: 1}, [" + kMeasurement + "]]]}"),
                                  comid("{0: [[" + kEnvironment + ", []]]}"),
                                  comid("{0: [[" + kEnvironment + "]]}"),
                                  comid("{0: [[" + kEnvironment + ", [{0: \"k\"}]]]}"),
                                  comid("{0: [[" + kEnvironment + ", [{1: {1: 999(1)}}]]]}"),
                                  comid("{0: [[" + kEnvironment + ", [{1: {1: -1}}]]]}"),
                                  comid("{0: [[" + kEnvironment + ", [{1: {2: []}}]]]}"),
                                  comid("{0: [[" + kEnvironment + ", [{1: {2: [[1]]}}]]]}"),
                                  comid("{0: [[" + kEnvironment + ", [{1: {3: {0: 1}}}]]]}"),
                                  comid("{0: [[" + kEnvironment + ", [{0: null, 1: {1: 1}}]]]}"),
                                  comid("{0: [[{0: {0: 37(h'00')}}, [" + kMeasurement + "]]]}"),
                                  comid("{2: [[" + kEnvironment + ", []]]}"),
                                  comid("{2: [[" + kEnvironment + ", [h'00']]]}"),
                                  comid("{2: [[" + kEnvironment + ", [554(h'00')]]]}"),
                                  comid("{0: [1], 0: [1]}")}) {
    const auto read = read_comid(bytes_of(text));
    ASSERT_FALSE(read) << text;
    EXPECT_EQ(read.error().code, Code::bad_evidence);
  }
}

TEST(Corim, manifests) {
  const auto inner = comid("{0: [[" + kEnvironment + ", [" + kMeasurement + "]]]}");
  const auto read = read_rim(bytes_of(rim("506(<<" + inner + ">>), 505(h'00'), 508(h'01')",
                                          ", 3: 32(\"tag:example\"), 4: {0: 1(100), 1: 1(200)}, 5: []")));
  ASSERT_TRUE(read) << read.error().detail;
  EXPECT_EQ(read->id, "id");
  EXPECT_EQ(read->profile, "tag:example");
  EXPECT_EQ(to_ms(read->validity->not_after), 200000);
  EXPECT_EQ(read->comids.size(), 1u);
  EXPECT_EQ(read->other_tags, 2u);
  EXPECT_EQ(read->comids[0].encoded, bytes_of(inner));
  EXPECT_EQ(read_rim(bytes_of("501({0: h'00112233445566778899aabbccddeeff', 1: [505(h'')]})"))->id,
            "uuid:00112233445566778899aabbccddeeff");
  for (const std::string& text :
       {std::string{"{0: \"id\", 1: [505(h'00')]}"}, std::string{"500({0: \"id\", 1: [505(h'00')]})"}, rim(""),
        std::string{"501({1: [505(h'00')]})"}, std::string{"501({0: \"id\"})"}, rim("506(" + inner + ")"), rim("h'00'"),
        rim("506(h'00')"), rim("505(h'00')", ", 4: {0: 1(1)}"), rim("505(h'00')", ", 4: {1: 1}"),
        rim("505(h'00')", ", 4: {1: 0(\"now\")}"), rim("505(h'00')", ", 3: \"x\""), rim("505(h'00')", ", 0: \"x\"")}) {
    EXPECT_FALSE(read_rim(bytes_of(text))) << text;
  }
}

TEST(Corim, signed_outside) {
  const std::string meta = "8: <<{0: {0: \"ACME signing\"}, 1: {1: 1(200)}}>>";
  const auto outside = [](const std::string& protected_header, const std::string& unprotected = "{}") {
    return bytes_of("18([<<" + protected_header + ">>, " + unprotected + ", h'00', h'01'])");
  };
  const auto good = outside("{1: -7, 3: \"application/rim+cbor\", " + meta + "}");
  const auto read = read_signed(good);
  ASSERT_TRUE(read) << read.error().detail;
  EXPECT_EQ(read->meta.signer, "ACME signing");
  EXPECT_TRUE(read->meta.validity);
  for (const auto& wrong : {outside("{1: -7, " + meta + "}"), outside("{1: -7, 3: 61, " + meta + "}"),
                            outside("{1: -7, 3: \"application/rim+json\", " + meta + "}"),
                            outside("{1: -7, " + meta + "}", "{3: \"application/rim+cbor\"}"),
                            outside("{1: -7, 3: \"application/rim+cbor\"}"),
                            outside("{1: -7, 3: \"application/rim+cbor\"}", "{" + meta + "}"),
                            outside("{1: -7, 3: \"application/rim+cbor\", 8: {0: {0: \"x\"}}}"),
                            outside("{1: -7, 3: \"application/rim+cbor\", 8: <<{}>>}"),
                            outside("{1: -7, 3: \"application/rim+cbor\", 8: <<{0: {0: \"x\"}, 1: {}}>>}")}) {
    EXPECT_FALSE(read_signed(wrong)) << to_hex(wrong);
  }
}

TEST(Corim, is_bounded) {
  EXPECT_FALSE(read_rim(Bytes(kMaxBytes + 1, 0)));
  const auto whole = bytes_of(rim("506(<<" + comid("{0: [[" + kEnvironment + ", [" + kMeasurement + "]]]}") + ">>)"));
  test::each_truncation(whole, [](const Bytes& cut) { EXPECT_FALSE(read_rim(cut)); });
  auto longer = whole;
  longer.push_back(0);
  EXPECT_FALSE(read_rim(longer));
  std::size_t taken = 0;
  test::each_damage(whole, [&](const Bytes& damaged) { taken += read_rim(damaged) ? 1 : 0; });
  EXPECT_GT(taken, 0u);  // values may change; what matters here is that nothing else happens
}

}  // namespace
}  // namespace birthmark::corim
