// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "support/world.h"

namespace birthmark::test {
namespace {

/// Evidence that chains to a test root.
TEST(AC03, simulated_silicon_is_refused_where_the_policy_does_not_name_it) {
  World world{{.policy = policy::ProductPolicy{}}};
  auto device = world.make_device();
  const auto& station = world.line();
  const auto signatures = world.signer.signatures();
  EXPECT_EQ(code_of(world.at_edge(world.provision(device, station), station.id())), Code::test_anchor);
  EXPECT_EQ(world.refusals(Code::test_anchor), 1U);
  EXPECT_EQ(world.devices(), 0U);
  EXPECT_EQ(world.batch("B-1").budget.issued + world.batch("B-1").budget.reserved, 0U);
  EXPECT_EQ(world.signer.signatures(), signatures);
}

TEST(AC03, a_policy_for_simulated_roots_is_refused_in_production) {
  EXPECT_EQ(code_of(policy::check(test_policy(), policy::Environment::production)), Code::test_anchor);
}

TEST(AC03, silicon_of_a_vendor_that_nobody_pinned_is_refused) {
  World world;
  const auto stranger = must(fleet::SiliconVendor::create(world.clock.now()));
  auto device = world.make_device();
  device.tpm = PaperTpm{stranger, world.clock.now()};
  const auto& station = world.line();
  EXPECT_EQ(code_of(world.at_edge(world.provision(device, station), station.id())), Code::ek_untrusted);
  EXPECT_EQ(world.refusals(Code::ek_untrusted), 1U);
  EXPECT_EQ(world.devices(), 0U);
}

}  // namespace
}  // namespace birthmark::test
