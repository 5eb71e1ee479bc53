// SPDX-License-Identifier: Apache-2.0
#include "audit/text.h"

#include <gtest/gtest.h>

#include <string>

namespace birthmark::audit {
namespace {

TEST(Text, decimals_have_one_spelling) {
  EXPECT_EQ(read_decimal("0"), 0U);
  EXPECT_EQ(read_decimal("20852163"), 20852163U);
  EXPECT_EQ(read_decimal("9223372036854775807"), kLogNumberMax);
  for (const auto* const bad : {"", "00", "01", "+1", "-1", " 1", "1 ", "1\r", "0x1", "1.0", "9223372036854775808",
                                "18446744073709551616", "99999999999999999999"}) {
    EXPECT_FALSE(read_decimal(bad)) << bad;
  }
}

TEST(Text, a_line_needs_its_newline) {
  std::string_view rest = "a\n\nb";
  EXPECT_EQ(take_line(rest), "a");
  EXPECT_EQ(take_line(rest), "");
  EXPECT_FALSE(take_line(rest));
  EXPECT_EQ(rest, "b");
}

TEST(Text, plain_text_has_no_controls_and_is_utf8) {
  for (const auto* const good : {"", "words", "Wärmepumpe № 3", "\u2014", "\U0001F512"}) {
    EXPECT_TRUE(is_plain_text(good)) << good;
  }
  for (const std::string bad :
       {"a\n", "\r", "\t", "\x7F", "\x80", "\xC0\xAF", "\xED\xA0\x80", "\xF5\x80\x80\x80", "\xE2\x80"}) {
    EXPECT_FALSE(is_plain_text(bad)) << bad;
  }
  EXPECT_FALSE(is_plain_text(std::string_view{"a\0b", 3}));
}

TEST(Text, foreign_words_become_plain_within_the_bound) {
  EXPECT_EQ(plain_text("ok", 10), "ok");
  EXPECT_EQ(plain_text("a\r\nb\x1B[31m\xFF", 100), "a??b?[31m?");
  EXPECT_EQ(plain_text("abcdef", 4), "abcd");
  EXPECT_EQ(plain_text("aä", 2), "a") << "a character is not cut in two";
  EXPECT_EQ(plain_text("\xE2\x80", 10), "??") << "nor left unfinished";
  EXPECT_EQ(plain_text("x", 0), "");
  for (std::size_t bound = 0; bound < 12; ++bound) {
    const auto text = plain_text("\xF0\x9F\x94\x92\n\xC3\xA4\xFF\xE2\x80\x94", bound);
    EXPECT_LE(text.size(), bound);
    EXPECT_TRUE(is_plain_text(text));
  }
}

TEST(Text, spaces_of_every_script_are_seen) {
  for (const auto* const spaced : {"a b", "a\u0085b", "a\u00A0", "\u1680", "\u2003b", "\u2028", "\u3000"}) {
    EXPECT_TRUE(has_space(spaced));
  }
  EXPECT_FALSE(has_space("example.com/log\u200B")) << "a zero-width space is no White_Space";
}

}  // namespace
}  // namespace birthmark::audit
