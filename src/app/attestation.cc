// SPDX-License-Identifier: Apache-2.0
#include "app/attestation.h"

#include "app/registration.h"
#include "crypto/hash.h"

namespace birthmark::app {
namespace {

using lifecycle::Purpose;
using lifecycle::State;

/// Revalidation is all that S4 may prove itself for (design rule 6).
Result<void> may_attest(State state) {
  const bool serves = state == State::provisioned || state == State::enrolled || state == State::operational;
  const std::string name{lifecycle::short_name(state)};
  return serves ? Result<void>{}
                : fail(Code::state_forbids,
                       name + (state == State::suspended ? " may only revalidate" : " attests nothing"));
}

/// What the device says it runs against the product's minimum (AC-44).
Result<std::optional<lifecycle::FirmwareVersion>> judge_firmware(const std::string& said,
                                                                 const lifecycle::FirmwareVersion& minimum) {
  if (said.empty()) {
    return minimum == lifecycle::FirmwareVersion{}
               ? Result<std::optional<lifecycle::FirmwareVersion>>{std::nullopt}
               : fail(Code::fw_rollback, "the device does not say what firmware it runs", "firmware.unsaid");
  }
  const auto version = lifecycle::FirmwareVersion::parse(said);
  if (!version) {
    return fail(Code::bad_request, "firmware: one to four numbers with dots between");
  }
  return *version < minimum ? Result<std::optional<lifecycle::FirmwareVersion>>{fail(
                                  Code::fw_rollback, "firmware " + said + " is below the minimum")}
                            : Result<std::optional<lifecycle::FirmwareVersion>>{version};
}

}  // namespace

Result<Challenge> Attestation::begin(Purpose purpose, const Digest& caller, const lifecycle::DeviceRecord& device) {
  BM_CHECK(may_attest(device.state));
  return ports_.challenges.give(purpose, caller);
}

Result<AppraisalRecord> Attestation::attest(Purpose purpose, const Digest& caller, DeviceRow row,
                                            const DeviceEvidence& evidence) {
  BM_TRY(const auto challenge, ports_.challenges.burn(evidence.session, purpose, caller));
  // The evidence is judged outside the transaction: nobody waits for signatures while the store is written.
  BM_TRY(const auto known, ports_.store.read_for<KnownDevice>([&](Tx& tx) { return known_device(tx, row); }));
  BM_CHECK(may_attest(known.device.state));
  const auto judged = judge(known, evidence, challenge);
  if (!judged) {
    // Silence proves nothing, so it contains nobody.
    if (judged.error().code == Code::fw_rollback && judged.error().check != "firmware.unsaid") {
      BM_CHECK(contain(row));
    }
    return fail(judged.error());
  }
  const AppraisalRecord appraisal{row, judged->key.key.spki_sha256(), purpose, ports_.clock.now(), judged->firmware};
  BM_CHECK(keep(appraisal, judged->key.findings));
  return appraisal;
}

Result<Attestation::Judged> Attestation::judge(const KnownDevice& known, const DeviceEvidence& evidence,
                                               const Challenge& challenge) const {
  BM_TRY(auto key, ports_.hardware.judge_key(evidence.key, known, challenge));
  BM_TRY(const auto policy, ports_.catalog.find(known.device.product));
  BM_TRY(const auto firmware, judge_firmware(evidence.firmware, policy->minimum_firmware));
  return Judged{std::move(key), firmware};
}

Result<void> Attestation::keep(const AppraisalRecord& appraisal, const attest::Findings& found) {
  const auto findings = attest::write(found);
  return ports_.store.write([&](Tx& tx) -> Result<void> {
    BM_TRY(const auto now, known_device(tx, appraisal.device));
    BM_CHECK(may_attest(now.device.state));
    BM_CHECK(note_appraisal(tx, now.device, appraisal));
    BM_CHECK(tx.put_appraisal(appraisal));
    BM_CHECK(tx.put_findings(appraisal.device, appraisal.purpose, appraisal.at, findings));
    return without_value(tx.audit({.kind = audit::EntryKind::appraisal,
                                   .at = appraisal.at,
                                   .epoch = ports_.store.epoch().get(),
                                   .device = now.device.id,
                                   .spki_hash = appraisal.spki,
                                   .evidence_hash = crypto::sha256(findings),
                                   .actor = kDeviceActor,
                                   .reason = std::string{lifecycle::name(appraisal.purpose)}}));
  });
}

/// Whoever asks has shown the device's own certificate: nobody else's old firmware contains it.
Result<void> Attestation::contain(DeviceRow row) {
  BM_CHECK(ports_.store.write([&](Tx& tx) -> Result<void> {
    BM_TRY(const auto device, device_of(tx, row));
    const Doing doing{ports_.clock.now(), ports_.store.epoch(), "registry:firmware"};
    if (device.state == State::operational) {
      BM_TRY(const auto suspend, lifecycle::decide_suspend(device, lifecycle::HoldCause::policy));
      return without_value(advance(tx, device, suspend, doing));
    }
    const bool waits = device.state == State::enrolled && !device.holds.contains(lifecycle::HoldCause::policy);
    return waits
               ? without_value(advance(tx, device, lifecycle::decide_hold(device, lifecycle::HoldCause::policy), doing))
               : Result<void>{};
  }));
  ports_.sessions.cut({row});
  return {};
}

Result<AppraisalRecord> use_appraisal(Tx& tx, DeviceRow device, const Digest& spki, Purpose purpose, Instant now) {
  BM_TRY(const auto appraisal, tx.take_appraisal(device, spki));
  if (!appraisal || appraisal->purpose != purpose || now - appraisal->at > Attestation::kAppraisalLifetime ||
      appraisal->at > now) {
    return fail(Code::evidence_missing, "no appraisal of this device and key within ten minutes");
  }
  return *appraisal;
}

}  // namespace birthmark::app
