// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "support/world.h"

namespace birthmark::test {
namespace {

using lifecycle::Purpose;

/// The attestation of a genuine device is attached to a request for an attacker's key.
class AC02 : public testing::Test {
 protected:
  void is_refused(const app::ProvisionEvidence& evidence) {
    const auto caller = world_.line().id();
    const auto signatures = world_.signer.signatures();
    const auto answer = world_.at_edge(world_.cases->provisioning.evidence(caller, "B-1", evidence), caller);
    EXPECT_EQ(code_of(answer), Code::key_not_attested);
    EXPECT_EQ(world_.refusals(Code::key_not_attested), 1U);
    EXPECT_EQ(world_.devices(), 0U);
    EXPECT_EQ(world_.batch("B-1").budget.issued + world_.batch("B-1").budget.reserved, 0U);
    EXPECT_EQ(world_.signer.signatures(), signatures);
  }

  World world_;
  Device device_ = world_.make_device();
  PaperKey stranger_{tpm::Template::idevid_birthmark};
  app::Challenge challenge_ = must(world_.cases->provisioning.begin(world_.line().id(), "B-1"));
  app::ProvisionEvidence evidence_ = world_.provision_evidence(device_, challenge_);
};

TEST_F(AC02, csr_of_another_key_is_refused) {
  evidence_.csr = csr_of(stranger_, kEmptyName, {});
  is_refused(evidence_);
}

TEST_F(AC02, freshness_over_the_other_key_helps_nothing) {
  const auto freshness = lifecycle::freshness_value(Purpose::provision, challenge_.nonce, challenge_.session,
                                                    std::nullopt, stranger_.spki_hash());
  evidence_.csr = csr_of(stranger_, kEmptyName, {});
  evidence_.statement = device_.tpm.certify(device_.tpm.idevid, freshness);
  is_refused(evidence_);
}

TEST_F(AC02, the_other_keys_public_area_beside_the_statement_is_refused) {
  const auto freshness = lifecycle::freshness_value(Purpose::provision, challenge_.nonce, challenge_.session,
                                                    std::nullopt, stranger_.spki_hash());
  evidence_.csr = csr_of(stranger_, kEmptyName, {});
  evidence_.idevid_public = stranger_.public_area();
  evidence_.statement = device_.tpm.certify(device_.tpm.idevid, freshness);
  is_refused(evidence_);
}

}  // namespace
}  // namespace birthmark::test
