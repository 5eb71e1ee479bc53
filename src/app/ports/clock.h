// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

#include "base/instant.h"

namespace birthmark {

/// A moment on a clock that never goes back and means nothing outside this process; for intervals and deadlines.
using Ticks = std::chrono::steady_clock::time_point;

/// What time it is; injected, so that tests own time. Safe to call from any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  /// UTC as the machine knows it, in milliseconds. May jump, either way: never measure an interval with it.
  [[nodiscard]] virtual Instant now() const = 0;
  /// The monotonic clock, in nanoseconds.
  [[nodiscard]] virtual Ticks ticks() const = 0;
};

}  // namespace birthmark
