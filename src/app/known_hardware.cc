// SPDX-License-Identifier: Apache-2.0
#include "app/known_hardware.h"

#include "app/proven_hardware.h"
#include "attest/endorsement.h"
#include "codec/csr_attestation.h"
#include "codec/tpm_public.h"
#include "crypto/hash.h"

namespace birthmark::app {
namespace {

using lifecycle::RootKind;

Error other_form(const KnownDevice& known) {
  const bool tpm = known.device.root == RootKind::tpm;
  return {Code::bad_evidence, tpm ? "a TPM answers with a statement of its AK" : "this root answers with a bundle",
          "evidence.form"};
}

/// What a product asks of hardware in the field. A TPM and a secure element say nothing of the debug port of the device
/// around them: there the record of the lock-check station stands in.
attest::EvidencePolicy in_the_field(const policy::ProductPolicy& policy, RootKind kind) {
  auto out = policy.evidence;
  if (kind != RootKind::psa && kind != RootKind::dice) {
    out.debug = attest::DebugGate::not_judged;
  }
  return out;
}

Digest freshness(const Challenge& challenge, const DeviceId& device, const Digest& spki) {
  return lifecycle::freshness_value(challenge.purpose, challenge.nonce, challenge.session, device, spki);
}

Result<KeyAppraisal> judge_tpm_key(const TpmKeyEvidence& evidence, const KnownDevice& known,
                                   const Challenge& challenge) {
  BM_TRY(const auto area, tpm::read_public(evidence.key_public));
  BM_TRY(const auto key, attest::public_key(area));
  if (evidence.parent_public.empty()) {
    // A primary of the endorsement hierarchy, as the IDevID is, would outlive TPM2_Clear.
    return fail(Code::bad_evidence, "an operational key lies below a storage key of the owner", "statement.place");
  }
  auto appraisal = attest::appraise_key_statement(
      evidence.statement, {.ak_public = known.root.ak_public,
                           .key_public = evidence.key_public,
                           .parent_public = evidence.parent_public,
                           .freshness = freshness(challenge, known.device.id, key.spki_sha256()),
                           .requested_spki = key.spki()});
  BM_CHECK(attest::verdict(appraisal.findings));
  return KeyAppraisal{std::move(*appraisal.certified), std::move(appraisal.findings)};
}

Result<SelfAppraisal> judge_quote(const attest::TpmStatement& quote, const KnownDevice& known,
                                  const Challenge& challenge) {
  BM_TRY(const auto ak, tpm::read_public(known.root.ak_public));
  BM_TRY(const auto key, attest::public_key(ak));
  auto appraisal =
      attest::appraise_quote(quote, known.root.ak_public, freshness(challenge, known.device.id, key.spki_sha256()));
  BM_CHECK(attest::verdict(appraisal.findings));
  return SelfAppraisal{std::move(appraisal.findings), std::move(appraisal.claims)};
}

}  // namespace

Result<KnownDevice> known_device(Tx& tx, DeviceRow row) {
  BM_TRY(auto device, tx.device(row));
  BM_TRY(auto root, tx.root(row));
  if (!device || !root) {
    return fail(Code::not_found, "no such device");
  }
  return KnownDevice{std::move(*device), std::move(*root)};
}

Result<KnownDevice> known_device(Tx& tx, const DeviceId& id) {
  BM_TRY(const auto device, tx.device(id));
  return device ? known_device(tx, device->row) : Result<KnownDevice>{fail(Code::not_found, "no such device")};
}

Result<KeyAppraisal> KnownHardware::judge_key(const KeyEvidence& evidence, const KnownDevice& known,
                                              const Challenge& challenge) const {
  const auto* const tpm = std::get_if<TpmKeyEvidence>(&evidence);
  if ((tpm != nullptr) != (known.device.root == RootKind::tpm)) {
    return fail(other_form(known));
  }
  if (tpm != nullptr) {
    return judge_tpm_key(*tpm, known, challenge);
  }
  const auto& bundled = std::get<BundledKeyEvidence>(evidence);
  return judge(bundled.evidence, bundled.key, attest::DiceKey::leaf, known, challenge);
}

Result<SelfAppraisal> KnownHardware::judge_itself(const SelfEvidence& evidence, const KnownDevice& known,
                                                  const Challenge& challenge) const {
  const auto* const quote = std::get_if<attest::TpmStatement>(&evidence);
  if ((quote != nullptr) != (known.device.root == RootKind::tpm)) {
    return fail(other_form(known));
  }
  if (quote != nullptr) {
    return judge_quote(*quote, known, challenge);
  }
  BM_TRY(auto judged,
         judge(std::get<BundledEvidence>(evidence), known.root.ak_public, attest::DiceKey::device, known, challenge));
  return SelfAppraisal{std::move(judged.findings), std::nullopt};
}

Result<KeyAppraisal> KnownHardware::judge(const BundledEvidence& sent, BytesView key, attest::DiceKey dice_key,
                                          const KnownDevice& known, const Challenge& challenge) const {
  BM_TRY(const auto bundle, csr_attestation::read(sent.bundle));
  BM_TRY(const auto evidence, attest::evidence_of(bundle));
  BM_TRY(const auto policy, ports_.catalog.find(known.device.product));
  auto appraisal =
      attest::appraise(evidence,
                       {.freshness = freshness(challenge, known.device.id, crypto::sha256(key)),
                        .requested_spki = key,
                        .now = ports_.clock.now()},
                       in_the_field(*policy, known.device.root), ports_.trust, {.dice = {.key = dice_key}});
  BM_CHECK(attest::verdict(appraisal.findings));
  BM_TRY(const auto hardware, proven(*appraisal.claims));
  if (hardware.id != known.device.id) {
    return fail(Code::bad_evidence, "this evidence is of other hardware", "evidence.device");
  }
  return KeyAppraisal{std::move(appraisal.claims->key), std::move(appraisal.findings)};
}

}  // namespace birthmark::app
