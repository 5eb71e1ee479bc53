// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

struct sqlite3_stmt;

namespace birthmark::sqlite {

enum class Access : std::uint8_t {
  write,  ///< reads and writes; made (0600) if there is none
  read,   ///< must exist; every change is refused
};

enum class Synchronous : std::uint8_t {
  full,  ///< a commit is durable when it returns
  off,   ///< nothing is ever synced; exists so that the power-cut tests can prove that they would notice
};

struct OpenOptions {
  std::filesystem::path path;
  Access access = Access::write;
  std::string vfs = {};  ///< a registered VFS; empty: SQLite's own
  Synchronous synchronous = Synchronous::full;
  int checkpoint_frames = 1000;  ///< length of the write-ahead log, in pages, after which a commit checkpoints
};

class Connection;

/// A prepared statement on loan from its connection, which it must not outlive; reset and its values forgotten when it
/// goes away. Parameters count from 1, columns from 0.
class Statement {
 public:
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&&) = delete;
  ~Statement();

  // Values are copied. An error of a bind is returned by the next step().
  Statement& bind(int parameter, std::int64_t value);
  Statement& bind(int parameter, BytesView blob);
  Statement& bind(int parameter, std::string_view text);
  Statement& bind_null(int parameter);

  /// Goes to the next row, if there is one; a statement without rows is done after the first step.
  /// @error storage: disk full, I/O error, damage, or the connection is poisoned; unavailable: another connection
  /// writes; conflict: a unique key is taken. Any other refusal is a mistake of ours: storage.
  Result<bool> step();
  /// step() for statements that give no row. @error as step; storage if there is a row
  Result<void> run();
  /// Ready to be bound and stepped again; values are forgotten.
  void reset();

  // Columns of the present row. Views are good until the next step, reset or end of the statement.
  [[nodiscard]] std::int64_t integer(int column) const;
  [[nodiscard]] BytesView blob(int column) const;
  [[nodiscard]] std::string_view text(int column) const;
  [[nodiscard]] bool is_null(int column) const;

 private:
  friend class Connection;
  struct Slot;
  Statement(Connection& connection, std::shared_ptr<Slot> slot);

  Connection* connection_;
  std::shared_ptr<Slot> slot_;
  int bind_code_ = 0;
};

/// A savepoint, or a transaction where there is none yet: rolled back when it goes away without release().
class Savepoint {
 public:
  Savepoint(Savepoint&& other) noexcept;
  Savepoint& operator=(Savepoint&&) = delete;
  ~Savepoint();

  /// Keeps the changes; the outermost one commits: durable on return.
  /// @error as Statement::step; the changes are gone, but for one case: if the connection is poisoned by it, the commit
  /// is there whole or not at all, and only recovery tells which. A repeated request must find its stored answer.
  Result<void> release();

 private:
  friend class Connection;
  Savepoint(Connection& connection, int depth) : connection_{&connection}, depth_{depth} {}
  void roll_back() noexcept;

  Connection* connection_;  // null when it is over
  int depth_;
};

/// One connection to one database; used by one thread at a time. Every statement and savepoint must be gone before it.
///
/// Write-ahead log, synchronous=FULL, foreign keys, no trusted schema, no memory map; waits a second for locks.
/// After an I/O error, a failed sync or found damage the connection is poisoned: nobody knows what the disk holds, so
/// every later call fails `storage`. The way back is to close every connection of the process to that database, call
/// drop_cached_pages, and open again, which recovers (AC-30). A full disk does not poison: the transaction is rolled
/// back.
class Connection {
 public:
  /// @error storage: cannot be opened, is not a database, damaged; unavailable: locked by another process.
  static Result<std::unique_ptr<Connection>> open(const OpenOptions& options);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  /// One statement, compiled once and kept; a second loan of the same text at the same time is compiled for itself.
  /// `sql` is text of ours, never made from input. @error storage
  Result<Statement> prepare(std::string_view sql);
  /// Runs statements that take no value and give no row. @error as Statement::step
  Result<void> execute(const std::string& sql);
  /// The same with one statement that comes again and again: compiled once. @error as execute
  Result<void> run(std::string_view sql);

  /// Opens the outermost transaction at once for writing (BEGIN IMMEDIATE), or a savepoint in it.
  /// @error unavailable: another connection has been writing for a second; storage
  Result<Savepoint> begin();

  [[nodiscard]] bool in_transaction() const;
  /// Rows changed by the last statement.
  [[nodiscard]] std::int64_t changes() const;
  [[nodiscard]] std::int64_t last_insert_row() const;
  /// SQLite's PRAGMA integrity_check, the whole file. @error storage: what it found
  Result<void> check_integrity();
  /// Moves the whole write-ahead log into the database and empties it. @error unavailable: a reader is in the way
  Result<void> checkpoint();
  [[nodiscard]] bool is_poisoned() const;

 private:
  friend class Statement;
  friend class Savepoint;
  struct Impl;
  explicit Connection(std::unique_ptr<Impl> impl);
  Result<void> configure(const OpenOptions& options);
  Result<void> outcome(int code, std::string_view what);
  Result<void> usable() const;

  std::unique_ptr<Impl> impl_;
};

/// Makes the kernel forget the clean pages it holds of a database and its log. After a failed sync they show what the
/// disk does not hold, and a recovery that reads them would build on sand. Only while no connection of this process to
/// that database is open: closing the file here would drop their locks. Nothing happens for a missing file.
/// @error storage
Result<void> drop_cached_pages(const std::filesystem::path& database);

}  // namespace birthmark::sqlite
