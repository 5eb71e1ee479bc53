// SPDX-License-Identifier: Apache-2.0
#include "app/retirement.h"

#include "app/registration.h"
#include "crypto/hash.h"
#include "lifecycle/statements.h"

namespace birthmark::app {
namespace {

using lifecycle::Purpose;

/// TPM2_Clear sets the clock and both counters to zero (TPM 2.0 Part 1 §36.3), and every later start of the chip
/// counts: what is proved within two minutes of it shows zeros and at most as much time.
constexpr std::chrono::milliseconds kClockAfterClearMax = 2 * Challenges::kLifetime;

bool shows_clear(const tpm::ClockInfo& clock) {
  return clock.reset_count == 0 && clock.restart_count == 0 &&
         clock.clock_ms <= static_cast<std::uint64_t>(kClockAfterClearMax.count());
}

std::optional<lifecycle::ClearedTpm> shown_clear(const SelfAppraisal& judged) {
  using Cleared = std::optional<lifecycle::ClearedTpm>;
  return judged.tpm ? Cleared{{.clock_ms = judged.tpm->clock.clock_ms, .reset_count = judged.tpm->clock.reset_count}}
                    : std::nullopt;
}

}  // namespace

Result<Challenge> Retirement::begin(const Digest& caller) {
  return ports_.challenges.give(Purpose::retire, caller);
}

Result<SelfAppraisal> Retirement::prove(const Digest& caller, const SessionId& session, const DeviceId& id,
                                        const SelfEvidence& evidence) {
  BM_TRY(const auto challenge, ports_.challenges.burn(session, Purpose::retire, caller));
  BM_TRY(const auto known, ports_.store.read_for<KnownDevice>([&](Tx& tx) { return known_device(tx, id); }));
  BM_TRY(auto judged, ports_.hardware.judge_itself(evidence, known, challenge));
  if (known.device.state != lifecycle::State::decommissioned) {
    return fail(Code::state_forbids, "an operator retires the device first; it is in " +
                                         std::string{lifecycle::short_name(known.device.state)});
  }
  return judged;
}

Result<Bytes> Retirement::sign(BytesView statement) const {
  return sign_statement(ports_.signer, statement_key_, ports_.store.epoch(), statement);
}

Result<RetirePermit> Retirement::permit(const Digest& caller, const SessionId& session, const DeviceId& id,
                                        const SelfEvidence& evidence) {
  BM_CHECK(without_value(prove(caller, session, id, evidence)));
  BM_TRY(auto signature, sign(lifecycle::retire_permit_statement(id)));
  BM_TRY(const auto challenge, begin(caller));
  return RetirePermit{challenge, std::move(signature)};
}

Result<RetireReceipt> Retirement::finish(const Digest& caller, const SessionId& session, const DeviceId& id,
                                         const SelfEvidence& evidence) {
  BM_TRY(const auto judged, prove(caller, session, id, evidence));
  if (judged.tpm && !shows_clear(judged.tpm->clock)) {
    return fail(Code::bad_evidence, "the TPM's clock and counters show no clear since its last start",
                "retire.cleared");
  }
  const auto now = ports_.clock.now();
  RetireReceipt receipt{lifecycle::retire_statement({.device = id, .at = now, .cleared = shown_clear(judged)}), {}};
  BM_TRY(receipt.signature, sign(receipt.statement));
  BM_CHECK(ports_.store.write([&](Tx& tx) {
    return without_value(
        tx.audit({.kind = audit::EntryKind::receipt_retired,
                  .at = now,
                  .epoch = ports_.store.epoch().get(),
                  .device = id,
                  .evidence_hash = crypto::sha256(receipt.statement),
                  .actor = kDeviceActor,
                  .reason = judged.tpm ? "owner hierarchy cleared" : "answered after its retirement"}));
  }));
  return receipt;
}

}  // namespace birthmark::app
