// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "crypto/hash.h"
#include "support/world.h"

namespace birthmark::test {
namespace {

using app::DeviceAction;
using app::Issued;
using app::StillHeld;
using lifecycle::HoldCause;
using lifecycle::State;

/// Recovery without a certificate (design rule 5).
class Revalidate : public testing::Test {
 protected:
  bool allowed() { return world_.decision(device_).verdict == policy::Verdict::allow; }
  void later() { world_.clock.advance(std::chrono::seconds{1}); }
  World world_;
  Device device_ = world_.device_in(State::operational);
};

TEST_F(Revalidate, a_lost_ldevid_is_replaced_and_the_old_one_ends) {
  const auto old = device_.ldevid;
  device_.tpm.clear();
  device_.ldevid_key.reset();
  EXPECT_TRUE(std::holds_alternative<Issued>(must(world_.revalidate(device_))));
  EXPECT_EQ(world_.state(device_), State::operational);
  EXPECT_TRUE(allowed());
  EXPECT_EQ(world_.published(old).status, lifecycle::Status::ended);
  EXPECT_EQ(world_.wrong(), "");
}

TEST_F(Revalidate, lifts_volume_and_freshness_alone) {
  for (const auto cause : {HoldCause::volume, HoldCause::freshness}) {
    must(world_.act(DeviceAction::suspend, device_, cause));
    EXPECT_FALSE(allowed());
    later();
    EXPECT_TRUE(std::holds_alternative<Issued>(must(world_.revalidate(device_))));
    EXPECT_EQ(world_.state(device_), State::operational);
    EXPECT_TRUE(allowed());
    later();
  }
}

TEST_F(Revalidate, asked_again_with_the_same_key_gives_the_lost_answer_while_it_stands) {
  const PaperKey key{tpm::Template::idevid_birthmark};
  const auto request = world_.next_request_id();
  const auto first = std::get<Issued>(must(world_.revalidate(device_, key, request)));
  later();
  EXPECT_EQ(std::get<Issued>(must(world_.revalidate(device_, key, request))).certificate, first.certificate);
  must(world_.act(DeviceAction::suspend, device_, HoldCause::volume));
  later();
  const auto second = std::get<Issued>(must(world_.revalidate(device_, key, request)));
  EXPECT_NE(second.certificate, first.certificate);
  EXPECT_EQ(world_.state(device_), State::operational) << "what it proved lifts what may be lifted";
  EXPECT_TRUE(allowed());
  later();
  EXPECT_EQ(std::get<Issued>(must(world_.revalidate(device_, key, request))).certificate, second.certificate)
      << "the answer that may be lost is the last one";
  EXPECT_EQ(world_.wrong(), "");
}

TEST_F(Revalidate, a_hundred_times_leaves_an_operators_suspension_until_the_release) {
  must(world_.act(DeviceAction::suspend, device_));
  const auto certificates = world_.certificates(device_).size();
  for (int i = 0; i < 100; ++i) {
    later();
    const auto answer = must(world_.revalidate(device_));
    ASSERT_TRUE(std::holds_alternative<StillHeld>(answer));
    EXPECT_NE(std::get<StillHeld>(answer).waits_for.find("operator"), std::string::npos);
    ASSERT_EQ(world_.state(device_), State::suspended);
  }
  EXPECT_EQ(world_.certificates(device_).size(), certificates);
  must(world_.act(DeviceAction::release, device_));
  EXPECT_EQ(world_.state(device_), State::operational);
  EXPECT_TRUE(allowed());
  EXPECT_EQ(world_.wrong(), "");
}

TEST_F(Revalidate, on_and_on_does_not_use_up_the_list) {
  world_.clock.advance(std::chrono::hours{2});
  for (int i = 0; i < 6; ++i) {
    must(world_.revalidate(device_));
  }
  const auto certificates = world_.certificates(device_).size();
  world_.clock.advance(std::chrono::minutes{10});
  const auto refused = world_.revalidate(device_);
  EXPECT_EQ(code_of(refused), Code::rate_limited);
  EXPECT_EQ(refused.error().retry_after, std::chrono::minutes{50});
  EXPECT_EQ(world_.certificates(device_).size(), certificates);
  world_.clock.advance(refused.error().retry_after);
  EXPECT_TRUE(world_.revalidate(device_));
  EXPECT_EQ(world_.wrong(), "");
}

TEST_F(Revalidate, release_before_the_hardware_is_proved_is_held) {
  later();
  must(world_.act(DeviceAction::suspend, device_));
  EXPECT_EQ(code_of(world_.act(DeviceAction::release, device_)), Code::held);
}

TEST_F(Revalidate, brings_a_device_back_under_the_successor_of_a_revoked_ca) {
  must(world_.cases->hierarchy.revoke_ca("operational/heatpump/plant-1/B-1/g1", "operator:test"));
  EXPECT_FALSE(allowed());
  later();
  const auto answer = must(world_.revalidate(device_));
  const auto& issued = std::get<Issued>(answer);
  EXPECT_EQ(world_.cases->cas.get()->find(issued.record.ca)->record.generation, 2U);
  EXPECT_TRUE(allowed());
  EXPECT_EQ(world_.wrong(), "");
}

TEST_F(Revalidate, is_the_only_way_from_under_a_revoked_ca) {
  world_.clock.advance(std::chrono::days{21});
  const auto batch = world_.batch("B-1");
  const auto directory = world_.cases->cas.get();
  must(world_.cases->hierarchy.revoke_ca(directory->find(batch.operational_ca)->record.name, "operator:admin"));
  const auto certificates = world_.certificates(device_).size();
  EXPECT_EQ(code_of(world_.renew(device_)), Code::credential_ended);
  EXPECT_EQ(world_.certificates(device_).size(), certificates);
  EXPECT_TRUE(world_.revalidate(device_));
  EXPECT_EQ(world_.wrong(), "");
}

TEST_F(Revalidate, no_appraisal_clears_a_clone) {
  must(world_.act(DeviceAction::suspend, device_, HoldCause::clone));
  later();
  EXPECT_TRUE(std::holds_alternative<StillHeld>(must(world_.revalidate(device_))));
  EXPECT_EQ(code_of(world_.act(DeviceAction::release, device_)), Code::second_person_required);
}

TEST_F(Revalidate, evidence_from_before_the_hold_counts_for_nothing) {
  const auto caller = crypto::sha256(as_bytes("peer"));
  auto& use = world_.cases->revalidation;
  const PaperKey key{tpm::Template::idevid_birthmark};
  const auto challenge = must(use.begin(caller));
  const app::RevalidationEvidence evidence{.device = device_.id,
                                           .request_id = world_.next_request_id(),
                                           .ek_public = device_.tpm.ek.public_area(),
                                           .evidence = world_.device_evidence(device_, key, challenge)};
  const auto activation = std::get<app::ActivationChallenge>(must(use.evidence(caller, evidence)));
  const auto secret = must(device_.tpm.activate(activation.id_object, activation.encrypted_secret));
  later();
  must(world_.act(DeviceAction::suspend, device_, HoldCause::volume));
  EXPECT_EQ(code_of(use.activate(caller, activation.session, secret)), Code::evidence_missing);
  EXPECT_EQ(world_.state(device_), State::suspended);
  EXPECT_EQ(code_of(use.activate(caller, activation.session, secret)), Code::nonce_used);
}

TEST_F(Revalidate, another_chip_proves_nothing) {
  const auto caller = crypto::sha256(as_bytes("peer"));
  auto& use = world_.cases->revalidation;
  const auto other = world_.make_device();
  const PaperKey key{tpm::Template::idevid_birthmark};
  auto challenge = must(use.begin(caller));
  app::RevalidationEvidence evidence{.device = device_.id,
                                     .request_id = world_.next_request_id(),
                                     .ek_public = other.tpm.ek.public_area(),
                                     .evidence = world_.device_evidence(device_, key, challenge)};
  EXPECT_EQ(code_of(use.evidence(caller, evidence)), Code::ek_untrusted);
  challenge = must(use.begin(caller));
  evidence.ek_public = device_.tpm.ek.public_area();
  evidence.evidence = world_.device_evidence(other, key, challenge);
  EXPECT_EQ(code_of(use.evidence(caller, evidence)), Code::bad_evidence);
  challenge = must(use.begin(caller));
  evidence.evidence = world_.device_evidence(device_, key, challenge);
  const auto activation = std::get<app::ActivationChallenge>(must(use.evidence(caller, evidence)));
  EXPECT_EQ(check_of(use.activate(caller, activation.session, Bytes(32))), "activation");
  EXPECT_EQ(world_.certificates(device_).size(), 2U);
}

TEST_F(Revalidate, before_the_seal_it_is_forbidden) {
  auto fresh = world_.device_in(State::uninitialized);
  EXPECT_EQ(code_of(world_.revalidate(fresh)), Code::state_forbids);
}

}  // namespace
}  // namespace birthmark::test
