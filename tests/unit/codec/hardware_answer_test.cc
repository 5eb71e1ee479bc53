// SPDX-License-Identifier: Apache-2.0
#include "codec/hardware_answer.h"

#include <gtest/gtest.h>

#include "support/inputs.h"

namespace birthmark::hardware_answer {
namespace {

const Bytes kDevice(40, 1);
const Bytes kLayer(50, 2);
const Bytes kSignature(70, 3);

Bytes dice() {
  return write(Dice{kDevice, {kLayer, kDevice}, kSignature});
}
Bytes element() {
  return write(Element{{kLayer, kDevice}, kSignature});
}
Bytes listed() {
  return write(Listed{Bytes(9, 7), kSignature});
}
Bytes software() {
  return write(Software{kDevice, kSignature});
}

/// What `read` takes, `write` gives again.
template <class Read>
bool is_taken(Read read, const Bytes& value) {
  const auto found = read(value);
  EXPECT_TRUE(!found || write(*found) == value) << "a second form";
  return found.has_value();
}

template <class Read>
void holds(Read read, const Bytes& good) {
  EXPECT_TRUE(is_taken(read, good));
  test::each_truncation(good, [&](const Bytes& cut) { EXPECT_FALSE(is_taken(read, cut)); });
  test::each_damage(good, [&](const Bytes& damaged) { is_taken(read, damaged); });
  auto longer = good;
  longer.push_back(0);
  EXPECT_FALSE(is_taken(read, longer));
}

TEST(HardwareAnswer, has_one_form) {
  holds(read_dice, dice());
  holds(read_element, element());
  holds(read_listed, listed());
  holds(read_software, software());
}

TEST(HardwareAnswer, of_one_kind_is_not_taken_for_another) {
  EXPECT_FALSE(read_dice(element()));
  EXPECT_FALSE(read_dice(software()));
  EXPECT_FALSE(read_element(dice()));
  EXPECT_FALSE(read_element(listed()));
  EXPECT_FALSE(read_listed(element()));
}

TEST(HardwareAnswer, comes_back_as_it_was) {
  const auto bytes = dice();
  const auto read = read_dice(bytes).value();
  EXPECT_TRUE(equal(read.device, kDevice));
  ASSERT_EQ(read.layers.size(), 2U);
  EXPECT_TRUE(equal(read.layers[0], kLayer));
  EXPECT_TRUE(equal(read.layers[1], kDevice));
  EXPECT_TRUE(equal(read.signature, kSignature));
}

TEST(HardwareAnswer, has_bounds) {
  EXPECT_FALSE(read_listed(write(Listed{Bytes(kChipIdMaxBytes + 1, 1), kSignature})));
  EXPECT_FALSE(read_listed(write(Listed{Bytes{}, kSignature})));
  EXPECT_FALSE(read_listed(write(Listed{Bytes{1}, Bytes(kSignatureMaxBytes + 1, 1)})));
  EXPECT_FALSE(read_element(write(Element{{}, kSignature})));
  EXPECT_TRUE(read_element(write(Element{std::vector<BytesView>(kPartsMax, kLayer), kSignature})));
  EXPECT_FALSE(read_element(write(Element{std::vector<BytesView>(kPartsMax + 1, kLayer), kSignature})));
  const Bytes big(kPartMaxBytes + 1, 1);
  EXPECT_FALSE(read_dice(write(Dice{big, {kLayer}, kSignature})));
  EXPECT_FALSE(read_dice(write(Dice{kDevice, {big}, kSignature})));
  EXPECT_FALSE(read_software(write(Software{big, kSignature})));
}

}  // namespace
}  // namespace birthmark::hardware_answer
