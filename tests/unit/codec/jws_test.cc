// SPDX-License-Identifier: Apache-2.0
#include "codec/jws.h"

#include <gtest/gtest.h>

#include <array>

#include "codec/base64.h"
#include "support/inputs.h"

namespace birthmark::jws {
namespace {

constexpr std::array kEs256{Algorithm::es256};
constexpr std::string_view kHeader = R"({"typ":"JWT","alg":"ES256","kid":"abc"})";
const Bytes kSignature(64, 9);

std::string compact(std::string_view header, BytesView signature = kSignature) {
  return write_compact(signing_input(header, as_bytes("payload")), signature);
}

TEST(CompactJws, is_read_with_what_it_is_over) {
  const auto read = read_compact(compact(kHeader), kEs256);
  ASSERT_TRUE(read) << read.error().detail;
  EXPECT_EQ(read->algorithm, Algorithm::es256);
  EXPECT_EQ(read->type, "JWT");
  EXPECT_EQ(read->key_id, "abc");
  EXPECT_EQ(as_text(read->payload), "payload");
  EXPECT_EQ(read->signature, kSignature);
  EXPECT_EQ(read->signing_input, signing_input(kHeader, as_bytes("payload")));
  EXPECT_EQ(write_compact(read->signing_input, read->signature), compact(kHeader));
}

struct Header {
  const char* name;
  std::string_view text;
};
class WrongHeader : public ::testing::TestWithParam<Header> {};
TEST_P(WrongHeader, is_refused) {
  const auto read = read_compact(compact(GetParam().text), kEs256);
  EXPECT_FALSE(read);
  if (!read) {
    EXPECT_EQ(read.error().code, Code::bad_evidence);
  }
}
INSTANTIATE_TEST_SUITE_P(
    Table, WrongHeader,
    ::testing::Values(Header{"no_alg", R"({"kid":"abc"})"}, Header{"alg_none", R"({"alg":"none"})"},
                      Header{"alg_None", R"({"alg":"None"})"}, Header{"hmac", R"({"alg":"HS256"})"},
                      Header{"not_allowed", R"({"alg":"ES384"})"}, Header{"alg_in_lower_case", R"({"alg":"es256"})"},
                      Header{"alg_a_number", R"({"alg":256})"}, Header{"alg_a_list", R"({"alg":["ES256"]})"},
                      Header{"alg_twice", R"({"alg":"ES256","alg":"ES256"})"},
                      Header{"alg_twice_once_escaped", R"({"alg":"none","\u0061lg":"ES256"})"},
                      Header{"crit", R"({"alg":"ES256","crit":["exp"],"exp":1})"},
                      Header{"empty_crit", R"({"alg":"ES256","crit":[]})"},
                      Header{"unencoded_payload", R"({"alg":"ES256","b64":false})"},
                      Header{"kid_a_number", R"({"alg":"ES256","kid":1})"},
                      Header{"short_thumbprint", R"({"alg":"ES256","x5t#S256":"AAAA"})"},
                      Header{"thumbprint_no_base64url", R"({"alg":"ES256","x5t#S256":"A+/A"})"},
                      Header{"array", R"(["ES256"])"}, Header{"text", R"("ES256")"}, Header{"not_json", "{"},
                      Header{"bytes_behind", R"({"alg":"ES256"} x)"},
                      Header{"not_utf8", "{\"alg\":\"ES256\",\"k\":\"\xFF\"}"},
                      Header{"deep", R"({"alg":"ES256","a":[[[[[[]]]]]]})"}),
    [](const auto& row) { return std::string{row.param.name}; });

TEST(CompactJws, other_forms_are_refused) {
  const auto good = compact(kHeader);
  const auto first = good.find('.');
  for (const auto& text :
       {std::string{}, std::string{"."}, std::string{".."}, good.substr(0, good.rfind('.')), good + ".AAAA", good + "=",
        " " + good, good + "\n", good.substr(0, first) + "=" + good.substr(first), good + "A"}) {
    EXPECT_FALSE(read_compact(text, kEs256)) << text;
  }
}

TEST(CompactJws, a_signature_has_the_size_of_its_algorithm) {
  for (const std::size_t size : {0U, 63U, 65U, 96U, 72U}) {
    EXPECT_FALSE(read_compact(compact(kHeader, Bytes(size, 9)), kEs256)) << size;
  }
  constexpr std::array kBoth{Algorithm::es256, Algorithm::es384};
  EXPECT_TRUE(read_compact(compact(R"({"alg":"ES384"})", Bytes(96, 9)), kBoth));
}

TEST(CompactJws, nothing_is_allowed_by_an_empty_list) {
  EXPECT_FALSE(read_compact(compact(kHeader), {}));
}

TEST(CompactJws, sizes_are_bound) {
  EXPECT_TRUE(read_compact(write_compact(signing_input(kHeader, Bytes(kPayloadMaxBytes, 1)), kSignature), kEs256));
  EXPECT_FALSE(read_compact(write_compact(signing_input(kHeader, Bytes(kPayloadMaxBytes + 1, 1)), kSignature), kEs256));
  const auto long_header = R"({"alg":"ES256","x":")" + std::string(kHeaderMaxBytes, 'x') + "\"}";
  EXPECT_FALSE(read_compact(compact(long_header), kEs256));
  EXPECT_FALSE(read_compact(std::string(200'000, 'A'), kEs256));
}

// A changed letter changes bytes that are read, or is no base64url: no text stands for the bytes of another.
TEST(CompactJws, one_value_has_one_text) {
  const auto good = compact(kHeader);
  for (std::size_t at = 0; at < good.size(); ++at) {
    auto changed = good;
    changed[at] = changed[at] == 'A' ? 'B' : 'A';
    if (const auto read = read_compact(changed, kEs256)) {
      EXPECT_EQ(write_compact(read->signing_input, read->signature), changed);
    }
  }
}

// --- flattened ---

boost::json::value flattened() {
  const auto text = write_flattened(signing_input(kHeader, as_bytes("payload")), kSignature,
                                    boost::json::object{{"uniqueId", "0123"}});
  return json::read(text).value();
}

TEST(FlattenedJws, is_read_with_both_headers) {
  const auto read = read_flattened(flattened(), kEs256);
  ASSERT_TRUE(read) << read.error().detail;
  EXPECT_EQ(as_text(read->payload), "payload");
  EXPECT_EQ(read->unprotected_header.at("uniqueId").as_string(), "0123");
  const auto plain = json::read(write_flattened(read->signing_input, kSignature)).value();
  EXPECT_TRUE(read_flattened(plain, kEs256));
}

struct Change {
  const char* name;
  void (*change)(boost::json::object&);
};
class ChangedJws : public ::testing::TestWithParam<Change> {};
TEST_P(ChangedJws, is_refused) {
  auto value = flattened();
  GetParam().change(value.get_object());
  EXPECT_FALSE(read_flattened(value, kEs256));
}
INSTANTIATE_TEST_SUITE_P(
    Table, ChangedJws,
    ::testing::Values(Change{"no_payload", [](boost::json::object& o) { o.erase("payload"); }},
                      Change{"no_protected", [](boost::json::object& o) { o.erase("protected"); }},
                      Change{"no_signature", [](boost::json::object& o) { o.erase("signature"); }},
                      Change{"general_form", [](boost::json::object& o) { o["signatures"] = boost::json::array{}; }},
                      Change{"payload_a_number", [](boost::json::object& o) { o["payload"] = 1; }},
                      Change{"header_no_object", [](boost::json::object& o) { o["header"] = "x"; }},
                      Change{"header_null", [](boost::json::object& o) { o["header"] = nullptr; }},
                      Change{"alg_unprotected",
                             [](boost::json::object& o) { o["header"].as_object()["alg"] = "ES256"; }},
                      Change{"kid_unprotected", [](boost::json::object& o) { o["header"].as_object()["kid"] = "abc"; }},
                      Change{"crit_unprotected",
                             [](boost::json::object& o) { o["header"].as_object()["crit"] = boost::json::array{}; }},
                      Change{"typ_in_both", [](boost::json::object& o) { o["header"].as_object()["typ"] = "JWT"; }},
                      Change{"padding", [](boost::json::object& o) { o["payload"] = "cGF5bG9hZA=="; }}),
    [](const auto& row) { return std::string{row.param.name}; });

TEST(FlattenedJws, no_object_is_refused) {
  EXPECT_FALSE(read_flattened(boost::json::array{}, kEs256));
  EXPECT_FALSE(read_flattened(nullptr, kEs256));
}

}  // namespace
}  // namespace birthmark::jws
