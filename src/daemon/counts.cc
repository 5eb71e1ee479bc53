// SPDX-License-Identifier: Apache-2.0
#include "daemon/counts.h"

namespace birthmark::daemon {

void EventCounts::add(std::span<const Bytes> entries) {
  for (const auto& bytes : entries) {
    const auto entry = audit::read_entry(bytes);
    if (!entry) {
      continue;  // the store wrote it: the verifier of the log is who judges it
    }
    ++kinds_.at(static_cast<std::size_t>(entry->kind));
    if (entry->kind == audit::EntryKind::transition && entry->state_from != entry->state_to) {
      ++into_.at(*entry->state_to);
    }
  }
}

}  // namespace birthmark::daemon
