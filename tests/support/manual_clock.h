// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>

#include "app/ports/clock.h"

namespace birthmark::test {

/// A clock that moves when the test says so. Safe from any thread.
class ManualClock final : public Clock {
 public:
  /// 2026-01-01T00:00:00Z unless told.
  explicit ManualClock(Instant start = from_ms(1767225600000)) : now_ms_{to_ms(start)} {}

  [[nodiscard]] Instant now() const override { return from_ms(now_ms_.load()); }
  [[nodiscard]] Ticks ticks() const override { return Ticks{std::chrono::nanoseconds{ticks_ns_.load()}}; }

  /// Both clocks go on.
  void advance(std::chrono::milliseconds by) {
    now_ms_ += by.count();
    ticks_ns_ += std::chrono::nanoseconds{by}.count();
  }
  /// UTC jumps, as when someone sets the clock; the monotonic one does not.
  void set(Instant to) { now_ms_ = to_ms(to); }

 private:
  std::atomic<std::int64_t> now_ms_;
  std::atomic<std::int64_t> ticks_ns_{1};
};

}  // namespace birthmark::test
