// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/ids.h"
#include "base/instant.h"
#include "base/result.h"
#include "lifecycle/device_id.h"
#include "lifecycle/firmware.h"
#include "lifecycle/hold.h"
#include "lifecycle/state.h"
#include "lifecycle/status.h"

namespace birthmark::lifecycle {

/// What the registry knows of one device; a value, changed only by `apply`.
struct DeviceRecord {
  DeviceRow row;
  DeviceId id;
  RootKind root = RootKind::software;
  RootClass root_class = RootClass::simulated;
  ProductId product;
  BatchId batch;
  State state = State::uninitialized;
  std::uint64_t version = 0;  ///< of this row; a writer who saw an older one gets `conflict`
  Epoch epoch;                ///< of the writer who stored it
  HoldSet holds;
  std::optional<HoldCause> suspended_for;  ///< set exactly in S4
  std::optional<Instant> restrained_at;    ///< latest hold or suspension; only an appraisal after it counts for release
  Instant provisioned_at;
  std::optional<Instant> appraised_at;  ///< latest appraisal that passed
  std::optional<FirmwareVersion> firmware;
  bool enrolled_once = false;  ///< enrollment history: once set, never cleared (mission Table 8, S4 to S2)

  friend bool operator==(const DeviceRecord&, const DeviceRecord&) = default;
};

/// What is to be done with a record. `reason` is a stable name for the audit entry.
struct Decision {
  State from;
  State to;
  std::optional<Event> event;  ///< the move's cause; nothing where the state stays
  HoldSet holds;               ///< all holds afterwards
  HoldSet laid;                ///< laid now, including a suspension's cause
  HoldSet lifted;              ///< lifted now, including a suspension's cause
  std::optional<HoldCause> suspended_for;
  std::optional<Instant> appraised_at;      ///< goes on record; nothing where no evidence was looked at
  std::optional<FirmwareVersion> firmware;  ///< goes on record with it
  std::string_view reason;

  friend bool operator==(const Decision&, const Decision&) = default;
};

/// The record after `decision` at `at`: the next version, the history kept. The caller stores it together with the
/// audit entry if the version is still the one it saw. Asserts that the decision was made from this record's state and
/// that Table 7 knows the move.
DeviceRecord apply(const DeviceRecord& before, const Decision& decision, Instant at);

// --- facts ---

/// A statement about the device that somebody proved, or nobody did.
enum class Claim : std::uint8_t { unknown, no, yes };

/// Who vouches that the debug port is locked (design "The road of one device", 2).
enum class SealWitness : std::uint8_t {
  none,
  provisioning_station,  ///< the same that provisioned: not enough
  other_station,         ///< another one with role lock-check signed, and the device quoted the same nonce
  software_exempt,       ///< nobody: there is nothing to probe; accepted for the labelled software root only
  root_claim,            ///< the root's own signed claim: dbgstat, PSA lifecycle, DICE mode
};

struct SealFacts {
  Claim debug_locked = Claim::unknown;
  Claim secure_boot = Claim::unknown;
  Claim lockdown_sealed = Claim::unknown;
  SealWitness witness = SealWitness::none;
};

/// How the latest evidence of the device was judged.
enum class Appraised : std::uint8_t {
  none,
  failed,
  stale,  ///< passed, but its ten minutes are over
  passed,
  exempt,  ///< nothing to appraise; accepted for the labelled software root only
};

struct Appraisal {
  Appraised result = Appraised::none;
  std::optional<Instant> at;  ///< when it passed; without it nothing passed
  std::optional<FirmwareVersion> firmware;
  FirmwareVersion minimum;  ///< the product's minimum; zero names none
};

struct EnrollFacts {
  Appraisal appraisal;
  Claim released = Claim::unknown;          ///< shipment or owner record
  Claim release_required = Claim::unknown;  ///< anything but `no` asks for one
};

struct FirstUseFacts {
  CredentialKind presented = CredentialKind::idevid;
  Status published = Status::not_admitted;
};

/// The refusal of a move, which it names (design rule 9). @param detail for people
Error state_forbids(State from, State to, std::string detail);

// --- decisions: the record and the facts in, what to do or a typed refusal out; nothing is changed ---
// @error state_forbids (all of them): mission Table 7 does not know the move; detail "S5 to S3".

/// S0 to S1. @error held; not_sealed: `check` names the first statement that is not proved
/// (seal.debug, seal.secure_boot, seal.lockdown, seal.witness).
Result<Decision> decide_seal(const DeviceRecord& device, const SealFacts& facts);

/// S1 to S2. Also refused by the enrollment history: a device enrolls once.
/// @error held; not_released; evidence_missing: none, failed or stale; fw_rollback: below the minimum or unknown.
Result<Decision> decide_enroll(const DeviceRecord& device, const EnrollFacts& facts);

/// S2 to S3, on the first success at birthmark's own listener.
/// @error held; credential_ended; policy: an IDevID was presented.
Result<Decision> decide_first_use(const DeviceRecord& device, const FirstUseFacts& facts);

/// S3 to S4. Never delayed and needs no other fact. A device already in S4 is refused as every other state is; lay a
/// hold on it where revalidation alone must not bring it back.
Result<Decision> decide_suspend(const DeviceRecord& device, HoldCause cause);

/// Lays a hold, in any state. Laying one that lies there renews it: an appraisal from before no longer counts.
Decision decide_hold(const DeviceRecord& device, HoldCause cause);

/// Proves the hardware again, in S1 to S4, whatever holds there are, and lifts what an appraisal may lift: S4 goes to
/// S3 if its own cause is lifted, else it stays and the appraisal is on record for an operator's release.
/// @error evidence_missing: none, failed, stale, or from before the latest hold or suspension; fw_rollback: below the
/// minimum or unknown.
Result<Decision> decide_revalidate(const DeviceRecord& device, const Appraisal& appraisal, SuccessorIssuer successor);

/// Lifts by people's decision, in S0 to S4, what the approval and the appraisal on record allow; S4 goes to S3 if its
/// own cause is lifted and the hardware has been proved since, as that move is a revalidation.
/// @error held: nothing can be lifted now, the detail says what each cause waits for; second_person_required: a second
/// person alone is missing everywhere; state_forbids: also where nothing is held.
Result<Decision> decide_release(const DeviceRecord& device, Approval approval);

/// To S5: enrollment fraud from S2, confirmed compromise from S3 and S4.
Result<Decision> decide_revoke(const DeviceRecord& device);

/// To S6: decommission from S3, administrative decision from S4, physical retirement from S5.
Result<Decision> decide_retire(const DeviceRecord& device);

/// To S6: manufacturing reject from S0, pre-deployment reject from S1.
Result<Decision> decide_reject(const DeviceRecord& device);

/// The end of a device whose private key somebody else has proved to hold (AC-27): S0 and S1 to S6, S2 to S4 to S5.
Result<Decision> decide_key_compromise(const DeviceRecord& device);

// --- hardware seen again (design rule 1) ---

enum class SeenIn : std::uint8_t { same_batch, other_batch };
enum class ReworkPermission : std::uint8_t { none, by_operator };
/// What a provision session with known hardware may do.
enum class KnownHardware : std::uint8_t {
  resume,  ///< the same identity goes on, no quota is used
  rework,  ///< the same identity goes on by an operator's permission
};

/// Judges hardware that is already an identity, once activation and possession are proved; before that a duplicate only
/// refuses the newcomer, without this call.
/// @error hardware_known: an incident for operators, nothing is held; state_forbids: S5 and S6, whatever the
/// permission.
Result<KnownHardware> judge_known_hardware(State state, SeenIn where, ReworkPermission permission);

}  // namespace birthmark::lifecycle
