// SPDX-License-Identifier: Apache-2.0
#include "app/provisioning.h"

#include "crypto/hash.h"
#include "lifecycle/device_id.h"
#include "pki/csr_policy.h"

namespace birthmark::app {
namespace {

using lifecycle::Purpose;

// Steps of docs/wire/evidence.md, PROVISION, that are the registry's own: kept with the device as those of its
// evidence.
constexpr std::string_view kStation = "docs/wire/evidence.md, PROVISION 1";
constexpr std::string_view kChallenge = "docs/wire/evidence.md, PROVISION 3";
constexpr std::string_view kRequest = "docs/wire/evidence.md, PROVISION 6";
constexpr std::string_view kPolicy = "docs/wire/evidence.md, PROVISION 7";

using Stood = ProvisionEvidence::Stood;

/// A unit of the line asks for an empty name and for nothing else.
Result<crypto::PublicKey> judge_request(const pkcs10::Request& request, Stood evidence) {
  static const Bytes kEmptyName{0x30, 0x00};
  using Evidence = pki::CsrExpectation::Evidence;
  return pki::judge_csr(request,
                        {.subject = kEmptyName,
                         .subject_alt_name = {},
                         .channel_binding = {},
                         .evidence = evidence == Stood::in_request ? Evidence::passed_over : Evidence::refused});
}

/// The evidence of a TPM as if it had come beside its request.
ProvisionEvidence beside(const RequestEvidence& sent, const attest::TpmEvidence& tpm) {
  return {.session = sent.session,
          .request_id = sent.request_id,
          .ek_certificate = tpm.ek_certificate,
          .ek_chain = tpm.chain,
          .ek_public = tpm.ek_public,
          .ak_public = tpm.ak_public,
          .idevid_public = tpm.key_public,
          .statement = tpm.statement,
          .csr = sent.csr,
          .creation_data = tpm.creation_data,
          .stood = Stood::in_request};
}

/// What a product asks of evidence at the line. Debug is closed by the seal, not before it.
attest::EvidencePolicy at_the_line(const policy::ProductPolicy& policy) {
  auto out = policy.evidence;
  out.debug = attest::DebugGate::not_judged;
  return out;
}

}  // namespace

Result<Challenge> Provisioning::begin(const Digest& station, const std::string& batch) {
  BM_CHECK(admit(ports_.store, {station, StationRole::provision, batch, ports_.clock.now()}));
  return ports_.challenges.give(Purpose::provision, station);
}

Result<EvidenceAnswer> Provisioning::evidence(const Digest& station, const std::string& batch,
                                              const ProvisionEvidence& evidence) {
  BM_TRY(const auto grant, admit(ports_.store, {station, StationRole::provision, batch, ports_.clock.now()}));
  BM_TRY(const auto request, pkcs10::Request::read(evidence.csr));
  // A repeat of (caller, id, key) is answered before any nonce is looked at (design "Times").
  BM_TRY(auto earlier, ports_.issuance.repeat({station, evidence.request_id}, crypto::sha256(request.spki()),
                                              "station:" + grant.station.name));
  if (earlier) {
    return EvidenceAnswer{std::move(*earlier)};
  }
  BM_CHECK(has_room(evidence, grant));
  BM_TRY(const auto challenge, ports_.challenges.burn(evidence.session, Purpose::provision, station));
  BM_TRY(auto judged, judge(evidence, challenge, grant));
  BM_TRY(auto answer, challenge_chip(station, evidence, std::move(judged)));
  return EvidenceAnswer{std::move(answer)};
}

Result<EvidenceAnswer> Provisioning::evidence_in_request(const Digest& station, const std::string& batch,
                                                         const RequestEvidence& sent) {
  BM_TRY(const auto grant, admit(ports_.store, {station, StationRole::provision, batch, ports_.clock.now()}));
  BM_TRY(const auto request, pkcs10::Request::read(sent.csr));
  BM_TRY(const auto evidence, attest::evidence_of(request));
  if (const auto* const tpm = std::get_if<attest::TpmEvidence>(&evidence)) {
    return this->evidence(station, batch, beside(sent, *tpm));
  }
  return register_at_once(station, sent, request, evidence, grant);
}

Result<EvidenceAnswer> Provisioning::register_at_once(const Digest& station, const RequestEvidence& sent,
                                                      const pkcs10::Request& request, const attest::Evidence& evidence,
                                                      const StationGrant& grant) {
  const auto spki = crypto::sha256(request.spki());
  BM_TRY(auto earlier, ports_.issuance.repeat({station, sent.request_id}, spki, "station:" + grant.station.name));
  if (earlier) {
    return EvidenceAnswer{std::move(*earlier)};
  }
  BM_TRY(const auto challenge, ports_.challenges.burn(sent.session, Purpose::provision, station));
  BM_TRY(const auto policy, ports_.catalog.find(grant.batch.budget.product));
  const auto fresh =
      lifecycle::freshness_value(Purpose::provision, challenge.nonce, challenge.session, std::nullopt, spki);
  auto appraisal =
      attest::appraise(evidence, {.freshness = fresh, .requested_spki = request.spki(), .now = ports_.clock.now()},
                       at_the_line(*policy), ports_.trust);
  BM_CHECK(attest::verdict(appraisal.findings));
  BM_TRY(auto hardware, proven(*appraisal.claims));
  BM_CHECK(policy::admits_root(*policy, hardware.kind, hardware.root_class, hardware.vendor));
  BM_CHECK(judge_request(request, Stood::in_request));

  attest::Findings findings{
      attest::held("station", kStation, Code::station_not_authorised, grant.station.name + " for " + grant.batch.name),
      attest::held("challenge", kChallenge, Code::nonce_used)};
  findings.insert(findings.end(), std::make_move_iterator(appraisal.findings.begin()),
                  std::make_move_iterator(appraisal.findings.end()));
  findings.push_back(attest::held("request", kRequest, Code::csr_policy));
  findings.push_back(attest::held("policy.root", kPolicy, Code::policy, hardware.vendor));
  BM_TRY(auto issued, birth_.register_newborn({.request_id = sent.request_id,
                                               .hardware = std::move(hardware),
                                               .spki = to_bytes(request.spki()),
                                               .findings = std::move(findings)},
                                              grant, policy->name));
  return EvidenceAnswer{std::move(issued)};
}

/// Before any work that a refusal would waste: whether the rate has a unit now. What counts is taken at the intent, the
/// quota there alone: a full batch must not hide what an attacker's evidence is. A device that is on the books is
/// answered there too, as it may have its unit.
Result<void> Provisioning::has_room(const ProvisionEvidence& evidence, const StationGrant& grant) const {
  const auto room = lifecycle::reserve(grant.batch.budget, {.now = ports_.clock.now(), .high_water = std::nullopt});
  if (room || room.error().code != Code::rate_limited) {
    return {};
  }
  BM_TRY(const auto area, tpm::read_public(evidence.ek_public));
  BM_TRY(const auto key, attest::public_key(area));
  const auto id = lifecycle::device_id(lifecycle::RootKind::tpm, key.spki());
  BM_TRY(const auto known,
         ports_.store.read_for<std::optional<lifecycle::DeviceRecord>>([&](Tx& tx) { return tx.device(id); }));
  return known ? Result<void>{} : fail(room.error());
}

Result<Provisioning::Judged> Provisioning::judge(const ProvisionEvidence& evidence, const Challenge& challenge,
                                                 const StationGrant& grant) const {
  BM_TRY(const auto endorsement,
         attest::read_endorsement(evidence.ek_certificate, evidence.ek_chain, evidence.ek_public));
  auto chip = attest::appraise_endorsement(endorsement, ports_.trust.tpm, ports_.clock.now());
  BM_CHECK(attest::verdict(chip.findings));
  BM_CHECK(policy_admits(*chip.chip, grant.batch));

  BM_TRY(const auto request, pkcs10::Request::read(evidence.csr));
  const auto spki = crypto::sha256(request.spki());
  const auto freshness =
      lifecycle::freshness_value(Purpose::provision, challenge.nonce, challenge.session, std::nullopt, spki);
  auto statement = attest::appraise_key_statement(evidence.statement, {.ak_public = evidence.ak_public,
                                                                       .key_public = evidence.idevid_public,
                                                                       .parent_public = {},
                                                                       .freshness = freshness,
                                                                       .requested_spki = request.spki(),
                                                                       .creation_data = evidence.creation_data});
  BM_CHECK(attest::verdict(statement.findings));

  BM_TRY(auto key, judge_request(request, evidence.stood));
  attest::Findings findings{
      attest::held("station", kStation, Code::station_not_authorised, grant.station.name + " for " + grant.batch.name),
      attest::held("challenge", kChallenge, Code::nonce_used)};
  for (auto* const walked : {&chip.findings, &statement.findings}) {
    findings.insert(findings.end(), std::make_move_iterator(walked->begin()), std::make_move_iterator(walked->end()));
  }
  findings.push_back(attest::held("request", kRequest, Code::csr_policy));
  return Judged{std::move(*chip.chip), std::move(key), std::move(findings)};
}

/// @error policy, test_anchor
Result<void> Provisioning::policy_admits(const attest::EndorsedChip& chip, const BatchRecord& batch) const {
  BM_TRY(const auto policy, ports_.catalog.find(batch.budget.product));
  return policy::admits_root(*policy, lifecycle::RootKind::tpm, root_class(chip.anchor_class), chip.vendor);
}

Result<ActivationChallenge> Provisioning::challenge_chip(const Digest& station, const ProvisionEvidence& evidence,
                                                         Judged judged) {
  BM_TRY(const auto ek, tpm::read_public(evidence.ek_public));
  BM_TRY(const auto key, attest::endorsement_key(ek));
  BM_TRY(const auto name, attest::ak_name(evidence.ak_public));
  return activations_.give(station, key, name,
                           {.newborn = {.request_id = evidence.request_id,
                                        .hardware = proven_tpm(judged.chip, evidence.ak_public, crypto::sha256(name)),
                                        .spki = to_bytes(judged.key.spki()),
                                        .findings = std::move(judged.findings)},
                            .certificate_hash = judged.chip.certificate_hash});
}

Result<Issued> Provisioning::activate(const Digest& station, const std::string& batch, const SessionId& session,
                                      BytesView secret) {
  BM_TRY(const auto grant, admit(ports_.store, {station, StationRole::provision, batch, ports_.clock.now()}));
  BM_TRY(auto shown, activations_.take(station, session, secret));
  auto& findings = shown.newborn.findings;
  findings.push_back(attest::held("activation", "TPM 2.0 Part 1 §24", Code::bad_evidence,
                                  "EK certificate SHA-256 " + to_hex(shown.certificate_hash.get())));
  BM_TRY(const auto policy, ports_.catalog.find(grant.batch.budget.product));
  const auto& hardware = shown.newborn.hardware;
  // As it stands now.
  BM_CHECK(policy::admits_root(*policy, hardware.kind, hardware.root_class, hardware.vendor));
  findings.push_back(attest::held("policy.root", kPolicy, Code::policy, hardware.vendor));
  return birth_.register_newborn(shown.newborn, grant, policy->name);
}

}  // namespace birthmark::app
