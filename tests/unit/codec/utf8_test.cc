// SPDX-License-Identifier: Apache-2.0
#include "codec/utf8.h"

#include <gtest/gtest.h>

#include <string>

namespace birthmark {
namespace {

using namespace std::string_literals;

TEST(Utf8, takes_the_bounds_of_every_length) {
  for (const auto& text : {""s, "\0"s, "\x7F"s, "\xC2\x80"s, "\xDF\xBF"s, "\xE0\xA0\x80"s, "\xED\x9F\xBF"s,
                           "\xEE\x80\x80"s, "\xEF\xBF\xBF"s, "\xF0\x90\x80\x80"s, "\xF4\x8F\xBF\xBF"s, "a\xC3\xA9z"s}) {
    EXPECT_TRUE(is_utf8(text)) << text;
  }
}

TEST(Utf8, refuses_what_is_past_the_bounds) {
  for (const auto& text : {"\x80"s,
                           "\xBF"s,
                           "\xC0\x80"s,
                           "\xC1\xBF"s,
                           "\xC2"s,
                           "\xC2\x7F"s,
                           "\xC2\xC0"s,
                           "\xE0\x9F\xBF"s,
                           "\xE0\xA0"s,
                           "\xED\xA0\x80"s,
                           "\xED\xBF\xBF"s,
                           "\xE1\x80\x7F"s,
                           "\xF0\x8F\xBF\xBF"s,
                           "\xF0\x90\x80"s,
                           "\xF4\x90\x80\x80"s,
                           "\xF5\x80\x80\x80"s,
                           "\xF8\x88\x80\x80\x80"s,
                           "\xFE"s,
                           "\xFF"s,
                           "ok\xFF"s,
                           "\xF1\x80\x80\xC0"s}) {
    EXPECT_FALSE(is_utf8(text)) << testing::PrintToString(text);
  }
}

}  // namespace
}  // namespace birthmark
