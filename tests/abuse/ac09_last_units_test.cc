// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "support/world.h"

namespace birthmark::test {
namespace {

/// Several clients ask for the last units at once, also across a crash.
class AC09 : public testing::TestWithParam<Backing> {};

TEST_P(AC09, issued_and_reserved_never_exceed_the_quantity) {
  constexpr std::uint32_t kQuantity = 6;
  World world{{.backing = GetParam()}};
  world.open_batch("B-2", kQuantity);
  const auto station = world.enroll_station("line-2", app::StationRole::provision, "B-2");
  std::vector<Device> devices;
  for (int i = 0; i < 12; ++i) {
    devices.push_back(world.make_device());
  }
  std::atomic<std::uint32_t> served{0}, refused{0}, other{0};
  {
    std::vector<std::jthread> clients;
    for (std::size_t client = 0; client < 4; ++client) {
      clients.emplace_back([&, client] {
        for (std::size_t i = client; i < devices.size(); i += 4) {
          const auto answer = world.provision(devices[i], station);
          ++(answer ? served : answer.error().code == Code::quota_exhausted ? refused : other);
        }
      });
    }
  }
  EXPECT_EQ(served, kQuantity);
  EXPECT_EQ(refused, 12 - kQuantity);
  EXPECT_EQ(other, 0U);
  EXPECT_EQ(world.devices(), kQuantity);
  EXPECT_EQ(world.batch("B-2").budget.issued, kQuantity);
  EXPECT_EQ(world.wrong(), "");
}

TEST_P(AC09, a_unit_reserved_before_a_crash_stays_reserved) {
  World world{{.backing = GetParam()}};
  world.open_batch("B-2", 1);
  const auto station = world.enroll_station("line-2", app::StationRole::provision, "B-2");
  auto first = world.make_device(), second = world.make_device();
  world.kill_points.kill_at("issue.after_intent");
  EXPECT_THROW(static_cast<void>(world.provision(first, station)), Killed);
  EXPECT_EQ(world.batch("B-2").budget.reserved, 1U);
  EXPECT_EQ(code_of(world.provision(second, station)), Code::quota_exhausted);
  must(world.restart());
  EXPECT_EQ(world.batch("B-2").budget.issued, 1U);
  EXPECT_EQ(world.batch("B-2").budget.reserved, 0U);
  EXPECT_EQ(code_of(world.provision(second, station)), Code::quota_exhausted);
  EXPECT_EQ(world.devices(), 1U);
  EXPECT_EQ(world.wrong(), "");
}

INSTANTIATE_TEST_SUITE_P(Stores, AC09, testing::Values(Backing::memory, Backing::sqlite),
                         [](const auto& param) { return param.param == Backing::memory ? "memory" : "sqlite"; });

}  // namespace
}  // namespace birthmark::test
