// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "crypto/hash.h"
#include "support/world.h"

namespace birthmark::test {
namespace {

using audit::EntryKind;
using lifecycle::State;

class Retire : public testing::Test {
 protected:
  /// The quote of a chip for a new challenge, and what the registry says of it.
  Result<app::RetireReceipt> show(const Device& chip, const Device& device) {
    const auto challenge = must(world_.cases->retirement.begin(caller_));
    const auto freshness = lifecycle::freshness_value(lifecycle::Purpose::retire, challenge.nonce, challenge.session,
                                                      device.id, device.tpm.iak.spki_hash());
    return world_.cases->retirement.finish(caller_, challenge.session, device.id, chip.tpm.quote(freshness));
  }
  const Digest caller_ = crypto::sha256(as_bytes("192.0.2.7"));
  World world_;
  Device device_ = world_.device_in(State::decommissioned);
};

TEST_F(Retire, a_cleared_chip_gets_a_receipt_that_anybody_verifies) {
  device_.tpm.clear();
  const auto receipt = must(show(device_, device_));
  const auto key = must(world_.signer.public_key(World::kStatementKey));
  EXPECT_TRUE(key.verify(crypto::SignatureScheme::ecdsa_sha256, receipt.statement, receipt.signature));
  EXPECT_EQ(world_.count(EntryKind::receipt_retired), 1U);
  EXPECT_EQ(world_.entries().back().evidence_hash, crypto::sha256(receipt.statement));
  EXPECT_EQ(world_.state(device_), State::decommissioned);
}

TEST_F(Retire, a_chip_whose_clock_shows_no_clear_gets_none) {
  device_.tpm.clear();
  device_.tpm.clock.clock_ms = 240'001;
  const auto answer = show(device_, device_);
  EXPECT_EQ(code_of(answer), Code::bad_evidence);
  EXPECT_EQ(check_of(answer), "retire.cleared");
  EXPECT_EQ(world_.count(EntryKind::receipt_retired), 0U);
  EXPECT_EQ(world_.signer.signatures(app::KeyUse::statements), 0U);
  device_.tpm.clock.clock_ms = 240'000;
  EXPECT_TRUE(show(device_, device_));
}

TEST_F(Retire, a_young_chip_that_was_never_cleared_gets_none) {
  device_.tpm.clock = {.clock_ms = 1'000, .reset_count = 1, .restart_count = 0, .safe = true};
  EXPECT_EQ(check_of(show(device_, device_)), "retire.cleared");
  device_.tpm.clock = {.clock_ms = 1'000, .reset_count = 0, .restart_count = 1, .safe = true};
  EXPECT_EQ(check_of(show(device_, device_)), "retire.cleared");
}

TEST_F(Retire, another_chip_shows_nothing_for_it) {
  auto other = world_.make_device();
  other.tpm.clear();
  EXPECT_EQ(code_of(show(other, device_)), Code::bad_evidence);
}

TEST_F(Retire, the_challenge_is_burnt_and_expires) {
  device_.tpm.clear();
  const auto challenge = must(world_.cases->retirement.begin(caller_));
  const auto quote = device_.tpm.quote(lifecycle::freshness_value(
      lifecycle::Purpose::retire, challenge.nonce, challenge.session, device_.id, device_.tpm.iak.spki_hash()));
  auto& use = world_.cases->retirement;
  must(use.finish(caller_, challenge.session, device_.id, quote));
  EXPECT_EQ(code_of(use.finish(caller_, challenge.session, device_.id, quote)), Code::nonce_used);
  const auto late = must(use.begin(caller_));
  world_.clock.advance(app::Challenges::kLifetime + std::chrono::milliseconds{1});
  EXPECT_EQ(code_of(use.finish(caller_, late.session, device_.id, quote)), Code::nonce_expired);
}

TEST_F(Retire, a_device_that_no_operator_retired_gets_none) {
  for (const auto state :
       {State::uninitialized, State::provisioned, State::operational, State::suspended, State::revoked}) {
    auto device = world_.device_in(state);
    device.tpm.clear();
    EXPECT_EQ(code_of(show(device, device)), Code::state_forbids);
    EXPECT_EQ(world_.state(device), state);
  }
  auto stranger = world_.make_device();
  EXPECT_EQ(code_of(show(stranger, stranger)), Code::not_found);
}

}  // namespace
}  // namespace birthmark::test
