// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "app/ports/clock.h"
#include "app/ports/store.h"

namespace birthmark::app {

/// A refusal as the edge saw it.
struct Refusal {
  Code code = Code::bad_request;
  std::string source;            ///< address of the peer
  std::optional<Digest> caller;  ///< SHA-256 of the certificate that the connection proved
  std::string path;
  std::string detail;
  std::optional<DeviceId> device = {};  ///< whose certificate it was
  std::optional<Move> move = {};        ///< that was forbidden
  bool alarming = false;                ///< an incident besides: a device that has ended asks its way back (AC-24)
};

/// Audits refusals so that nobody can fill the log from outside (design rule 9): an authenticated caller gets ten
/// entries a minute of his own, the rest one aggregate; strangers are counted by code and source, and a minute that is
/// over becomes aggregates under a quota of their own: the busiest by name, the rest one line for each code.
class Refusals {
 public:
  static constexpr unsigned kOwnEntriesPerMinute = 10;
  static constexpr std::size_t kAggregatesMax = 1024;     ///< different (code, source) a minute; the rest share one
  static constexpr std::size_t kStrangersPerMinute = 64;  ///< entries that name a stranger's source

  Refusals(Store& store, const Clock& clock) : store_{store}, clock_{clock} {}
  /// Counts and audits one refusal. Never fails: what the store cannot take stays counted for the next flush.
  void note(const Refusal& refusal);
  /// Counts a refusal by somebody who may not wait for the store, as the transport: it is always in an aggregate.
  void count(const Refusal& refusal);
  enum class Minutes : std::uint8_t { past, all };
  /// Writes the aggregates of past minutes: called by a timer, however often, it writes once a minute at most. At the
  /// end of the process it writes all. @error storage: they stay counted.
  Result<void> flush(Minutes minutes = Minutes::past);
  /// How often each code was refused since start, by its number.
  using Totals = std::array<std::uint64_t, 64>;
  static_assert(static_cast<std::size_t>(Code::unavailable) < std::tuple_size_v<Totals>, "the last code has its place");
  [[nodiscard]] Totals totals() const;

 private:
  struct Key {
    Code code;
    bool stranger;
    std::string who;  ///< source, or hex of the caller
    friend auto operator<=>(const Key&, const Key&) = default;
  };
  using Counts = std::map<Key, std::uint64_t>;
  // With the lock held:
  void begin_minute();
  void end_minute();
  void add_pending(const Refusal& refusal);

  Store& store_;
  const Clock& clock_;
  mutable std::mutex mutex_;
  std::int64_t minute_ = 0;
  std::map<Digest, unsigned> own_;
  Counts pending_;  ///< of this minute
  Counts past_;     ///< of those before it, under their quota
  Totals totals_{};
};

}  // namespace birthmark::app
