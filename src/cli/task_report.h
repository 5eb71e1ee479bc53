// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "adapters/clock/system_clock.h"
#include "cli/output.h"

namespace birthmark::cli {

/// Tells whoever watches a station what it does, one line an event: `task_begin`, `progress` and `task_end` for each
/// unit, `summary` at the end. With --json each line is one object with the member `event`.
class TaskReport {
 public:
  TaskReport(std::string task, std::size_t units, Form form) : task_{std::move(task)}, units_{units}, form_{form} {}

  void begin(std::string_view device);
  /// A step that is done; it took the time since the one before.
  void step(std::string_view name);
  /// A step that will be tried again.
  void retry(const Error& error);
  void succeed(boost::json::object result);
  void refuse(const Error& error);
  /// @return the exit code of all units together: 3 before 1 before 0.
  int finish();

 private:
  std::int64_t lap();
  void end(boost::json::object members);

  std::string task_;
  std::size_t units_;
  Form form_;
  SystemClock clock_;
  Ticks began_{}, last_{};
  std::size_t unit_ = 0;
  std::size_t done_ = 0;
  std::size_t refused_ = 0;
  std::size_t failed_ = 0;
};

}  // namespace birthmark::cli
