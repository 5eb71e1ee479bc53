// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/firmware.h"

#include <gtest/gtest.h>

namespace birthmark::lifecycle {
namespace {

FirmwareVersion version(std::string_view text) {
  return FirmwareVersion::parse(text).value();
}

TEST(Firmware, versions_are_ordered_number_by_number) {
  EXPECT_LT(version("1.9"), version("1.10"));
  EXPECT_LT(version("1.10.65535"), version("1.11"));
  EXPECT_LT(version("2"), version("2.0.0.1"));
  EXPECT_EQ(version("3"), version("3.0.0.0"));
  EXPECT_GT(version("10"), version("9.65535.65535.65535"));
}

TEST(Firmware, text_reads_back) {
  for (const auto* text : {"0.0.0", "1.2.3", "65535.65535.65535.65535", "4.12.0.7"}) {
    EXPECT_EQ(version(text).text(), text);
    EXPECT_EQ(version(version(text).text()), version(text));
  }
  EXPECT_EQ(version("1").text(), "1.0.0");
  EXPECT_EQ(FirmwareVersion{version("4.12.0.7").packed()}, version("4.12.0.7"));
}

TEST(Firmware, other_forms_are_no_version) {
  for (const auto* text : {"", ".", "1.", ".1", "1..2", "01.2", "1.2.3.4.5", "1.2.3.4.", "65536", "-1", "+1", " 1",
                           "1 ", "1.a", "0x1", "v1.2", "1.2-rc1", "99999999999999999999"}) {
    EXPECT_EQ(FirmwareVersion::parse(text), std::nullopt) << text;
  }
}

TEST(Firmware, an_unknown_version_meets_no_minimum) {  // AC-44
  EXPECT_EQ(judge_firmware(std::nullopt, version("1")), FirmwareStanding::unknown);
  EXPECT_EQ(judge_firmware(version("0.9"), version("1")), FirmwareStanding::below);
  EXPECT_EQ(judge_firmware(version("1"), version("1")), FirmwareStanding::meets);
  EXPECT_EQ(judge_firmware(version("1.0.1"), version("1")), FirmwareStanding::meets);
  EXPECT_EQ(judge_firmware(std::nullopt, FirmwareVersion{}), FirmwareStanding::meets);
}

}  // namespace
}  // namespace birthmark::lifecycle
