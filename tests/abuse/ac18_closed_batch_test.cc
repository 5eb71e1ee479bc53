// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "support/world.h"

namespace birthmark::test {
namespace {

/// A request to a closed batch, or an attempt to open it again.
class AC18 : public testing::Test {
 protected:
  AC18() { must(world_.cases->hierarchy.seal_batch("B-1", "operator:test")); }
  World world_;
  Device sealed_in_time_ = world_.device_in(lifecycle::State::uninitialized);
};

TEST_F(AC18, the_line_is_refused_batch_closed) {
  auto device = world_.make_device();
  const auto& station = world_.line();
  const auto signatures = world_.signer.signatures();
  EXPECT_EQ(code_of(world_.at_edge(world_.provision(device, station), station.id())), Code::batch_closed);
  EXPECT_EQ(world_.refusals(Code::batch_closed), 1U);
  EXPECT_EQ(world_.devices(), 1U);
  EXPECT_EQ(world_.signer.signatures(), signatures);
}

TEST_F(AC18, closing_is_for_ever) {
  EXPECT_EQ(code_of(world_.cases->hierarchy.seal_batch("B-1", "operator:test")), Code::batch_closed);
  EXPECT_EQ(code_of(world_.cases->hierarchy.open_batch(world_.batch_order("B-1"), "operator:test")),
            Code::batch_closed);
  EXPECT_EQ(world_.batch("B-1").budget.state, lifecycle::BatchState::sealed);
}

TEST_F(AC18, its_key_is_destroyed_and_the_log_says_so) {
  const auto ca = world_.cases->cas.get()->find(world_.batch("B-1").manufacturing_ca)->record;
  EXPECT_TRUE(ca.key_destroyed);
  EXPECT_FALSE(world_.signer.has(ca.key));
  EXPECT_EQ(world_.count(audit::EntryKind::batch_sealed), 1U);
}

}  // namespace
}  // namespace birthmark::test
