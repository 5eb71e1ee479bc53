// SPDX-License-Identifier: Apache-2.0
#include "adapters/sqlite/connection.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <array>
#include <atomic>
#include <fstream>
#include <thread>
#include <vector>

#include "adapters/sqlite/fault_layer.h"
#include "support/temp_dir.h"

namespace birthmark::sqlite {
namespace {

class ConnectionTest : public testing::Test {
 protected:
  ConnectionTest() {
    EXPECT_TRUE(
        connection_->execute("CREATE TABLE item(id INTEGER PRIMARY KEY, name TEXT UNIQUE, content BLOB) STRICT"));
  }
  Connection& connection() { return *connection_; }
  [[nodiscard]] OpenOptions options() const { return {.path = directory_ / "db"}; }
  std::unique_ptr<Connection> another(Access access = Access::write) {
    auto second = options();
    second.access = access;
    return Connection::open(second).value();
  }
  Result<void> insert(std::int64_t id, std::string_view name, Connection* on = nullptr) {
    BM_TRY(auto statement, (on == nullptr ? connection() : *on).prepare("INSERT INTO item(id,name) VALUES(?,?)"));
    return statement.bind(1, id).bind(2, name).run();
  }
  std::int64_t count(Connection* in = nullptr) {
    auto statement = (in == nullptr ? connection() : *in).prepare("SELECT count(*) FROM item").value();
    return statement.step().value() ? statement.integer(0) : -1;
  }
  std::string pragma(const std::string& name, Connection* of = nullptr) {
    auto statement = (of == nullptr ? connection() : *of).prepare("PRAGMA " + name).value();
    return statement.step().value() ? std::string{statement.text(0)} : "";
  }
  [[nodiscard]] const std::filesystem::path& directory() const { return directory_.path(); }
  void close() { connection_.reset(); }

 private:
  test::TempDir directory_;
  std::unique_ptr<Connection> connection_ = Connection::open(options()).value();
};

TEST_F(ConnectionTest, has_the_settings_that_durability_rests_on) {
  EXPECT_EQ(pragma("journal_mode"), "wal");
  EXPECT_EQ(pragma("synchronous"), "2");
  EXPECT_EQ(pragma("foreign_keys"), "1");
  EXPECT_EQ(pragma("trusted_schema"), "0");
  EXPECT_EQ(pragma("cell_size_check"), "1");
  EXPECT_EQ(pragma("busy_timeout"), "1000");
  EXPECT_EQ(pragma("locking_mode"), "normal");
  EXPECT_EQ(pragma("temp_store"), "2");
  const auto reader = another(Access::read);
  EXPECT_EQ(pragma("temp_store", reader.get()), "2");
  EXPECT_EQ(pragma("synchronous", reader.get()), "2");
  EXPECT_EQ(pragma("query_only", reader.get()), "1");
}

TEST_F(ConnectionTest, makes_its_files_for_the_owner_only) {
  ASSERT_TRUE(insert(1, "a"));
  for (const auto* name : {"db", "db-wal", "db-shm"}) {
    struct stat facts {};
    ASSERT_EQ(::stat((directory() / name).c_str(), &facts), 0) << name;
    EXPECT_EQ(facts.st_mode & 0777, 0600U) << name;
  }
}

TEST_F(ConnectionTest, gives_back_every_kind_of_value) {
  const Bytes blob{0, 1, 0xFF};
  const std::string_view text{"a\0b", 3};
  {
    auto insert = connection().prepare("INSERT INTO item VALUES(?,?,?)").value();
    ASSERT_TRUE(insert.bind(1, INT64_MIN).bind(2, text).bind(3, BytesView{blob}).run());
    insert.reset();
    ASSERT_TRUE(insert.bind(1, INT64_MAX).bind(2, "").bind(3, BytesView{}).run());
    insert.reset();
    ASSERT_TRUE(insert.bind(1, 0).bind_null(2).bind_null(3).run());
  }
  auto select = connection().prepare("SELECT id, name, content FROM item ORDER BY id").value();
  ASSERT_TRUE(select.step().value());
  EXPECT_EQ(select.integer(0), INT64_MIN);
  EXPECT_EQ(select.text(1), text);
  EXPECT_TRUE(equal(select.blob(2), blob));
  ASSERT_TRUE(select.step().value());
  EXPECT_TRUE(select.is_null(1));
  EXPECT_TRUE(select.is_null(2));
  EXPECT_TRUE(select.text(1).empty());
  EXPECT_TRUE(select.blob(2).empty());
  ASSERT_TRUE(select.step().value());
  EXPECT_EQ(select.integer(0), INT64_MAX);
  EXPECT_FALSE(select.is_null(1));
  EXPECT_FALSE(select.is_null(2));
  EXPECT_TRUE(select.blob(2).empty());
  EXPECT_FALSE(select.step().value());
}

TEST_F(ConnectionTest, a_statement_comes_back_without_the_values_of_the_last_loan) {
  {
    auto first = connection().prepare("SELECT ?").value();
    ASSERT_TRUE(first.bind(1, 7).step().value());
    EXPECT_EQ(first.integer(0), 7);
  }
  auto second = connection().prepare("SELECT ?").value();
  ASSERT_TRUE(second.step().value());
  EXPECT_TRUE(second.is_null(0));
}

TEST_F(ConnectionTest, two_loans_of_one_text_do_not_disturb_each_other) {
  ASSERT_TRUE(insert(1, "a") && insert(2, "b"));
  auto outer = connection().prepare("SELECT id FROM item ORDER BY id").value();
  ASSERT_TRUE(outer.step().value());
  {
    auto inner = connection().prepare("SELECT id FROM item ORDER BY id").value();
    ASSERT_TRUE(inner.step().value() && inner.step().value());
    EXPECT_EQ(inner.integer(0), 2);
  }
  EXPECT_EQ(outer.integer(0), 1);
  ASSERT_TRUE(outer.step().value());
  EXPECT_EQ(outer.integer(0), 2);
}

TEST_F(ConnectionTest, refuses_wrong_statements_and_binds) {
  EXPECT_EQ(connection().prepare("SELEKT 1").error().code, Code::storage);
  EXPECT_EQ(connection().prepare("").error().code, Code::storage);
  EXPECT_EQ(connection().prepare("SELECT * FROM nowhere").error().code, Code::storage);
  EXPECT_EQ(connection().prepare("SELECT \"not a column\"").error().code, Code::storage);
  auto statement = connection().prepare("SELECT ?").value();
  EXPECT_EQ(statement.bind(2, 1).step().error().code, Code::storage);
  statement.reset();
  EXPECT_EQ(statement.bind(1, 1).run().error().code, Code::storage);  // a row nobody asked for
  EXPECT_FALSE(connection().is_poisoned());
}

TEST_F(ConnectionTest, a_taken_key_is_a_conflict_and_other_constraints_are_not) {
  ASSERT_TRUE(insert(1, "a"));
  EXPECT_EQ(insert(1, "b").error().code, Code::conflict);
  EXPECT_EQ(insert(2, "a").error().code, Code::conflict);
  EXPECT_EQ(connection().execute("INSERT INTO item(id, name) VALUES(5, x'00')").error().code, Code::storage);
  EXPECT_FALSE(connection().is_poisoned());
  EXPECT_EQ(count(), 1);
}

TEST_F(ConnectionTest, a_transaction_without_release_never_was) {
  {
    const auto transaction = connection().begin().value();
    ASSERT_TRUE(insert(1, "a"));
    EXPECT_TRUE(connection().in_transaction());
  }
  EXPECT_FALSE(connection().in_transaction());
  EXPECT_EQ(count(), 0);
}

TEST_F(ConnectionTest, savepoints_nest_and_each_keeps_or_drops_its_own) {
  {
    auto transaction = connection().begin().value();
    ASSERT_TRUE(insert(1, "a"));
    {
      const auto dropped = connection().begin().value();
      ASSERT_TRUE(insert(2, "b"));
    }
    {
      auto kept = connection().begin().value();
      ASSERT_TRUE(insert(3, "c"));
      EXPECT_EQ(transaction.release().error().code, Code::storage);  // not the innermost
      ASSERT_TRUE(kept.release());
      EXPECT_EQ(kept.release().error().code, Code::storage);  // over
    }
    ASSERT_TRUE(transaction.release());
  }
  EXPECT_EQ(count(), 2);
  EXPECT_FALSE(connection().in_transaction());
}

TEST_F(ConnectionTest, a_second_writer_is_told_after_a_second) {
  const auto other = another();
  auto transaction = connection().begin().value();
  ASSERT_TRUE(insert(1, "a"));
  EXPECT_EQ(other->begin().error().code, Code::unavailable);
  EXPECT_EQ(insert(2, "b", other.get()).error().code, Code::unavailable);
  EXPECT_EQ(count(other.get()), 0);
  ASSERT_TRUE(transaction.release());
  EXPECT_EQ(count(other.get()), 1);
  EXPECT_TRUE(insert(2, "b", other.get()));
  EXPECT_FALSE(other->is_poisoned());
}

/// A reader that meets the index of the log half written takes the writer's lock for a moment.
TEST_F(ConnectionTest, readers_turn_no_writer_away) {
  constexpr int kReaders = 4;
  constexpr int kCommits = 2000;
  std::vector<std::unique_ptr<Connection>> readers;
  for (int i = 0; i < kReaders; ++i) {
    readers.push_back(another(Access::read));
  }
  std::atomic<bool> over{false};
  std::vector<std::jthread> threads;
  for (const auto& reader : readers) {
    threads.emplace_back([&] {
      while (!over) {
        EXPECT_GE(count(reader.get()), 0);
      }
    });
  }
  ASSERT_TRUE(connection().execute("PRAGMA synchronous=OFF"));  // that they meet often
  for (int i = 0; i < kCommits; ++i) {
    const auto written = insert(i, std::to_string(i));
    EXPECT_TRUE(written) << i << ": " << (written ? "" : written.error().detail);
  }
  over = true;
  threads.clear();
  EXPECT_EQ(count(), kCommits);
}

TEST_F(ConnectionTest, a_reader_changes_nothing) {
  const auto reader = another(Access::read);
  EXPECT_EQ(insert(1, "a", reader.get()).error().code, Code::storage);
  EXPECT_EQ(count(), 0);
  ASSERT_TRUE(insert(1, "a"));
  EXPECT_EQ(count(reader.get()), 1);
}

TEST_F(ConnectionTest, counts_changes_and_rows) {
  ASSERT_TRUE(insert(7, "a") && insert(9, "b"));
  EXPECT_EQ(connection().last_insert_row(), 9);
  ASSERT_TRUE(connection().execute("DELETE FROM item"));
  EXPECT_EQ(connection().changes(), 2);
}

TEST_F(ConnectionTest, checkpoint_empties_the_log) {
  ASSERT_TRUE(insert(1, "a"));
  EXPECT_GT(std::filesystem::file_size(directory() / "db-wal"), 0U);
  ASSERT_TRUE(connection().checkpoint());
  EXPECT_EQ(std::filesystem::file_size(directory() / "db-wal"), 0U);
  EXPECT_TRUE(connection().check_integrity());
}

TEST(ConnectionOpen, refuses_what_is_not_a_database_or_not_there) {
  const test::TempDir directory;
  std::ofstream{directory / "text"} << std::string(4096, 'x');
  EXPECT_EQ(Connection::open({.path = directory / "text"}).error().code, Code::storage);
  EXPECT_EQ(Connection::open({.path = directory / "missing" / "db"}).error().code, Code::storage);
  EXPECT_EQ(Connection::open({.path = directory / "db", .access = Access::read}).error().code, Code::storage);
  EXPECT_FALSE(std::filesystem::exists(directory / "db"));
  EXPECT_EQ(Connection::open({.path = directory / "db", .vfs = "no such vfs"}).error().code, Code::storage);
}

TEST_F(ConnectionTest, found_damage_poisons) {
  for (int id = 0; id < 500; ++id) {
    ASSERT_TRUE(insert(id, "name " + std::to_string(id)));
  }
  close();
  {
    std::fstream file{directory() / "db", std::ios::in | std::ios::out | std::ios::binary};
    const auto size = std::filesystem::file_size(directory() / "db");
    file.seekp(8192);
    file << std::string(size - 8192, '\x5A');
  }
  const auto damaged = another();
  EXPECT_EQ(damaged->check_integrity().error().code, Code::storage);
  if (auto statement = damaged->prepare("SELECT sum(length(name)) FROM item")) {
    EXPECT_FALSE(statement->step());
  }
  EXPECT_TRUE(damaged->is_poisoned());
  EXPECT_EQ(damaged->execute("SELECT 1").error().code, Code::storage);
}

/// AC-30, inside one process.
class FaultyConnection : public testing::Test {
 protected:
  static constexpr const char* kInsert = "INSERT INTO item VALUES(1)";

  void make_table() {
    auto database = Connection::open({.path = directory_ / "db"}).value();
    ASSERT_TRUE(database->execute("CREATE TABLE item(id INTEGER)"));
  }
  /// A connection on the layer, opened before its faults count: the plan's numbers start at the first insert.
  std::unique_ptr<Connection> open_with(const std::string& plan) {
    layer_ = FaultLayer::make(plan).value();
    return Connection::open(layer_->database({.path = directory_ / "db", .checkpoint_frames = checkpoint_frames_}))
        .value();
  }
  FaultLayer& layer() { return *layer_; }
  void set_checkpoint_frames(int frames) { checkpoint_frames_ = frames; }
  std::int64_t rows_on_disk() {
    auto database = Connection::open({.path = directory_ / "db"}).value();
    auto statement = database->prepare("SELECT count(*) FROM item").value();
    return statement.step().value() ? statement.integer(0) : -1;
  }
  [[nodiscard]] std::filesystem::path database() const { return directory_ / "db"; }

 private:
  test::TempDir directory_;
  std::unique_ptr<FaultLayer> layer_;
  int checkpoint_frames_ = 1000;
};

TEST_F(FaultyConnection, a_failed_sync_poisons_and_the_commit_was_not) {
  make_table();
  {
    // The first write to a new log syncs its header, then the commit syncs the frames.
    const auto connection = open_with("volatile,fail@fsync#2:EIO");
    EXPECT_EQ(connection->execute(kInsert).error().code, Code::storage);
    EXPECT_TRUE(connection->is_poisoned());
    EXPECT_EQ(connection->execute(kInsert).error().code, Code::storage);
    EXPECT_EQ(connection->prepare("SELECT 1").error().code, Code::storage);
    EXPECT_EQ(connection->begin().error().code, Code::storage);
    EXPECT_EQ(connection->checkpoint().error().code, Code::storage);
  }
  ASSERT_TRUE(drop_cached_pages(database()));
  {
    const auto recovered = Connection::open(layer().database({.path = database()})).value();
    EXPECT_TRUE(recovered->check_integrity());
    EXPECT_TRUE(recovered->execute(kInsert));
  }
  EXPECT_EQ(rows_on_disk(), 1);
}

TEST_F(FaultyConnection, a_poisoned_connection_leaves_the_database_alone_when_it_closes) {
  make_table();
  const auto before = std::filesystem::last_write_time(database());
  {
    const auto connection = open_with("volatile,fail@fsync#3:EIO");
    ASSERT_TRUE(connection->execute(kInsert));
    ASSERT_FALSE(connection->execute(kInsert));
    ASSERT_TRUE(connection->is_poisoned());
  }
  EXPECT_TRUE(std::filesystem::exists(database().string() + "-wal"));
  EXPECT_EQ(std::filesystem::last_write_time(database()), before);
  EXPECT_EQ(rows_on_disk(), 1);
}

TEST_F(FaultyConnection, a_commit_whose_sync_failed_is_there_whole_or_not_at_all) {
  make_table();
  {
    // Written through: the disk took the frames, only the word of it failed. The caller must not conclude either way.
    const auto connection = open_with("fail@fsync#2:EIO");
    auto transaction = connection->begin().value();
    ASSERT_TRUE(connection->execute(kInsert) && connection->execute(kInsert));
    EXPECT_EQ(transaction.release().error().code, Code::storage);
  }
  EXPECT_EQ(rows_on_disk(), 2);
}

TEST_F(FaultyConnection, a_full_disk_refuses_and_the_connection_goes_on) {
  make_table();
  const auto connection = open_with("fail@write#2:ENOSPC");
  EXPECT_EQ(connection->execute(kInsert).error().code, Code::storage);
  EXPECT_FALSE(connection->is_poisoned());
  EXPECT_TRUE(connection->execute(kInsert));
  EXPECT_EQ(rows_on_disk(), 1);
}

TEST_F(FaultyConnection, a_sync_that_fails_in_a_checkpoint_poisons_after_the_commit) {
  make_table();
  set_checkpoint_frames(1);
  // Header, frames, then the log and the database in the checkpoint.
  const auto connection = open_with("volatile,fail@fsync#3+:EIO");
  EXPECT_TRUE(connection->execute(kInsert));  // durable in the log
  EXPECT_TRUE(connection->is_poisoned());
  EXPECT_EQ(connection->execute(kInsert).error().code, Code::storage);
}

TEST_F(FaultyConnection, a_failed_commit_by_savepoint_ends_the_transaction) {
  make_table();
  {
    const auto connection = open_with("volatile,fail@fsync#2:EIO");
    auto transaction = connection->begin().value();
    ASSERT_TRUE(connection->execute(kInsert));
    EXPECT_EQ(transaction.release().error().code, Code::storage);
    EXPECT_FALSE(connection->in_transaction());
  }
  EXPECT_EQ(rows_on_disk(), 0);
}

TEST_F(FaultyConnection, readers_see_what_is_not_on_the_disk_yet) {
  make_table();
  const auto writer = open_with("volatile,synchronous=off");
  ASSERT_TRUE(writer->execute(kInsert));
  const auto reader = Connection::open(layer().database({.path = database(), .access = Access::read})).value();
  auto statement = reader->prepare("SELECT count(*) FROM item").value();
  ASSERT_TRUE(statement.step().value());
  EXPECT_EQ(statement.integer(0), 1);
}

TEST(FaultLayerTest, comes_from_the_environment_or_not_at_all) {
  ::unsetenv("BIRTHMARK_FAULTS");
  EXPECT_EQ(FaultLayer::from_environment().value(), nullptr);
  ::setenv("BIRTHMARK_FAULTS", "volatile,synchronous=off", 1);
  {
    const auto layer = FaultLayer::from_environment().value();
    ASSERT_NE(layer, nullptr);
    EXPECT_EQ(layer->database({.path = "x"}).synchronous, Synchronous::off);
    EXPECT_EQ(FaultLayer::make("").error().code, Code::storage);  // the VFS has one owner
  }
  ::setenv("BIRTHMARK_FAULTS", "nonsense", 1);
  EXPECT_EQ(FaultLayer::from_environment().error().code, Code::bad_request);
  ::unsetenv("BIRTHMARK_FAULTS");
}

}  // namespace
}  // namespace birthmark::sqlite
