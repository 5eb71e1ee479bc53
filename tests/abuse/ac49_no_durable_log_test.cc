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
    EXPECT_TRUE(answer.deny);
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

TEST_P(AC49, nothing_is_written_before_the_deny_is_logged) {
  auto other = world_.device_in(State::provisioned);
  must(world_.renew(device_));  // the LDevID before has ended: a revocation finds one that is out of use already
  deny_without_a_store();
  const auto before = world_.entries().size();
  const auto certificates = world_.certificates(device_).size();
  EXPECT_EQ(code_of(world_.renew(device_)), Code::state_forbids) << "it works for a device that is denied";
  must(world_.enroll(other));
  EXPECT_EQ(world_.entries().at(before).kind, EntryKind::emergency_deny_replayed);
  EXPECT_EQ(world_.certificates(device_).size(), certificates);
  EXPECT_EQ(world_.state(device_), wanted());
  EXPECT_EQ(world_.decision(device_).verdict, policy::Verdict::deny);
  EXPECT_EQ(world_.journal.size(), 0U);
  EXPECT_EQ(world_.wrong(), "");
  must(world_.restart());
  EXPECT_EQ(world_.decision(device_).verdict, policy::Verdict::deny);
  EXPECT_EQ(world_.count(EntryKind::emergency_deny_replayed), 1U);
}

TEST_P(AC49, while_the_deny_cannot_be_logged_nothing_else_is) {
  auto other = world_.device_in(State::provisioned);
  deny_without_a_store();
  world_.journal.set_broken(true);
  const auto before = world_.entries().size();
  EXPECT_EQ(code_of(world_.enroll(other)), Code::storage);
  EXPECT_EQ(world_.entries().size(), before);
}

TEST_P(AC49, the_database_being_busy_is_no_reason_to_wait) {
  world_.store_calls().arm(1, {Code::unavailable, "another process writes"});
  EXPECT_TRUE(must(world_.act(GetParam(), device_)).deny);
  EXPECT_EQ(world_.decision(device_).verdict, policy::Verdict::deny);
}

TEST_P(AC49, a_server_that_was_replaced_denies_nothing) {
  world_.store_calls().arm(1, {Code::fenced, "epoch 2 writes"});
  EXPECT_EQ(code_of(world_.act(GetParam(), device_)), Code::fenced);
  EXPECT_EQ(world_.journal.size(), 0U);
}

TEST_P(AC49, with_the_journal_gone_as_well_the_caller_is_told) {
  world_.journal.set_broken(true);
  world_.store_calls().arm(1);
  EXPECT_EQ(code_of(world_.act(GetParam(), device_)), Code::storage);
}

TEST_P(AC49, a_deny_that_was_stored_but_not_logged_holds_and_is_logged_later) {
  for (const auto code : {Code::storage, Code::hsm_fault, Code::conflict}) {
    World world;
    const auto device = world.device_in(State::operational);
    world.sessions.open(world.record(device).row);
    bool broken = true;
    world.store().set_listener([&](const app::Committed& committed) -> Result<void> {
      BM_CHECK(world.cases->read_path.apply(committed.publications));
      return broken ? Result<void>{fail(code, "the log cannot be written")} : Result<void>{};
    });
    const auto before = world.refusals(Code::state_forbids);
    const auto answer = must(world.act(GetParam(), device));
    EXPECT_FALSE(answer.deny);
    EXPECT_EQ(answer.sessions_cut, 1U);
    EXPECT_EQ(answer.device.state, wanted());
    EXPECT_EQ(world.decision(device).verdict, policy::Verdict::deny);
    EXPECT_EQ(world.refusals(Code::state_forbids), before);
    broken = false;
    EXPECT_EQ(world.state(device), wanted());
    EXPECT_EQ(world.journal.size(), 0U);
  }
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
