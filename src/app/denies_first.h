// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
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

  /// Durable in the journal on return. @error storage: as `DenyJournal::append`
  Result<void> append(const EmergencyDeny& deny);
  /// Brings what the journal holds into the store; returns how many denies there were. Each `write` begins with it.
  /// @error storage, and as `write`: they stay in the journal.
  Result<std::size_t> replay();

  /// @error as `replay`, before `work` is looked at
  Result<void> write(const Work& work) override;
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
  Result<void> record(const EmergencyDeny& deny);

  const Ports ports_;
  std::mutex mutex_;                         ///< nothing is appended between reading the journal and clearing it
  std::atomic<bool> may_be_pending_ = true;  ///< the journal outlives the process
};

}  // namespace birthmark::app
