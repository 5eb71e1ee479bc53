// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "support/world.h"

namespace birthmark::test {
namespace {

using audit::EntryKind;
using lifecycle::State;

class Seal : public testing::Test {
 protected:
  app::SealEvidence evidence() {
    const auto challenge = must(world_.cases->sealing.begin(gate_.id(), gate_.batch));
    return world_.seal_evidence(device_, gate_, challenge, World::in_order(device_, challenge));
  }
  Result<lifecycle::DeviceRecord> send(const app::SealEvidence& evidence) { return send(evidence, gate_); }
  Result<lifecycle::DeviceRecord> send(const app::SealEvidence& evidence, const Station& station) {
    return world_.cases->sealing.seal(station.key.public_key(), station.batch, evidence);
  }
  World world_;
  Device device_ = world_.device_in(State::uninitialized);
  const Station& gate_ = world_.lock_check();
};

TEST_F(Seal, moves_s0_to_s1_once_and_keeps_what_was_found) {
  EXPECT_EQ(must(send(evidence())).state, State::provisioned);
  EXPECT_EQ(world_.count(EntryKind::transition), 1U);
  EXPECT_EQ(code_of(send(evidence())), Code::state_forbids) << "another lock-check of a sealed unit";
  EXPECT_EQ(world_.wrong(), "");
}

TEST_F(Seal, a_lost_answer_is_given_again_and_costs_nothing) {
  const auto sent = evidence();
  const auto first = must(send(sent));
  world_.clock.advance(std::chrono::minutes{10});
  EXPECT_EQ(must(send(sent)), first);
  must(world_.restart());
  EXPECT_EQ(must(send(sent)), first);
  EXPECT_EQ(world_.record(device_), first);
  EXPECT_EQ(world_.count(EntryKind::transition), 1U);
  EXPECT_EQ(world_.count(EntryKind::request_repeated), 2U);
  EXPECT_EQ(world_.wrong(), "");
}

TEST_F(Seal, another_record_or_station_is_no_repeat) {
  const auto sent = evidence();
  must(send(sent));
  auto changed = sent;
  changed.record.transcript = crypto::sha256(as_bytes("another answer"));
  changed.record_signature = must(gate_.key.sign(app::lock_check_message(changed.record)));
  EXPECT_EQ(code_of(send(changed)), Code::nonce_used);
  const auto other = world_.enroll_station("gate-2", app::StationRole::lock_check, "B-1");
  EXPECT_EQ(code_of(send(sent, other)), Code::nonce_used);
  auto forged = sent;
  forged.record_signature.back() ^= 1;
  EXPECT_EQ(code_of(send(forged)), Code::bad_evidence);
  EXPECT_EQ(world_.count(EntryKind::request_repeated), 0U);
}

TEST_F(Seal, a_refused_record_is_no_answer_to_give_again) {
  const auto challenge = must(world_.cases->sealing.begin(gate_.id(), gate_.batch));
  auto found = World::in_order(device_, challenge);
  found.debug_locked = false;
  const auto sent = world_.seal_evidence(device_, gate_, challenge, found);
  EXPECT_EQ(code_of(send(sent)), Code::not_sealed);
  EXPECT_EQ(code_of(send(sent)), Code::nonce_used);
  EXPECT_EQ(world_.state(device_), State::uninitialized);
  EXPECT_TRUE(send(evidence()));
}

TEST_F(Seal, a_device_of_another_batch_is_not_found) {
  world_.open_batch("B-2");
  const auto other = world_.enroll_station("gate-2", app::StationRole::lock_check, "B-2");
  EXPECT_EQ(code_of(world_.seal(device_, other)), Code::not_found);
  EXPECT_EQ(world_.state(device_), State::uninitialized);
}

TEST_F(Seal, a_station_of_the_other_role_seals_nothing) {
  EXPECT_EQ(code_of(world_.seal(device_, world_.line())), Code::station_not_authorised);
}

TEST_F(Seal, a_quote_of_another_chip_seals_nothing) {
  const auto other = world_.make_device();
  const auto challenge = must(world_.cases->sealing.begin(gate_.id(), gate_.batch));
  auto sent = world_.seal_evidence(device_, gate_, challenge, World::in_order(device_, challenge));
  const auto freshness = lifecycle::freshness_value(lifecycle::Purpose::seal, challenge.nonce, challenge.session,
                                                    device_.id, device_.tpm.iak.spki_hash());
  sent.device = other.tpm.quote(freshness);
  EXPECT_EQ(code_of(send(sent)), Code::bad_evidence);
  EXPECT_EQ(world_.state(device_), State::uninitialized);
}

TEST_F(Seal, a_held_unit_is_not_sealed) {
  must(world_.act(app::DeviceAction::hold, device_));
  EXPECT_EQ(code_of(send(evidence())), Code::held);
}

}  // namespace
}  // namespace birthmark::test
