// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "support/temp_dir.h"

namespace birthmark::test {

/// What to start. The program inherits the environment of the test, changed by `env`, and nothing else: every other
/// descriptor is closed.
struct Command {
  std::vector<std::string> argv = {};                          ///< argv[0] is a path, or a name looked up in PATH
  std::map<std::string, std::optional<std::string>> env = {};  ///< set, or removed where there is no value
  std::string input = {};                                      ///< given on standard input, which then ends
  std::filesystem::path directory = {};                        ///< to run in; empty: that of the test
};

/// How a process ended, and all it said.
struct Finished {
  std::optional<int> exit_code;  ///< none if a signal ended it
  int signal = 0;                ///< that ended it, or 0
  bool timed_out = false;        ///< it did not end by itself in time and was killed
  std::string out;
  std::string err;
};

/// One running child. Ended, by its process id, when this goes away; the kernel ends it if the thread that started it
/// goes first, so that a killed test leaves nothing behind. Output is read all the time, so a child never blocks on it.
class Process {
 public:
  /// Throws std::runtime_error if it cannot be started (no such program).
  explicit Process(const Command& command);
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process();

  [[nodiscard]] pid_t pid() const;
  /// The first whole line, of either output, that holds `words`; waits for it. Nothing if the time is over, or if both
  /// outputs ended without it.
  std::optional<std::string> wait_for_line(std::string_view words, std::chrono::milliseconds bound);
  /// Waits for its end; kills it when the time is over.
  Finished wait(std::chrono::milliseconds bound);
  /// Sends SIGTERM, and SIGKILL if it has not ended in time.
  Finished stop(std::chrono::milliseconds bound = std::chrono::seconds{10});
  /// Sends SIGKILL.
  Finished kill();
  void signal(int number) const;
  /// What it has said so far.
  [[nodiscard]] std::string out() const;
  [[nodiscard]] std::string err() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Starts, waits, collects.
Finished run(const Command& command, std::chrono::milliseconds bound = std::chrono::seconds{60});

/// The fixture for tests that start programs: one temporary directory, and children that end with the test, last first.
class Processes {
 public:
  [[nodiscard]] const std::filesystem::path& directory() const { return directory_.path(); }
  /// Starts a program that says `ready` on one of its outputs when it is. Throws std::runtime_error, with what it said,
  /// if it does not in time. Owned by this; the line is in `ready_line` if asked for.
  Process& start(const Command& command, std::string_view ready,
                 std::chrono::milliseconds bound = std::chrono::seconds{30}, std::string* ready_line = nullptr);
  Processes() = default;
  Processes(const Processes&) = delete;
  Processes& operator=(const Processes&) = delete;
  ~Processes();

 private:
  TempDir directory_;
  std::vector<std::unique_ptr<Process>> children_;
};

}  // namespace birthmark::test
