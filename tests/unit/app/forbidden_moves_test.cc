// SPDX-License-Identifier: Apache-2.0
// The four forbidden moves (design rule 4): each is stopped by a mechanism of its own where the table does not look.
#include <gtest/gtest.h>

#include "support/world.h"

namespace birthmark::test {
namespace {

using lifecycle::DeviceRecord;
using lifecycle::State;

/// Somebody changes the state in the database, past every decision: the table says nothing then.
void tamper(World& world, const Device& device, State state) {
  must(world.store().write([&](app::Tx& tx) -> Result<void> {
    BM_TRY(auto row, tx.device(device.id));
    row->state = state;
    row->suspended_for = std::nullopt;
    row->holds = {};
    ++row->version;
    return tx.update_device(*row);
  }));
}

/// S5 to S3: the revocation check in the path of authentication.
TEST(ForbiddenMove, a_revoked_credential_is_denied_whatever_the_state_says) {
  World world;
  auto device = world.device_in(State::revoked);
  tamper(world, device, State::operational);
  EXPECT_EQ(code_of(world.use(device)), Code::credential_ended);
  must(world.restart());
  EXPECT_EQ(world.published(device.ldevid).state, State::operational) << "what the database was made to say";
  EXPECT_EQ(code_of(world.use(device)), Code::credential_ended);
  world.clock.advance(std::chrono::days{20});
  EXPECT_FALSE(world.renew(device));
  EXPECT_FALSE(world.use(device));
}

TEST(ForbiddenMove, a_revoked_device_that_is_made_s2_again_has_no_first_use) {
  World world;
  auto device = world.device_in(State::revoked);
  tamper(world, device, State::enrolled);
  must(world.restart());
  EXPECT_EQ(code_of(world.use(device)), Code::credential_ended);
  EXPECT_EQ(world.state(device), State::enrolled) << "it did not go to S3";
}

/// S6 to anything: tombstones of EK, AK and every SPKI.
class Tombstones : public testing::Test {
 protected:
  static void copy(PaperKey& to, const PaperKey& from) {
    to.key = must(crypto::PrivateKey::from_pem(must(from.key.to_pem())));
    to.area = from.area;
  }
  World world_;
  Device retired_ = world_.device_in(State::decommissioned);
  Station other_ = enroll();
  Device newcomer_ = world_.make_device();

 private:
  Station enroll() {
    world_.open_batch("B-2");
    return world_.enroll_station("line-2", app::StationRole::provision, "B-2");
  }
};

TEST_F(Tombstones, the_endorsement_key_is_never_another_device) {
  const auto before = world_.record(retired_);
  retired_.request_id = world_.next_request_id();
  EXPECT_EQ(code_of(world_.provision(retired_, other_)), Code::state_forbids);
  EXPECT_EQ(world_.record(retired_), before);
  EXPECT_EQ(world_.devices(), 1U);
}

TEST_F(Tombstones, the_attestation_key_is_never_another_devices) {
  copy(newcomer_.tpm.iak, retired_.tpm.iak);
  EXPECT_EQ(code_of(world_.provision(newcomer_, other_)), Code::key_reuse);
  EXPECT_TRUE(world_.certificates(newcomer_).empty());
  EXPECT_EQ(world_.state(retired_), State::decommissioned);
}

TEST_F(Tombstones, no_key_that_was_certified_is_ever_another_devices) {
  for (const auto* const key : {&retired_.tpm.idevid, retired_.ldevid_key.get()}) {
    auto device = world_.make_device();
    copy(device.tpm.idevid, *key);
    EXPECT_EQ(code_of(world_.provision(device, other_)), Code::key_reuse);
    EXPECT_TRUE(world_.certificates(device).empty());
  }
  EXPECT_EQ(world_.batch("B-2").budget.issued, 0U);
  EXPECT_EQ(world_.state(retired_), State::decommissioned);
}

TEST_F(Tombstones, a_state_that_was_tampered_with_brings_no_credential_back) {
  tamper(world_, retired_, State::operational);
  must(world_.restart());
  EXPECT_EQ(code_of(world_.use(retired_)), Code::credential_ended);
}

/// S3 to S1: the identity is made of the hardware, so that no line can make it a new one.
TEST(ForbiddenMove, hardware_in_the_field_is_the_same_identity_at_every_line) {
  World world;
  auto device = world.device_in(State::operational);
  const auto before = world.record(device);
  world.open_batch("B-2");
  const auto other = world.enroll_station("line-2", app::StationRole::provision, "B-2");
  // Everything about it is new but the chip.
  device.tpm.clear();
  device.tpm.iak = PaperKey{tpm::Template::iak_birthmark};
  device.tpm.idevid = PaperKey{tpm::Template::idevid_birthmark};
  for (const auto* const station : {&world.line(), &other}) {
    device.request_id = world.next_request_id();
    EXPECT_EQ(code_of(world.provision(device, *station)), Code::hardware_known);
  }
  EXPECT_EQ(world.devices(), 1U);
  EXPECT_EQ(world.record(device), before);
}

/// S4 to S2: the history of enrollment.
TEST(ForbiddenMove, a_device_enrolls_once_whatever_the_state_says) {
  World world;
  auto device = world.device_in(State::suspended);
  tamper(world, device, State::provisioned);
  device.ldevid_key.reset();
  const auto certificates = world.certificates(device).size();
  const auto answer = world.enroll(device);
  EXPECT_EQ(code_of(answer), Code::state_forbids);
  EXPECT_NE(answer.error().detail.find("enrolled before"), std::string::npos);
  EXPECT_EQ(world.certificates(device).size(), certificates);
}

}  // namespace
}  // namespace birthmark::test
