// SPDX-License-Identifier: Apache-2.0
#include "codec/base64.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace birthmark::base64 {
namespace {

constexpr std::size_t kPlenty = 1024;

struct Pair {
  const char* plain;
  const char* standard;
  const char* url;
};

TEST(Base64, known_answers) {  // RFC 4648 §10, and the two characters in which the alphabets differ
  constexpr std::array kPairs{Pair{"", "", ""},
                              Pair{"f", "Zg==", "Zg"},
                              Pair{"fo", "Zm8=", "Zm8"},
                              Pair{"foo", "Zm9v", "Zm9v"},
                              Pair{"foob", "Zm9vYg==", "Zm9vYg"},
                              Pair{"\xfb\xff\xfe", "+//+", "-__-"}};
  for (const auto& [plain, standard, url] : kPairs) {
    const auto bytes = to_bytes(as_bytes(plain));
    EXPECT_EQ(encode(bytes), standard);
    EXPECT_EQ(encode_url(bytes), url);
    EXPECT_EQ(decode(standard, kPlenty).value(), bytes);
    EXPECT_EQ(decode_lax_whitespace(standard, kPlenty).value(), bytes);
    EXPECT_EQ(decode_url(url, kPlenty).value(), bytes);
  }
}

TEST(Base64, strict_reader_refuses_every_other_form) {  // RFC 4648 §3.2, §3.5, §4
  for (const std::string_view text : {"Zg",    "Zg=",   "Zg===",  "Zm8",      "Zm8==", "Zm9v=", "Zm9v====",   "=",
                                      "====",  "Z",     "Zm9vY",  "Zg==Zg==", "Z=g=",  "Zh==",  "Zm9=",       "Zm9v\n",
                                      " Zm9v", "Zm 9v", "Zm9\tv", "-__-",     "Zm9v.", "Zm9v!", "Zm9\xc3\xa9"}) {
    const auto result = decode(text, kPlenty);
    ASSERT_FALSE(result) << text;
    EXPECT_EQ(result.error().code, Code::bad_request);
  }
  EXPECT_FALSE(decode(std::string_view{"Zm9v\0", 5}, kPlenty));
}

TEST(Base64, est_bodies_may_hold_any_whitespace_or_none) {  // RFC 8951 §3.1
  for (const std::string_view text :
       {"Zm9vYg==", "Zm9vYg==\n", "Zm9v\r\nYg==\r\n", " Z m 9 v\tY g = =", "\n\n\nZm9vYg=\n="}) {
    EXPECT_EQ(as_text(decode_lax_whitespace(text, kPlenty).value()), "foob") << text;
  }
}

TEST(Base64, est_bodies_hold_nothing_else) {
  for (const std::string_view text :
       {"-----BEGIN CERTIFICATE-----\nZm9v\n-----END CERTIFICATE-----\n", "Zm9v\v", "Zm9v\f", "Zm9v\xc2\xa0", "Zm9vYg",
        "Zm9vYh==", "Zm9v,", "Zm9v%0A", "Zg==\nZg=="}) {
    EXPECT_FALSE(decode_lax_whitespace(text, kPlenty)) << text;
  }
}

TEST(Base64, url_form_has_no_padding) {  // RFC 4648 §5
  for (const std::string_view text : {"Zg==", "Zm8=", "Z", "Zh", "+//+", "Zm9v\n"}) {
    EXPECT_FALSE(decode_url(text, kPlenty)) << text;
  }
}

TEST(Base64, output_is_bounded) {
  EXPECT_TRUE(decode("Zm9v", 3));
  EXPECT_FALSE(decode("Zm9v", 2));
  EXPECT_FALSE(decode_lax_whitespace(" Zm9v", 2));
  EXPECT_FALSE(decode_url("Zg", 0));
  EXPECT_TRUE(decode("", 0));
}

RC_GTEST_PROP(Base64, every_value_comes_back, (const Bytes& bytes)) {
  RC_ASSERT(decode(encode(bytes), bytes.size()).value() == bytes);
  RC_ASSERT(decode_url(encode_url(bytes), bytes.size()).value() == bytes);
}

RC_GTEST_PROP(Base64, every_accepted_text_is_the_only_one_of_its_value, ()) {
  const auto text = *rc::gen::container<std::string>(rc::gen::element('A', 'Q', 'g', 'w', '/', '+', '='));
  const auto bytes = decode(text, text.size());
  if (bytes) {
    RC_ASSERT(encode(*bytes) == text);
  }
}

}  // namespace
}  // namespace birthmark::base64
