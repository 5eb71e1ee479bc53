// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "support/world.h"

namespace birthmark::test {
namespace {

using app::DeviceAction;
using audit::EntryKind;
using lifecycle::HoldCause;
using lifecycle::State;
using lifecycle::Status;

/// What an action of one operator makes of a device in each state; nothing: it is refused.
struct Row {
  State from;
  DeviceAction action;
  std::optional<State> to;
};
class Operate : public testing::TestWithParam<Row> {};

TEST_P(Operate, moves_along_the_table_or_changes_nothing) {
  const auto& row = GetParam();
  World world;
  const auto device = world.device_in(row.from);
  const auto before = world.record(device);
  const auto moves = world.count(EntryKind::transition);
  const auto done = world.act(row.action, device);
  EXPECT_EQ(done.has_value(), row.to.has_value());
  EXPECT_EQ(world.state(device), row.to.value_or(row.from));
  EXPECT_EQ(world.count(EntryKind::transition), moves + (row.to && *row.to != row.from ? 1U : 0U));
  if (!row.to) {
    EXPECT_EQ(code_of(done), Code::state_forbids);
    EXPECT_EQ(world.record(device), before);
  }
  EXPECT_EQ(world.wrong(), "");
}

constexpr auto kNothing = std::nullopt;
INSTANTIATE_TEST_SUITE_P(Table, Operate,
                         testing::Values(Row{State::uninitialized, DeviceAction::suspend, kNothing},
                                         Row{State::uninitialized, DeviceAction::revoke, kNothing},
                                         Row{State::uninitialized, DeviceAction::retire, kNothing},
                                         Row{State::uninitialized, DeviceAction::release, kNothing},
                                         Row{State::uninitialized, DeviceAction::reject, State::decommissioned},
                                         Row{State::uninitialized, DeviceAction::hold, State::uninitialized},
                                         Row{State::provisioned, DeviceAction::suspend, kNothing},
                                         Row{State::provisioned, DeviceAction::revoke, kNothing},
                                         Row{State::provisioned, DeviceAction::retire, kNothing},
                                         Row{State::provisioned, DeviceAction::reject, State::decommissioned},
                                         Row{State::enrolled, DeviceAction::suspend, kNothing},
                                         Row{State::enrolled, DeviceAction::revoke, State::revoked},
                                         Row{State::enrolled, DeviceAction::retire, kNothing},
                                         Row{State::enrolled, DeviceAction::reject, kNothing},
                                         Row{State::operational, DeviceAction::suspend, State::suspended},
                                         Row{State::operational, DeviceAction::release, kNothing},
                                         Row{State::operational, DeviceAction::revoke, State::revoked},
                                         Row{State::operational, DeviceAction::retire, State::decommissioned},
                                         Row{State::operational, DeviceAction::reject, kNothing},
                                         Row{State::suspended, DeviceAction::suspend, kNothing},
                                         Row{State::suspended, DeviceAction::revoke, State::revoked},
                                         Row{State::suspended, DeviceAction::retire, State::decommissioned},
                                         Row{State::suspended, DeviceAction::hold, State::suspended},
                                         Row{State::revoked, DeviceAction::suspend, kNothing},
                                         Row{State::revoked, DeviceAction::release, kNothing},
                                         Row{State::revoked, DeviceAction::revoke, kNothing},
                                         Row{State::revoked, DeviceAction::retire, State::decommissioned},
                                         Row{State::decommissioned, DeviceAction::suspend, kNothing},
                                         Row{State::decommissioned, DeviceAction::release, kNothing},
                                         Row{State::decommissioned, DeviceAction::revoke, kNothing},
                                         Row{State::decommissioned, DeviceAction::retire, kNothing},
                                         Row{State::decommissioned, DeviceAction::reject, kNothing}),
                         [](const auto& param) {
                           return std::string{lifecycle::short_name(param.param.from)} + "_" +
                                  std::to_string(static_cast<int>(param.param.action));
                         });

class Act : public testing::Test {
 protected:
  World world_;
  Device device_ = world_.device_in(State::operational);
};

TEST_F(Act, what_takes_something_away_cuts_the_open_sessions) {
  const auto row = world_.record(device_).row;
  for (const auto action : {DeviceAction::hold, DeviceAction::suspend, DeviceAction::revoke, DeviceAction::retire}) {
    world_.sessions.open(row);
    EXPECT_EQ(must(world_.act(action, device_)).sessions_cut, 1U);
    EXPECT_EQ(world_.sessions.open_of(row), 0U);
  }
}

TEST_F(Act, a_refused_action_cuts_nothing) {
  world_.sessions.open(world_.record(device_).row);
  EXPECT_FALSE(world_.act(DeviceAction::reject, device_));
  EXPECT_EQ(world_.sessions.open_of(world_.record(device_).row), 1U);
}

TEST_F(Act, a_hold_is_seen_by_gates_and_lifted_by_proof_and_a_person) {
  must(world_.act(DeviceAction::hold, device_));
  EXPECT_EQ(world_.state(device_), State::operational);
  EXPECT_EQ(world_.published(device_.ldevid).status, Status::held);
  world_.clock.advance(std::chrono::seconds{1});
  EXPECT_TRUE(std::holds_alternative<app::StillHeld>(must(world_.revalidate(device_))));
  must(world_.act(DeviceAction::release, device_));
  EXPECT_EQ(world_.published(device_.ldevid).status, Status::admitted);
  EXPECT_EQ(world_.count(EntryKind::hold_set), 1U);
  EXPECT_EQ(world_.count(EntryKind::hold_lifted), 1U);
}

TEST_F(Act, a_routine_attestation_is_no_proof_that_releases) {
  const PaperKey key{tpm::Template::idevid_birthmark};
  for (const auto restraint : {DeviceAction::hold, DeviceAction::suspend}) {
    world_.clock.advance(std::chrono::seconds{1});
    must(world_.act(restraint, device_));
    world_.clock.advance(std::chrono::seconds{1});
    const auto attested = world_.attest(device_, lifecycle::Purpose::routine, key);
    EXPECT_EQ(attested.has_value(), restraint == DeviceAction::hold) << "S4 may only revalidate";
    EXPECT_EQ(code_of(world_.act(DeviceAction::release, device_)), Code::held);
  }
  EXPECT_EQ(world_.state(device_), State::suspended);
}

TEST_F(Act, a_device_that_nobody_knows_is_not_found) {
  const auto stranger = world_.make_device();
  EXPECT_EQ(code_of(world_.act(DeviceAction::revoke, stranger)), Code::not_found);
}

TEST_F(Act, only_a_deny_goes_by_the_journal) {
  for (const auto action : {DeviceAction::hold, DeviceAction::retire, DeviceAction::release, DeviceAction::reject}) {
    world_.store_calls().arm(1);
    EXPECT_EQ(code_of(world_.act(action, device_)), Code::storage);
    EXPECT_EQ(world_.journal.size(), 0U);
  }
  world_.store_calls().arm(1);
  const auto denied = must(world_.act(DeviceAction::suspend, device_));
  world_.store_calls().arm(0);
  EXPECT_TRUE(denied.deny);
  EXPECT_EQ(world_.published(device_.ldevid).status, Status::held);
  EXPECT_EQ(world_.state(device_), State::operational) << "the store does not know it yet";
  EXPECT_EQ(must(world_.cases->store.replay()), 1U);
  EXPECT_EQ(world_.state(device_), State::suspended);
  EXPECT_EQ(world_.count(EntryKind::emergency_deny_replayed), 1U);
  EXPECT_EQ(must(world_.cases->store.replay()), 0U);
}

TEST_F(Act, a_deny_does_not_wait_for_a_signer_that_refuses_and_goes_out_signed_otherwise) {
  world_.store_calls().arm(1);
  const auto signed_one = must(world_.act(DeviceAction::suspend, device_));
  world_.store_calls().arm(0);
  ASSERT_TRUE(signed_one.deny);
  const auto key = must(world_.signer.public_key(World::kStatementKey));
  EXPECT_TRUE(key.verify(crypto::SignatureScheme::ecdsa_sha256, app::statement_of(signed_one.deny->deny),
                         signed_one.deny->signature));
  const auto other = world_.device_in(State::operational);
  world_.signer.set_fault(SignerFault::unavailable);
  world_.store_calls().arm(1);
  const auto unsigned_one = must(world_.act(DeviceAction::revoke, other));
  world_.store_calls().arm(0);
  ASSERT_TRUE(unsigned_one.deny);
  EXPECT_TRUE(unsigned_one.deny->signature.empty());
  EXPECT_EQ(world_.decision(other).verdict, policy::Verdict::deny);
}

TEST_F(Act, with_neither_store_nor_journal_it_says_so) {
  world_.journal.set_broken(true);
  world_.store_calls().arm(1);
  EXPECT_EQ(code_of(world_.act(DeviceAction::revoke, device_)), Code::storage);
  world_.store_calls().arm(0);
  EXPECT_EQ(world_.state(device_), State::operational);
}

}  // namespace
}  // namespace birthmark::test
