// SPDX-License-Identifier: Apache-2.0
#include "adapters/clock/system_clock.h"

#include <ctime>

namespace birthmark {

namespace {

std::chrono::nanoseconds read_clock(clockid_t id) {
  timespec time{};
  // Cannot fail: both clocks exist on every Linux and the pointer is valid.
  ::clock_gettime(id, &time);
  return std::chrono::seconds{time.tv_sec} + std::chrono::nanoseconds{time.tv_nsec};
}

}  // namespace

Instant SystemClock::now() const {
  return Instant{std::chrono::floor<std::chrono::milliseconds>(read_clock(CLOCK_REALTIME))};
}

Ticks SystemClock::ticks() const {
  return Ticks{read_clock(CLOCK_MONOTONIC)};
}

}  // namespace birthmark
