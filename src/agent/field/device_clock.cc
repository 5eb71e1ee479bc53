// SPDX-License-Identifier: Apache-2.0
#include "agent/field/device_clock.h"

#include <algorithm>

namespace birthmark::agent {

Instant DeviceClock::now() const {
  if (!told_) {
    return state_.time_floor();
  }
  const auto since = std::chrono::duration_cast<std::chrono::milliseconds>(clock_.ticks() - told_->at);
  return std::max(told_->time + since, state_.time_floor());
}

Result<void> DeviceClock::tell(Instant signed_time) {
  const auto floor = state_.time_floor();
  if (signed_time + kTolerance < floor) {
    return fail(Code::clock_suspect,
                "the registry says " + to_rfc3339(signed_time) + ", but it was " + to_rfc3339(floor) + " before");
  }
  told_ = Told{std::max(signed_time, floor), clock_.ticks()};
  return state_.raise_time_floor(told_->time);
}

}  // namespace birthmark::agent
