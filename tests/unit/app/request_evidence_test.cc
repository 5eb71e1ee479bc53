// SPDX-License-Identifier: Apache-2.0
// Provisioning of a root that is no TPM: its evidence stands in the request.
#include <gtest/gtest.h>

#include "app/subjects.h"
#include "codec/der.h"
#include "pki/arc.h"
#include "support/paper_psa.h"
#include "support/world.h"

namespace birthmark::test {
namespace {

using audit::EntryKind;
using lifecycle::State;

policy::ProductPolicy psa_policy() {
  auto policy = test_policy();
  policy.root_kinds = {lifecycle::RootKind::psa};
  policy.evidence.secure_keys = {{.environment = to_bytes(PaperPsa{}.implementation_id)}};
  return policy;
}

class RequestEvidence : public testing::Test {
 protected:
  RequestEvidence() { unit_.deliver_to(world_.trust); }

  app::Challenge challenge() { return must(world_.cases->provisioning.begin(station_.id(), "B-1")); }
  static Digest fresh_for(const PaperPsa& unit, const app::Challenge& given) {
    return lifecycle::freshness_value(lifecycle::Purpose::provision, given.nonce, given.session, std::nullopt,
                                      unit.idevid.public_key().spki_sha256());
  }
  static app::RequestEvidence answer(const PaperPsa& unit, const app::Challenge& given, const Octets<16>& request_id) {
    return {given.session, request_id, unit.request(PaperPsa::bundle(unit.token(fresh_for(unit, given))))};
  }
  Result<app::EvidenceAnswer> send(const app::RequestEvidence& sent) {
    return world_.cases->provisioning.evidence_in_request(station_.id(), "B-1", sent);
  }
  Result<app::EvidenceAnswer> provision(const PaperPsa& unit) {
    return send(answer(unit, challenge(), world_.next_request_id()));
  }
  /// Refused with that code and check; no identity, no serial and no unit of the budget came of it.
  void refused(const app::RequestEvidence& sent, Code code, std::string_view check) {
    const auto got = send(sent);
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code, code) << got.error().detail;
    EXPECT_EQ(got.error().check, check);
    EXPECT_EQ(world_.batch("B-1").budget.issued, 0U);
    EXPECT_EQ(world_.signer.signatures(), signatures_);
  }

  World world_{{.policy = psa_policy()}};
  const Station& station_ = world_.line();
  PaperPsa unit_;
  std::size_t signatures_ = world_.signer.signatures();
};

TEST_F(RequestEvidence, makes_an_identity_of_its_own_kind_at_once) {
  const auto got = must(provision(unit_));
  const auto* const issued = std::get_if<app::Issued>(&got);
  ASSERT_NE(issued, nullptr) << "there is nothing to activate";
  const auto certificate = x509::Certificate::read(issued->certificate).value();
  EXPECT_TRUE(equal(certificate.spki(), unit_.idevid.public_key().spki()));
  EXPECT_EQ(app::device_in(certificate), unit_.id());
  const auto device = must(world_.store().read_for<std::optional<lifecycle::DeviceRecord>>(
      [&](app::Tx& tx) { return tx.device(unit_.id()); }));
  ASSERT_TRUE(device);
  EXPECT_EQ(device->root, lifecycle::RootKind::psa);
  EXPECT_EQ(device->root_class, lifecycle::RootClass::simulated);
  EXPECT_EQ(device->state, State::uninitialized);
  EXPECT_EQ(world_.batch("B-1").budget.issued, 1U);
  EXPECT_EQ(world_.count(EntryKind::appraisal), 1U);
  EXPECT_EQ(world_.wrong(), "");
}

TEST_F(RequestEvidence, of_a_repeat_gets_the_same_certificate_and_costs_nothing) {
  const auto id = world_.next_request_id();
  const auto first = must(send(answer(unit_, challenge(), id)));
  const auto signatures = world_.signer.signatures();
  const auto again = must(send(answer(unit_, challenge(), id)));
  EXPECT_EQ(std::get<app::Issued>(again).certificate, std::get<app::Issued>(first).certificate);
  const auto anew = must(provision(unit_));
  EXPECT_EQ(std::get<app::Issued>(anew).certificate, std::get<app::Issued>(first).certificate) << "the unit goes on";
  EXPECT_EQ(world_.signer.signatures(), signatures);
  EXPECT_EQ(world_.batch("B-1").budget.issued, 1U);
}

TEST_F(RequestEvidence, is_for_one_challenge_and_one_key) {
  const auto given = challenge();
  refused({given.session, world_.next_request_id(), unit_.request(PaperPsa::bundle(unit_.token(Digest{{}})))},
          Code::bad_evidence, "psa.nonce");
  refused(answer(unit_, given, world_.next_request_id()), Code::nonce_used, "");
  PaperPsa stranger;
  const auto next = challenge();
  const auto token = unit_.token(fresh_for(unit_, next));
  refused({next.session, world_.next_request_id(), stranger.request(PaperPsa::bundle(token))}, Code::bad_evidence,
          "psa.nonce");
}

TEST_F(RequestEvidence, that_is_missing_or_mixed_is_refused) {
  refused({challenge().session, world_.next_request_id(), unit_.request({})}, Code::evidence_missing,
          "csr.attestation");
  const auto given = challenge();
  const auto token = unit_.token(fresh_for(unit_, given));
  const auto record = cmw::write(cmw::Record{std::string{psa::kMediaType}, token});
  der::Writer octets;
  octets.octet_string(record);
  const auto value = std::move(octets).finish();
  const auto twice =
      csr_attestation::write(
          {.statements = {{csr_attestation::kPeCmw, value}, {csr_attestation::kPeCmw, value}}, .certificates = {}})
          .value();
  refused({given.session, world_.next_request_id(), unit_.request(twice)}, Code::bad_evidence, "csr.attestation");
  EXPECT_TRUE(send({given.session, world_.next_request_id(), unit_.request(PaperPsa::bundle(token))}))
      << "what could not be read has not burnt the challenge";
}

TEST_F(RequestEvidence, of_an_unknown_instance_or_an_open_root_is_refused) {
  PaperPsa other;
  other.instance_id[5] = 1;
  refused(answer(other, challenge(), world_.next_request_id()), Code::bad_evidence, "psa.key");
  unit_.lifecycle = 0x1000;
  refused(answer(unit_, challenge(), world_.next_request_id()), Code::bad_evidence, "psa.lifecycle");
}

TEST_F(RequestEvidence, of_a_kind_that_the_product_does_not_name_is_refused) {
  World tpm_only{{.policy = [] {
    auto policy = psa_policy();
    policy.root_kinds = {lifecycle::RootKind::tpm};
    return policy;
  }()}};
  unit_.deliver_to(tpm_only.trust);
  auto& line = tpm_only.cases->provisioning;
  const auto& station = tpm_only.line();
  const auto given = must(line.begin(station.id(), "B-1"));
  const auto got = line.evidence_in_request(station.id(), "B-1", answer(unit_, given, tpm_only.next_request_id()));
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, Code::policy);
  EXPECT_EQ(tpm_only.batch("B-1").budget.issued, 0U);
}

TEST_F(RequestEvidence, of_simulated_hardware_needs_a_policy_that_allows_it) {
  World real_only{{.policy = [] {
    auto policy = psa_policy();
    policy.simulated = policy::SimulatedRoots::refused;
    return policy;
  }()}};
  unit_.deliver_to(real_only.trust);
  auto& line = real_only.cases->provisioning;
  const auto& station = real_only.line();
  const auto given = must(line.begin(station.id(), "B-1"));
  const auto got = line.evidence_in_request(station.id(), "B-1", answer(unit_, given, real_only.next_request_id()));
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, Code::test_anchor) << "AC-03";
}

TEST_F(RequestEvidence, of_a_tpm_goes_on_with_its_activation) {
  World world;
  auto device = world.make_device();
  auto& line = world.cases->provisioning;
  const auto& station = world.line();
  const auto given = must(line.begin(station.id(), "B-1"));
  const auto beside = world.provision_evidence(device, given);
  const auto identity = csr_attestation::write(csr_attestation::TpmIdentity{.ek_certificate = beside.ek_certificate,
                                                                            .ek_public = beside.ek_public,
                                                                            .ak_public = beside.ak_public,
                                                                            .parent_public = {},
                                                                            .creation_data = beside.creation_data});
  const auto certify = csr_attestation::write(csr_attestation::TpmCertify{
      .attest = beside.statement.attest, .signature = beside.statement.signature, .key_public = beside.idevid_public});
  const auto bundle = csr_attestation::write(
                          {.statements = {{pki::arc::tpm_evidence, identity}, {csr_attestation::kTpmCertify, certify}},
                           .certificates = {}})
                          .value();
  const std::array evidence{pkcs10::Attribute{csr_attestation::kAttribute, bundle}};
  const auto csr = csr_of(device.tpm.idevid, kEmptyName, evidence);
  const auto got = must(line.evidence_in_request(station.id(), "B-1", {given.session, device.request_id, csr}));
  const auto* const activation = std::get_if<app::ActivationChallenge>(&got);
  ASSERT_NE(activation, nullptr) << "nothing is believed of a TPM before";
  EXPECT_EQ(world.batch("B-1").budget.issued, 0U);
  const auto secret = device.tpm.activate(activation->id_object, activation->encrypted_secret).value();
  EXPECT_TRUE(line.activate(station.id(), "B-1", activation->session, secret));

  auto twice = beside;  // beside the request, the request must carry none: nobody would have judged it
  twice.session = must(line.begin(station.id(), "B-1")).session;
  twice.request_id = world.next_request_id();
  twice.csr = csr;
  EXPECT_FALSE(line.evidence(station.id(), "B-1", twice));
}

}  // namespace
}  // namespace birthmark::test
