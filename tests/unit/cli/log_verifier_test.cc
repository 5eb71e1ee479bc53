// SPDX-License-Identifier: Apache-2.0
// What `birthmark audit verify` compares and waits for; that it finds every change is shown by
// tests/flow/audit_test.cc.
#include <gtest/gtest.h>

#include "adapters/clock/system_clock.h"
#include "adapters/files/posix_files.h"
#include "adapters/sqlite/connection.h"
#include "cli/log_verifier.h"
#include "contract/store_registry.h"
#include "support/temp_dir.h"

namespace birthmark::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t kWitnessedAt = 300;
constexpr std::uint32_t kSize = 700;

class LogVerifier : public testing::Test {
 public:
  void SetUp() override {
    auto registry = test::Registry::open(directory_.path(), key_, {files_, faults_, clock_}).value();
    ASSERT_TRUE(registry.write(1, kWitnessedAt));
    witness_at(*registry.log, kWitnessedAt);
    ASSERT_TRUE(registry.write(2, kSize - 2 - kWitnessedAt));
    ASSERT_TRUE(registry.write(3, 1));
    size_ = registry.log->size();
    ASSERT_GE(size_, kSize - 2U);
    witness_at(*registry.log, size_);
  }

  void witness_at(const PublishedLog& log, std::uint64_t size) {
    const auto file = directory_ / ("witness-" + std::to_string(size));
    ASSERT_TRUE(write_atomically(files_, file, as_bytes(log.checkpoint())));
    witnesses_.push_back(file);
  }

  [[nodiscard]] LogVerification what() const {
    return {.log = log_, .key = key_.verifier, .database = database_, .witnesses = {}};
  }
  /// "" if the verifier is content, else what it found.
  std::string found(const LogVerification& verification) {
    const auto verdict = verify_log_directory(files_, verification);
    if (!verdict) {
      return "error: " + verdict.error().detail;
    }
    return verdict->report.finding ? verdict->report.finding->file + ": " + verdict->report.finding->words : "";
  }

  test::TempDir directory_;
  PosixFiles files_;
  NoFaults faults_;
  SystemClock clock_;
  test::LogKey key_ = test::LogKey::make().value();
  const fs::path log_ = directory_ / "log";
  const fs::path database_ = directory_ / "registry" / "registry.db";
  std::vector<fs::path> witnesses_;
  std::uint64_t size_ = 0;
};

TEST_F(LogVerifier, an_untouched_log_is_sound_with_its_rows_and_its_witnesses) {
  auto verification = what();
  verification.witnesses = witnesses_;
  std::vector<std::uint64_t> told;
  verification.progress = [&](std::uint64_t entries, std::uint64_t of) {
    told.push_back(entries);
    EXPECT_EQ(of, size_);
  };
  const auto verdict = verify_log_directory(files_, verification);
  ASSERT_TRUE(verdict) << verdict.error().detail;
  EXPECT_TRUE(verdict->report.sound()) << verdict->report.finding->words;
  EXPECT_EQ(verdict->report.entries, size_);
  ASSERT_EQ(told.size(), size_) << "each entry, in order";
  EXPECT_EQ(told.back(), size_);
  EXPECT_EQ(verdict->rows_compared, size_);
}

TEST_F(LogVerifier, rows_that_the_registry_dropped_in_whole_bundles_are_not_missed) {
  auto rows = sqlite::Connection::open({.path = database_, .synchronous = sqlite::Synchronous::off}).value();
  ASSERT_TRUE(rows->execute("DELETE FROM log WHERE idx < 256"));
  const auto verdict = verify_log_directory(files_, what());
  ASSERT_TRUE(verdict) << verdict.error().detail;
  EXPECT_TRUE(verdict->report.sound()) << verdict->report.finding->words;
  EXPECT_EQ(verdict->rows_compared, size_ - 256);
  ASSERT_TRUE(rows->execute("DELETE FROM log WHERE idx < 300"));
  EXPECT_NE(found(what()), "") << "a bundle that is cut is no pruning";
  ASSERT_TRUE(rows->execute("DELETE FROM log"));
  EXPECT_NE(found(what()), "") << "the last bundle is never pruned before it is full";
}

// Its files follow a log within a moment: a witness may have seen more than they hold.
TEST_F(LogVerifier, files_that_are_on_their_way_are_waited_for) {
  auto registry =
      test::Registry::open(directory_.path(), key_, {files_, faults_, clock_}, {}, std::chrono::hours{1}).value();
  ASSERT_TRUE(registry.write(4, 1));
  witness_at(*registry.log, registry.log->size());
  auto verification = what();
  verification.witnesses = witnesses_;
  const auto behind = found(verification);
  EXPECT_NE(behind.find("the files are behind the log's head of " + std::to_string(size_ + 2) + " entries"),
            std::string::npos)
      << behind;

  int waited = 0;
  verification.wait = [&] {
    if (++waited == 2) {
      registry.store.reset();
      registry.log.reset();  // which writes what is left
    }
    return waited < 100;
  };
  EXPECT_EQ(found(verification), "");
  EXPECT_EQ(waited, 2);
}

}  // namespace
}  // namespace birthmark::cli
