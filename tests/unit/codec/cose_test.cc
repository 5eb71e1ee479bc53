// SPDX-License-Identifier: Apache-2.0
#include "codec/cose.h"

#include <gtest/gtest.h>

#include <array>

#include "support/diagnostic.h"
#include "support/inputs.h"

namespace birthmark::cose {
namespace {

using test::hex;

Bytes message(const std::string& text) {
  auto bytes = test::from_diagnostic(text);
  EXPECT_TRUE(bytes) << text;
  return bytes.value_or(Bytes{});
}
/// A COSE_Sign1 with these headers, a payload and a signature.
Bytes with_headers(const std::string& protected_header, const std::string& unprotected) {
  return message("18([" + protected_header + ", " + unprotected + ", h'aabb', h'0102'])");
}

constexpr std::array kAll{Algorithm::es256, Algorithm::es384, Algorithm::es512, Algorithm::eddsa};

struct Wrong {
  const char* name;
  const char* text;
  const char* words;  ///< that the refusal holds
};
class RefusedSign1 : public testing::TestWithParam<Wrong> {};

TEST_P(RefusedSign1, says_why) {
  const auto read = read_sign1(message(GetParam().text));
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, Code::bad_evidence);
  EXPECT_NE(read.error().detail.find(GetParam().words), std::string::npos) << read.error().detail;
}

INSTANTIATE_TEST_SUITE_P(
    Tables, RefusedSign1,
    testing::Values(
        Wrong{"no_tag", "[<<{1: -7}>>, {}, h'aa', h'01']", "no tag 18"},
        Wrong{"mac0", "17([<<{1: 5}>>, {}, h'aa', h'01'])", "COSE_Mac0"},
        Wrong{"mac", "97([<<{1: 5}>>, {}, h'aa', h'01', []])", "COSE_Mac"},
        Wrong{"cwt", "61(18([<<{1: -7}>>, {}, h'aa', h'01']))", "CWT"},
        Wrong{"cwt_with_mac0", "61(17([<<{1: 5}>>, {}, h'aa', h'01']))", "CWT"},
        Wrong{"sign", "98([<<{1: -7}>>, {}, h'aa', [[h'', {}, h'01']]])", "COSE_Sign"},
        Wrong{"encrypt0", "16([<<{1: 1}>>, {}, h'aa'])", "COSE_Encrypt0"},
        Wrong{"another_tag", "998([<<{1: -7}>>, {}, h'aa', h'01'])", "tag 998"},
        Wrong{"twice_tagged", "18(18([<<{1: -7}>>, {}, h'aa', h'01']))", "another type"},
        Wrong{"three_fields", "18([<<{1: -7}>>, {}, h'aa'])", "four fields"},
        Wrong{"five_fields", "18([<<{1: -7}>>, {}, h'aa', h'01', h''])", "four fields"},
        Wrong{"protected_is_a_map", "18([{1: -7}, {}, h'aa', h'01'])", "another type"},
        Wrong{"protected_is_an_array", "18([<<[1, -7]>>, {}, h'aa', h'01'])", "another type"},
        Wrong{"protected_with_more_behind", "18([h'a1012600', {}, h'aa', h'01'])", "left over"},
        Wrong{"unprotected_is_bytes", "18([<<{1: -7}>>, <<{}>>, h'aa', h'01'])", "another type"},
        Wrong{"payload_detached", "18([<<{1: -7}>>, {}, null, h'01'])", "detached"},
        Wrong{"payload_is_text", "18([<<{1: -7}>>, {}, \"aa\", h'01'])", "another type"},
        Wrong{"no_signature", "18([<<{1: -7}>>, {}, h'aa', h''])", "no signature"},
        Wrong{"alg_twice", "18([<<{1: -7, 1: -35}>>, {}, h'aa', h'01'])", "stands twice"},
        Wrong{"alg_in_both", "18([<<{1: -7}>>, {1: -7}, h'aa', h'01'])", "stands twice"},
        Wrong{"kid_in_both", "18([<<{1: -7, 4: h'01'}>>, {4: h'02'}, h'aa', h'01'])", "stands twice"},
        Wrong{"text_label_in_both", "18([<<{1: -7, \"a\": 1}>>, {\"a\": 2}, h'aa', h'01'])", "stands twice"},
        Wrong{"kid_is_text", "18([<<{1: -7}>>, {4: \"11\"}, h'aa', h'01'])", "another type"},
        Wrong{"alg_is_bytes", "18([<<{1: h'26'}>>, {}, h'aa', h'01'])", "another type"},
        Wrong{"content_type_is_negative", "18([<<{1: -7, 3: -1}>>, {}, h'aa', h'01'])", "another type"},
        Wrong{"crit_is_unprotected", "18([<<{1: -7}>>, {2: [1]}, h'aa', h'01'])", "crit is not protected"},
        Wrong{"crit_is_empty", "18([<<{1: -7, 2: []}>>, {}, h'aa', h'01'])", "crit is empty"},
        Wrong{"crit_is_a_label", "18([<<{1: -7, 2: 4}>>, {}, h'aa', h'01'])", "another type"},
        Wrong{"crit_names_the_unknown", "18([<<{1: -7, 2: [99], 99: 0}>>, {}, h'aa', h'01'])", "not understood"},
        Wrong{"crit_names_a_text", "18([<<{1: -7, 2: [\"a\"], \"a\": 0}>>, {}, h'aa', h'01'])", "not understood"},
        Wrong{"crit_names_the_absent", "18([<<{1: -7, 2: [4]}>>, {}, h'aa', h'01'])", "not in the protected"},
        Wrong{"crit_names_the_unprotected", "18([<<{1: -7, 2: [4]}>>, {4: h'01'}, h'aa', h'01'])",
              "not in the protected"},
        Wrong{"x5chain_of_one", "18([<<{1: -7}>>, {33: [h'30']}, h'aa', h'01'])", "x5chain"},
        Wrong{"x5chain_is_empty", "18([<<{1: -7}>>, {33: []}, h'aa', h'01'])", "x5chain"},
        Wrong{"x5chain_of_ten", "18([<<{1: -7}>>, {33: [h'',h'',h'',h'',h'',h'',h'',h'',h'',h'']}, h'aa', h'01'])",
              "x5chain"},
        Wrong{"x5t_of_three", "18([<<{1: -7}>>, {34: [-16, h'00', 1]}, h'aa', h'01'])", "x5t"}),
    [](const auto& wrong) { return std::string{wrong.param.name}; });

TEST(Sign1, its_parts) {
  const auto whole = with_headers("<<{1: -7, 3: 61, 2: [1, 3], 99: [1]}>>",
                                  "{4: h'3131', 33: [h'30', h'31'], 34: [-16, h'dead'], \"x\": 1}");
  const auto read = read_sign1(whole);
  ASSERT_TRUE(read) << read.error().detail;
  EXPECT_EQ(to_hex(read->payload), "aabb");
  EXPECT_EQ(to_hex(read->signature), "0102");
  EXPECT_EQ(algorithm_of(*read, kAll), Algorithm::es256);
  const auto& header = read->header;
  EXPECT_EQ(header.content_type, ContentType{std::uint64_t{61}});
  EXPECT_TRUE(header.content_type_is_protected);
  EXPECT_EQ(to_hex(header.key_id.value()), "3131");
  ASSERT_EQ(header.x5chain.size(), 2u);
  EXPECT_EQ(to_hex(header.x5chain[1]), "31");
  ASSERT_TRUE(header.x5t);
  EXPECT_EQ(to_hex(header.x5t->hash), "dead");
  EXPECT_EQ(header.parameters.size(), 8u);
  ASSERT_NE(header.find(99), nullptr);
  EXPECT_EQ(to_hex(header.find(99)->value), "8101");
  EXPECT_EQ(header.find(7), nullptr);
  EXPECT_FALSE(read->in_cwt);
}

TEST(Sign1, tags_as_the_format_asks) {
  const auto tagged = message("18([<<{1: -7}>>, {}, h'aa', h'01'])");
  const auto bare = message("[<<{1: -7}>>, {}, h'aa', h'01']");
  const auto cwt = message("61(18([<<{1: -7}>>, {}, h'aa', h'01']))");
  for (const auto tags : {Tags::sign1, Tags::sign1_or_none, Tags::sign1_or_in_cwt}) {
    EXPECT_TRUE(read_sign1(tagged, {.tags = tags}));
    EXPECT_EQ(read_sign1(bare, {.tags = tags}).has_value(), tags == Tags::sign1_or_none);
    EXPECT_EQ(read_sign1(cwt, {.tags = tags}).has_value(), tags == Tags::sign1_or_in_cwt);
  }
  EXPECT_TRUE(read_sign1(cwt, {.tags = Tags::sign1_or_in_cwt})->in_cwt);
  EXPECT_FALSE(read_sign1(message("61([<<{1: -7}>>, {}, h'aa', h'01'])"), {.tags = Tags::sign1_or_in_cwt}));
  EXPECT_FALSE(read_sign1(message("61(61(18([<<{1: -7}>>, {}, h'aa', h'01'])))"), {.tags = Tags::sign1_or_in_cwt}));
}

struct OtherAlgorithm {
  const char* name;
  const char* protected_header;
  const char* unprotected;
  const char* words;
};
class RefusedAlgorithm : public testing::TestWithParam<OtherAlgorithm> {};

// AC-21.
TEST_P(RefusedAlgorithm, says_why) {
  const auto bytes = with_headers(GetParam().protected_header, GetParam().unprotected);
  const auto read = read_sign1(bytes);
  ASSERT_TRUE(read) << read.error().detail;
  const auto algorithm = algorithm_of(*read, kAll);
  ASSERT_FALSE(algorithm);
  EXPECT_EQ(algorithm.error().code, Code::bad_evidence);
  EXPECT_NE(algorithm.error().detail.find(GetParam().words), std::string::npos) << algorithm.error().detail;
}

INSTANTIATE_TEST_SUITE_P(Tables, RefusedAlgorithm,
                         testing::Values(OtherAlgorithm{"none", "h''", "{}", "no alg"},
                                         OtherAlgorithm{"none_in_an_empty_map", "<<{}>>", "{}", "no alg"},
                                         OtherAlgorithm{"unprotected_only", "h''", "{1: -7}", "not protected"},
                                         OtherAlgorithm{"hmac_256", "<<{1: 5}>>", "{}", "HMAC"},
                                         OtherAlgorithm{"hmac_512", "<<{1: 7}>>", "{}", "HMAC"},
                                         OtherAlgorithm{"number_0", "<<{1: 0}>>", "{}", "not taken"},
                                         OtherAlgorithm{"rs1", "<<{1: -65535}>>", "{}", "not taken"},
                                         OtherAlgorithm{"ps256", "<<{1: -37}>>", "{}", "not taken"},
                                         OtherAlgorithm{"es256k", "<<{1: -47}>>", "{}", "not taken"},
                                         OtherAlgorithm{"number_249", "<<{1: 249}>>", "{}", "not taken"},
                                         OtherAlgorithm{"text_none", "<<{1: \"none\"}>>", "{}", "private name"},
                                         OtherAlgorithm{"text_es256", "<<{1: \"ES256\"}>>", "{}", "private name"}),
                         [](const auto& other) { return std::string{other.param.name}; });

TEST(Sign1, only_an_algorithm_of_the_list) {
  const auto bytes = with_headers("<<{1: -8}>>", "{}");
  const auto read = read_sign1(bytes).value();
  EXPECT_EQ(algorithm_of(read, kAll), Algorithm::eddsa);
  EXPECT_FALSE(algorithm_of(read, std::array{Algorithm::es256}));
  EXPECT_FALSE(algorithm_of(read, {}));
}

TEST(Sign1, crit_may_name_what_the_caller_processes) {
  const auto bytes = with_headers("<<{1: -7, 2: [8], 8: h''}>>", "{}");
  constexpr std::array<std::int64_t, 1> kMeta{8};
  EXPECT_FALSE(read_sign1(bytes));
  EXPECT_TRUE(read_sign1(bytes, {.understood = kMeta}));
}

TEST(Sign1, at_most_32_parameters) {
  std::string map = "{";
  for (int i = 100; i < 131; ++i) {
    map += std::to_string(i) + ": 0, ";
  }
  EXPECT_TRUE(read_sign1(with_headers("<<{1: -7}>>", map + "}")));
  EXPECT_FALSE(read_sign1(with_headers("<<{1: -7}>>", map + "200: 0}")));
}

// RFC 9052 §4.4: an empty protected header is signed as an empty string, however it came.
TEST(Sign1, what_is_signed) {
  const auto some = with_headers("<<{1: -7}>>", "{}");
  EXPECT_EQ(to_hex(sig_structure(read_sign1(some).value(), hex("0102"))),
            "846a5369676e61747572653143a1012642010242aabb");
  for (const char* const empty : {"h''", "<<{}>>"}) {
    const auto bytes = with_headers(empty, "{1: -7}");
    EXPECT_EQ(to_hex(sig_structure(read_sign1(bytes).value())), "846a5369676e617475726531404042aabb");
  }
}

TEST(Sign1, reads_what_the_writer_wrote) {
  Draft draft{.algorithm = Algorithm::es384,
              .content_type = "application/rim+cbor",
              .key_id = hex("31"),
              .x5chain = {hex("30"), hex("31")},
              .more = {{8, hex("4101")}},
              .payload = hex("aabb")};
  const auto bytes = write_sign1(draft, hex("0102"));
  const auto read = read_sign1(bytes);
  ASSERT_TRUE(read) << read.error().detail;
  EXPECT_EQ(algorithm_of(*read, kAll), Algorithm::es384);
  EXPECT_EQ(read->header.content_type, ContentType{std::string_view{"application/rim+cbor"}});
  EXPECT_EQ(to_hex(*read->header.key_id), "31");
  EXPECT_EQ(read->header.x5chain.size(), 2u);
  EXPECT_EQ(to_hex(read->header.find(8)->value), "4101");
  EXPECT_EQ(sig_structure(*read, hex("07")), sig_structure(draft, hex("07")));
  draft.x5chain.pop_back();
  EXPECT_EQ(read_sign1(write_sign1(draft, hex("01")))->header.x5chain.size(), 1u);
}

TEST(Sign1, damage_is_refused_or_shows) {
  const auto whole = write_sign1({.key_id = hex("31"), .payload = hex("aabb")}, hex("0102"));
  const auto original = read_sign1(whole).value();
  test::each_truncation(whole, [](const Bytes& cut) { EXPECT_FALSE(read_sign1(cut)); });
  auto longer = whole;
  longer.push_back(0);
  EXPECT_FALSE(read_sign1(longer));
  test::each_damage(whole, [&](const Bytes& damaged) {
    const auto read = read_sign1(damaged);
    if (read && damaged != whole) {
      EXPECT_TRUE(!equal(read->signature, original.signature) || sig_structure(*read) != sig_structure(original))
          << to_hex(damaged);
    }
  });
}

TEST(Sign1, is_bounded) {
  const auto whole = write_sign1({.payload = Bytes(100, 7)}, hex("0102"));
  EXPECT_TRUE(read_sign1(whole, {.bytes_max = whole.size()}));
  EXPECT_FALSE(read_sign1(whole, {.bytes_max = whole.size() - 1}));
  EXPECT_FALSE(read_sign1(write_sign1({.payload = Bytes(70000, 7)}, hex("0102"))));
}

// --- COSE_Key ---

const std::string kX = "h'65eda5a12577c2bae829437fe338701a10aaa375e1bb5b5de108de439c08551d'";
const std::string kY = "h'1e52ed75701163f7f9e40ddf9f341b3dc9ba860af7e0ca7ca7e9eecd0084d19c'";

TEST(CoseKey, ec2_and_okp) {
  const auto ec = message("{1: 2, 2: h'11', 3: -7, -1: 1, -2: " + kX + ", -3: " + kY + "}");
  const auto read = read_key(ec);
  ASSERT_TRUE(read) << read.error().detail;
  EXPECT_EQ(read->curve, Curve::p256);
  EXPECT_EQ(read->x.size(), 32u);
  EXPECT_EQ(to_hex(read->key_id.value()), "11");
  EXPECT_EQ(read->algorithm, -7);
  const auto okp = message("{1: 1, -1: 6, -2: " + kX + ", \"name\": [1]}");
  ASSERT_TRUE(read_key(okp));
  EXPECT_EQ(read_key(okp)->curve, Curve::ed25519);
  EXPECT_TRUE(read_key(okp)->y.empty());
}

TEST(CoseKey, what_is_no_public_key) {
  const std::vector<std::string> texts{"{}",
                                       "{1: 4, -1: h'00'}",
                                       "{1: 2, -2: " + kX + ", -3: " + kY + "}",
                                       "{1: 2, -1: 1, -2: " + kX + "}",
                                       "{1: 2, -1: 1, -2: " + kX + ", -3: true}",
                                       "{1: 2, -1: 1, -2: " + kX + ", -3: h'00'}",
                                       "{1: 2, -1: 2, -2: " + kX + ", -3: " + kY + "}",
                                       "{1: 2, -1: 6, -2: " + kX + ", -3: " + kY + "}",
                                       "{1: 1, -1: 1, -2: " + kX + "}",
                                       "{1: 1, -1: 262, -2: " + kX + "}",
                                       "{1: 2, -1: 257, -2: " + kX + ", -3: " + kY + "}",
                                       "{1: 1, -1: 6, -2: " + kX + ", -3: " + kY + "}",
                                       "{1: 1, -1: 6, -2: " + kX + ", -4: " + kX + "}",
                                       "{1: 2, 1: 2, -1: 1, -2: " + kX + ", -3: " + kY + "}",
                                       "[1, 2]"};
  for (const auto& text : texts) {
    EXPECT_FALSE(read_key(message(text))) << text;
  }
}

}  // namespace
}  // namespace birthmark::cose
