// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "support/hardware_line.h"
#include "support/world.h"

namespace birthmark::test {
namespace {

using lifecycle::HoldCause;
using lifecycle::Purpose;
using lifecycle::State;

/// Old vulnerable firmware is installed on a device that serves, and attests again.
class AC44 : public testing::Test {
 protected:
  static policy::ProductPolicy with_minimum() {
    auto policy = test_policy();
    policy.minimum_firmware = *lifecycle::FirmwareVersion::parse("4.0.0");
    return policy;
  }
  Result<app::AppraisalRecord> attest(const Device& device, const std::string& firmware, Purpose purpose) {
    const auto caller = crypto::sha256(purpose == Purpose::enroll ? device.idevid : device.ldevid);
    const auto record = world_.record(device);
    const auto given = must(world_.cases->attestation.begin(purpose, caller, record));
    auto evidence = world_.device_evidence(device, key_, given);
    evidence.firmware = firmware;
    return world_.at_edge(world_.cases->attestation.attest(purpose, caller, record.row, evidence), caller);
  }

  World world_{{.policy = with_minimum()}};
  PaperKey key_{tpm::Template::idevid_birthmark};
};

TEST_F(AC44, is_refused_and_suspended_and_loses_its_sessions) {
  const auto device = world_.device_in(State::operational);
  world_.sessions.open(world_.record(device).row);
  EXPECT_EQ(code_of(attest(device, "3.9.9", Purpose::routine)), Code::fw_rollback);
  EXPECT_EQ(world_.state(device), State::suspended);
  EXPECT_EQ(world_.record(device).suspended_for, HoldCause::policy);
  EXPECT_EQ(world_.published(device.ldevid).status, lifecycle::Status::held);
  EXPECT_EQ(world_.decision(device).verdict, policy::Verdict::deny);
  EXPECT_EQ(world_.sessions.open_of(world_.record(device).row), 0U);
  EXPECT_EQ(world_.refusals(Code::fw_rollback), 1U);
  EXPECT_EQ(world_.wrong(), "");
}

TEST_F(AC44, comes_back_with_new_firmware_and_a_person) {
  auto device = world_.device_in(State::operational);
  static_cast<void>(attest(device, "3.9.9", Purpose::renew));
  world_.clock.advance(std::chrono::seconds{1});
  EXPECT_TRUE(std::holds_alternative<app::StillHeld>(must(world_.revalidate(device))));
  must(world_.act(app::DeviceAction::release, device));
  EXPECT_EQ(world_.state(device), State::operational);
}

TEST_F(AC44, silence_is_refused_and_contains_nobody) {
  const auto device = world_.device_in(State::operational);
  const auto got = attest(device, "", Purpose::routine);
  EXPECT_EQ(code_of(got), Code::fw_rollback);
  EXPECT_EQ(check_of(got), "firmware.unsaid");
  EXPECT_EQ(world_.state(device), State::operational);
  EXPECT_TRUE(world_.record(device).holds.empty());
}

TEST_F(AC44, before_the_first_use_it_is_held_and_before_that_only_refused) {
  const auto enrolled = world_.device_in(State::enrolled);
  EXPECT_EQ(code_of(attest(enrolled, "3.9.9", Purpose::renew)), Code::fw_rollback);
  EXPECT_EQ(world_.state(enrolled), State::enrolled);
  EXPECT_TRUE(world_.record(enrolled).holds.contains(HoldCause::policy));
  EXPECT_EQ(code_of(attest(enrolled, "3.9.9", Purpose::renew)), Code::fw_rollback) << "and again";
  const auto provisioned = world_.device_in(State::provisioned);
  EXPECT_EQ(code_of(attest(provisioned, "3.9.9", Purpose::enroll)), Code::fw_rollback);
  EXPECT_EQ(world_.state(provisioned), State::provisioned);
  EXPECT_TRUE(world_.record(provisioned).holds.empty());
}

TEST(AC44Measured, what_the_root_measured_counts_whatever_the_device_says) {
  HardwareLine line{PaperKind::dice};
  const auto key = line.unit->make_key();
  line.live(key);
  ASSERT_TRUE(line.unit->roll_back());
  const auto got = line.attest(Purpose::routine, key, *line.unit);
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, Code::fw_rollback);
  EXPECT_EQ(got.error().check, "dice.versions");
  EXPECT_EQ(line.record().state, State::suspended);
  EXPECT_FALSE(line.revalidate(line.unit->make_key(), *line.unit)) << "nor does it come back with it";
  EXPECT_EQ(line.world.wrong(), "");
}

}  // namespace
}  // namespace birthmark::test
