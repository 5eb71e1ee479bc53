// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "adapters/http/server.h"

namespace birthmark::telemetry {

/// What is read when somebody asks, not counted here.
struct Reading {
  std::map<std::string, http::Counters> listeners;  ///< by name
  std::map<std::string, std::uint64_t> refusals;    ///< by code
  std::map<std::string, std::uint64_t> events;      ///< audit entries by kind
  std::map<std::string, std::uint64_t> moves;       ///< of devices, by the state they came to
  std::map<std::string, std::uint64_t> decisions;   ///< "allow", and "deny_" with the step
  std::uint64_t writes = 0;
  std::uint64_t commits = 0;
  std::chrono::nanoseconds commit_time{};
  std::uint64_t log_entries = 0;
  std::uint64_t log_lines_dropped = 0;
  std::uint64_t tidy_failures = 0;
};

/// The server's numbers in the text format of Prometheus. Labels are ours alone (patterns of routes, codes), so that
/// nobody outside can make new series. Safe from any thread.
class Metrics {
 public:
  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  /// @param route pattern, or "none" if there is no such path.
  void request(std::string_view listener, std::string_view route, int status, std::chrono::nanoseconds took);
  [[nodiscard]] std::string text(const Reading& reading) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace birthmark::telemetry
