// SPDX-License-Identifier: Apache-2.0
#include "attest/software.h"

#include "unit/attest/chains.h"

namespace birthmark::attest {
namespace {

using namespace testing;

struct Case {
  crypto::PrivateKey key = pki::testing::new_key();
  EvidencePolicy policy{.debug = DebugGate::not_judged, .vendors = {std::string{kSoftwareVendor}}};
  SoftwareEvidence evidence{to_bytes(key.public_key().spki()), key.sign(fresh_value().get()).value()};
  Bytes requested = to_bytes(key.public_key().spki());

  [[nodiscard]] Appraisal appraise(const Digest& freshness = fresh_value()) const {
    return appraise_software(evidence, {freshness, requested, later()}, policy);
  }
};

TEST(Software, a_named_root_is_labelled_and_claims_nothing_of_hardware) {
  const Case good;
  const auto appraisal = good.appraise();
  EXPECT_EQ(failed_check(appraisal.findings), "");
  ASSERT_TRUE(appraisal.claims);
  const auto& claims = *appraisal.claims;
  EXPECT_EQ(claims.kind, EvidenceKind::software);
  EXPECT_EQ(claims.binding, KeyBinding::possession);
  EXPECT_EQ(claims.hardware.anchor_class, AnchorClass::simulated);
  EXPECT_EQ(claims.hardware.vendor, "software");
  EXPECT_EQ(claims.hardware.public_identity, good.requested);
  EXPECT_FALSE(claims.origin || claims.debug || claims.lifecycle || claims.measurements);
}

// An empty list of vendors allows what is pinned; nothing is pinned for software.
TEST(Software, is_refused_unless_the_policy_names_it) {
  for (const auto& vendors : {std::vector<std::string>{}, std::vector<std::string>{"ACME"}}) {
    Case unnamed;
    unnamed.policy.vendors = vendors;
    const auto appraisal = unnamed.appraise();
    EXPECT_EQ(failed_check(appraisal.findings), "software.named");
    EXPECT_EQ(verdict(appraisal.findings).error().code, Code::policy);
  }
  EXPECT_EQ(failed_check(appraise_software(Case{}.evidence, {fresh_value(), {}, later()}, {}).findings),
            "software.named");
}

TEST(Software, each_step_refuses) {
  Case unreadable;
  unreadable.evidence.spki.pop_back();
  EXPECT_EQ(failed_check(unreadable.appraise().findings), "software.public");
  Case spliced;
  spliced.requested = to_bytes(pki::testing::new_key().public_key().spki());
  EXPECT_EQ(failed_check(spliced.appraise().findings), "software.requested_key");
  const Case replayed;
  EXPECT_EQ(failed_check(replayed.appraise(fresh_value("session 2")).findings), "software.signature");
  Case open;
  open.policy.debug = DebugGate::closed_required;
  EXPECT_EQ(failed_check(open.appraise().findings), "software.debug");
}

TEST(Software, no_damage_passes) {
  Case good;
  const auto passes = [&] { return good.appraise().claims.has_value(); };
  expect_no_damage_passes(good.evidence.spki, passes);
  expect_no_damage_passes(good.evidence.signature, passes);
}

}  // namespace
}  // namespace birthmark::attest
