// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "support/world.h"

namespace birthmark::test {
namespace {

/// A station's key in the wrong place.
class AC04 : public testing::Test {
 protected:
  AC04() { world_.open_batch("B-2"); }
  Result<app::Challenge> begin(const Station& station, const std::string& batch) {
    return world_.cases->provisioning.begin(station.id(), batch);
  }
  World world_;
};

TEST_F(AC04, another_batch_is_refused_and_the_third_time_suspends_the_station) {
  const auto& station = world_.line();
  for (int i = 0; i < 3; ++i) {
    const auto refused = begin(station, "B-2");
    EXPECT_EQ(code_of(refused), Code::station_not_authorised);
    EXPECT_EQ(check_of(refused), "station.batch");
  }
  const auto own = begin(station, "B-1");
  EXPECT_EQ(code_of(own), Code::station_not_authorised);
  EXPECT_EQ(check_of(own), "station.suspended");
  EXPECT_EQ(world_.count(audit::EntryKind::incident), 1U);
}

TEST_F(AC04, two_mistakes_leave_it_at_work) {
  const auto& station = world_.line();
  static_cast<void>(begin(station, "B-2"));
  static_cast<void>(begin(station, "B-2"));
  EXPECT_TRUE(begin(station, "B-1"));
  EXPECT_EQ(world_.count(audit::EntryKind::incident), 0U);
}

TEST_F(AC04, a_suspended_station_finishes_nothing_that_it_began) {
  auto device = world_.make_device();
  const auto& station = world_.line();
  const auto challenge = must(begin(station, "B-1"));
  const auto answer =
      must(world_.cases->provisioning.evidence(station.id(), "B-1", world_.provision_evidence(device, challenge)));
  const auto& activation = std::get<app::ActivationChallenge>(answer);
  for (int i = 0; i < 3; ++i) {
    static_cast<void>(begin(station, "B-2"));
  }
  const auto secret = must(device.tpm.activate(activation.id_object, activation.encrypted_secret));
  EXPECT_EQ(code_of(world_.cases->provisioning.activate(station.id(), "B-1", activation.session, secret)),
            Code::station_not_authorised);
  EXPECT_EQ(world_.devices(), 0U);
  EXPECT_EQ(world_.batch("B-1").budget.issued, 0U);
}

TEST_F(AC04, refusals_after_the_suspension_write_nothing_more) {
  const auto& station = world_.line();
  for (int i = 0; i < 3; ++i) {
    static_cast<void>(begin(station, "B-2"));
  }
  const auto entries = world_.entries().size();
  for (int i = 0; i < 20; ++i) {
    static_cast<void>(begin(station, "B-2"));
  }
  EXPECT_EQ(world_.entries().size(), entries);
}

TEST_F(AC04, a_lock_check_station_does_not_provision_nor_the_other_way_round) {
  EXPECT_EQ(check_of(begin(world_.lock_check(), "B-1")), "station.role");
  EXPECT_EQ(check_of(world_.cases->sealing.begin(world_.line().id(), "B-1")), "station.role");
}

TEST_F(AC04, seals_for_another_batch_suspend_a_lock_check_station_too) {
  const auto device = world_.device_in(lifecycle::State::uninitialized);
  const auto& station = world_.lock_check();
  std::vector<app::SealEvidence> statements;
  for (int i = 0; i < 3; ++i) {  // each with a challenge for the batch that is its own
    const auto challenge = must(world_.cases->sealing.begin(station.id(), "B-1"));
    statements.push_back(world_.seal_evidence(device, station, challenge, World::in_order(device, challenge)));
  }
  for (const auto& statement : statements) {
    EXPECT_EQ(check_of(world_.cases->sealing.seal(station.key.public_key(), "B-2", statement)), "station.batch");
  }
  const auto own = world_.cases->sealing.seal(station.key.public_key(), "B-1", statements.front());
  EXPECT_EQ(code_of(own), Code::station_not_authorised);
  EXPECT_EQ(check_of(own), "station.suspended");
  EXPECT_EQ(world_.state(device), lifecycle::State::uninitialized);
  EXPECT_EQ(world_.count(audit::EntryKind::incident), 1U);
}

TEST_F(AC04, a_key_that_no_station_has_is_refused_and_counted_against_nobody) {
  const auto stranger = must(crypto::PrivateKey::generate(crypto::KeyType::p256));
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(check_of(world_.cases->provisioning.begin(stranger.public_key().spki_sha256(), "B-1")), "station.known");
  }
  EXPECT_TRUE(begin(world_.line(), "B-1"));
}

}  // namespace
}  // namespace birthmark::test
