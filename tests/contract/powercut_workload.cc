// SPDX-License-Identifier: Apache-2.0
// What powercut_test cuts the power of: small flows that say "ack N" once step N is promised to be durable. A refused
// step says "refused N" and the flow goes on by the documented way back. The fault plan comes from the environment.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "adapters/sqlite/fault_layer.h"

namespace birthmark {
namespace {

constexpr int kSteps = 8;
constexpr std::size_t kRowBytes = 3000;  // a page or so: a transaction is several frames

/// Straight to the pipe: it must be there if the next instruction is a SIGKILL.
void say(const std::string& what, std::int64_t step) {
  const auto line = what + " " + std::to_string(step) + "\n";
  if (::write(STDOUT_FILENO, line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
    std::abort();
  }
}

int fail_with(const Error& error) {
  std::fprintf(stderr, "%s\n", error.detail.c_str());
  return 1;
}

Result<std::unique_ptr<sqlite::Connection>> open_database(const FaultLayer& layer, const char* path) {
  // A log of ten pages: checkpoints fall into the flow.
  BM_TRY(auto database, sqlite::Connection::open(layer.database({.path = path, .checkpoint_frames = 10})));
  BM_CHECK(
      database->execute("CREATE TABLE IF NOT EXISTS row(id INTEGER PRIMARY KEY, content BLOB NOT NULL);"
                        "CREATE TABLE IF NOT EXISTS head(one INTEGER PRIMARY KEY CHECK(one = 1), last INTEGER)"));
  return database;
}

Result<void> add_row(sqlite::Connection& database, std::int64_t id) {
  BM_TRY(auto transaction, database.begin());
  {
    BM_TRY(auto insert, database.prepare("INSERT INTO row VALUES(?,?)"));
    BM_CHECK(insert.bind(1, id).bind(2, BytesView{Bytes(kRowBytes, static_cast<std::uint8_t>(id))}).run());
    BM_TRY(auto update, database.prepare("INSERT OR REPLACE INTO head VALUES(1,?)"));
    BM_CHECK(update.bind(1, id).run());
  }
  return transaction.release();
}

int rows(const FaultLayer& layer, const char* path) {
  std::unique_ptr<sqlite::Connection> database;
  int refusals = 0;
  for (std::int64_t id = 1; id <= kSteps;) {
    if (id == kSteps / 2) {
      database.reset();  // a clean close in the middle: checkpoint, and the log is removed
    }
    if (!database) {
      auto opened = open_database(layer, path);
      if (!opened && ++refusals < 4) {
        continue;
      }
      if (!opened) {
        return fail_with(opened.error());
      }
      database = std::move(*opened);
    }
    const auto added = add_row(*database, id);
    say(added ? "ack" : "refused", id);
    ++id;
    if (database->is_poisoned()) {
      if (database->execute("SELECT 1") || add_row(*database, id)) {
        return fail_with({Code::storage, "a poisoned connection went on"});
      }
      say("poisoned", id);
      database.reset();
      if (const auto dropped = sqlite::drop_cached_pages(path); !dropped) {
        return fail_with(dropped.error());
      }
    }
  }
  return 0;
}

std::string version(std::int64_t step) {
  return std::to_string(step) + ":" + std::string(static_cast<std::size_t>(1000 + step * 100), 'v') + ".";
}

int atomic(Files& files, const char* path) {
  for (std::int64_t step = 1; step <= kSteps; ++step) {
    say(write_atomically(files, path, as_bytes(version(step))) ? "ack" : "refused", step);
  }
  return 0;
}

/// The mistakes that the suite must see: the same without the file's sync, or without the directory's.
int careless(Files& files, const std::filesystem::path& path, bool sync_file, bool sync_directory) {
  const auto temporary = path.parent_path() / "temporary";
  for (std::int64_t step = 1; step <= kSteps; ++step) {
    auto file = files.open(temporary, OpenMode::replace);
    if (!file || !(*file)->write_at(0, as_bytes(version(step))) || (sync_file && !(*file)->datasync()) ||
        !files.rename(temporary, path) || (sync_directory && !files.sync_directory(path.parent_path()))) {
      return 1;
    }
    say("ack", step);
  }
  return 0;
}

int run(int count, char** arguments) {
  const auto layer = FaultLayer::from_environment();
  if (!layer) {
    return fail_with(layer.error());
  }
  if (!*layer || count != 3) {
    return fail_with({Code::bad_request, "usage: BIRTHMARK_FAULTS=... powercut_workload FLOW PATH"});
  }
  const std::string flow{arguments[1]};
  const char* path = arguments[2];
  if (flow == "rows") {
    return rows(**layer, path);
  }
  if (flow == "atomic") {
    return atomic((*layer)->files(), path);
  }
  if (flow == "no_file_sync") {
    return careless((*layer)->files(), path, false, true);
  }
  if (flow == "no_directory_sync") {
    return careless((*layer)->files(), path, true, false);
  }
  return fail_with({Code::bad_request, "no such flow"});
}

}  // namespace
}  // namespace birthmark

int main(int count, char** arguments) {
  return birthmark::run(count, arguments);
}
