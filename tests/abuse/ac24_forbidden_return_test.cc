// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "support/world.h"

namespace birthmark::test {
namespace {

using lifecycle::Purpose;
using lifecycle::State;

/// Devices that ask their way back: S4 to S2, S5 and S6 to anything.
class AC24 : public testing::TestWithParam<State> {};

TEST_P(AC24, enrollment_and_renewal_are_refused_and_nothing_changes) {
  World world;
  auto device = world.device_in(GetParam());
  const auto before = world.record(device);
  const auto certificates = world.certificates(device).size();
  const auto signatures = world.signer.signatures();
  const PaperKey key{tpm::Template::idevid_birthmark};
  for (const auto& [certificate, purpose] :
       {std::pair{device.idevid, Purpose::enroll}, std::pair{device.ldevid, Purpose::renew}}) {
    world.clock.advance(std::chrono::days{purpose == Purpose::renew ? 21 : 0});
    const auto request = world.est_request(certificate, key, purpose);
    const auto answer = purpose == Purpose::enroll ? world.cases->enrollment.enroll(request)
                                                   : world.cases->enrollment.reenroll(request);
    EXPECT_EQ(code_of(world.at_edge(answer, request.certificate)), Code::state_forbids);
  }
  EXPECT_EQ(world.refusals(Code::state_forbids), 2U);
  EXPECT_EQ(world.record(device), before);
  EXPECT_EQ(world.certificates(device).size(), certificates);
  EXPECT_EQ(world.signer.signatures(), signatures);
}

TEST_P(AC24, a_line_does_not_make_it_new) {
  World world;
  auto device = world.device_in(GetParam());
  const auto before = world.record(device);
  device.request_id = world.next_request_id();
  const auto wanted = GetParam() == State::suspended ? Code::hardware_known : Code::state_forbids;
  EXPECT_EQ(code_of(world.provision(device, world.line())), wanted);
  EXPECT_EQ(world.record(device), before);
  EXPECT_EQ(world.batch("B-1").budget.issued, 1U);
  EXPECT_EQ(world.count(audit::EntryKind::incident), wanted == Code::hardware_known ? 1U : 0U);
}

TEST_P(AC24, revalidation_is_another_path_and_open_to_s4_only) {
  World world;
  auto device = world.device_in(GetParam());
  world.clock.advance(std::chrono::seconds{1});
  const auto answer = world.revalidate(device);
  EXPECT_EQ(code_of(answer), GetParam() == State::suspended ? std::nullopt : std::optional{Code::state_forbids});
  EXPECT_EQ(world.state(device), GetParam());  // an operator's suspension waits for an operator
}

INSTANTIATE_TEST_SUITE_P(States, AC24, testing::Values(State::suspended, State::revoked, State::decommissioned),
                         [](const auto& param) { return std::string{lifecycle::short_name(param.param)}; });

}  // namespace
}  // namespace birthmark::test
