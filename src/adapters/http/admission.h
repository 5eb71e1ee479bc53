// SPDX-License-Identifier: Apache-2.0
#pragma once

// Internal to adapters/http.

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>

namespace birthmark::http {

/// Who may have one of a listener's connections (AC-26). There is a bound for all and a share for each source. Where
/// one is used up, the oldest connection that has not proved itself gives way to the new one; those that have proved
/// themselves, by a request or by a client certificate, stay, and if there are no others the new one is refused.
/// Connections are known by their numbers, which rise. Safe from any thread.
class Admission {
 public:
  Admission(std::size_t all_max, std::size_t source_max) : all_max_{all_max}, source_max_{source_max} {}

  struct Verdict {
    bool admitted = false;
    std::optional<std::uint64_t> evicted = {};  ///< has left already as far as this counts
  };
  Verdict enter(std::uint64_t number, const std::string& source);
  void prove(std::uint64_t number);
  /// Idempotent.
  void leave(std::uint64_t number);

 private:
  struct Share {
    std::size_t open = 0;
    std::set<std::uint64_t> unproven;
  };
  void remove(std::uint64_t number);  // the lock is held

  const std::size_t all_max_, source_max_;
  std::mutex mutex_;
  std::unordered_map<std::uint64_t, std::string> sources_;  ///< of every connection
  std::unordered_map<std::string, Share> shares_;
  std::set<std::uint64_t> unproven_;
};

}  // namespace birthmark::http
