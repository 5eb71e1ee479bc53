// SPDX-License-Identifier: Apache-2.0
#include "cli/inspect_tokens.h"

#include <gtest/gtest.h>

#include "cli/inspect.h"
#include "codec/cose.h"
#include "support/diagnostic.h"
#include "support/inputs.h"

namespace birthmark::cli {
namespace {

boost::json::object said_of(BytesView bytes) {
  const auto found = inspect(bytes);
  EXPECT_TRUE(found) << to_hex(bytes);
  return found ? *found : boost::json::object{};
}
boost::json::object said(const std::string& text) {
  return said_of(test::from_diagnostic(text).value_or(Bytes{}));
}

const std::string kHash = "h'" + std::string(64, '3') + "'";
const std::string kPsa = "{10: " + kHash + ", 256: h'01" + std::string(64, '2') +
                         "', 265: \"tag:psacertified.org,2023:psa#tfm\", 2394: -1, 2395: 12288, 2396: " + kHash +
                         ", 2399: [{1: \"BL\", 2: " + kHash + ", 5: " + kHash + "}]}";
const std::string kRim =
    "501({0: \"rim\", 1: [506(<<{1: {0: \"tag\", 1: 3}, 4: {0: [[{0: {1: \"V\"}}, [{1: {1: 1}}]]]}}>>)]})";

TEST(InspectTokens, a_psa_token) {
  const auto out = said("18([<<{1: -7}>>, {4: h'3131'}, <<" + kPsa + ">>, h'01'])");
  EXPECT_EQ(out.at("type"), "COSE_Sign1");
  EXPECT_EQ(out.at("algorithm"), "ES256");
  EXPECT_EQ(out.at("key_id"), "3131");
  const auto& claims = out.at("payload").as_object();
  EXPECT_EQ(claims.at("type"), "PSA token claims");
  EXPECT_EQ(claims.at("lifecycle_name"), "secured");
  EXPECT_EQ(claims.at("client_id"), -1);
  EXPECT_EQ(claims.at("software_components").at(0).at("measurement_type"), "BL");
  EXPECT_EQ(said(kPsa).at("type"), "PSA token claims") << "the claims alone";
}

TEST(InspectTokens, an_eat_in_a_cwt) {
  const auto out =
      said("61(18([<<{1: -8}>>, {}, <<{10: h'0102030405060708', 263: 3, 266: {\"os\": {263: 0}}}>>, h'01']))");
  EXPECT_EQ(out.at("type"), "COSE_Sign1 in a CWT");
  EXPECT_EQ(out.at("algorithm"), "EdDSA");
  EXPECT_EQ(out.at("payload").at("dbgstat"), 3);
  EXPECT_EQ(out.at("payload").at("submods").at("os").at("dbgstat"), 0);
}

TEST(InspectTokens, what_is_refused_is_named) {
  const auto mac = said("17([<<{1: 5}>>, {}, h'00', h'01'])");
  EXPECT_EQ(mac.at("type"), "COSE, tag 17");
  EXPECT_NE(mac.at("refused").as_string().find("COSE_Mac0"), boost::json::string::npos);
  EXPECT_EQ(said("18([h'', {1: -7}, h'00', h'01'])").at("algorithm"), "not protected");
  EXPECT_EQ(said("18([<<{1: \"none\"}>>, {}, h'00', h'01'])").at("algorithm"), "none");
  EXPECT_EQ(said("18([<<{1: -999}>>, {}, h'00', h'01'])").at("algorithm"), "-999");
}

TEST(InspectTokens, manifests) {
  const auto out = said("18([<<{1: -7, 3: \"application/rim+cbor\"}>>, {}, <<" + kRim + ">>, h'01'])");
  EXPECT_EQ(out.at("content_type"), "application/rim+cbor");
  EXPECT_EQ(out.at("payload").at("type"), "CoRIM");
  EXPECT_EQ(out.at("payload").at("comids").at(0).at("version"), 3);
  EXPECT_EQ(said(kRim).at("id"), "rim");
  EXPECT_EQ(said("{1: {0: \"tag\"}, 4: {10: [1]}}").at("type"), "CoMID");
}

TEST(InspectTokens, wrappers_and_keys) {
  const auto record = said("[\"application/eat+cwt\", h'0102', 4]");
  EXPECT_EQ(record.at("of"), "application/eat+cwt");
  EXPECT_EQ(record.at("octets"), 2);
  EXPECT_EQ(record.at("ind").at(0), "evidence");
  EXPECT_EQ(said("{\"a\": [1, h'']}").at("messages").at(0).at("label"), "a");
  EXPECT_EQ(said_of(as_bytes(R"(["application/x", "YQ"])")).at("type"), "CMW record");
  EXPECT_EQ(said("{1: 1, -1: 6, -2: " + kHash + "}").at("curve"), "Ed25519");
}

// Each published file is called what it is.
TEST(InspectTokens, published_files) {
  BM_NEEDS_VECTORS("corim");
  const auto token = said_of(test::file(test::vectors("psa/rfc9783-psa-sign1.cbor")));
  EXPECT_EQ(token.at("payload").at("type"), "PSA token claims");
  EXPECT_EQ(said_of(test::file(test::vectors("psa/rfc9783-psa-mac0.cbor"))).at("type"), "COSE, tag 17");
  for (const char* const name : {"cmw/x509-cert+cbor-cmw.der", "cmw/x509-cert+json-cmw.der"}) {
    EXPECT_EQ(said_of(test::file(test::vectors(name))).at("cmw").at("type"), "CMW collection") << name;
  }
  for (const char* const folder : {"corim", "cmw"}) {
    for (const auto& entry : std::filesystem::directory_iterator{test::vectors(folder)}) {
      if (entry.path().extension() != ".cbor") {
        continue;
      }
      const auto name = entry.path().filename().string();
      const auto out = said_of(test::file(entry.path()));
      const std::string_view type = name.starts_with("comid-")          ? "CoMID"
                                    : name.find("signed-") == 6         ? "COSE_Sign1"
                                    : std::string_view{folder} == "cmw" ? "CMW collection"
                                                                        : "CoRIM";
      EXPECT_EQ(out.at("type"), boost::json::string{type}) << name;
    }
  }
}

TEST(InspectTokens, anything_else_is_nothing) {
  for (const char* const text : {"{}", "{1: 2}", "[]", "1", "h'00'", "\"x\"", "55799([1])", "{99: 1}"}) {
    EXPECT_FALSE(inspect_token(test::from_diagnostic(text).value())) << text;
  }
  EXPECT_FALSE(inspect_token({}));
}

}  // namespace
}  // namespace birthmark::cli
