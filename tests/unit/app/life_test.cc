// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "support/world.h"

namespace birthmark::test {
namespace {

using app::DeviceAction;
using lifecycle::State;
using lifecycle::Status;

class Life : public testing::TestWithParam<Backing> {};

/// One device from the first power-on to the scrap heap (design "The road of one device").
TEST_P(Life, from_uninitialized_to_decommissioned) {
  World world{{.backing = GetParam()}};
  auto device = world.make_device();
  ASSERT_TRUE(world.provision(device, world.line()));
  EXPECT_EQ(world.state(device), State::uninitialized);
  EXPECT_EQ(world.published(device.idevid).status, Status::not_admitted);

  ASSERT_TRUE(world.seal(device, world.lock_check()));
  EXPECT_EQ(world.state(device), State::provisioned);

  const auto enrolled = world.enroll(device);
  ASSERT_TRUE(enrolled) << enrolled.error().detail;
  EXPECT_EQ(world.state(device), State::enrolled);
  EXPECT_EQ(world.published(device.ldevid).status, Status::not_admitted);

  ASSERT_TRUE(world.use(device));
  EXPECT_EQ(world.state(device), State::operational);
  EXPECT_EQ(world.published(device.ldevid).status, Status::admitted);

  world.clock.advance(std::chrono::days{21});
  const auto old = device.ldevid;
  const auto renewed = world.renew(device);
  ASSERT_TRUE(renewed) << renewed.error().detail;
  EXPECT_NE(device.ldevid, old);
  EXPECT_EQ(world.published(device.ldevid).status, Status::admitted);

  world.sessions.open(world.record(device).row);
  const auto suspended = world.act(DeviceAction::suspend, device, lifecycle::HoldCause::volume);
  ASSERT_TRUE(suspended);
  EXPECT_EQ(suspended->sessions_cut, 1U);
  EXPECT_EQ(world.state(device), State::suspended);
  EXPECT_FALSE(world.use(device));

  world.clock.advance(std::chrono::seconds{1});
  const auto back = world.revalidate(device);
  ASSERT_TRUE(back) << back.error().detail;
  EXPECT_TRUE(std::holds_alternative<app::Issued>(*back));
  EXPECT_EQ(world.state(device), State::operational);
  EXPECT_TRUE(world.use(device));

  ASSERT_TRUE(world.act(DeviceAction::revoke, device));
  EXPECT_EQ(world.state(device), State::revoked);
  EXPECT_EQ(world.published(device.ldevid).status, Status::ended);

  ASSERT_TRUE(world.act(DeviceAction::retire, device));
  EXPECT_EQ(world.state(device), State::decommissioned);
  EXPECT_TRUE(world.retire(device));
  EXPECT_EQ(world.wrong(), "");

  ASSERT_TRUE(world.restart());
  EXPECT_EQ(world.state(device), State::decommissioned);
  EXPECT_EQ(world.published(device.ldevid).status, Status::ended);
  EXPECT_EQ(world.wrong(), "");
}

INSTANTIATE_TEST_SUITE_P(Stores, Life, testing::Values(Backing::memory, Backing::sqlite),
                         [](const auto& backing) { return backing.param == Backing::memory ? "memory" : "sqlite"; });

}  // namespace
}  // namespace birthmark::test
