// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <mutex>

#include "app/ports/clock.h"
#include "app/ports/store.h"

namespace birthmark::app {

/// Audits requests that were answered before and get the same answer (AC-05): ten entries a minute for each caller, the
/// rest counted in his next one, so that nobody fills the log by asking again. Beyond kCallersMax callers the later
/// ones share such a count, which goes into whichever entry is next; so does what is left of a caller who stays away.
/// Safe from any thread.
class Repeats {
 public:
  static constexpr std::uint64_t kEntriesPerMinute = 10;
  static constexpr std::size_t kCallersMax = 4096;

  Repeats(Store& store, const Clock& clock, std::size_t callers_max = kCallersMax)
      : store_{store}, clock_{clock}, callers_max_{callers_max} {}

  /// @param caller as in the request. @param entry device, serial, key and actor; the rest is set here.
  /// @error storage, fenced: then the answer is not given either.
  Result<void> note(const Digest& caller, audit::Entry entry);

 private:
  struct Count {
    std::uint64_t written = 0;    ///< in this minute
    std::uint64_t unwritten = 0;  ///< since the last entry
  };
  /// How many repeats an entry now stands for; 0: none is due.
  std::uint64_t due(const Digest& caller);

  Store& store_;
  const Clock& clock_;
  const std::size_t callers_max_;
  std::mutex mutex_;
  std::int64_t minute_ = 0;
  std::map<Digest, Count> counts_;
  Count others_;  ///< of those for whom there is no place of their own
};

}  // namespace birthmark::app
