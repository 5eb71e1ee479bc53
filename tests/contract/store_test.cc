// SPDX-License-Identifier: Apache-2.0
#include "adapters/sqlite/store.h"
#include "adapters/clock/system_clock.h"
#include "adapters/files/posix_files.h"
#include "contract/store_contract.h"
#include "support/failing_store.h"
#include "support/fake_store.h"
#include "support/manual_clock.h"
#include "support/temp_dir.h"

namespace birthmark::test {
namespace {

struct Sqlite final : StoreUnderTest {
  Sqlite() : real{open("lock")} {}
  app::Store& store() override { return *real; }
  void fence() override { other = open("another lock"); }

  std::unique_ptr<sqlite::SqliteStore> open(const char* lock) {
    return sqlite::SqliteStore::open({.directory = directory.path(),
                                      .files = files,
                                      .faults = faults,
                                      .clock = clock,
                                      .database = {.path = {}},
                                      .lock_file = directory / lock})
        .value();
  }

  TempDir directory;
  PosixFiles files;
  NoFaults faults;
  ManualClock clock;
  std::unique_ptr<sqlite::SqliteStore> real;
  std::unique_ptr<sqlite::SqliteStore> other;
};

struct Fake final : StoreUnderTest {
  app::Store& store() override { return fake; }
  void fence() override { fake.fence(); }
  FakeStore fake;
};

/// The wrapper that fails calls must be invisible while it fails none.
struct Wrapped final : StoreUnderTest {
  app::Store& store() override { return wrapper; }
  void fence() override { fake.fence(); }
  FakeStore fake;
  FailingCalls calls{0};
  FailingStore wrapper{fake, calls};
};

INSTANTIATE_TEST_SUITE_P(Stores, StoreContract,
                         testing::Values(StoreMaker{"sqlite", [] { return std::make_unique<Sqlite>(); }},
                                         StoreMaker{"fake", [] { return std::make_unique<Fake>(); }},
                                         StoreMaker{"wrapped_fake", [] { return std::make_unique<Wrapped>(); }}),
                         [](const auto& maker) { return std::string{maker.param.name}; });

TEST(FailingStore, each_call_fails_in_turn_and_a_failed_write_changes_nothing) {
  const app::Store::Work work = [](app::Tx& tx) -> Result<void> {
    BM_CHECK(tx.add_device(sample_device(1)));
    BM_CHECK(tx.audit(sample_entry(1)));
    return tx.publish(sample_publication(1));
  };
  FakeStore plain;
  FailingCalls counting{0};
  ASSERT_TRUE((FailingStore{plain, counting}.write(work)));
  ASSERT_EQ(counting.calls(), 4U);
  for (std::uint64_t nth = 1; nth <= counting.calls(); ++nth) {
    FakeStore fake;
    FailingCalls calls{nth, {Code::hsm_fault, "told"}};
    FailingStore failing{fake, calls};
    const auto done = failing.write(work);
    ASSERT_FALSE(done) << nth;
    EXPECT_EQ(done.error().code, Code::hsm_fault);
    EXPECT_TRUE(calls.failed());
    EXPECT_TRUE(fake.rows().devices.empty());
    EXPECT_TRUE(fake.rows().log.empty());
    EXPECT_TRUE(failing.write(work)) << "only one call fails";
  }
}

}  // namespace
}  // namespace birthmark::test
