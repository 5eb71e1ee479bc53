// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "base/ids.h"
#include "base/instant.h"
#include "base/result.h"
#include "lifecycle/hold.h"

namespace birthmark::lifecycle {

/// How many units an hour, and how many at once; both at least 1.
struct Rate {
  std::uint32_t per_hour = 0;
  std::uint32_t burst = 0;
  friend bool operator==(const Rate&, const Rate&) = default;
};

enum class BatchState : std::uint8_t { open = 0, sealed = 1, revoked = 2 };
enum class PlanOfHardware : std::uint8_t { absent = 0, present = 1 };

/// The largest production order; a status list and the packed device row both hold it.
inline constexpr std::uint32_t kBatchQuantityMax = 1U << 26;

/// One production order and its budget; a value, changed only by the functions below.
/// Always issued + reserved <= quantity.
struct Batch {
  BatchId id;
  ProductId product;
  std::string factory;
  std::uint32_t quantity = 0;
  std::uint32_t issued = 0;
  std::uint32_t reserved = 0;  ///< intents that are neither completed nor given up
  Instant opens;
  Instant closes;  ///< the first moment outside
  std::optional<Rate> rate;
  PlanOfHardware plan = PlanOfHardware::absent;
  BatchState state = BatchState::open;
  /// Token bucket: one unit is kCreditPerUnit; stored with the batch so that a restart refills nothing.
  std::uint64_t credit = 0;
  Instant credited_at;

  friend bool operator==(const Batch&, const Batch&) = default;
};

/// The bucket counts unit-milliseconds of an hour, so that any hourly rate is exact in integers.
inline constexpr std::uint64_t kCreditPerUnit = 3'600'000;

/// What is known of time: the wall clock against the persisted high-water mark.
struct ClockReading {
  Instant now;
  std::optional<Instant> high_water;     ///< nothing only before the very first use
  std::chrono::milliseconds elapsed{0};  ///< since the mark by a monotonic source; 0 where that is not known
  std::chrono::milliseconds jump_max = std::chrono::hours{1};
};

/// Whether the clock may be believed (AC-10).
/// @error clock_suspect: below the mark, or further above it than `jump_max` beyond the time that is known to have
/// passed. Nothing is issued until two operators confirm.
Result<void> check_clock(const ClockReading& clock);

/// The new high-water mark after operators looked at the clock. Batches keep their own: no window refills twice.
/// @error second_person_required: fewer than two persons.
Result<Instant> confirm_clock(const ClockReading& clock, Approval approval);

/// A batch from its order, with a full bucket and nothing issued; only id, product, factory, quantity, opens, closes,
/// rate and plan are taken from `order`.
/// @error bad_request: no quantity or above kBatchQuantityMax, an empty window, or a rate of zero.
Result<Batch> open_batch(Batch order);

/// Takes one unit for an intent. The caller stores the result with the intent, in one transaction.
/// @error clock_suspect; batch_closed: sealed, revoked or outside the window; quota_exhausted; rate_limited.
Result<Batch> reserve(const Batch& batch, const ClockReading& clock);

/// The reserved unit became a certificate, or an orphan that may bear a signature. Works in every state of the batch:
/// what was signed must be recorded.
/// @error conflict: nothing is reserved.
Result<Batch> commit(const Batch& batch);

/// The intent was given up before any signature: the unit is free again, its place in the rate is not.
/// @error conflict: nothing is reserved.
Result<Batch> release(const Batch& batch);

/// Closes the batch for ever; its key may go once this is stored.
/// @error batch_closed: it is closed; conflict: intents are under way, settle them first.
Result<Batch> seal(const Batch& batch);

/// Ends the batch with its CA, from open or sealed; intents under way stay to be settled.
/// @error batch_closed: revoked before.
Result<Batch> revoke(const Batch& batch);

/// "open", "sealed", "revoked"; "unknown" for a value outside the enumeration.
std::string_view name(BatchState state);

}  // namespace birthmark::lifecycle
