// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "agent/field/field_client.h"

namespace birthmark::agent {

/// One thing that happened, for a line of JSON.
struct LifeEvent {
  std::string what;  ///< "telemetry", "enrolled", "renewed", "revalidated", "still_held", "refused", "unreachable"
  boost::json::object more;
};

/// What a device does all its life: enroll if it never did, renew when that is due, send its telemetry, and prove its
/// hardware again when the registry no longer takes its credential. While a renewal is refused it goes on working with
/// the credential it has, and asks again after ever more messages. Waits longer after each failure, by a random share,
/// so that a fleet does not come back in step.
class DailyLife {
 public:
  static constexpr std::chrono::milliseconds kBackoffMin{500};
  static constexpr std::chrono::milliseconds kBackoffMax{5 * 60 * 1000};

  struct Settings {
    std::string message = "{}";  ///< of every telemetry
    std::chrono::milliseconds interval{60'000};
  };
  /// @param client and @param entropy outlive this.
  DailyLife(FieldClient& client, DeviceState& state, Entropy& entropy, Settings settings)
      : client_{client}, state_{state}, entropy_{entropy}, settings_{std::move(settings)} {}

  /// Does the next thing. @return what happened; then wait `pause`.
  LifeEvent step();
  /// How long to wait before the next step.
  [[nodiscard]] std::chrono::milliseconds pause() const { return pause_; }

 private:
  enum class Next : std::uint8_t { use, prove };

  LifeEvent keep_certified();
  LifeEvent use();
  LifeEvent prove();
  LifeEvent failed(const Error& error);
  LifeEvent renewal_failed(const Error& error);
  void keep_log_proofs();
  [[nodiscard]] bool renewal_is_due() const;
  void rest();
  void back_off();

  FieldClient& client_;
  DeviceState& state_;
  Entropy& entropy_;
  Settings settings_;
  Next next_ = Next::use;
  bool proofs_wanted_ = true;  ///< a certificate is new, or may be
  std::uint64_t sent_ = 0;
  unsigned renewals_failed_ = 0;  ///< in a row
  unsigned messages_before_renewal_ = 0;
  unsigned failures_ = 0;
  std::chrono::milliseconds pause_{0};
};

}  // namespace birthmark::agent
