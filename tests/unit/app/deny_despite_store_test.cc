// SPDX-License-Identifier: Apache-2.0
// Denies whose write failed in the company of other works, or beside a registration (design rule 8).
#include <gtest/gtest.h>

#include <utility>

#include "support/forwarding_store.h"
#include "support/world.h"

namespace birthmark::test {
namespace {

using app::DeviceAction;
using lifecycle::State;
using lifecycle::Status;

/// A store that loses the group of its next write: the work comes behind an earlier one, and neither is committed.
class LosingStore final : public ForwardingStore {
 public:
  using ForwardingStore::ForwardingStore;

  Result<void> write(const Work& work) override {
    if (!earlier) {
      return real_.write(work);
    }
    static_cast<void>(real_.write([&](app::Tx& tx) -> Result<void> {
      BM_CHECK(std::exchange(earlier, {})(tx));
      static_cast<void>(work(tx));
      return fail(Code::conflict, "lost");
    }));
    return fail(Code::storage, "the disk is full");
  }

  Work earlier;
};

class DespiteStore : public testing::Test {
 protected:
  /// An earlier work of the same group, which brings the device to that state.
  app::Store::Work moves_to(State state, const Device& device) {
    return [state, row = world_.record(device).row](app::Tx& tx) -> Result<void> {
      BM_TRY(auto stored, tx.device(row));
      stored->state = state;
      ++stored->version;
      return tx.update_device(*stored);
    };
  }
  Result<app::ActionResult> suspend(const Device& device) {
    return operations_.act(DeviceAction::suspend, device.id, lifecycle::HoldCause::operator_hold, "operator:test");
  }

  World world_;
  LosingStore losing_{world_.store()};
  MemoryJournal journal_;
  app::DeniesFirst store_{{losing_, journal_, world_.clock, [] {}}};
  app::Operations operations_{
      {store_, world_.cases->read_path, world_.sessions, world_.signer, world_.clock, std::chrono::minutes{1}},
      World::kStatementKey};
};

TEST_F(DespiteStore, a_deny_that_was_judged_after_changes_on_their_way_holds_with_them) {
  const auto device = world_.device_in(State::provisioned);
  ASSERT_EQ(code_of(suspend(device)), Code::state_forbids) << "as the store has it";
  losing_.earlier = moves_to(State::operational, device);
  const auto denied = must(suspend(device));
  EXPECT_TRUE(denied.deny);
  EXPECT_EQ(denied.device.state, State::suspended);
  EXPECT_EQ(journal_.size(), 1U);
  EXPECT_EQ(world_.state(device), State::provisioned) << "neither was committed";
}

TEST_F(DespiteStore, a_refusal_by_changes_that_were_lost_is_none) {
  const auto device = world_.device_in(State::operational);
  losing_.earlier = moves_to(State::revoked, device);
  const auto denied = must(suspend(device));
  EXPECT_TRUE(denied.deny);
  EXPECT_EQ(denied.device.state, State::suspended);
  EXPECT_EQ(journal_.size(), 1U);
  EXPECT_EQ(world_.published(device.ldevid).status, Status::held);
  EXPECT_EQ(world_.decision(device).verdict, policy::Verdict::deny);
}

TEST_F(DespiteStore, a_certificate_that_is_registered_meanwhile_is_denied_as_well) {
  auto device = world_.device_in(State::operational);
  const auto old = device.ldevid;
  world_.clock.advance(std::chrono::days{20});  // renewal is open
  losing_.earlier = [](app::Tx&) { return Result<void>{}; };
  journal_.meanwhile = [&] { must(world_.renew(device)); };
  ASSERT_TRUE(must(suspend(device)).deny);
  ASSERT_NE(device.ldevid, old);
  EXPECT_EQ(world_.published(old).status, Status::held);
  EXPECT_EQ(world_.published(device.ldevid).status, Status::held);
  EXPECT_EQ(world_.decision(device).verdict, policy::Verdict::deny);
}

}  // namespace
}  // namespace birthmark::test
