// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "support/world.h"

namespace birthmark::test {
namespace {

using app::IssuanceState;
using lifecycle::State;

struct Point {
  const char* name;
  const char* point;
  std::size_t completed;
  Backing backing;
};

/// The process dies around the signature.
class AC11 : public testing::TestWithParam<Point> {};

TEST_P(AC11, the_intent_is_completed_once) {
  World world{{.backing = GetParam().backing}};
  const auto& station = world.line();
  auto device = world.make_device();
  world.kill_points.kill_at(GetParam().point);
  EXPECT_THROW(static_cast<void>(world.provision(device, station)), Killed);
  ASSERT_TRUE(world.restart());
  EXPECT_EQ(world.cases->recovered.completed, GetParam().completed);
  EXPECT_EQ(world.cases->recovered.orphaned, 0U);
  ASSERT_EQ(world.certificates(device).size(), 1U);
  EXPECT_EQ(world.certificates(device).front().issuance, IssuanceState::registered);
  const auto answer = must(world.provision(device, station));
  EXPECT_EQ(answer.record.serial, world.certificates(device).front().serial);
  EXPECT_EQ(world.certificates(device).size(), 1U);
  EXPECT_EQ(world.batch("B-1").budget.issued, 1U);
  EXPECT_EQ(world.batch("B-1").budget.reserved, 0U);
  EXPECT_EQ(world.wrong(), "");
}

/// It dies before the certificate is registered.
class AC11Unregistered : public AC11 {};

TEST_P(AC11Unregistered, an_intent_that_may_no_longer_be_is_an_orphan_and_ended) {
  World world{{.backing = GetParam().backing}};
  auto device = world.device_in(State::provisioned);
  world.kill_points.kill_at(GetParam().point);
  EXPECT_THROW(static_cast<void>(world.enroll(device)), Killed);
  must(world.act(app::DeviceAction::reject, device));
  ASSERT_TRUE(world.restart());
  EXPECT_EQ(world.cases->recovered.orphaned, 1U);
  const auto rows = world.certificates(device);
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows.back().issuance, IssuanceState::orphaned);
  EXPECT_EQ(rows.back().published, lifecycle::Status::ended);
  EXPECT_EQ(world.count(audit::EntryKind::intent_orphaned), 1U);
  EXPECT_EQ(world.state(device), State::decommissioned);
  EXPECT_EQ(world.wrong(), "");
}

constexpr std::array kUnregistered{Point{"after_intent_memory", "issue.after_intent", 1, Backing::memory},
                                   Point{"after_intent_sqlite", "issue.after_intent", 1, Backing::sqlite},
                                   Point{"after_signature_memory", "issue.after_signature", 1, Backing::memory},
                                   Point{"after_signature_sqlite", "issue.after_signature", 1, Backing::sqlite}};
constexpr Point kRegistered{"after_registration_sqlite", "issue.after_registration", 0, Backing::sqlite};

std::string name_of(const testing::TestParamInfo<Point>& point) {
  return point.param.name;
}

INSTANTIATE_TEST_SUITE_P(Points, AC11, testing::ValuesIn(kUnregistered), name_of);
INSTANTIATE_TEST_SUITE_P(Registered, AC11, testing::Values(kRegistered), name_of);
INSTANTIATE_TEST_SUITE_P(Points, AC11Unregistered, testing::ValuesIn(kUnregistered), name_of);

}  // namespace
}  // namespace birthmark::test
