// SPDX-License-Identifier: Apache-2.0
#include "base/bytes.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace birthmark {
namespace {

TEST(Hex, is_lower_case_and_two_characters_a_byte) {
  EXPECT_EQ(to_hex(Bytes{0x00, 0x0A, 0xFF, 0x7F}), "000aff7f");
  EXPECT_EQ(to_hex({}), "");
}

TEST(Hex, reads_either_case) {
  EXPECT_EQ(from_hex("DeadBEEF"), (Bytes{0xDE, 0xAD, 0xBE, 0xEF}));
  EXPECT_EQ(from_hex(""), Bytes{});
}

TEST(Hex, refuses_odd_length_and_strangers) {
  for (const auto* text : {"0", "abc", "0g", "g0", "0x", " 0", "0 ", "-1", "+1", "\xC3\xA4", "::", "@@", "``"}) {
    EXPECT_EQ(from_hex(text), std::nullopt) << text;
  }
  EXPECT_EQ(from_hex(std::string_view{"0\0", 2}), std::nullopt);
}

TEST(Hex, read_back_is_the_same_bytes) {
  EXPECT_TRUE(rc::check([](const Bytes& bytes) { RC_ASSERT(from_hex(to_hex(bytes)) == bytes); }));
}

TEST(Octets, take_exactly_their_size) {
  const Bytes three{1, 2, 3};
  EXPECT_EQ(octets<3>(three), (Octets<3>{1, 2, 3}));
  EXPECT_EQ(octets<2>(three), std::nullopt);
  EXPECT_EQ(octets<4>(three), std::nullopt);
  EXPECT_EQ(octets<0>({}), Octets<0>{});
}

TEST(ConstantTime, agrees_with_plain_comparison) {
  EXPECT_TRUE(rc::check([](const Bytes& a, const Bytes& b) {
    RC_ASSERT(equal_constant_time(a, b) == (a == b));
    RC_ASSERT(equal_constant_time(a, Bytes{a}));
  }));
}

TEST(ConstantTime, one_bit_anywhere_differs) {
  const Bytes a(33, 0x55);
  for (std::size_t bit = 0; bit < a.size() * 8; ++bit) {
    auto b = a;
    b[bit / 8] = static_cast<std::uint8_t>(b[bit / 8] ^ (1U << (bit % 8)));
    EXPECT_FALSE(equal_constant_time(a, b)) << bit;
  }
}

TEST(ConstantTime, a_prefix_differs) {
  EXPECT_FALSE(equal_constant_time(Bytes{1, 2}, Bytes{1, 2, 0}));
  EXPECT_FALSE(equal_constant_time(Bytes{}, Bytes{0}));
  EXPECT_TRUE(equal_constant_time({}, {}));
}

TEST(Views, text_and_bytes_are_the_same_memory) {
  constexpr std::string_view kText{"a\0b", 3};
  EXPECT_EQ(as_bytes(kText).size(), 3U);
  EXPECT_EQ(as_text(as_bytes(kText)), kText);
  EXPECT_EQ(to_bytes(as_bytes(kText)), (Bytes{'a', 0, 'b'}));
}

TEST(Views, append_keeps_what_was_there) {
  Bytes out{1};
  append(out, Bytes{2, 3});
  append(out, {});
  EXPECT_EQ(out, (Bytes{1, 2, 3}));
  EXPECT_TRUE(equal(out, Bytes{1, 2, 3}));
  EXPECT_FALSE(equal(out, Bytes{1, 2}));
}

}  // namespace
}  // namespace birthmark
