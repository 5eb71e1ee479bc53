// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "app/ports/clock.h"
#include "app/ports/sessions.h"
#include "app/ports/store.h"

namespace birthmark::app {

/// The check of a batch that no device alone can fail: RSA endorsement keys that share a prime (AC-07). Whoever holds
/// one such chip can compute the private half of the other's key and speak for it.
class KeyCheck {
 public:
  struct Ports {
    Store& store;
    Sessions& sessions;
    const Clock& clock;
  };
  explicit KeyCheck(Ports ports) : ports_{ports} {}

  /// Moduli that are compared at once: under 300 MiB of memory, and a minute (`./bench keys`).
  static constexpr std::size_t kKeysMax = 50'000;

  struct Outcome {
    std::size_t checked = 0;        ///< devices with an RSA endorsement key
    std::vector<DeviceId> flagged;  ///< that share a prime; held `key_collision`, which two persons lift
    std::size_t newly_held = 0;     ///< of those; each is an incident, and its connections have ended
    friend bool operator==(const Outcome&, const Outcome&) = default;
  };
  /// Checks the devices of a batch among each other, those of a closed batch too. Asked again it holds what was not
  /// held. Takes seconds for ten thousand keys (`./bench keys`); one at a time.
  /// @error not_found: no such batch; rate_limited: another check is under way; too_large: more than kKeysMax; storage
  Result<Outcome> check(const std::string& batch, const std::string& actor);

 private:
  Result<void> hold(DeviceRow row, const std::string& actor, Outcome& outcome);

  Ports ports_;
  std::mutex mutex_;
};

}  // namespace birthmark::app
