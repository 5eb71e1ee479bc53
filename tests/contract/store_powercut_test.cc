// SPDX-License-Identifier: Apache-2.0
// AC-28, AC-30: a registry with its published log under power cuts and failing syncs at every durable operation, and
// killed at its named points. After each: what was acknowledged is there, the log verifies and tells the same as the
// registry, no checkpoint that was given out is forgotten, and writing goes on.
#include <gtest/gtest.h>

#include <csignal>
#include <fstream>
#include <set>
#include <sstream>

#include "adapters/files/posix_files.h"
#include "contract/store_registry.h"
#include "support/manual_clock.h"
#include "support/paths.h"
#include "support/process.h"
#include "support/temp_dir.h"

namespace birthmark::test {
namespace {

constexpr auto kBound = std::chrono::seconds{120};

struct Ran {
  Finished finished;
  std::set<std::uint32_t> acknowledged;
  std::set<std::uint32_t> refused;
  std::uint64_t head = 0;
};

class StorePowerCut : public testing::Test {
 protected:
  StorePowerCut() { std::ofstream{keys_ / "log.pem"} << key_.key->to_pem().value(); }

  Ran run_workload(const std::string& flow, const std::filesystem::path& directory, const std::string& plan) const {
    Ran ran;
    ran.finished = run({.argv = {(test::bin_dir() / "store_powercut_workload").string(), flow, directory.string(),
                                 (keys_ / "log.pem").string()},
                        .env = {{"BIRTHMARK_FAULTS", plan}}},
                       kBound);
    std::istringstream lines{ran.finished.out};
    std::string what;
    std::uint64_t number = 0;
    while (lines >> what >> number) {
      if (what == "head") {
        ran.head = number;
      } else if (what == "ack") {
        ran.acknowledged.insert(static_cast<std::uint32_t>(number));
      } else if (what == "refused") {
        ran.refused.insert(static_cast<std::uint32_t>(number));
      }
    }
    return ran;
  }

  /// The counts of a whole run without a fault: "operations", "write", "fsync", "rename" and each named point.
  [[nodiscard]] std::map<std::string, std::int64_t> counts_of(const std::string& flow) const {
    const TempDir directory;
    const auto ran = run_workload(flow, directory / "it", "count@" + (directory / "counts").string());
    EXPECT_EQ(ran.finished.exit_code, 0) << ran.finished.err;
    EXPECT_TRUE(ran.refused.empty());
    std::ifstream file{directory / "counts"};
    std::map<std::string, std::int64_t> counts;
    std::string name;
    std::int64_t count = 0;
    while (file >> name && (name != "point" || file >> name) && file >> count) {
      counts[name] = count;
    }
    return counts;
  }

  /// Starts again after `ran` and looks for every promise.
  void expect_kept(const Ran& ran, const std::filesystem::path& directory) {
    PosixFiles files;
    NoFaults faults;
    ManualClock clock;
    // Nothing cuts this restart: it need not wait for syncs.
    auto registry =
        Registry::open(directory, key_, {files, faults, clock}, {.path = {}, .synchronous = sqlite::Synchronous::off});
    ASSERT_TRUE(registry) << registry.error().detail << "\n" << ran.finished.out;
    EXPECT_GE(registry->log->size(), ran.head) << "a checkpoint that was given out is forgotten";
    EXPECT_EQ(wrong_with(files, directory / "log", key_, *registry->store), "");
    std::set<std::uint32_t> found;
    for (std::uint32_t number = 1; number <= 8; ++number) {
      const auto device = registry->store->read_for<std::optional<lifecycle::DeviceRecord>>(
          [&](app::Tx& tx) { return tx.device(sample_device(number).id); });
      ASSERT_TRUE(device);
      if (*device) {
        found.insert(number);
      }
      const auto known = registry->store->read_for<std::optional<app::Known>>(
          [&](app::Tx& tx) { return tx.known(digest_of(number)); });
      EXPECT_EQ(device->has_value(), known->has_value()) << "half of write " << number;
    }
    for (const auto number : ran.acknowledged) {
      EXPECT_TRUE(found.contains(number)) << "write " << number << " was acknowledged and is lost";
    }
    EXPECT_TRUE(registry->write(50, 3));
    EXPECT_EQ(wrong_with(files, directory / "log", key_, *registry->store), "");
  }

  void cut_everywhere(const std::string& flow, const std::string& manner, std::int64_t step) {
    const auto total = counts_of(flow)["operations"];
    ASSERT_GT(total, 60);
    for (std::int64_t at = 1; at <= total; at += step) {
      SCOPED_TRACE("cut at operation " + std::to_string(at));
      const TempDir directory;
      const auto ran = run_workload(flow, directory / "it", "cut@" + std::to_string(at) + manner);
      ASSERT_EQ(ran.finished.signal, SIGKILL) << ran.finished.err;
      expect_kept(ran, directory / "it");
    }
  }

  TempDir keys_;
  LogKey key_ = LogKey::make().value();
};

TEST_F(StorePowerCut, a_cut_at_every_operation_loses_nothing_acknowledged) {
  cut_everywhere("few", "", 1);
}

TEST_F(StorePowerCut, a_torn_cut_at_every_operation_loses_nothing_acknowledged) {
  cut_everywhere("few", ":torn", 1);
}

TEST_F(StorePowerCut, cuts_among_full_bundles_while_they_are_synced_and_their_rows_pruned_lose_nothing) {
  cut_everywhere("bulk", "", 1);
}

TEST_F(StorePowerCut, torn_cuts_among_full_bundles_lose_nothing) {
  cut_everywhere("bulk", ":torn", 2);
}

TEST_F(StorePowerCut, a_failing_sync_refuses_and_the_registry_recovers_without_a_restart) {
  const auto total = counts_of("bulk")["fsync"];
  ASSERT_GT(total, 10);
  std::int64_t went_on = 0;
  std::int64_t refused = 0;
  for (std::int64_t at = 1; at <= total; ++at) {
    SCOPED_TRACE("sync " + std::to_string(at));
    const TempDir directory;
    const auto ran = run_workload("bulk", directory / "it", "volatile,fail@fsync#" + std::to_string(at) + ":EIO");
    ASSERT_TRUE(ran.finished.exit_code);
    // What fails while it opens is not opened; what fails later is refused, and the last write succeeds.
    EXPECT_EQ(*ran.finished.exit_code == 0, !ran.acknowledged.empty()) << ran.finished.err;
    went_on += *ran.finished.exit_code == 0 ? 1 : 0;
    refused += ran.refused.empty() ? 0 : 1;
    expect_kept(ran, directory / "it");
  }
  EXPECT_GT(went_on, 0);
  EXPECT_GT(refused, 0);
}

TEST_F(StorePowerCut, a_full_disk_at_any_write_loses_nothing) {
  const auto total = counts_of("few")["write"];
  for (std::int64_t at = 1; at <= total; ++at) {
    SCOPED_TRACE("write " + std::to_string(at));
    const TempDir directory;
    const auto ran = run_workload("few", directory / "it", "volatile,fail@write#" + std::to_string(at) + ":ENOSPC");
    ASSERT_TRUE(ran.finished.exit_code);
    expect_kept(ran, directory / "it");
  }
}

TEST_F(StorePowerCut, a_kill_at_every_named_point_loses_nothing_acknowledged) {
  auto counts = counts_of("few");
  for (const std::string point :
       {"store.before_commit", "store.after_commit", "store.after_publish", "log.before_head", "log.after_head"}) {
    ASSERT_GE(counts[point], 6) << point;
    for (std::int64_t nth = 1; nth <= counts[point]; ++nth) {
      SCOPED_TRACE(point + "#" + std::to_string(nth));
      const TempDir directory;
      const auto ran = run_workload("few", directory / "it", "volatile,kill@" + point + "#" + std::to_string(nth));
      ASSERT_EQ(ran.finished.signal, SIGKILL);
      expect_kept(ran, directory / "it");
    }
  }
}

TEST_F(StorePowerCut, without_syncs_the_loss_is_seen) {  // the control: these checks can fail
  const auto total = counts_of("few")["operations"];
  std::int64_t seen = 0;
  for (std::int64_t at = total / 2; at <= total / 2 + 5; ++at) {
    const TempDir directory;
    const auto ran = run_workload("few", directory / "it", "synchronous=off,cut@" + std::to_string(at));
    PosixFiles files;
    NoFaults faults;
    ManualClock clock;
    const auto registry = Registry::open(directory / "it", key_, {files, faults, clock});
    seen += !registry && registry.error().code == Code::behind_checkpoint ? 1 : 0;
  }
  EXPECT_GT(seen, 0);
}

}  // namespace
}  // namespace birthmark::test
