// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

namespace birthmark::telemetry {

/// Writes lines to a descriptor from a thread of its own, so that nobody who logs waits for whoever should read. What
/// waits has a bound: the oldest lines give way, and are counted. Safe from any thread. The queue of spdlog has such a
/// bound too, but its end waits for a write that blocks, for as long as it blocks.
class LineWriter {
 public:
  static constexpr std::size_t kLinesMax = 1024;
  /// How long the end waits for a reader that reads.
  static constexpr std::chrono::milliseconds kLastWords{200};

  /// @param descriptor stays the caller's and outlives this.
  explicit LineWriter(int descriptor);
  LineWriter(const LineWriter&) = delete;
  LineWriter& operator=(const LineWriter&) = delete;
  /// Writes what is left as far as it is read within `kLastWords`.
  ~LineWriter();

  /// @param line with its line feed. Never blocks on the descriptor.
  void add(std::string line);
  /// Lines that were thrown away since start.
  [[nodiscard]] std::uint64_t dropped() const { return dropped_; }

 private:
  using Deadline = std::chrono::steady_clock::time_point;

  void run();
  std::optional<std::string> next();
  bool write(std::string_view line);
  bool wait_until_writable();
  [[nodiscard]] ssize_t write_some(std::string_view bytes) const;

  const int descriptor_;
  const bool socket_;
  const int wake_;  ///< eventfd: readable when the end has come
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::string> lines_;      // guarded by mutex_
  bool stopping_ = false;              // guarded by mutex_
  std::optional<Deadline> last_call_;  // of the thread alone
  std::atomic<std::uint64_t> dropped_ = 0;
  std::jthread thread_;
};

}  // namespace birthmark::telemetry
