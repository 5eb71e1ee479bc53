// SPDX-License-Identifier: Apache-2.0
#include "app/attestation.h"

#include <gtest/gtest.h>

#include "support/world.h"

namespace birthmark::test {
namespace {

using lifecycle::Purpose;
using lifecycle::State;

const auto kFirmware = lifecycle::FirmwareVersion::parse("4.12.0");

class Attest : public testing::Test {
 protected:
  World world_;
  PaperKey key_{tpm::Template::idevid_birthmark};
};

TEST_F(Attest, an_ldevid_says_when_the_device_was_appraised_and_not_when_it_was_issued) {
  auto device = world_.device_in(State::provisioned);
  const auto appraised = must(world_.attest(device, Purpose::enroll, key_)).at;
  world_.clock.advance(std::chrono::minutes{5});
  const auto issued = must(world_.cases->enrollment.enroll(world_.est_request(device.idevid, key_, Purpose::enroll)));
  EXPECT_EQ(issued.record.appraised_at, appraised);
  EXPECT_EQ(world_.record(device).appraised_at, appraised);
  EXPECT_EQ(world_.published(issued.certificate).appraised_at, appraised);
  EXPECT_GT(issued.record.not_before, appraised);
}

TEST_F(Attest, a_renewal_and_a_revalidation_say_so_too) {
  auto device = world_.device_in(State::operational);
  world_.clock.advance(std::chrono::days{20});
  const auto appraised = must(world_.attest(device, Purpose::renew, key_)).at;
  world_.clock.advance(std::chrono::minutes{5});
  const auto renewed = must(world_.cases->enrollment.reenroll(world_.est_request(device.ldevid, key_, Purpose::renew)));
  EXPECT_EQ(renewed.record.appraised_at, appraised);
  EXPECT_EQ(world_.record(device).appraised_at, appraised);
}

TEST_F(Attest, the_firmware_that_was_appraised_is_kept_with_the_device) {
  auto device = world_.device_in(State::provisioned);
  EXPECT_FALSE(world_.record(device).firmware);
  must(world_.enroll(device));
  EXPECT_EQ(world_.record(device).firmware, kFirmware);
  must(world_.use(device));
  EXPECT_EQ(world_.record(device).firmware, kFirmware);
  world_.clock.advance(std::chrono::days{20});
  must(world_.renew(device));
  must(world_.revalidate(device));
  EXPECT_EQ(world_.record(device).firmware, kFirmware);
  EXPECT_EQ(world_.wrong(), "");
}

TEST_F(Attest, a_revalidation_keeps_the_firmware_too) {
  auto device = world_.device_in(State::provisioned);
  must(world_.revalidate(device));
  EXPECT_EQ(world_.record(device).firmware, kFirmware);
}

TEST_F(Attest, a_routine_appraisal_makes_a_device_fresh_again) {
  auto device = world_.device_in(State::operational);
  const auto before = world_.record(device).appraised_at;
  world_.clock.advance(std::chrono::hours{1});
  const auto appraised = must(world_.attest(device, Purpose::routine, key_)).at;
  EXPECT_GT(appraised, before);
  EXPECT_EQ(world_.record(device).appraised_at, appraised);
  EXPECT_EQ(world_.published(device.ldevid).appraised_at, appraised);
  EXPECT_EQ(world_.certificates(device).size(), 2U);
  EXPECT_EQ(world_.wrong(), "");
}

TEST_F(Attest, under_a_hold_it_leaves_what_a_revalidation_has_to_prove) {
  auto device = world_.device_in(State::operational);
  const auto before = world_.record(device).appraised_at;
  world_.clock.advance(std::chrono::hours{1});
  must(world_.act(app::DeviceAction::hold, device));
  must(world_.attest(device, Purpose::routine, key_));
  EXPECT_EQ(world_.record(device).appraised_at, before);
  EXPECT_EQ(code_of(world_.act(app::DeviceAction::release, device)), Code::held);
}

}  // namespace
}  // namespace birthmark::test
