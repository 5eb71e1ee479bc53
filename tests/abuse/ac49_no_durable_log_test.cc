// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "support/world.h"

namespace birthmark::test {
namespace {

using app::DeviceAction;
using audit::EntryKind;
using lifecycle::State;

/// The log cannot be written. (Logs that were changed: tests/unit/audit and `birthmark audit verify`.)
class AC49 : public testing::TestWithParam<DeviceAction> {
 protected:
  AC49() { world_.clock.advance(std::chrono::days{20}); }
  void deny_without_a_store() {
    world_.sessions.open(world_.record(device_).row);
    world_.store_calls().arm(1);
    const auto answer = must(world_.act(GetParam(), device_));
    world_.store_calls().arm(0);
    EXPECT_TRUE(answer.by_journal);
    EXPECT_EQ(answer.sessions_cut, 1U);
    EXPECT_EQ(world_.decision(device_).verdict, policy::Verdict::deny);
    EXPECT_EQ(world_.state(device_), State::operational) << "the store knows nothing of it yet";
  }
  [[nodiscard]] State wanted() const { return GetParam() == DeviceAction::suspend ? State::suspended : State::revoked; }
  World world_;
  Device device_ = world_.device_in(State::operational);
};

TEST_P(AC49, a_deny_goes_out_and_is_logged_first_on_recovery) {
  deny_without_a_store();
  const auto before = world_.entries().size();
  must(world_.restart());
  EXPECT_EQ(world_.state(device_), wanted());
  EXPECT_EQ(world_.decision(device_).verdict, policy::Verdict::deny);
  EXPECT_EQ(world_.entries().at(before).kind, EntryKind::emergency_deny_replayed);
  EXPECT_EQ(world_.journal.size(), 0U);
  EXPECT_EQ(world_.wrong(), "");
}

TEST_P(AC49, a_later_commit_of_the_device_does_not_loosen_it) {
  deny_without_a_store();
  static_cast<void>(world_.renew(device_));
  EXPECT_EQ(world_.decision(device_).verdict, policy::Verdict::deny);
  must(world_.cases->operations.replay_journal());
  EXPECT_EQ(world_.state(device_), wanted());
  EXPECT_EQ(world_.decision(device_).verdict, policy::Verdict::deny);
  must(world_.restart());
  EXPECT_EQ(world_.decision(device_).verdict, policy::Verdict::deny);
  EXPECT_EQ(world_.wrong(), "");
}

TEST_P(AC49, with_the_journal_gone_as_well_the_caller_is_told) {
  world_.journal.set_broken(true);
  world_.store_calls().arm(1);
  EXPECT_EQ(code_of(world_.act(GetParam(), device_)), Code::storage);
}

TEST_P(AC49, a_deny_that_was_stored_but_not_logged_holds_and_is_logged_later) {
  world_.sessions.open(world_.record(device_).row);
  bool broken = true;
  world_.store().set_listener([&](const app::Committed& committed) -> Result<void> {
    BM_CHECK(world_.cases->read_path.apply(committed.publications));
    return broken ? Result<void>{fail(Code::storage, "the log's directory is full")} : Result<void>{};
  });
  const auto before = world_.refusals(Code::state_forbids);
  const auto answer = must(world_.act(GetParam(), device_));
  EXPECT_FALSE(answer.by_journal);
  EXPECT_EQ(answer.sessions_cut, 1U);
  EXPECT_EQ(answer.device.state, wanted());
  EXPECT_EQ(world_.decision(device_).verdict, policy::Verdict::deny);
  EXPECT_EQ(world_.refusals(Code::state_forbids), before);
  broken = false;
  EXPECT_EQ(world_.state(device_), wanted());
  EXPECT_EQ(world_.journal.size(), 0U);
}

INSTANTIATE_TEST_SUITE_P(Denies, AC49, testing::Values(DeviceAction::suspend, DeviceAction::revoke),
                         [](const auto& param) { return param.param == DeviceAction::suspend ? "suspend" : "revoke"; });

TEST(AC49Log, without_it_nothing_is_issued_and_no_state_changes) {
  for (std::uint64_t nth = 1; nth <= 4; ++nth) {
    World world;
    auto device = world.device_in(State::operational);
    const auto before = world.entries().size();
    world.store_calls().arm(nth);
    EXPECT_EQ(code_of(world.act(DeviceAction::retire, device)), Code::storage);
    EXPECT_EQ(world.state(device), State::operational);
    EXPECT_EQ(world.entries().size(), before);
  }
}

}  // namespace
}  // namespace birthmark::test
