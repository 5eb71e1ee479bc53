// SPDX-License-Identifier: Apache-2.0
// AC-30: whatever was acknowledged is there after a power cut at any durable operation, and nothing is half done. The
// same suite finds the loss when the syncs are left out, so it can fail.
#include <gtest/gtest.h>

#include <csignal>
#include <fstream>
#include <set>
#include <sstream>

#include "adapters/files/posix_files.h"
#include "adapters/sqlite/connection.h"
#include "support/paths.h"
#include "support/process.h"
#include "support/temp_dir.h"

namespace birthmark::test {
namespace {

constexpr auto kBound = std::chrono::seconds{60};

/// What one run of the workload said, and how it ended.
struct Ran {
  Finished finished;
  std::set<std::int64_t> acknowledged;
  std::set<std::int64_t> refused;
  std::int64_t poisoned = 0;

  [[nodiscard]] std::int64_t last() const { return acknowledged.empty() ? 0 : *acknowledged.rbegin(); }
};

Ran run_workload(const std::string& flow, const std::filesystem::path& path, const std::string& plan) {
  Ran ran;
  ran.finished = run({.argv = {(test::bin_dir() / "powercut_workload").string(), flow, path.string()},
                      .env = {{"BIRTHMARK_FAULTS", plan}}},
                     kBound);
  std::istringstream lines{ran.finished.out};
  std::string what;
  std::int64_t step = 0;
  while (lines >> what >> step) {
    if (what == "poisoned") {
      ++ran.poisoned;
      continue;
    }
    (what == "ack" ? ran.acknowledged : ran.refused).insert(step);
  }
  return ran;
}

/// The counts of a whole run without a fault: "operations", "write", "fsync", "rename".
std::map<std::string, std::int64_t> count_operations(const std::string& flow, const std::string& more = "") {
  const TempDir directory;
  const auto ran = run_workload(flow, directory / "subject", "count@" + (directory / "counts").string() + more);
  EXPECT_EQ(ran.finished.exit_code, 0) << ran.finished.err;
  std::ifstream file{directory / "counts"};
  std::map<std::string, std::int64_t> counts;
  std::string name;
  std::int64_t count = 0;
  while (file >> name >> count) {
    counts[name] = count;
  }
  return counts;
}

/// The rows that a restart finds, each whole; nothing if the database is not sound.
std::optional<std::set<std::int64_t>> rows_after_restart(const std::filesystem::path& path) {
  auto database = sqlite::Connection::open({.path = path});
  if (!database || !(*database)->check_integrity()) {
    return std::nullopt;
  }
  std::set<std::int64_t> rows;
  auto select = (*database)->prepare("SELECT id, content FROM row ORDER BY id");
  if (!select) {
    return rows;  // the power went before there was a table
  }
  while (select->step().value()) {
    const auto content = to_bytes(select->blob(1));
    if (content != Bytes(3000, static_cast<std::uint8_t>(select->integer(0)))) {
      return std::nullopt;
    }
    rows.insert(select->integer(0));
  }
  auto head = (*database)->prepare("SELECT last FROM head");
  const bool has_head = head && head->step().value();
  if (has_head != !rows.empty() || (has_head && head->integer(0) != *rows.rbegin())) {
    return std::nullopt;  // one transaction wrote both
  }
  return rows;
}

/// Steps that were acknowledged and are not there.
std::int64_t lost(const Ran& ran, const std::set<std::int64_t>& found) {
  return std::count_if(ran.acknowledged.begin(), ran.acknowledged.end(),
                       [&found](std::int64_t step) { return !found.contains(step); });
}

class PowerCut : public testing::TestWithParam<const char*> {};

TEST_P(PowerCut, rows_acknowledged_with_full_sync_survive_a_cut_at_every_operation) {
  const auto total = count_operations("rows")["operations"];
  ASSERT_GT(total, 50);
  for (std::int64_t at = 1; at <= total; ++at) {
    SCOPED_TRACE("cut at operation " + std::to_string(at));
    const TempDir directory;
    const auto path = directory / "subject";
    const auto ran = run_workload("rows", path, "cut@" + std::to_string(at) + GetParam());
    ASSERT_EQ(ran.finished.signal, SIGKILL) << ran.finished.err;
    const auto found = rows_after_restart(path);
    ASSERT_TRUE(found);
    EXPECT_EQ(lost(ran, *found), 0);
    // At most the one step that was under way is there as well.
    EXPECT_LE(found->empty() ? 0 : *found->rbegin(), ran.last() + 1);
    auto database = sqlite::Connection::open({.path = path});
    ASSERT_TRUE(database);
    EXPECT_TRUE((*database)->execute("CREATE TABLE goes_on(x); INSERT INTO goes_on VALUES(1)"));
    EXPECT_TRUE((*database)->check_integrity());
  }
}

TEST_P(PowerCut, an_atomic_file_is_the_acknowledged_version_or_the_next) {
  const auto total = count_operations("atomic")["operations"];
  ASSERT_GT(total, 20);
  for (std::int64_t at = 1; at <= total; ++at) {
    SCOPED_TRACE("cut at operation " + std::to_string(at));
    const TempDir directory;
    const auto ran = run_workload("atomic", directory / "subject", "cut@" + std::to_string(at) + GetParam());
    ASSERT_EQ(ran.finished.signal, SIGKILL) << ran.finished.err;
    PosixFiles files;
    const auto content = files.read(directory / "subject", 1UL << 20);
    if (!content) {
      EXPECT_EQ(content.error().code, Code::not_found);
      EXPECT_EQ(ran.last(), 0);
      continue;
    }
    ASSERT_FALSE(content->empty());
    EXPECT_EQ(content->back(), '.');
    const auto version = std::stoll(std::string{as_text(*content)});
    EXPECT_TRUE(version == ran.last() || version == ran.last() + 1) << version << " after ack of " << ran.last();
    EXPECT_EQ(content->size(), std::to_string(version).size() + 1002 + static_cast<std::size_t>(version) * 100);
  }
}

INSTANTIATE_TEST_SUITE_P(EveryOperation, PowerCut, testing::Values("", ":torn"),
                         [](const auto& manner) { return *manner.param == '\0' ? "clean" : "torn"; });

// The control experiments: each leaves out one sync, and the check above must see the loss, at every cut after the
// first acknowledgement, because the model drops all that is not synced.
TEST(PowerCutControl, synchronous_off_is_detected) {
  const auto total = count_operations("rows", ",synchronous=off")["operations"];
  std::int64_t cuts_after_an_acknowledgement = 0;
  std::int64_t cuts_with_loss = 0;
  for (std::int64_t at = 1; at <= total; ++at) {
    const TempDir directory;
    const auto path = directory / "subject";
    const auto ran = run_workload("rows", path, "synchronous=off,cut@" + std::to_string(at));
    ASSERT_EQ(ran.finished.signal, SIGKILL) << ran.finished.err;
    const auto found = rows_after_restart(path);
    cuts_after_an_acknowledgement += ran.acknowledged.empty() ? 0 : 1;
    cuts_with_loss += !found || lost(ran, *found) != 0 ? 1 : 0;
  }
  EXPECT_GT(cuts_after_an_acknowledgement, 0);
  EXPECT_EQ(cuts_with_loss, cuts_after_an_acknowledgement);
}

class CarelessFile : public testing::TestWithParam<const char*> {};

TEST_P(CarelessFile, is_detected) {
  const auto total = count_operations(GetParam())["operations"];
  std::int64_t cuts_with_loss = 0;
  for (std::int64_t at = 1; at <= total; ++at) {
    const TempDir directory;
    const auto ran = run_workload(GetParam(), directory / "subject", "cut@" + std::to_string(at));
    ASSERT_EQ(ran.finished.signal, SIGKILL) << ran.finished.err;
    PosixFiles files;
    const auto content = files.read(directory / "subject", 1UL << 20);
    const auto version = content && !content->empty() ? std::stoll(std::string{as_text(*content)}) : 0;
    cuts_with_loss += version < ran.last() ? 1 : 0;
  }
  EXPECT_GT(cuts_with_loss, 0);
}

INSTANTIATE_TEST_SUITE_P(PowerCutControl, CarelessFile, testing::Values("no_file_sync", "no_directory_sync"),
                         [](const auto& flow) { return std::string{flow.param}; });

/// One kind of failing call; each of them is made to fail in turn.
struct Failing {
  const char* name;
  const char* op;
  const char* words;  // of the plan, before and after the number
  const char* reason;
  bool poisons;  // a full disk does not
};

class FailingDisk : public testing::TestWithParam<Failing> {};

TEST_P(FailingDisk, refuses_and_loses_nothing_when_any_one_call_fails_and_the_power_goes_at_the_end) {
  const auto& failing = GetParam();
  const auto total = count_operations("rows")[failing.op];
  ASSERT_GT(total, 0);
  std::size_t refusals = 0;
  std::int64_t poisoned = 0;
  for (std::int64_t nth = 1; nth <= total; ++nth) {
    const auto plan = std::string{failing.words} + std::to_string(nth) + failing.reason;
    SCOPED_TRACE(plan);
    const TempDir directory;
    const auto path = directory / "subject";
    // volatile: the end of the process is a power cut, so that what a failed sync did not write is gone.
    const auto ran = run_workload("rows", path, "volatile," + plan);
    ASSERT_EQ(ran.finished.exit_code, 0) << ran.finished.out << ran.finished.err;
    const auto found = rows_after_restart(path);
    ASSERT_TRUE(found);
    EXPECT_EQ(lost(ran, *found), 0);
    refusals += ran.refused.size();
    poisoned += ran.poisoned;
    for (const auto step : ran.refused) {
      EXPECT_FALSE(found->contains(step)) << "refused, and there: " << step;
    }
  }
  EXPECT_GT(refusals, 0U);
  EXPECT_EQ(poisoned > 0, failing.poisons);
}

INSTANTIATE_TEST_SUITE_P(AC30, FailingDisk,
                         testing::Values(Failing{"fsync_eio", "fsync", "fail@fsync#", ":EIO", true},
                                         Failing{"write_eio", "write", "fail@write#", ":EIO", true},
                                         Failing{"disk_full", "write", "fail@write#", ":ENOSPC", false},
                                         Failing{"short_write", "write", "short@write#", "", false}),
                         [](const auto& failing) { return std::string{failing.param.name}; });

}  // namespace
}  // namespace birthmark::test
