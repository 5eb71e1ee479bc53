// SPDX-License-Identifier: Apache-2.0
#include "app/time_guard.h"

namespace birthmark::app {

lifecycle::ClockReading TimeGuard::reading(std::optional<Instant> mark) const {
  const std::scoped_lock lock{mutex_};
  const auto expected = wall_ + std::chrono::floor<std::chrono::milliseconds>(clock_.ticks() - ticks_);
  const auto elapsed = mark && expected > *mark ? expected - *mark : std::chrono::milliseconds{0};
  return {.now = clock_.now(), .high_water = mark, .elapsed = elapsed};
}

Result<lifecycle::ClockReading> TimeGuard::check(Tx& tx) {
  BM_TRY(const auto mark, tx.clock_mark());
  const auto seen = reading(mark);
  BM_CHECK(lifecycle::check_clock(seen));
  if (!mark || seen.now - *mark >= std::chrono::seconds{1}) {
    BM_CHECK(tx.set_clock_mark(seen.now));
  }
  return seen;
}

Result<void> TimeGuard::confirm(Tx& tx, lifecycle::Approval approval) {
  BM_TRY(const auto mark, tx.clock_mark());
  BM_TRY(const auto confirmed, lifecycle::confirm_clock(reading(mark), approval));
  BM_CHECK(tx.set_clock_mark(confirmed));
  const std::scoped_lock lock{mutex_};
  wall_ = confirmed;
  ticks_ = clock_.ticks();
  return {};
}

}  // namespace birthmark::app
