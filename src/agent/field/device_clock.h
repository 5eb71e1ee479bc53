// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "agent/device/state.h"
#include "app/ports/clock.h"

namespace birthmark::agent {

/// What time a device believes it is (AC-41). The machine's calendar is never asked: it may stand at 1970, or years
/// ahead. Time is what the registry last signed, plus what the monotonic clock counted since, and never before the
/// stored floor.
class DeviceClock {
 public:
  /// How much earlier than the floor a signed answer may be: servers of one registry differ by that much.
  static constexpr std::chrono::minutes kTolerance{5};

  /// @param state and @param clock outlive this; only the monotonic clock is used.
  DeviceClock(DeviceState& state, const Clock& clock) : state_{state}, clock_{clock} {}

  /// The best that is known; before the first signed answer, the floor.
  [[nodiscard]] Instant now() const;
  /// Whether the registry has signed a time since this was made.
  [[nodiscard]] bool told() const { return told_.has_value(); }
  /// Takes a time whose signature and nonce were verified, and raises the floor.
  /// @error clock_suspect: it lies before the floor. storage
  Result<void> tell(Instant signed_time);

 private:
  DeviceState& state_;
  const Clock& clock_;
  struct Told {
    Instant time;
    Ticks at;
  };
  std::optional<Told> told_;
};

}  // namespace birthmark::agent
