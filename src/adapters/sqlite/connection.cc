// SPDX-License-Identifier: Apache-2.0
#include "adapters/sqlite/connection.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <unordered_map>
#include <utility>

#include "adapters/files/posix_io.h"

namespace birthmark::sqlite {

namespace {

/// For others' locks. A reader that meets the index of the log half written takes the writer's lock for a moment, to
/// see whether the log must be recovered: who gives up at once loses a commit to it.
constexpr int kPatienceMs = 1000;

struct CloseDatabase {
  void operator()(sqlite3* db) const noexcept { sqlite3_close(db); }
};
struct FinalizeStatement {
  void operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }
};
struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>{}(text); }
};

/// SQLite counts its memory, for which each allocation takes one lock that all connections share, and nobody reads the
/// counts. They can be switched off only before its first use in the process; after that this changes nothing.
void count_no_memory() {
  static const int once = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  static_cast<void>(once);
}

/// After these nobody knows what the disk holds.
bool poisons(int code) {
  const int primary = code & 0xFF;
  return primary == SQLITE_IOERR || primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB;
}

Code refusal_of(int code) {
  switch (code & 0xFF) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Code::unavailable;
    case SQLITE_CONSTRAINT:
      break;
    default:  // not an enum: SQLite's codes are ints
      return Code::storage;
  }
  const bool taken =
      code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY || code == SQLITE_CONSTRAINT_ROWID;
  return taken ? Code::conflict : Code::storage;
}

}  // namespace

struct Statement::Slot {
  std::unique_ptr<sqlite3_stmt, FinalizeStatement> statement;
  bool on_loan = false;
};

struct Connection::Impl {
  std::unique_ptr<sqlite3, CloseDatabase> db;
  std::unordered_map<std::string, std::shared_ptr<Statement::Slot>, TextHash, std::equal_to<>> statements;
  int depth = 0;
  int checkpoint_frames = 0;
  bool poisoned = false;
};

// --- Statement ---

Statement::Statement(Connection& connection, std::shared_ptr<Slot> slot)
    : connection_{&connection}, slot_{std::move(slot)} {
  slot_->on_loan = true;
}

Statement::Statement(Statement&& other) noexcept
    : connection_{other.connection_}, slot_{std::move(other.slot_)}, bind_code_{other.bind_code_} {}

Statement::~Statement() {
  if (slot_) {
    reset();
    slot_->on_loan = false;
  }
}

void Statement::reset() {
  sqlite3_reset(slot_->statement.get());
  sqlite3_clear_bindings(slot_->statement.get());
  bind_code_ = SQLITE_OK;
}

Statement& Statement::bind(int parameter, std::int64_t value) {
  if (const int code = sqlite3_bind_int64(slot_->statement.get(), parameter, value); code != SQLITE_OK) {
    bind_code_ = code;
  }
  return *this;
}

Statement& Statement::bind(int parameter, BytesView blob) {
  // A null pointer would bind NULL: the empty blob is a value.
  const int code =
      blob.empty() ? sqlite3_bind_zeroblob(slot_->statement.get(), parameter, 0)
                   : sqlite3_bind_blob64(slot_->statement.get(), parameter, blob.data(), blob.size(), SQLITE_TRANSIENT);
  if (code != SQLITE_OK) {
    bind_code_ = code;
  }
  return *this;
}

Statement& Statement::bind(int parameter, std::string_view text) {
  const int code = sqlite3_bind_text64(slot_->statement.get(), parameter, text.empty() ? "" : text.data(), text.size(),
                                       SQLITE_TRANSIENT, SQLITE_UTF8);
  if (code != SQLITE_OK) {
    bind_code_ = code;
  }
  return *this;
}

Statement& Statement::bind_null(int parameter) {
  if (const int code = sqlite3_bind_null(slot_->statement.get(), parameter); code != SQLITE_OK) {
    bind_code_ = code;
  }
  return *this;
}

Result<bool> Statement::step() {
  BM_CHECK(connection_->usable());
  if (bind_code_ != SQLITE_OK) {
    return fail(Code::storage, std::string{"bind: "} + sqlite3_errstr(bind_code_));
  }
  const int code = sqlite3_step(slot_->statement.get());
  if (code == SQLITE_ROW || code == SQLITE_DONE) {
    return code == SQLITE_ROW;
  }
  BM_CHECK(connection_->outcome(code, sqlite3_sql(slot_->statement.get())));
  return fail(Code::storage, "SQLite: step without an answer");
}

Result<void> Statement::run() {
  BM_TRY(const bool row, step());
  if (row) {
    return fail(Code::storage, std::string{"a row where none belongs: "} + sqlite3_sql(slot_->statement.get()));
  }
  return {};
}

std::int64_t Statement::integer(int column) const {
  return sqlite3_column_int64(slot_->statement.get(), column);
}

BytesView Statement::blob(int column) const {
  // The pointer first: asking for it may convert the value, which changes its length.
  const auto* data = static_cast<const std::uint8_t*>(sqlite3_column_blob(slot_->statement.get(), column));
  return {data, static_cast<std::size_t>(sqlite3_column_bytes(slot_->statement.get(), column))};
}

std::string_view Statement::text(int column) const {
  const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(slot_->statement.get(), column));
  return {data == nullptr ? "" : data, static_cast<std::size_t>(sqlite3_column_bytes(slot_->statement.get(), column))};
}

bool Statement::is_null(int column) const {
  return sqlite3_column_type(slot_->statement.get(), column) == SQLITE_NULL;
}

// --- Savepoint ---

Savepoint::Savepoint(Savepoint&& other) noexcept
    : connection_{std::exchange(other.connection_, nullptr)}, depth_{other.depth_} {}

Savepoint::~Savepoint() {
  roll_back();
}

void Savepoint::roll_back() noexcept {
  if (connection_ == nullptr) {
    return;
  }
  auto& impl = *std::exchange(connection_, nullptr)->impl_;
  impl.depth = depth_;
  // Not through execute(): a poisoned connection must let go of its locks too. What fails here is undone by recovery.
  if (depth_ == 0) {
    sqlite3_exec(impl.db.get(), "ROLLBACK", nullptr, nullptr, nullptr);
    return;
  }
  const auto name = "s" + std::to_string(depth_);
  sqlite3_exec(impl.db.get(), ("ROLLBACK TO " + name + "; RELEASE " + name).c_str(), nullptr, nullptr, nullptr);
}

Result<void> Savepoint::release() {
  if (connection_ == nullptr || connection_->impl_->depth != depth_ + 1) {
    return fail(Code::storage, "savepoint: over, or not the innermost");
  }
  auto released = connection_->run(depth_ == 0 ? "COMMIT" : "RELEASE s" + std::to_string(depth_));
  if (!released) {
    roll_back();
    return released;
  }
  connection_->impl_->depth = depth_;
  connection_ = nullptr;
  return {};
}

// --- Connection ---

namespace {

/// So that the database is made with 0600; SQLite gives its log and index the same. Only ever a new file is opened:
/// closing a descriptor of an old one would drop the locks of other connections.
Result<void> make_private(const std::filesystem::path& path) {
  auto made = posix::open(path, OpenMode::create_new, Visibility::owner);
  if (!made && made.error().code != Code::conflict) {
    return fail(Code::storage, made.error().detail);
  }
  return {};
}

}  // namespace

Connection::Connection(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {}

Connection::~Connection() {
  impl_->statements.clear();  // before the database, which does not close while one is left
  if (impl_->poisoned) {
    // The last one to close would write the log into the database. Recovery does that, from what the disk holds.
    sqlite3_db_config(impl_->db.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  }
}

Result<std::unique_ptr<Connection>> Connection::open(const OpenOptions& options) {
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  if (options.access == Access::write) {
    BM_CHECK(make_private(options.path));
  }
  count_no_memory();
  sqlite3* opened = nullptr;
  const int code =
      sqlite3_open_v2(options.path.c_str(), &opened, flags, options.vfs.empty() ? nullptr : options.vfs.c_str());
  auto impl = std::make_unique<Impl>();
  impl->db.reset(opened);
  if (code != SQLITE_OK) {
    return fail(Code::storage, options.path.string() + ": " + sqlite3_errstr(code));
  }
  std::unique_ptr<Connection> connection{new Connection{std::move(impl)}};
  BM_CHECK(connection->configure(options));
  return connection;
}

Result<void> Connection::configure(const OpenOptions& options) {
  auto* db = impl_->db.get();
  sqlite3_busy_timeout(db, kPatienceMs);
  sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
  sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DDL, 0, nullptr);
  // Rows of the registry go into no temporary file: it lies outside its directory, and a kill may leave it there.
  BM_CHECK(
      execute("PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON; PRAGMA mmap_size=0;"
              "PRAGMA locking_mode=NORMAL; PRAGMA foreign_keys=ON; PRAGMA temp_store=MEMORY"));
  BM_CHECK(execute(options.synchronous == Synchronous::full ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=OFF"));
  if (options.access == Access::read) {
    sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    return execute("PRAGMA query_only=ON");
  }
  {
    BM_TRY(auto mode, prepare("PRAGMA journal_mode=WAL"));
    BM_TRY(const bool answered, mode.step());
    if (!answered || mode.text(0) != "wal") {
      return fail(Code::storage, options.path.string() + ": no write-ahead log here");
    }
  }
  impl_->checkpoint_frames = options.checkpoint_frames;
  // In place of SQLite's own checkpoint after a commit, which swallows its errors: a failed sync must not.
  sqlite3_wal_hook(
      db,
      [](void* context, sqlite3* hooked, const char* name, int frames) {
        auto& impl = *static_cast<Impl*>(context);
        if (frames >= impl.checkpoint_frames) {
          impl.poisoned |=
              poisons(sqlite3_wal_checkpoint_v2(hooked, name, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr));
        }
        return SQLITE_OK;  // the commit that called is durable in the log, whatever happened here
      },
      impl_.get());
  return {};
}

Result<void> Connection::usable() const {
  if (impl_->poisoned) {
    return fail(Code::storage, "database: an I/O error came before; open it again");
  }
  return {};
}

Result<void> Connection::outcome(int code, std::string_view what) {
  if (code == SQLITE_OK) {
    return {};
  }
  impl_->poisoned |= poisons(code);
  if (refusal_of(code) == Code::conflict) {
    return fail(Code::conflict, "another record has this name, key or place");  // goes to callers, as it is
  }
  return fail(refusal_of(code), std::string{sqlite3_errmsg(impl_->db.get())} + " (" + sqlite3_errstr(code) + ", " +
                                    std::to_string(code) + "): " + std::string{what});
}

Result<Statement> Connection::prepare(std::string_view sql) {
  BM_CHECK(usable());
  const auto found = impl_->statements.find(sql);
  if (found != impl_->statements.end() && !found->second->on_loan) {
    return Statement{*this, found->second};
  }
  sqlite3_stmt* compiled = nullptr;
  const int code = sqlite3_prepare_v3(impl_->db.get(), sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &compiled, nullptr);
  auto slot = std::make_shared<Statement::Slot>();
  slot->statement.reset(compiled);
  BM_CHECK(outcome(code, sql));
  if (compiled == nullptr) {
    return fail(Code::storage, "no statement in: " + std::string{sql});
  }
  if (found == impl_->statements.end()) {
    impl_->statements.emplace(std::string{sql}, slot);
  }
  return Statement{*this, std::move(slot)};
}

Result<void> Connection::execute(const std::string& sql) {
  BM_CHECK(usable());
  return outcome(sqlite3_exec(impl_->db.get(), sql.c_str(), nullptr, nullptr, nullptr), sql);
}

Result<void> Connection::run(std::string_view sql) {
  BM_TRY(auto statement, prepare(sql));
  return statement.run();
}

Result<Savepoint> Connection::begin() {
  const int depth = impl_->depth;
  BM_CHECK(run(depth == 0 ? "BEGIN IMMEDIATE" : "SAVEPOINT s" + std::to_string(depth)));
  impl_->depth = depth + 1;
  return Savepoint{*this, depth};
}

bool Connection::in_transaction() const {
  return sqlite3_get_autocommit(impl_->db.get()) == 0;
}

std::int64_t Connection::changes() const {
  return sqlite3_changes64(impl_->db.get());
}

std::int64_t Connection::last_insert_row() const {
  return sqlite3_last_insert_rowid(impl_->db.get());
}

Result<void> Connection::check_integrity() {
  BM_TRY(auto check, prepare("PRAGMA integrity_check(1)"));
  BM_TRY(const bool answered, check.step());
  if (!answered || check.text(0) != "ok") {
    return fail(Code::storage, "integrity_check: " + std::string{answered ? check.text(0) : "no answer"});
  }
  return {};
}

Result<void> Connection::checkpoint() {
  BM_CHECK(usable());
  const int code = sqlite3_wal_checkpoint_v2(impl_->db.get(), nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
  return outcome(code, "checkpoint");
}

bool Connection::is_poisoned() const {
  return impl_->poisoned;
}

Result<void> drop_cached_pages(const std::filesystem::path& database) {
  for (const char* suffix : {"", "-wal"}) {
    const std::filesystem::path path{database.string() + suffix};
    const posix::Fd fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
    if (!fd.is_open() && errno == ENOENT) {
      continue;
    }
    const int error = fd.is_open() ? ::posix_fadvise(fd.get(), 0, 0, POSIX_FADV_DONTNEED) : errno;
    if (error != 0) {
      return posix::failure("drop pages of", path, error);
    }
  }
  return {};
}

}  // namespace birthmark::sqlite
