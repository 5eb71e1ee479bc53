// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "support/hardware_line.h"

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

/// The same of every other root.
class AC03Kinds : public testing::TestWithParam<PaperKind> {};

INSTANTIATE_TEST_SUITE_P(, AC03Kinds,
                         testing::Values(PaperKind::psa, PaperKind::dice, PaperKind::attested_element,
                                         PaperKind::listed_element),
                         [](const auto& kind) { return std::string{name(kind.param)}; });

TEST_P(AC03Kinds, simulated_hardware_is_refused_where_the_policy_does_not_name_it) {
  HardwareLine line{GetParam(),
                    [](policy::ProductPolicy& policy) { policy.simulated = policy::SimulatedRoots::refused; }};
  const auto& station = line.world.line();
  const auto signatures = line.world.signer.signatures();
  EXPECT_EQ(code_of(line.world.at_edge(line.provision(), station.id())), Code::test_anchor);
  EXPECT_EQ(line.world.refusals(Code::test_anchor), 1U);
  EXPECT_EQ(line.world.devices(), 0U);
  EXPECT_EQ(line.world.batch("B-1").budget.issued + line.world.batch("B-1").budget.reserved, 0U);
  EXPECT_EQ(line.world.signer.signatures(), signatures);
}

TEST_P(AC03Kinds, hardware_of_a_maker_whom_nobody_pinned_is_refused) {
  HardwareLine line{GetParam()};
  line.unit = paper_hardware(GetParam());  // of another maker, who delivered nothing
  const auto got = line.world.at_edge(line.provision(), line.world.line().id());
  ASSERT_FALSE(got);
  EXPECT_EQ(info(got.error().code).errc, Errc::untrusted) << got.error().detail;
  EXPECT_EQ(line.world.refusals(got.error().code), 1U);
  EXPECT_EQ(line.world.devices(), 0U);
}

}  // namespace
}  // namespace birthmark::test
