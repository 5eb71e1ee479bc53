// SPDX-License-Identifier: Apache-2.0
#include "bare_ledger.h"

#include <sqlite3.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

namespace birthmark::bench {
namespace {

void check(bool good, sqlite3* database) {
  if (!good) {
    std::fprintf(stderr, "bare ledger: %s\n", sqlite3_errmsg(database));
    std::exit(1);
  }
}

}  // namespace

BareLedger::BareLedger() {
  check(sqlite3_open((directory_ / "ledger").c_str(), &database_) == SQLITE_OK, database_);
  sqlite3_stmt* mode = nullptr;
  check(sqlite3_prepare_v2(database_, "PRAGMA journal_mode=WAL", -1, &mode, nullptr) == SQLITE_OK &&
            sqlite3_step(mode) == SQLITE_ROW &&
            std::string_view{reinterpret_cast<const char*>(sqlite3_column_text(mode, 0))} == "wal",
        database_);
  sqlite3_finalize(mode);
  execute("PRAGMA synchronous=FULL; CREATE TABLE ledger(id INTEGER PRIMARY KEY, row BLOB)");
  check(sqlite3_prepare_v2(database_, "INSERT INTO ledger(row) VALUES(?)", -1, &insert_, nullptr) == SQLITE_OK,
        database_);
  thread_ = std::jthread{[this] { run(); }};
}

BareLedger::~BareLedger() {
  {
    const std::scoped_lock lock{mutex_};
    closing_ = true;
  }
  waits_.notify_one();
  thread_.join();
  sqlite3_finalize(insert_);
  sqlite3_close(database_);
}

void BareLedger::execute(const char* sql) const {
  check(sqlite3_exec(database_, sql, nullptr, nullptr, nullptr) == SQLITE_OK, database_);
}

void BareLedger::write(std::function<void()> done) {
  {
    const std::scoped_lock lock{mutex_};
    queue_.push_back(std::move(done));
  }
  waits_.notify_one();
}

void BareLedger::gather(std::chrono::milliseconds time) {
  const std::scoped_lock lock{mutex_};
  gathers_ = time;
}

void BareLedger::run() {
  while (true) {
    std::deque<std::function<void()>> group;
    {
      std::unique_lock lock{mutex_};
      waits_.wait(lock, [this] { return closing_ || !queue_.empty(); });
      waits_.wait_for(lock, gathers_, [this] { return closing_; });
      if (closing_) {
        return;
      }
      group.swap(queue_);
    }
    commit(group.size());
    for (const auto& done : group) {
      done();
    }
  }
}

void BareLedger::commit(std::size_t rows) {
  static const std::string row(kRowBytes, 'x');
  execute("BEGIN IMMEDIATE");
  for (std::size_t i = 0; i < rows; ++i) {
    sqlite3_bind_blob(insert_, 1, row.data(), kRowBytes, SQLITE_STATIC);
    check(sqlite3_step(insert_) == SQLITE_DONE && sqlite3_reset(insert_) == SQLITE_OK, database_);
  }
  execute("COMMIT");
}

}  // namespace birthmark::bench
