// SPDX-License-Identifier: Apache-2.0
// A device's own share of its retirement: it is permitted before it destroys anything.
#include <gtest/gtest.h>

#include "lifecycle/statements.h"
#include "support/world.h"

namespace birthmark::test {
namespace {

using app::DeviceAction;
using lifecycle::Purpose;

class RetirementTest : public ::testing::Test {
 protected:
  RetirementTest() : device_{world_.device_in(lifecycle::State::operational)} {}

  app::Challenge challenge() { return world_.cases->retirement.begin(kCaller).value(); }
  static attest::TpmStatement quote(const PaperTpm& tpm, const DeviceId& id, const app::Challenge& to) {
    return tpm.quote(lifecycle::freshness_value(Purpose::retire, to.nonce, to.session, id, tpm.iak.spki_hash()));
  }
  Result<app::RetirePermit> permit(const PaperTpm& by) {
    const auto given = challenge();
    return world_.cases->retirement.permit(kCaller, given.session, device_.id, quote(by, device_.id, given));
  }
  Result<app::RetireReceipt> finish(const app::Challenge& given) {
    return world_.cases->retirement.finish(kCaller, given.session, device_.id, quote(device_.tpm, device_.id, given));
  }

  static inline const Digest kCaller{Octets<32>{7}};
  World world_;
  Device device_;
};

TEST_F(RetirementTest, a_device_that_no_operator_retired_is_not_permitted) {
  EXPECT_EQ(permit(device_.tpm).error().code, Code::state_forbids);
  EXPECT_TRUE(world_.use(device_));
}

TEST_F(RetirementTest, a_retired_one_gets_the_challenge_for_its_last_quote) {
  ASSERT_TRUE(world_.act(DeviceAction::retire, device_));
  const auto permitted = permit(device_.tpm);
  ASSERT_TRUE(permitted) << permitted.error().detail;
  device_.tpm.clear();
  EXPECT_TRUE(finish(permitted->challenge));
  const auto key = world_.signer.public_key(World::kStatementKey).value();
  EXPECT_TRUE(key.verify(crypto::SignatureScheme::ecdsa_sha256, lifecycle::retire_permit_statement(device_.id),
                         permitted->signature));
}

TEST_F(RetirementTest, permission_is_no_receipt) {
  ASSERT_TRUE(world_.act(DeviceAction::retire, device_));
  const auto permitted = permit(device_.tpm).value().challenge;
  const auto kept = finish(permitted);  // nothing was cleared
  ASSERT_FALSE(kept);
  EXPECT_EQ(kept.error().check, "retire.cleared");
  device_.tpm.clear();
  EXPECT_EQ(finish(permitted).error().code, Code::nonce_used);
}

TEST_F(RetirementTest, a_stranger_does_not_learn_the_state_of_a_device) {
  const auto stranger = world_.make_device();
  for (int retired = 0; retired < 2; ++retired) {
    EXPECT_EQ(permit(stranger.tpm).error().code, Code::bad_evidence);
    const auto given = challenge();
    EXPECT_EQ(
        world_.cases->retirement.finish(kCaller, given.session, device_.id, quote(stranger.tpm, device_.id, given))
            .error()
            .code,
        Code::bad_evidence);
    ASSERT_TRUE(retired == 1 || world_.act(DeviceAction::retire, device_));
  }
}

}  // namespace
}  // namespace birthmark::test
