// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <span>

#include "audit/entry.h"
#include "base/bytes.h"
#include "lifecycle/state.h"

namespace birthmark::daemon {

/// What was logged since start, by kind, and into which states devices moved: whatever the registry does is an audit
/// entry, so that nothing else has to be counted. Safe from any thread.
class EventCounts {
 public:
  /// @param entries as the log has them.
  void add(std::span<const Bytes> entries);
  [[nodiscard]] std::uint64_t of(audit::EntryKind kind) const { return kinds_.at(static_cast<std::size_t>(kind)); }
  [[nodiscard]] std::uint64_t into(lifecycle::State state) const { return into_.at(static_cast<std::size_t>(state)); }

 private:
  std::array<std::atomic<std::uint64_t>, 64> kinds_{};
  std::array<std::atomic<std::uint64_t>, lifecycle::kStates.size()> into_{};
};

}  // namespace birthmark::daemon
