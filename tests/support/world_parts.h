// SPDX-License-Identifier: Apache-2.0
// The small ports of a World: what can be killed, cut, journalled and looked at.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/ports/deny_journal.h"
#include "app/ports/faults.h"
#include "app/ports/sessions.h"

namespace birthmark::test {

/// The value of a step that a test takes for granted; ends the test with the error otherwise.
template <class T>
T must(Result<T> result) {
  if (!result) {
    const auto& error = result.error();
    throw std::runtime_error{std::string{info(error.code).name} + " " + error.check + ": " + error.detail};
  }
  if constexpr (!std::is_void_v<T>) {
    return std::move(*result);
  }
}

/// The code of a refusal; nothing if there was none.
template <class T>
std::optional<Code> code_of(const Result<T>& result) {
  return result ? std::nullopt : std::optional{result.error().code};
}
template <class T>
std::string check_of(const Result<T>& result) {
  return result ? std::string{} : result.error().check;
}

/// The process has died at a kill point: thrown instead, so that one test process can look at what was left.
struct Killed {
  std::string point;
};

class KillPoints final : public Faults {
 public:
  /// Dies the next time it is reached; empty: never.
  void kill_at(std::string point) { armed_ = std::move(point); }
  void reached(std::string_view point) override {
    if (!armed_.empty() && point == armed_) {
      armed_.clear();
      throw Killed{std::string{point}};
    }
  }

 private:
  std::string armed_;
};

/// Open connections of devices, as a count for each.
class CountedSessions final : public app::Sessions {
 public:
  void open(DeviceRow device) { ++open_[device]; }
  [[nodiscard]] std::size_t open_of(DeviceRow device) const {
    const auto at = open_.find(device);
    return at == open_.end() ? 0 : at->second;
  }
  std::size_t cut(const std::set<DeviceRow>& devices) override {
    std::size_t ended = 0;
    for (const auto device : devices) {
      ended += std::exchange(open_[device], 0);
    }
    return ended;
  }

 private:
  std::map<DeviceRow, std::size_t> open_;
};

/// The preallocated journal, in memory; outlives the registry's restarts.
class MemoryJournal final : public app::DenyJournal {
 public:
  Result<void> append(const app::EmergencyDeny& deny) override {
    BM_CHECK(working());
    if (meanwhile) {
      std::exchange(meanwhile, {})();
    }
    pending_.push_back(deny);
    return {};
  }
  Result<std::vector<app::EmergencyDeny>> pending() override {
    BM_CHECK(working());
    return pending_;
  }
  Result<void> clear() override {
    BM_CHECK(working());
    pending_.clear();
    return {};
  }
  void set_broken(bool broken) { broken_ = broken; }
  [[nodiscard]] std::size_t size() const { return pending_.size(); }

  std::function<void()> meanwhile;  ///< happens once, while the next deny is written

 private:
  [[nodiscard]] Result<void> working() const {
    return broken_ ? Result<void>{fail(Code::storage, "the journal's disk is gone")} : Result<void>{};
  }

  std::vector<app::EmergencyDeny> pending_;
  bool broken_ = false;
};

}  // namespace birthmark::test
