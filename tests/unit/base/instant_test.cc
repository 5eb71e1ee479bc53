// SPDX-License-Identifier: Apache-2.0
#include "base/instant.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace birthmark {
namespace {

struct Known {
  const char* text;
  std::int64_t seconds;  ///< since 1970, as `date -u -d TEXT +%s` prints it
};
class InstantText : public testing::TestWithParam<Known> {};

TEST_P(InstantText, reads_and_writes_the_same_moment) {
  const auto moment = from_rfc3339(GetParam().text);
  ASSERT_TRUE(moment);
  EXPECT_EQ(to_ms(*moment), GetParam().seconds * 1000);
  EXPECT_EQ(to_rfc3339(*moment), GetParam().text);
}
INSTANTIATE_TEST_SUITE_P(
    Known, InstantText,
    testing::Values(Known{"1970-01-01T00:00:00Z", 0}, Known{"1969-12-31T23:59:59Z", -1},
                    Known{"2000-02-29T12:00:00Z", 951825600}, Known{"2024-02-29T23:59:59Z", 1709251199},
                    Known{"2026-11-23T10:00:00Z", 1795428000}, Known{"2038-01-19T03:14:08Z", 2147483648},
                    Known{"2049-12-31T23:59:59Z", 2524607999}, Known{"2050-01-01T00:00:00Z", 2524608000},
                    Known{"2400-02-29T00:00:00Z", 13574563200}, Known{"9999-12-31T23:59:59Z", 253402300799},
                    Known{"0001-01-01T00:00:00Z", -62135596800}));

TEST(Instant, no_end_is_the_last_second_of_year_9999) {
  EXPECT_EQ(to_rfc3339(kNoEnd), "9999-12-31T23:59:59Z");
  EXPECT_EQ(from_rfc3339("9999-12-31T23:59:59Z"), kNoEnd);
}

TEST(Instant, parts_of_a_second_are_read_and_cut) {
  const auto base = to_ms(*from_rfc3339("2026-11-23T10:00:00Z"));
  EXPECT_EQ(to_ms(*from_rfc3339("2026-11-23T10:00:00.1Z")), base + 100);
  EXPECT_EQ(to_ms(*from_rfc3339("2026-11-23T10:00:00.12Z")), base + 120);
  EXPECT_EQ(to_ms(*from_rfc3339("2026-11-23T10:00:00.003Z")), base + 3);
  EXPECT_EQ(to_rfc3339(from_ms(base + 999)), "2026-11-23T10:00:00Z");
  EXPECT_EQ(to_rfc3339(from_ms(-1)), "1969-12-31T23:59:59Z");
  EXPECT_EQ(to_rfc3339(kNoEnd + std::chrono::seconds{1}), "10000-01-01T00:00:00Z");
  EXPECT_EQ(to_rfc3339(from_ms(-62'167'219'200'001)), "-1-12-31T23:59:59Z");
}

TEST(Instant, other_forms_and_impossible_dates_are_refused) {
  for (const auto* text : {"",
                           "Z",
                           "2026-11-23",
                           "2026-11-23T10:00:00",
                           "2026-11-23t10:00:00Z",
                           "2026-11-23T10:00:00z",
                           "2026-11-23 10:00:00Z",
                           "2026-11-23T10:00:00+00:00",
                           "2026-11-23T10:00:00.Z",
                           "2026-11-23T10:00:00.1234Z",
                           "2026-11-23T10:00:00,1Z",
                           "2026-11-23T10:00Z",
                           " 2026-11-23T10:00:00Z",
                           "2026-11-23T10:00:00Z ",
                           "2026-11-23T10:00:00ZZ",
                           "2026-1-23T10:00:000Z",
                           "+026-11-23T10:00:00Z",
                           "-001-11-23T10:00:00Z",
                           "2026-11-23T10:00:0aZ",
                           "20266-11-2T10:00:00Z",
                           "2026/11/23T10:00:00Z",
                           "2026-00-10T00:00:00Z",
                           "2026-13-10T00:00:00Z",
                           "2026-11-00T00:00:00Z",
                           "2026-11-31T00:00:00Z",
                           "2026-02-29T00:00:00Z",
                           "1900-02-29T00:00:00Z",
                           "2100-02-29T00:00:00Z",
                           "2024-02-30T00:00:00Z",
                           "2026-11-23T24:00:00Z",
                           "2026-11-23T23:60:00Z",
                           "2026-12-31T23:59:60Z",
                           "0000-01-01T00:00:00Z"}) {
    EXPECT_EQ(from_rfc3339(text), std::nullopt) << text;
  }
}

TEST(Instant, every_second_of_all_years_comes_back) {
  EXPECT_TRUE(rc::check([] {
    const auto second = *rc::gen::inRange<std::int64_t>(-62135596800, 253402300800);
    const auto moment = from_ms(second * 1000);
    RC_ASSERT(from_rfc3339(to_rfc3339(moment)) == moment);
  }));
}

TEST(Instant, text_sorts_as_time_does) {
  EXPECT_TRUE(rc::check([] {
    const auto a = from_ms(*rc::gen::inRange<std::int64_t>(-62135596800, 253402300800) * 1000);
    const auto b = from_ms(*rc::gen::inRange<std::int64_t>(-62135596800, 253402300800) * 1000);
    RC_ASSERT((a < b) == (to_rfc3339(a) < to_rfc3339(b)));
  }));
}

}  // namespace
}  // namespace birthmark
