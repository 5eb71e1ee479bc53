// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/serial.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace birthmark::lifecycle {
namespace {

constexpr Octets<11> kRandom{0xA0, 0xA1, 0xA2, 0xA3, 0xA4, 0xA5, 0xA6, 0xA7, 0xA8, 0xA9, 0xAA};

TEST(Serial, layout_is_mark_index_random) {  // design §3
  EXPECT_EQ(to_hex(make_serial(0x01020304, kRandom).get()), "4b01020304a0a1a2a3a4a5a6a7a8a9aa");
}

TEST(Serial, is_positive_and_minimal_in_der_whatever_the_index) {  // AC-12
  for (const std::uint32_t index : {0U, 1U, 0x80000000U, 0xFFFFFFFFU}) {
    const auto first = make_serial(index, {}).get().front();
    EXPECT_NE(first, 0);
    EXPECT_LT(first, 0x80);
  }
}

TEST(Serial, index_reads_back) {
  EXPECT_TRUE(rc::check([](std::uint32_t index, const Octets<11>& random) {
    const auto serial = make_serial(index, random);
    RC_ASSERT(index_of(serial) == index);
    RC_ASSERT(serial_from(serial.get()) == serial);
    RC_ASSERT(std::ranges::equal(std::span{serial.get()}.subspan(5), random));
  }));
}

TEST(Serial, other_forms_are_not_ours) {
  auto octets = make_serial(7, kRandom).get();
  EXPECT_FALSE(serial_from(BytesView{octets}.first(15)));
  EXPECT_FALSE(serial_from({}));
  Bytes longer = to_bytes(octets);
  longer.push_back(0);
  EXPECT_FALSE(serial_from(longer));
  Bytes padded{0};
  append(padded, octets);
  EXPECT_FALSE(serial_from(padded));
  for (int mark = 0; mark < 256; ++mark) {
    octets[0] = static_cast<std::uint8_t>(mark);
    EXPECT_EQ(serial_from(octets).has_value(), mark == kSerialMark);
    EXPECT_EQ(index_of(Serial{octets}).has_value(), mark == kSerialMark);
  }
}

}  // namespace
}  // namespace birthmark::lifecycle
