// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <pthread.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "support/temp_dir.h"

struct sqlite3;
struct sqlite3_stmt;

namespace birthmark::bench {

/// A bare durable write with SQLite: one table, one blob a row, one thread that commits whatever waits as one
/// transaction, in the mode in which the product has its registry (WAL, synchronous FULL).
class BareLedger {
 public:
  BareLedger();
  ~BareLedger();
  BareLedger(const BareLedger&) = delete;
  BareLedger& operator=(const BareLedger&) = delete;

  /// Calls `done` on the ledger's thread once the row is durable.
  void write(std::function<void()> done);
  /// From now on a commit is put off that long, for more rows to join it. For a ledger that nobody writes to.
  void gather(std::chrono::milliseconds time);
  [[nodiscard]] pthread_t thread() { return thread_.native_handle(); }

  static constexpr int kRowBytes = 1024;

 private:
  void run();
  void commit(std::size_t rows);
  void execute(const char* sql) const;

  test::TempDir directory_;
  sqlite3* database_ = nullptr;
  sqlite3_stmt* insert_ = nullptr;
  std::mutex mutex_;
  std::condition_variable waits_;
  std::deque<std::function<void()>> queue_;  // guarded by mutex_
  std::chrono::milliseconds gathers_{0};     // guarded by mutex_
  bool closing_ = false;                     // guarded by mutex_
  std::jthread thread_;
};

}  // namespace birthmark::bench
