// SPDX-License-Identifier: Apache-2.0
#include "app/repeats.h"

namespace birthmark::app {

std::uint64_t Repeats::due(const Digest& caller) {
  const auto now = std::chrono::floor<std::chrono::minutes>(clock_.ticks()).time_since_epoch().count();
  const std::scoped_lock lock{mutex_};
  if (now != minute_) {
    minute_ = now;
    std::erase_if(counts_, [](const auto& row) { return row.second.unwritten == 0; });
    others_.written = 0;
    for (auto& [who, count] : counts_) {
      count.written = 0;
    }
  }
  auto& count = counts_.size() < kCallersMax || counts_.contains(caller) ? counts_[caller] : others_;
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
  return store_.write([&](Tx& tx) { return without_value(tx.audit(entry)); });
}

}  // namespace birthmark::app
