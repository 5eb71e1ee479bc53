// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>

#include "app/ports/clock.h"
#include "app/ports/deny_journal.h"
#include "app/ports/store.h"

namespace birthmark::app {

/// The registry, and the journal of the denies that it could not take (design rule 8). Nothing is written before what
/// the journal holds: so nothing is issued to a device, and none of its rows changes, between a deny and its entry in
/// the log, across restarts too.
class DeniesFirst final : public Store {
 public:
  struct Ports {
    Store& store;
    DenyJournal& journal;
    const Clock& clock;
    std::function<void()> on_recorded;  ///< the store has all of them
  };
  explicit DeniesFirst(Ports ports) : ports_{std::move(ports)} {}

  /// Makes a deny durable in the journal, then runs `publish`; it counts as recorded only after both. Does not wait for
  /// the store. @error storage: as `DenyJournal::append`; whatever `publish` returned
  Result<void> append(const EmergencyDeny& deny, const std::function<Result<void>()>& publish);
  /// Brings what the journal holds into the store; returns how many denies there were. Each `write` begins with it.
  /// Who comes while it is under way waits for its end and shares its outcome. @error storage, and as `write`: they
  /// stay in the journal.
  Result<std::size_t> replay() { return replay(std::nullopt); }

  /// @error as `replay`, before `work` is looked at
  Result<void> write(const Work& work) override;
  /// @error also unavailable: what the journal holds, and then `work`, was not done in that time
  Result<void> write_within(std::chrono::milliseconds patience, Work work) override;
  Result<void> read(const Work& work) const override { return ports_.store.read(work); }
  Result<void> each_publication(const std::function<void(const Publication&)>& row) const override {
    return ports_.store.each_publication(row);
  }
  Result<std::vector<Bytes>> entries(std::uint64_t first, std::size_t limit) const override {
    return ports_.store.entries(first, limit);
  }
  Result<LogSpan> log_span() const override { return ports_.store.log_span(); }
  [[nodiscard]] Epoch epoch() const override { return ports_.store.epoch(); }
  void set_listener(Listener listener) override { ports_.store.set_listener(std::move(listener)); }

 private:
  using Until = std::optional<Ticks>;  ///< none: as long as it takes
  [[nodiscard]] std::chrono::milliseconds left(Ticks until) const;
  Result<std::size_t> replay(Until until);
  Result<std::size_t> replay_all(Until until);
  Result<void> record(const EmergencyDeny& deny, Until until);

  const Ports ports_;
  std::mutex journal_;                       ///< of the two below and the journal; never held while the store writes
  std::uint64_t appended_ = 0;               ///< attempts to append
  std::atomic<bool> may_be_pending_ = true;  ///< the journal outlives the process

  std::mutex rounds_;  ///< of everything below
  std::condition_variable round_ends_;
  bool under_way_ = false;
  bool hangs_ = false;  ///< the round under way has kept somebody waiting for too long
  std::uint64_t round_ = 0;
  Result<std::size_t> last_ = std::size_t{0};  ///< outcome of the round that ended
  Until last_until_;                           ///< how long it had
};

}  // namespace birthmark::app
