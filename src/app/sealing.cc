// SPDX-License-Identifier: Apache-2.0
#include "app/sealing.h"

#include <algorithm>

#include "app/registration.h"
#include "crypto/hash.h"

namespace birthmark::app {
namespace {

using lifecycle::Claim;
using lifecycle::Purpose;

Claim claim(bool value) {
  return value ? Claim::yes : Claim::no;
}

Result<void> check_signature(const crypto::PublicKey& station, const SealEvidence& evidence) {
  const auto message = lock_check_message(evidence.record);
  if (!station.verify(crypto::SignatureScheme::ecdsa_sha256, message, evidence.record_signature)) {
    return fail(Code::bad_evidence, "the station's signature over the lock-check does not verify",
                "lock_check.signature");
  }
  return {};
}

Result<void> check_record(const crypto::PublicKey& station, const SealEvidence& evidence, const Challenge& challenge) {
  if (evidence.record.nonce != challenge.nonce) {
    return fail(Code::bad_evidence, "the lock-check is about another nonce", "lock_check.nonce");
  }
  return check_signature(station, evidence);
}

/// Stands last among the findings of a seal and names the record and the station that made it: who sends it again is
/// recognised by it, and asks for nothing new.
attest::Finding seal_record(const crypto::PublicKey& station, const LockCheck& record) {
  return attest::held("lock_check.record", "docs/wire/evidence.md, SEAL", Code::bad_evidence,
                      to_hex(crypto::sha256({lock_check_message(record), station.spki()}).get()));
}

/// A port over which nothing ever went was not seen open: that it refuses proves nothing.
bool port_was_locked(const LockCheck& record) {
  return record.debug_locked && record.transcript != crypto::sha256(BytesView{});
}

lifecycle::SealFacts facts_of(const LockCheck& record, const RootRecord& root, const StationRecord& station) {
  const bool same = root.provisioned_by == station.id;
  return {.debug_locked = claim(port_was_locked(record)),
          .secure_boot = claim(record.secure_boot),
          .lockdown_sealed = claim(record.lockdown_sealed),
          .witness = same ? lifecycle::SealWitness::provisioning_station : lifecycle::SealWitness::other_station};
}

}  // namespace

Result<Challenge> Sealing::begin(const Digest& station, const std::string& batch) {
  BM_CHECK(admit(ports_.store, {station, StationRole::lock_check, batch, ports_.clock.now()}));
  return ports_.challenges.give(Purpose::seal, station);
}

Result<lifecycle::DeviceRecord> Sealing::seal(const crypto::PublicKey& station, const std::string& batch,
                                              const SealEvidence& evidence) {
  const auto caller = station.spki_sha256();
  BM_TRY(const auto admitted, admit(ports_.store, {caller, StationRole::lock_check, batch, ports_.clock.now()}));
  BM_TRY(auto earlier, repeat(station, admitted, evidence));
  if (earlier) {
    return std::move(*earlier);
  }
  BM_TRY(const auto challenge, ports_.challenges.burn(evidence.session, Purpose::seal, caller));
  BM_CHECK(check_record(station, evidence, challenge));
  const auto find = [&](Tx& tx) { return known_device(tx, evidence.record.device); };
  BM_TRY(const auto known, ports_.store.read_for<KnownDevice>(find));
  BM_TRY(auto judged, ports_.hardware.judge_itself(evidence.device, known, challenge));
  auto& findings = judged.findings;
  findings.push_back(seal_record(station, evidence.record));
  return ports_.store.write_for<lifecycle::DeviceRecord>([&](Tx& tx) -> Result<lifecycle::DeviceRecord> {
    const auto now = ports_.clock.now();
    BM_TRY(const auto grant, authorise(tx, {caller, StationRole::lock_check, batch, now}));
    BM_TRY(const auto present, find(tx));
    if (present.device.batch != grant.batch.budget.id) {
      return fail(Code::not_found, "no such device in this batch");
    }
    BM_TRY(const auto decision,
           lifecycle::decide_seal(present.device, facts_of(evidence.record, present.root, grant.station)));
    BM_CHECK(tx.put_findings(present.device.row, Purpose::seal, now, attest::write(findings)));
    return advance(tx, present.device, decision, {now, ports_.store.epoch(), "station:" + grant.station.name});
  });
}

/// The device, if this very record sealed it.
Result<std::optional<lifecycle::DeviceRecord>> Sealing::repeat(const crypto::PublicKey& station,
                                                               const StationGrant& grant,
                                                               const SealEvidence& evidence) {
  using Found = std::optional<lifecycle::DeviceRecord>;
  BM_TRY(auto sealed, ports_.store.read_for<Found>([&](Tx& tx) -> Result<Found> {
    BM_TRY(const auto device, tx.device(evidence.record.device));
    BM_TRY(const auto stored, device ? tx.findings(device->row, Purpose::seal) : Result<std::optional<Bytes>>{});
    if (!stored) {
      return Found{};
    }
    BM_TRY(const auto findings, attest::read_findings(*stored));
    const bool same = std::ranges::find(findings, seal_record(station, evidence.record)) != findings.end();
    return same ? Found{*device} : Found{};
  }));
  if (!sealed) {
    return Found{};
  }
  BM_CHECK(check_signature(station, evidence));
  BM_CHECK(repeats_.note(station.spki_sha256(), {.device = sealed->id, .actor = "station:" + grant.station.name}));
  return sealed;
}

}  // namespace birthmark::app
