// SPDX-License-Identifier: Apache-2.0
// What is particular to the SQLite registry; what every registry promises is in tests/contract/store_contract.cc.
#include "adapters/sqlite/store.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <latch>
#include <thread>

#include "adapters/files/posix_files.h"
#include "adapters/sqlite/schema.h"
#include "contract/store_samples.h"
#include "support/manual_clock.h"
#include "support/temp_dir.h"

namespace birthmark::test {
namespace {

using sqlite::SqliteStore;

class SqliteStoreTest : public testing::Test {
 protected:
  Result<std::unique_ptr<SqliteStore>> open(const char* lock = "lock", std::size_t queue_max = 4096) {
    return SqliteStore::open({.directory = directory_.path(),
                              .files = files_,
                              .faults = faults_,
                              .clock = clock_,
                              .database = {.path = {}, .synchronous = sqlite::Synchronous::off},
                              .lock_file = directory_ / lock,
                              .queue_max = queue_max});
  }
  Result<void> alter(const std::string& sql) {
    BM_TRY(auto connection, sqlite::Connection::open({.path = directory_ / "registry.db"}));
    return connection->execute(sql);
  }
  static Result<void> audit(app::Store& store, std::uint32_t count) {
    return store.write([&](app::Tx& tx) -> Result<void> {
      for (std::uint32_t i = 0; i < count; ++i) {
        BM_CHECK(tx.audit(sample_entry(i)));
      }
      return {};
    });
  }

  /// Calls `writer` with 1 to `count`, each on a thread of its own, while a work holds the committer until all wait.
  static void commit_together(SqliteStore& store, std::uint32_t count,
                              const std::function<void(std::uint32_t)>& writer) {
    std::latch entered{1}, go{1};
    std::jthread first{[&] {
      EXPECT_TRUE(store.write([&](app::Tx&) -> Result<void> {
        entered.count_down();
        go.wait();
        return {};
      }));
    }};
    entered.wait();
    std::vector<std::jthread> writers;
    for (std::uint32_t i = 1; i <= count; ++i) {
      writers.emplace_back([&writer, i] { writer(i); });
    }
    while (store.waiting() < count) {
      std::this_thread::yield();
    }
    go.count_down();
  }

  TempDir directory_;
  PosixFiles files_;
  NoFaults faults_;
  ManualClock clock_;
};

TEST_F(SqliteStoreTest, the_first_commit_of_an_epoch_says_so) {
  for (std::uint64_t epoch = 1; epoch <= 3; ++epoch) {
    const auto store = open().value();
    EXPECT_EQ(store->epoch(), Epoch{epoch});
    EXPECT_FALSE(store->write([](app::Tx&) { return Result<void>{fail(Code::policy, "no")}; }));
    ASSERT_TRUE(audit(*store, 1));
    ASSERT_TRUE(audit(*store, 1));
    const auto entries = store->entries((epoch - 1) * 3, 10).value();
    ASSERT_EQ(entries.size(), 3U) << "one announcement, none for the refused work";
    const auto first = audit::read_entry(entries[0]).value();
    EXPECT_EQ(first.kind, audit::EntryKind::epoch_started);
    EXPECT_EQ(first.epoch, epoch);
    EXPECT_EQ(first.at, clock_.now());
  }
}

TEST_F(SqliteStoreTest, a_second_store_on_the_same_lock_is_refused) {
  const auto store = open();
  ASSERT_TRUE(store);
  const auto second = open();
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::unavailable);
  EXPECT_TRUE(audit(**store, 1)) << "the first one is not fenced by the attempt";
}

TEST_F(SqliteStoreTest, works_that_wait_are_committed_together_and_a_refused_one_undoes_itself_only) {
  const auto store = open().value();
  ASSERT_TRUE(audit(*store, 1));
  const auto before = store->counters();
  constexpr std::uint32_t kWriters = 32;
  std::atomic<std::uint32_t> refused = 0;
  commit_together(*store, kWriters, [&](std::uint32_t i) {
    const auto done = store->write([&](app::Tx& tx) -> Result<void> {
      BM_CHECK(tx.add_device(sample_device(i)));
      return i % 4 == 0 ? Result<void>{fail(Code::policy, "every fourth")} : Result<void>{};
    });
    refused += !done && done.error().code == Code::policy ? 1 : 0;
  });
  const auto after = store->counters();
  EXPECT_EQ(refused, kWriters / 4);
  EXPECT_EQ(after.works - before.works, 1 + kWriters - kWriters / 4);
  EXPECT_EQ(after.commits - before.commits, 1U) << "one commit for all that waited";
  const auto devices =
      store->read_for<std::vector<lifecycle::DeviceRecord>>([](app::Tx& tx) { return tx.devices(DeviceRow{}, 100); });
  ASSERT_TRUE(devices);
  EXPECT_EQ(devices->size(), kWriters - kWriters / 4);
  EXPECT_EQ(devices->back().row, DeviceRow{kWriters - kWriters / 4}) << "row ids are dense";
}

TEST_F(SqliteStoreTest, company_is_waited_for_while_it_may_come_again) {
  const auto store = open().value();
  const auto together = [&] { commit_together(*store, 1, [&](std::uint32_t) { EXPECT_TRUE(audit(*store, 1)); }); };
  together();
  ASSERT_TRUE(audit(*store, 1));
  EXPECT_EQ(store->counters().waits, 1U) << "two shared the last commit";
  ASSERT_TRUE(audit(*store, 1));
  EXPECT_EQ(store->counters().waits, 1U) << "one had the last commit for itself";
  together();
  clock_.advance(sqlite::kIdleAfter + std::chrono::milliseconds{1});
  ASSERT_TRUE(audit(*store, 1));
  EXPECT_EQ(store->counters().waits, 1U) << "nobody has come for long";
}

TEST_F(SqliteStoreTest, who_waits_while_another_process_writes_is_refused_with_the_first) {
  const auto store = open().value();
  ASSERT_TRUE(audit(*store, 1));
  const auto other = sqlite::Connection::open({.path = directory_ / "registry.db"}).value();
  constexpr std::uint32_t kWriters = 8;
  std::atomic<std::uint32_t> refused = 0;
  {
    const auto foreign = other->begin().value();
    std::vector<std::jthread> writers;
    for (std::uint32_t i = 0; i < kWriters; ++i) {
      writers.emplace_back([&] {
        const auto answer = audit(*store, 1);
        refused += !answer && answer.error().code == Code::unavailable ? 1 : 0;
      });
    }
    writers.clear();  // joins
  }
  EXPECT_EQ(refused, kWriters);
  EXPECT_LT(store->counters().turned_away, kWriters) << "not each after a wait of its own";
  EXPECT_TRUE(audit(*store, 1));
}

TEST_F(SqliteStoreTest, a_full_queue_refuses_and_closing_refuses_what_waits) {
  auto store = open("lock", 1).value();
  std::latch entered{1};
  std::latch go{1};
  std::jthread first{[&] {
    static_cast<void>(store->write([&](app::Tx&) -> Result<void> {
      entered.count_down();
      go.wait();
      return fail(Code::policy, "nothing");
    }));
  }};
  entered.wait();
  std::jthread second{[&] { EXPECT_TRUE(audit(*store, 1)); }};
  while (store->waiting() < 1) {
    std::this_thread::yield();
  }
  const auto third = audit(*store, 1);
  ASSERT_FALSE(third);
  EXPECT_EQ(third.error().code, Code::unavailable);
  go.count_down();
}

/// The patience of a test: the store does not answer before it is over, since the test lets it only then.
constexpr std::chrono::milliseconds kShort{1};
/// More is of no use on any machine.
constexpr std::chrono::milliseconds kLong{1000};

TEST_F(SqliteStoreTest, who_does_not_wait_for_a_store_that_hangs_is_taken_back_if_it_was_not_begun) {
  const auto store = open().value();
  std::latch entered{1}, go{1};
  std::jthread hanging{[&] {
    EXPECT_TRUE(store->write([&](app::Tx&) -> Result<void> {
      entered.count_down();
      go.wait();
      return {};
    }));
  }};
  entered.wait();
  std::atomic<int> run = 0;
  const auto count = [&run](app::Tx&) -> Result<void> {
    ++run;
    return {};
  };
  EXPECT_EQ(store->write_within(kShort, count).error().code, Code::unavailable);
  EXPECT_EQ(store->waiting(), 0U);
  EXPECT_EQ(store->write_within(std::chrono::hours{1}, count).error().code, Code::unavailable)
      << "not waited for again";
  go.count_down();
  hanging.join();
  EXPECT_EQ(run, 0);
  EXPECT_TRUE(store->write_within(std::chrono::hours{1}, count)) << "it has answered since";
  EXPECT_EQ(run, 1);
}

TEST_F(SqliteStoreTest, what_had_begun_when_its_caller_left_is_done_all_the_same) {
  const auto store = open().value();
  const auto begun = std::make_shared<std::latch>(1), go = std::make_shared<std::latch>(1);
  const auto work = [begun, go](app::Tx& tx) -> Result<void> {
    begun->count_down();
    go->wait();
    return without_value(tx.audit(sample_entry(7)));
  };
  // On a slow machine it is taken back before it begins: then the caller has more patience. Or it is about to begin,
  // and the store refuses at once, as often as it is asked.
  for (auto patience = kShort; !begun->try_wait(); patience = std::min(patience * 2, kLong)) {
    EXPECT_EQ(store->write_within(patience, work).error().code, Code::unavailable);
  }
  go->count_down();
  ASSERT_TRUE(audit(*store, 1));
  EXPECT_EQ(store->entries(0, 10).value().size(), 3U) << "epoch_started, what was begun, the last one";
}

TEST_F(SqliteStoreTest, an_exception_in_a_work_or_the_listener_is_a_failure_and_nothing_more) {
  const auto store = open().value();
  const auto thrown = store->write([](app::Tx&) -> Result<void> { throw std::runtime_error{"a bug"}; });
  ASSERT_FALSE(thrown);
  EXPECT_EQ(thrown.error().code, Code::storage);
  store->set_listener([](const app::Committed&) -> Result<void> { throw std::runtime_error{"a bug"}; });
  EXPECT_FALSE(audit(*store, 1));
  store->set_listener({});
  EXPECT_TRUE(audit(*store, 1));
}

TEST_F(SqliteStoreTest, rows_survive_a_restart) {
  ASSERT_TRUE(open().value()->write([](app::Tx& tx) { return without_value(tx.add_device(sample_device(1))); }));
  const auto store = open().value();
  const auto device = store->read_for<std::optional<lifecycle::DeviceRecord>>(
      [](app::Tx& tx) { return tx.device(sample_device(1).id); });
  ASSERT_TRUE(device);
  EXPECT_TRUE(*device);
}

TEST_F(SqliteStoreTest, another_schema_and_a_foreign_database_are_refused) {
  ASSERT_TRUE(open());
  for (const int version : {sqlite::kSchemaVersion - 1, sqlite::kSchemaVersion + 1}) {
    const auto number = std::to_string(version);
    ASSERT_TRUE(alter("UPDATE meta SET schema_version = " + number));
    const auto other = open();
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().code, Code::storage);
    EXPECT_NE(other.error().detail.find("schema version " + number), std::string::npos) << other.error().detail;
  }
  ASSERT_TRUE(alter("ALTER TABLE meta RENAME TO something"));
  EXPECT_FALSE(open());
}

TEST_F(SqliteStoreTest, a_damaged_row_is_an_error_and_never_a_value) {
  auto store = open().value();
  ASSERT_TRUE(store->write([](app::Tx& tx) -> Result<void> {
    BM_CHECK(tx.add_device(sample_device(1)));
    return without_value(tx.add_certificate(sample_certificate(1, DeviceRow{1})));
  }));
  store.reset();
  for (const char* damage :
       {"UPDATE device SET state = 7", "UPDATE device SET state = 3, holds = 256", "UPDATE device SET id = x'00'"}) {
    ASSERT_TRUE(alter(damage));
    store = open().value();
    const auto device =
        store->read_for<std::optional<lifecycle::DeviceRecord>>([](app::Tx& tx) { return tx.device(DeviceRow{1}); });
    ASSERT_FALSE(device) << damage;
    EXPECT_EQ(device.error().code, Code::storage);
    store.reset();
  }
  ASSERT_TRUE(alter("UPDATE certificate_body SET tbs = x'FFFF01'"));
  store = open().value();
  EXPECT_FALSE(store->read([](app::Tx& tx) { return without_value(tx.certificate(app::CertificateRow{1})); }));
}

TEST_F(SqliteStoreTest, pruning_the_log_keeps_the_last_bundle_and_the_numbering) {
  const auto store = open().value();
  ASSERT_TRUE(audit(*store, 256 * 3 - 1));  // 768 with the epoch's own
  EXPECT_EQ(store->prune_log(700).value(), 512U);
  EXPECT_EQ(store->log_span().value(), (app::LogSpan{512, 768}));
  EXPECT_EQ(store->prune_log(768).value(), 0U) << "the newest row tells the next index";
  EXPECT_EQ(store->entries(0, 10).error().code, Code::not_found);
  EXPECT_EQ(store->entries(511, 10).error().code, Code::not_found);
  EXPECT_EQ(store->entries(512, 1000).value().size(), 256U);
  ASSERT_TRUE(audit(*store, 1));
  EXPECT_EQ(store->log_span().value(), (app::LogSpan{512, 769}));
}

TEST_F(SqliteStoreTest, old_requests_are_forgotten_and_new_ones_kept) {
  const auto store = open().value();
  constexpr std::uint32_t kRequests = 5000;  // more than one step drops
  ASSERT_TRUE(store->write([](app::Tx& tx) -> Result<void> {
    for (std::uint32_t i = 0; i < kRequests; ++i) {
      BM_CHECK(tx.add_request({digest_of(i), octets_of(i), digest_of(i), app::CertificateRow{i}, at_second(i)}));
    }
    return {};
  }));
  const auto works = store->counters().works;
  EXPECT_EQ(store->prune_requests(at_second(0)).value(), 0U);
  EXPECT_EQ(store->counters().works, works) << "looking writes nothing";
  EXPECT_EQ(store->prune_requests(at_second(kRequests - 1)).value(), kRequests - 1);
  const auto request = [&](std::uint32_t i) {
    return store
        ->read_for<std::optional<app::RequestRecord>>(
            [&](app::Tx& tx) { return tx.request(digest_of(i), octets_of(i)); })
        .value();
  };
  EXPECT_FALSE(request(kRequests - 2));
  EXPECT_TRUE(request(kRequests - 1));
}

TEST_F(SqliteStoreTest, old_appraisals_are_forgotten_and_new_ones_kept) {
  const auto store = open().value();
  constexpr std::uint32_t kDevices = 9000;  // more than two steps look at
  ASSERT_TRUE(store->write([](app::Tx& tx) -> Result<void> {
    for (std::uint32_t i = 1; i <= kDevices; ++i) {
      BM_CHECK(tx.put_appraisal({.device = DeviceRow{i},
                                 .spki = digest_of(i),
                                 .purpose = lifecycle::Purpose::routine,
                                 .at = at_second(i == 1 || i == kDevices ? 0 : 10),
                                 .firmware = {}}));
    }
    return {};
  }));
  const auto works = store->counters().works;
  ASSERT_TRUE(store->prune_requests(at_second(5)));
  EXPECT_EQ(store->counters().works, works + 2) << "the first and the last step had something to drop";
  for (const auto& [device, kept] : {std::pair{1U, false}, {2U, true}, {kDevices - 1, true}, {kDevices, false}}) {
    const auto found = store->read_for<std::optional<app::AppraisalRecord>>(
        [&](app::Tx& tx) { return tx.appraisal(DeviceRow{device}, digest_of(device)); });
    ASSERT_TRUE(found);
    EXPECT_EQ(found->has_value(), kept) << device;
  }
}

TEST_F(SqliteStoreTest, a_device_with_two_certificates_and_its_log_stays_small) {
  constexpr std::uint32_t kDevices = 2000;
  {
    const auto store = open().value();
    for (std::uint32_t n = 1; n <= kDevices; ++n) {
      ASSERT_TRUE(store->write([&](app::Tx& tx) -> Result<void> {
        BM_TRY(const auto row, tx.add_device(sample_device(n)));
        BM_CHECK(tx.put_root({row, Bytes(120, 1), "STM:0102030405060708:" + std::to_string(n), app::StationId{1}}));
        for (std::uint8_t salt = 6; salt < 10; ++salt) {  // EK, AK, and two keys
          BM_CHECK(tx.add_known(digest_of(n, salt), {app::KnownKind::key_spki, row}));
        }
        for (std::uint32_t which = 0; which < 2; ++which) {
          auto record = sample_certificate(2 * n + which, row, CaId{1 + which});
          BM_TRY(record.row, tx.add_certificate(record));
          record.issuance = app::IssuanceState::registered;
          record.signature = Bytes(71, 3);
          BM_CHECK(tx.update_certificate(record));
          auto entry = sample_entry(n);  // as an issuance writes them: serial and two digests
          entry.kind = audit::EntryKind::intent_recorded;
          entry.serial = record.serial;
          entry.spki_hash = record.spki;
          entry.subject_hash = digest_of(n);
          BM_CHECK(tx.audit(entry));
          entry = {.kind = audit::EntryKind::certificate_registered, .at = entry.at, .epoch = entry.epoch};
          entry.serial = record.serial;
          entry.subject_hash = digest_of(n, 2);
          BM_CHECK(tx.audit(entry));
        }
        for (int transition = 0; transition < 3; ++transition) {
          BM_CHECK(tx.audit(sample_entry(n)));
        }
        return {};
      }));
    }
  }
  const auto bytes = std::filesystem::file_size(directory_ / "registry.db") / kDevices;
  RecordProperty("bytes_a_device", static_cast<int>(bytes));
  EXPECT_LE(bytes, 2048U);  // where they are: docs/wire/schema.md
}

}  // namespace
}  // namespace birthmark::test
