// SPDX-License-Identifier: Apache-2.0
#include "codec/oid.h"

#include <gtest/gtest.h>

namespace birthmark {
namespace {

TEST(Oid, is_encoded_at_compile_time) {
  EXPECT_EQ(to_hex(oid<1, 2, 840, 10045, 2, 1>), "2a8648ce3d0201");
  EXPECT_EQ(to_hex(oid<2, 999>), "8837");
  EXPECT_EQ(to_hex(oid<0, 0>), "00");
}

struct Case {
  const char* contents;
  const char* text;
};

TEST(OidText, writes_dotted_arcs) {  // X.690 §8.19.4
  constexpr std::array kCases{
      Case{"2a8648ce3d0201", "1.2.840.10045.2.1"},
      Case{"550403", "2.5.4.3"},
      Case{"00", "0.0"},
      Case{"27", "0.39"},
      Case{"28", "1.0"},
      Case{"8837", "2.999"},
      Case{"5581ffffffffffffffff7f", "2.5.18446744073709551615"},
      Case{"5582808080808080808000", "2.5.…"},
      Case{"69ffffffffffffffffffffff7f", "2.25.…"},
      Case{"ffffffffffffffffffffff7f03", "2.….3"},
      Case{"5581", "2.5.…"},
      Case{"", ""},
  };
  for (const auto& one : kCases) {
    EXPECT_EQ(oid_text(from_hex(one.contents).value()), one.text);
  }
}

}  // namespace
}  // namespace birthmark
