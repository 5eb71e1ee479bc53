// SPDX-License-Identifier: Apache-2.0
#include "app/stations.h"

#include <gtest/gtest.h>

#include "support/world.h"

namespace birthmark::test {
namespace {

using app::StationRole;

/// A station that works from one minute of the day to another, asked at a third; UTC.
struct Shift {
  const char* name;
  std::uint16_t from;
  std::uint16_t to;
  std::uint16_t now;
  bool works;
};

class Shifts : public testing::TestWithParam<Shift> {};

TEST_P(Shifts, are_kept) {
  const auto& shift = GetParam();
  World world;
  const auto day = std::chrono::floor<std::chrono::days>(world.clock.now()) + std::chrono::days{1};
  world.clock.advance(day + std::chrono::minutes{shift.now} - world.clock.now());
  const auto& line = world.line();
  must(world.store().write([&](app::Tx& tx) -> Result<void> {
    BM_TRY(auto station, tx.station_of(line.id()));
    station->shift_from = shift.from;
    station->shift_to = shift.to;
    return tx.update_station(*station);
  }));
  const auto challenge = world.cases->provisioning.begin(line.id(), line.batch);
  EXPECT_EQ(challenge.has_value(), shift.works);
  if (!shift.works) {
    EXPECT_EQ(code_of(challenge), Code::station_not_authorised);
    EXPECT_EQ(check_of(challenge), "station.shift");
  }
}

INSTANTIATE_TEST_SUITE_P(
    Clock, Shifts,
    testing::Values(Shift{"whole_day", 0, 0, 100, true}, Shift{"first_minute", 360, 840, 360, true},
                    Shift{"before", 360, 840, 359, false}, Shift{"last_minute", 360, 840, 839, true},
                    Shift{"after", 360, 840, 840, false}, Shift{"over_midnight_evening", 1320, 360, 1320, true},
                    Shift{"over_midnight_morning", 1320, 360, 359, true},
                    Shift{"over_midnight_noon", 1320, 360, 720, false}),
    [](const auto& param) { return std::string{param.param.name}; });

TEST(Stations, whose_certificate_has_expired_do_nothing) {
  World world;
  const auto& line = world.line();
  must(world.store().write([&](app::Tx& tx) -> Result<void> {
    BM_TRY(auto station, tx.station_of(line.id()));
    station->not_after = world.clock.now();
    return tx.update_station(*station);
  }));
  const auto challenge = world.cases->provisioning.begin(line.id(), line.batch);
  EXPECT_EQ(code_of(challenge), Code::station_not_authorised);
  EXPECT_EQ(check_of(challenge), "station.expired");
}

TEST(Stations, are_suspended_at_the_third_request_for_another_batch) {
  World world;
  const auto& line = world.line();
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(check_of(world.cases->provisioning.begin(line.id(), "B-9")), "station.batch") << i;
  }
  EXPECT_EQ(check_of(world.cases->provisioning.begin(line.id(), line.batch)), "station.suspended");
}

}  // namespace
}  // namespace birthmark::test
