// SPDX-License-Identifier: Apache-2.0
#include "app/repeats.h"

namespace birthmark::app {

std::uint64_t Repeats::due(const Digest& caller) {
  const auto now = std::chrono::floor<std::chrono::minutes>(clock_.ticks()).time_since_epoch().count();
  const std::scoped_lock lock{mutex_};
  if (now != minute_) {
    minute_ = now;
    // Who has nothing to be written, or did not come for a minute, gives his place to others.
    std::erase_if(counts_, [this](const auto& row) {
      const auto& count = row.second;
      const bool gone = count.unwritten == 0 || count.written == 0;
      others_.unwritten += gone ? count.unwritten : 0;
      return gone;
    });
    others_.written = 0;
    for (auto& [who, count] : counts_) {
      count.written = 0;
    }
  }
  auto& count = counts_.size() < callers_max_ || counts_.contains(caller) ? counts_[caller] : others_;
  if (count.written >= kEntriesPerMinute) {
    ++count.unwritten;
    return 0;
  }
  ++count.written;
  return std::exchange(count.unwritten, 0) + std::exchange(others_.unwritten, 0) + 1;
}

Result<void> Repeats::note(const Digest& caller, audit::Entry entry) {
  const auto count = due(caller);
  if (count == 0) {
    return {};
  }
  entry.kind = audit::EntryKind::request_repeated;
  entry.at = clock_.now();
  entry.epoch = store_.epoch().get();
  entry.subject_hash = caller;
  entry.count = count;
  auto written = store_.write([&](Tx& tx) { return without_value(tx.audit(entry)); });
  if (!written) {
    const std::scoped_lock lock{mutex_};
    others_.unwritten += count - 1;  // this one is not answered
  }
  return written;
}

}  // namespace birthmark::app
