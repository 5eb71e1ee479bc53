// SPDX-License-Identifier: Apache-2.0
#include "app/provisioning.h"

#include <algorithm>

#include "app/registration.h"
#include "app/subjects.h"
#include "crypto/hash.h"
#include "lifecycle/device_id.h"
#include "pki/csr_policy.h"

namespace birthmark::app {
namespace {

using lifecycle::Purpose;

lifecycle::RootClass root_class(attest::AnchorClass of) {
  return of == attest::AnchorClass::genuine ? lifecycle::RootClass::genuine : lifecycle::RootClass::simulated;
}

lifecycle::DeviceRecord new_device(const DeviceId& id, const attest::EndorsedChip& chip, const BatchRecord& batch,
                                   const Doing& doing) {
  lifecycle::DeviceRecord device;
  device.id = id;
  device.root = lifecycle::RootKind::tpm;
  device.root_class = root_class(chip.anchor_class);
  device.product = batch.budget.product;
  device.batch = batch.budget.id;
  device.epoch = doing.epoch;
  device.provisioned_at = doing.now;
  device.appraised_at = doing.now;
  return device;
}

// Steps of docs/wire/evidence.md, PROVISION, that are the registry's own: kept with the device as those of its
// evidence.
constexpr std::string_view kStation = "docs/wire/evidence.md, PROVISION 1";
constexpr std::string_view kChallenge = "docs/wire/evidence.md, PROVISION 3";
constexpr std::string_view kRequest = "docs/wire/evidence.md, PROVISION 6";
constexpr std::string_view kPolicy = "docs/wire/evidence.md, PROVISION 7";
constexpr std::string_view kIntent = "docs/wire/evidence.md, PROVISION 8";

bool lists_hardware(const BatchRecord& batch) {
  return batch.budget.plan == lifecycle::PlanOfHardware::present;
}

/// Whether the batch takes this chip: it lists it, or it lists none.
Result<bool> is_planned(Tx& tx, const BatchRecord& batch, const attest::EndorsedChip& chip) {
  return lists_hardware(batch) ? tx.in_plan(batch.budget.id, chip.certificate_hash) : Result<bool>{true};
}

/// What held in the transaction that put this evidence on record.
enum class Unit : std::uint8_t { taken_now, taken_before };
attest::Findings held_at_intent(const BatchRecord& batch, Unit unit) {
  return {attest::held("plan", kIntent, Code::not_in_plan,
                       lists_hardware(batch) ? "listed" : "the batch lists no hardware"),
          attest::held("known", kIntent, Code::key_reuse, "no other device has this EK, AK or key"),
          attest::held("budget", kIntent, Code::quota_exhausted, unit == Unit::taken_before ? "has its unit" : "")};
}

/// Whether the device has its unit of the budget: one that was only held in a collision has none.
Result<bool> unit_taken(Tx& tx, DeviceRow device) {
  BM_TRY(const auto certificates, tx.heads_of(device));
  return std::ranges::any_of(certificates, [](const auto& certificate) { return certificate.counted; });
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
  auto chip = attest::appraise_endorsement(endorsement, ports_.trust, ports_.clock.now());
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

  static const Bytes kEmptyName{0x30, 0x00};
  BM_TRY(auto key, pki::judge_csr(request, {.subject = kEmptyName, .subject_alt_name = {}, .channel_binding = {}}));
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
                           {.request_id = evidence.request_id,
                            .chip = std::move(judged.chip),
                            .ak_public = evidence.ak_public,
                            .ak_name = crypto::sha256(name),
                            .spki = to_bytes(judged.key.spki()),
                            .findings = std::move(judged.findings)});
}

Result<Issued> Provisioning::activate(const Digest& station, const std::string& batch, const SessionId& session,
                                      BytesView secret) {
  BM_TRY(const auto grant, admit(ports_.store, {station, StationRole::provision, batch, ports_.clock.now()}));
  BM_TRY(auto shown, activations_.take(station, session, secret));
  BM_CHECK(policy_admits(shown.chip, grant.batch));  // as it stands now
  shown.findings.push_back(attest::held("activation", "TPM 2.0 Part 1 §24", Code::bad_evidence,
                                        "EK certificate SHA-256 " + to_hex(shown.chip.certificate_hash.get())));
  shown.findings.push_back(attest::held("policy.root", kPolicy, Code::policy, shown.chip.vendor));
  BM_TRY(auto present, resume(shown, grant));
  if (present) {
    return std::move(*present);
  }
  BM_TRY(const auto policy, ports_.catalog.find(grant.batch.budget.product));
  const auto id = lifecycle::device_id(lifecycle::RootKind::tpm, shown.chip.spki);
  Order order;
  order.ca = grant.batch.manufacturing_ca;
  order.list = grant.batch.list;
  order.profile = pki::ProfileId::idevid;
  order.kind = lifecycle::CredentialKind::idevid;
  order.purpose = Purpose::provision;
  order.actor = "station:" + grant.station.name;
  order.reason = "provision";
  order.subject = device_subject(grant.batch, policy->name, id, shown.spki,
                                 {.hardware_serial = shown.chip.hardware_serial,
                                  .root = lifecycle::RootKind::tpm,
                                  .root_class = root_class(shown.chip.anchor_class),
                                  .appraised_at = std::nullopt});
  order.newcomer = [&](Tx& tx) { return find_or_add(tx, shown, grant); };
  auto issued = ports_.issuance.issue(order, RequestKey{station, shown.request_id},
                                      [&](Tx& tx, CertificateRecord& record, const lifecycle::ClockReading& clock) {
                                        return at_intent(tx, record, shown, grant, clock);
                                      });
  if (!issued && issued.error().code == Code::hardware_known) {
    BM_CHECK(report_known(id, grant));
  }
  return issued;
}

Result<void> Provisioning::at_intent(Tx& tx, CertificateRecord& record, const Shown& shown, const StationGrant& grant,
                                     const lifecycle::ClockReading& clock) {
  const Doing doing{clock.now, ports_.store.epoch(), "station:" + grant.station.name};
  BM_TRY(auto batch, tx.batch(grant.batch.budget.id));
  if (!batch) {
    return fail(Code::batch_closed, "the batch is gone");
  }
  BM_TRY(const bool planned, is_planned(tx, *batch, shown.chip));
  if (!planned) {
    return fail(Code::not_in_plan, "this endorsement certificate is not on the batch's list");
  }
  const auto id = lifecycle::device_id(lifecycle::RootKind::tpm, shown.chip.spki);
  BM_TRY(const auto known, tx.device(id));
  if (known) {
    const auto where =
        known->batch == batch->budget.id ? lifecycle::SeenIn::same_batch : lifecycle::SeenIn::other_batch;
    BM_CHECK(lifecycle::judge_known_hardware(known->state, where, lifecycle::ReworkPermission::none));
    if (!known->holds.empty()) {
      return fail(Code::held, lifecycle::why_left(known->holds, {}));
    }
    record.device = known->row;
  }
  BM_TRY(const bool taken, known ? unit_taken(tx, known->row) : Result<bool>{false});
  if (!taken) {
    BM_TRY(batch->budget, lifecycle::reserve(batch->budget, clock));
    BM_CHECK(tx.update_batch(*batch));
    record.counted = true;
  }
  if (!known) {
    BM_TRY(record.device, tx.add_device(new_device(id, shown.chip, *batch, doing)));
  }
  return remember(tx, record.device, shown, grant, held_at_intent(*batch, taken ? Unit::taken_before : Unit::taken_now),
                  clock.now);
}

/// What recognises the hardware again, and what was found of it.
Result<void> Provisioning::remember(Tx& tx, DeviceRow device, const Shown& shown, const StationGrant& grant,
                                    attest::Findings at_intent, Instant now) const {
  for (const auto& [digest, kind] :
       {std::pair{crypto::sha256(shown.chip.spki), KnownKind::ek_spki}, std::pair{shown.ak_name, KnownKind::ak_name}}) {
    BM_TRY(const auto holder, tx.known(digest));
    if (holder && holder->device != device) {
      return fail(Code::key_reuse, "another identity holds this AK or EK", std::to_string(holder->device.get()));
    }
    BM_CHECK(tx.add_known(digest, {kind, device}));
  }
  BM_CHECK(tx.put_root({.device = device,
                        .ak_public = shown.ak_public,
                        .hardware_serial = shown.chip.hardware_serial,
                        .provisioned_by = grant.station.id,
                        .ek_modulus = shown.chip.rsa_modulus}));
  auto found = shown.findings;
  found.insert(found.end(), std::make_move_iterator(at_intent.begin()), std::make_move_iterator(at_intent.end()));
  const auto findings = attest::write(found);
  BM_CHECK(tx.put_findings(device, Purpose::provision, now, findings));
  return without_value(tx.audit({.kind = audit::EntryKind::appraisal,
                                 .at = now,
                                 .epoch = ports_.store.epoch().get(),
                                 .device = lifecycle::device_id(lifecycle::RootKind::tpm, shown.chip.spki),
                                 .evidence_hash = crypto::sha256(findings),
                                 .actor = "station:" + grant.station.name,
                                 .reason = "provision"}));
}

/// The same unit with the same key before its seal: its IDevID goes on, no serial and no quota is used, and this
/// request is answered by it from now on (design rule 1). Nothing: whatever else there is to say, the issuance says.
Result<std::optional<Issued>> Provisioning::resume(const Shown& shown, const StationGrant& grant) {
  const auto id = lifecycle::device_id(lifecycle::RootKind::tpm, shown.chip.spki);
  const auto spki = crypto::sha256(shown.spki);
  const auto find = [&](Tx& tx) -> Result<std::optional<CertificateRecord>> {
    BM_TRY(const auto device, tx.device(id));
    BM_TRY(const auto ak, tx.known(shown.ak_name));
    BM_TRY(const auto request, tx.request(grant.station.spki, shown.request_id));
    BM_TRY(const bool planned, is_planned(tx, grant.batch, shown.chip));
    if (!planned || !device || device->state != lifecycle::State::uninitialized || !device->holds.empty() ||
        device->batch != grant.batch.budget.id || request || (ak && ak->device != device->row)) {
      return std::optional<CertificateRecord>{};
    }
    BM_TRY(const auto certificates, tx.certificates_of(device->row));
    const auto found = std::ranges::find_if(certificates, [&](const CertificateRecord& record) {
      return record.kind == lifecycle::CredentialKind::idevid && record.issuance == IssuanceState::registered &&
             record.standing == lifecycle::Standing::live && record.spki == spki &&
             record.ca == grant.batch.manufacturing_ca;
    });
    return found == certificates.end() ? std::optional<CertificateRecord>{} : std::optional{*found};
  };
  BM_TRY(const auto seen, ports_.store.read_for<std::optional<CertificateRecord>>(find));
  if (!seen) {
    return std::optional<Issued>{};
  }
  return ports_.store.write_for<std::optional<Issued>>([&](Tx& tx) -> Result<std::optional<Issued>> {
    BM_TRY(auto record, find(tx));
    if (!record) {
      return std::optional<Issued>{};
    }
    const auto now = ports_.clock.now();
    BM_CHECK(remember(tx, record->device, shown, grant, held_at_intent(grant.batch, Unit::taken_before), now));
    BM_CHECK(tx.add_request({grant.station.spki, shown.request_id, spki, record->row, now}));
    auto certificate = certificate_of(*record);
    return std::optional{Issued{std::move(*record), std::move(certificate)}};
  });
}

/// Proven hardware of an identity in the field at a line: an incident, no hold (design rule 1).
Result<void> Provisioning::report_known(const DeviceId& device, const StationGrant& grant) {
  return ports_.store.write([&](Tx& tx) {
    return without_value(tx.audit({.kind = audit::EntryKind::incident,
                                   .at = ports_.clock.now(),
                                   .epoch = ports_.store.epoch().get(),
                                   .device = device,
                                   .actor = "station:" + grant.station.name,
                                   .refusal = Code::hardware_known,
                                   .reason = "hardware of a known identity was provisioned again"}));
  });
}

/// One that is only held has no certificate and no unit of the budget.
Result<lifecycle::DeviceRecord> Provisioning::find_or_add(Tx& tx, const Shown& shown, const StationGrant& grant) const {
  const auto id = lifecycle::device_id(lifecycle::RootKind::tpm, shown.chip.spki);
  BM_TRY(auto known, tx.device(id));
  if (known) {
    return std::move(*known);
  }
  auto device = new_device(id, shown.chip, grant.batch, {ports_.clock.now(), ports_.store.epoch()});
  BM_TRY(device.row, tx.add_device(device));
  return device;
}

}  // namespace birthmark::app
