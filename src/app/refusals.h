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
};

/// Audits refusals so that nobody can fill the log from outside (design rule 9): an authenticated caller gets ten
/// entries a minute of his own, the rest one aggregate; strangers are counted by code and source, and flushed as
/// aggregates under a quota of their own.
class Refusals {
 public:
  static constexpr unsigned kOwnEntriesPerMinute = 10;
  static constexpr std::size_t kAggregatesMax = 1024;  ///< different (code, source) a minute; the rest share one

  Refusals(Store& store, const Clock& clock) : store_{store}, clock_{clock} {}
  /// Counts and audits one refusal. Never fails: what the store cannot take stays counted for the next flush.
  void note(const Refusal& refusal);
  /// Counts a refusal by somebody who may not wait for the store, as the transport: it is always in an aggregate.
  void count(const Refusal& refusal);
  /// Writes the aggregates of past minutes. Called by a timer, and at the end. @error storage: they stay counted.
  Result<void> flush();
  /// How often each code was refused since start, by its number.
  using Totals = std::array<std::uint64_t, 64>;
  static_assert(static_cast<std::size_t>(Code::unavailable) < std::tuple_size_v<Totals>, "the last code has its place");
  [[nodiscard]] Totals totals() const;

 private:
  struct Key {
    Code code;
    std::string who;  ///< source, or hex of the caller
    friend auto operator<=>(const Key&, const Key&) = default;
  };
  [[nodiscard]] std::int64_t minute() const;
  void add_pending(const Refusal& refusal);  // the lock is held

  Store& store_;
  const Clock& clock_;
  mutable std::mutex mutex_;
  std::int64_t minute_ = 0;
  std::map<Digest, unsigned> own_;
  std::map<Key, std::uint64_t> pending_;
  Totals totals_{};
};

}  // namespace birthmark::app
