// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mutex>

#include "app/ports/clock.h"
#include "app/ports/store.h"
#include "lifecycle/batch.h"

namespace birthmark::app {

/// Watches the wall clock against the monotonic one and the persisted high-water mark (AC-10): time that went back, or
/// jumped, stops issuance until two operators confirm. Where the process was not running, only going back is seen.
class TimeGuard {
 public:
  explicit TimeGuard(const Clock& clock) : clock_{clock}, wall_{clock.now()}, ticks_{clock.ticks()} {}

  /// What is known of time now, and moves the mark on (at most once a second). @error clock_suspect; storage
  Result<lifecycle::ClockReading> check(Tx& tx);
  /// After two operators looked at the clock: its present reading is the truth. @error second_person_required; storage
  Result<void> confirm(Tx& tx, lifecycle::Approval approval);

 private:
  [[nodiscard]] lifecycle::ClockReading reading(std::optional<Instant> mark) const;

  const Clock& clock_;
  mutable std::mutex mutex_;
  Instant wall_;  ///< the two clocks at one moment
  Ticks ticks_;
};

}  // namespace birthmark::app
