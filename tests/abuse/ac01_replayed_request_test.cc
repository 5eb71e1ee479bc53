// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "support/world.h"

namespace birthmark::test {
namespace {

/// An earlier, valid request comes again for a second certificate.
class AC01 : public testing::Test {
 protected:
  AC01() : challenge_{must(line().begin(world_.line().id(), "B-1"))} {
    evidence_ = world_.provision_evidence(device_, challenge_);
    const auto answer = must(line().evidence(world_.line().id(), "B-1", evidence_));
    activation_ = std::get<app::ActivationChallenge>(answer);
    secret_ = must(device_.tpm.activate(activation_.id_object, activation_.encrypted_secret));
    first_ = must(line().activate(world_.line().id(), "B-1", activation_.session, secret_)).certificate;
    signatures_ = world_.signer.signatures();
    evidence_.request_id = world_.next_request_id();  // the same id would be a retry
  }
  app::Provisioning& line() { return world_.cases->provisioning; }
  void nothing_happened() {
    EXPECT_EQ(world_.certificates(device_).size(), 1U);
    EXPECT_EQ(world_.certificates(device_).front().standing, lifecycle::Standing::live);
    EXPECT_EQ(world_.batch("B-1").budget.issued, 1U);
    EXPECT_EQ(world_.batch("B-1").budget.reserved, 0U);
    EXPECT_EQ(world_.signer.signatures(), signatures_);
    EXPECT_EQ(world_.wrong(), "");
  }

  World world_;
  Device device_ = world_.make_device();
  app::Challenge challenge_;
  app::ProvisionEvidence evidence_;
  app::ActivationChallenge activation_;
  Bytes secret_;
  Bytes first_;
  std::uint64_t signatures_ = 0;
};

TEST_F(AC01, is_refused_nonce_used_and_audited) {
  const auto caller = world_.line().id();
  EXPECT_EQ(code_of(world_.at_edge(line().evidence(caller, "B-1", evidence_), caller)), Code::nonce_used);
  EXPECT_EQ(world_.refusals(Code::nonce_used), 1U);
  nothing_happened();
}

TEST_F(AC01, at_another_station_is_refused_and_both_stand_in_the_log) {
  const auto other = world_.enroll_station("line-2", app::StationRole::provision, "B-1");
  signatures_ = world_.signer.signatures();
  EXPECT_EQ(code_of(world_.at_edge(line().evidence(other.id(), "B-1", evidence_), other.id())), Code::nonce_used);
  bool first = false, second = false;
  for (const auto& entry : world_.entries()) {
    first = first || (entry.kind == audit::EntryKind::intent_recorded && entry.actor == "station:line-1");
    second = second || (entry.kind == audit::EntryKind::refusal && entry.subject_hash == other.id());
  }
  EXPECT_TRUE(first);
  EXPECT_TRUE(second);
  nothing_happened();
}

TEST_F(AC01, of_the_opened_secret_is_refused) {
  EXPECT_EQ(code_of(line().activate(world_.line().id(), "B-1", activation_.session, secret_)), Code::nonce_used);
  nothing_happened();
}

TEST_F(AC01, a_challenge_lives_120_seconds) {
  auto late = world_.make_device();
  const auto challenge = must(line().begin(world_.line().id(), "B-1"));
  world_.clock.advance(std::chrono::milliseconds{120'001});
  EXPECT_EQ(code_of(line().evidence(world_.line().id(), "B-1", world_.provision_evidence(late, challenge))),
            Code::nonce_expired);
  EXPECT_EQ(world_.devices(), 1U);
  nothing_happened();
}

}  // namespace
}  // namespace birthmark::test
