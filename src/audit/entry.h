// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/code.h"
#include "base/ids.h"
#include "base/instant.h"
#include "base/result.h"

namespace birthmark::audit {

inline constexpr std::size_t kEntryMaxBytes = 2048;
inline constexpr std::size_t kActorMaxBytes = 128;
inline constexpr std::size_t kReasonMaxBytes = 256;
inline constexpr std::uint8_t kStateMax = 6;  ///< S0..S6, design §3 rule 4

/// What happened. The numbers are on the wire: one that was used is never given another meaning.
enum class EntryKind : std::uint8_t {
  ca_created = 1,
  batch_opened = 2,
  batch_sealed = 3,
  station_enrolled = 4,
  intent_recorded = 5,
  certificate_registered = 6,
  intent_orphaned = 7,
  transition = 8,
  hold_set = 9,
  hold_lifted = 10,
  credential_status = 11,
  refusal = 12,
  refusals_aggregated = 13,
  appraisal = 14,
  receipt_retired = 15,
  emergency_deny_replayed = 16,
  epoch_started = 17,
  operator_action = 18,
  clock_confirmed = 19,
  incident = 20,
  request_repeated = 21,
};

/// Every kind, in the order of its number.
std::span<const EntryKind> all_entry_kinds();
/// "transition", "hold_set": the enumerator's name.
std::string_view name(EntryKind kind);
std::optional<EntryKind> entry_kind_named(std::string_view name);

/// One record of the audit log. It holds no personal data and no secrets: what could be either stands as its SHA-256.
/// Which fields a kind must have is checked when it is written and when it is read:
/// batch_opened, batch_sealed: batch · intent_recorded, certificate_registered, intent_orphaned: serial ·
/// transition: device, state_from, state_to · refusal: refusal · refusals_aggregated: refusal, count.
struct Entry {
  EntryKind kind = EntryKind::incident;
  Instant at{};             ///< 1970 to 9999
  std::uint64_t epoch = 0;  ///< of the writer (design §3 rule 10)
  std::optional<DeviceId> device = {};
  std::optional<Serial> serial = {};
  std::optional<BatchId> batch = {};
  std::optional<Digest> subject_hash = {};      ///< of what the entry is about: a certificate, a CA, a policy, a name
  std::optional<Digest> spki_hash = {};         ///< of the key, as SubjectPublicKeyInfo
  std::optional<Digest> evidence_hash = {};     ///< of the evidence or appraisal that the decision rests on
  std::string actor = {};                       ///< who: "role:name", at most 128 bytes; empty: the server itself
  std::optional<std::uint8_t> state_from = {};  ///< 0..6; always together with state_to
  std::optional<std::uint8_t> state_to = {};
  std::optional<Code> refusal = {};
  std::string reason = {};  ///< for people, at most 256 bytes of plain UTF-8 (audit/text.h, plain_text)
  std::uint64_t count = 0;  ///< for aggregates; 0: none

  friend bool operator==(const Entry&, const Entry&) = default;
};

/// The entry as deterministic CBOR (RFC 8949 §4.2.1), at most 2,048 bytes: a map of 0 version (1), 1 kind, 2 at (ms),
/// 3 epoch, 4 device, 5 serial, 6 batch, 7 subject hash, 8 SPKI hash, 9 evidence hash, 10 actor, 11 state from, 12
/// state to, 13 refusal (its name), 14 reason, 15 count; 0 to 3 always, the others where they are set.
/// @error bad_request: a field out of its range or form, or missing for the kind; too_large: actor, reason
Result<Bytes> write_entry(const Entry& entry);

/// Reads an entry, which must be exactly the bytes that `write_entry` makes of the result.
/// @param bytes 1..2,048 bytes; not kept.
/// @error bad_request: form, unknown version, kind, code or key, a field out of range or missing; too_large
Result<Entry> read_entry(BytesView bytes);

}  // namespace birthmark::audit
