// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <array>
#include <thread>

#include "support/world.h"

namespace birthmark::test {
namespace {

using app::DeviceAction;
using lifecycle::State;

constexpr std::array kActions{DeviceAction::suspend, DeviceAction::revoke, DeviceAction::retire, DeviceAction::reject};

/// Concurrent transitions, and moves outside Table 7.
class AC32 : public testing::TestWithParam<Backing> {};

TEST_P(AC32, concurrent_moves_are_one_chain_of_allowed_ones) {
  World world{{.backing = GetParam()}};
  auto device = world.device_in(State::operational);
  {
    std::vector<std::jthread> operators;
    for (const auto action : {DeviceAction::suspend, DeviceAction::retire, DeviceAction::revoke}) {
      operators.emplace_back([&, action] {
        const auto answer = world.act(action, device);
        EXPECT_TRUE(answer || answer.error().code == Code::conflict || answer.error().code == Code::state_forbids);
      });
    }
  }
  auto at = State::operational;
  bool moving = false;
  for (const auto& entry : world.entries()) {
    if (entry.kind == audit::EntryKind::transition && (moving || entry.state_from == 3)) {
      moving = true;
      EXPECT_EQ(*entry.state_from, static_cast<std::uint8_t>(at));
      const auto to = static_cast<State>(*entry.state_to);
      EXPECT_TRUE(lifecycle::allowed(at, to));
      at = to;
    }
  }
  EXPECT_TRUE(moving);
  EXPECT_EQ(world.state(device), at);
  EXPECT_EQ(world.wrong(), "");
}

TEST_P(AC32, a_release_that_races_a_revocation_never_brings_the_device_back) {
  for (int round = 0; round < 20; ++round) {
    World world{{.backing = GetParam(), .seed = static_cast<std::uint64_t>(round) + 1}};
    auto device = world.device_in(State::suspended);
    world.clock.advance(std::chrono::seconds{1});
    must(world.revalidate(device));
    std::optional<Code> revoked;
    {
      const std::jthread one{[&] { revoked = code_of(world.act(DeviceAction::revoke, device)); }};
      const std::jthread other{[&] { static_cast<void>(world.act(DeviceAction::release, device)); }};
    }
    // Whichever loses has changed nothing; a revocation that lost is asked again, as its operator would.
    EXPECT_TRUE(!revoked || revoked == Code::conflict) << round;
    if (revoked == Code::conflict) {
      must(world.act(DeviceAction::revoke, device));
    }
    EXPECT_EQ(world.state(device), State::revoked) << round;
    EXPECT_EQ(world.decision(device).verdict, policy::Verdict::deny) << round;
    EXPECT_EQ(world.wrong(), "");
  }
}

INSTANTIATE_TEST_SUITE_P(Stores, AC32, testing::Values(Backing::memory, Backing::sqlite),
                         [](const auto& param) { return param.param == Backing::memory ? "memory" : "sqlite"; });

TEST(AC32Table, a_writer_who_saw_an_older_version_gets_conflict) {
  World world;
  auto device = world.device_in(State::operational);
  auto seen = world.record(device);
  must(world.act(DeviceAction::suspend, device));
  ++seen.version;
  EXPECT_EQ(code_of(world.store().write([&](app::Tx& tx) { return tx.update_device(seen); })), Code::conflict);
}

TEST(AC32Table, operators_make_no_move_that_it_does_not_know) {
  for (const auto& state : lifecycle::kStates) {
    for (const auto action : kActions) {
      World world;
      auto device = world.device_in(static_cast<State>(state));
      const auto before = world.state(device);
      const auto answer = world.act(action, device);
      if (answer) {
        EXPECT_TRUE(lifecycle::allowed(before, world.state(device)));
      } else {
        EXPECT_EQ(code_of(answer), Code::state_forbids);
        EXPECT_EQ(world.state(device), before);
      }
    }
  }
}

TEST(AC32Table, revoked_wins_over_release) {
  World world;
  auto device = world.device_in(State::suspended);
  world.clock.advance(std::chrono::seconds{1});
  must(world.revalidate(device));
  must(world.act(DeviceAction::revoke, device));
  EXPECT_EQ(code_of(world.act(DeviceAction::release, device)), Code::state_forbids);
  EXPECT_EQ(world.state(device), State::revoked);
}

}  // namespace
}  // namespace birthmark::test
