// SPDX-License-Identifier: Apache-2.0
// The other half of the suite: the log, the listener, and many writers at once.
#include <algorithm>
#include <atomic>

#include "contract/store_contract.h"

namespace birthmark::test {

using namespace app;
using lifecycle::DeviceRecord;

// --- the log and the listener ---

TEST_P(StoreContract, audit_entries_are_numbered_without_gaps_and_read_back) {
  audit(1);
  const auto size = store().log_span().value().size;
  ASSERT_GE(size, 1U);
  const auto second = put<std::uint64_t>([](Tx& tx) -> Result<std::uint64_t> {
    BM_TRY(const auto first, tx.audit(sample_entry(2)));
    BM_TRY(const auto next, tx.audit(sample_entry(3)));
    EXPECT_EQ(next, first + 1);
    return first;
  });
  EXPECT_EQ(second, size);
  const auto entries = store().entries(size - 1, 2).value();
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_EQ(entries[0], audit::write_entry(sample_entry(1)));
  EXPECT_EQ(entries[1], audit::write_entry(sample_entry(2)));
  EXPECT_EQ(store().entries(size + 1, 10).value().size(), 1U);
  EXPECT_TRUE(store().entries(size + 2, 10).value().empty());
}

TEST_P(StoreContract, an_entry_that_cannot_be_written_fails_its_work) {
  auto entry = sample_entry(1);
  entry.reason = std::string(1000, 'x');
  EXPECT_EQ(refusal([&](Tx& tx) { return without_value(tx.audit(entry)); }), Code::too_large);
}

TEST_P(StoreContract, the_listener_hears_every_commit_in_order_before_the_writer_goes_on) {
  audit(0);
  std::atomic<std::uint64_t> heard_entries = 0;
  std::uint64_t next = store().log_span().value().size;
  std::vector<std::uint32_t> published;
  store().set_listener([&](const Committed& committed) {
    EXPECT_EQ(committed.first_log_index, next);
    next += committed.entries.size();
    heard_entries += committed.entries.size();
    for (const auto& publication : committed.publications) {
      published.push_back(publication.index);
    }
    return Result<void>{};
  });
  for (std::uint32_t i = 1; i <= 5; ++i) {
    run([&](Tx& tx) -> Result<void> {
      BM_CHECK(tx.audit(sample_entry(i)));
      return tx.publish(sample_publication(i));
    });
    EXPECT_EQ(heard_entries, i);
  }
  EXPECT_EQ(published, (std::vector<std::uint32_t>{1, 2, 3, 4, 5}));
}

TEST_P(StoreContract, what_the_listener_refuses_is_owed_to_it_and_nothing_is_missed) {
  audit(0);
  bool refuse = true;
  std::vector<Bytes> heard;
  store().set_listener([&](const Committed& committed) -> Result<void> {
    if (refuse) {
      return fail(Code::storage, "the log is full");
    }
    heard.insert(heard.end(), committed.entries.begin(), committed.entries.end());
    return {};
  });
  const auto size = store().log_span().value().size;
  EXPECT_EQ(refusal([](Tx& tx) { return without_value(tx.audit(sample_entry(1))); }), Code::storage);
  EXPECT_EQ(store().log_span().value().size, size + 1) << "the commit stands";
  EXPECT_EQ(refusal([](Tx& tx) { return without_value(tx.audit(sample_entry(2))); }), Code::storage);
  EXPECT_EQ(store().log_span().value().size, size + 1) << "nothing else runs before";
  refuse = false;
  audit(3);
  EXPECT_EQ(heard, store().entries(size, 10).value());
  EXPECT_EQ(heard.size(), 2U);
}

/// What the read path knows of services is read anew after such a commit, and only then.
TEST_P(StoreContract, a_commit_tells_whether_a_station_or_a_certificate_of_no_device_changed) {
  std::vector<bool> told;
  store().set_listener([&](const Committed& committed) {
    told.push_back(committed.services);
    return Result<void>{};
  });
  add_device(1);
  const auto add = [&](const CertificateRecord& record) {
    return put<CertificateRow>([&](Tx& tx) { return tx.add_certificate(record); });
  };
  auto of_device = sample_certificate(1, DeviceRow{1});
  of_device.row = add(of_device);
  run([&](Tx& tx) { return tx.update_certificate(of_device); });
  run([&](Tx& tx) { return tx.update_head(of_device); });
  auto of_service = sample_certificate(2, DeviceRow{});
  of_service.row = add(of_service);
  EXPECT_EQ(std::ranges::count(told, true), 0) << "an intent is nobody's certificate yet";
  told.clear();

  run([&](Tx& tx) { return tx.update_certificate(of_service); });
  run([&](Tx& tx) { return tx.update_head(of_service); });
  auto station = sample_station();
  station.id = put<StationId>([&](Tx& tx) { return tx.put_station(station); });
  run([&](Tx& tx) { return tx.update_station(station); });
  EXPECT_EQ(told, std::vector<bool>(4, true));
}

TEST_P(StoreContract, the_listener_may_read_the_store_and_sees_the_commit) {
  std::size_t stations = 0;
  store().set_listener([&](const Committed& /*committed*/) {
    return store().read([&](Tx& tx) -> Result<void> {
      BM_TRY(const auto all, tx.stations());
      stations = all.size();
      return {};
    });
  });
  run([](Tx& tx) { return without_value(tx.put_station(sample_station())); });
  EXPECT_EQ(stations, 1U);
}

TEST_P(StoreContract, settling_writes_nothing_and_waits_for_what_is_owed) {
  bool takes = false;
  std::size_t heard = 0;
  store().set_listener([&](const Committed& committed) -> Result<void> {
    heard += takes ? committed.entries.size() : 0;
    return takes ? Result<void>{} : fail(Code::storage, "full");
  });
  EXPECT_FALSE(store().write([](Tx& tx) { return without_value(tx.audit(sample_entry(1))); }));
  constexpr std::chrono::minutes kPatience{1};
  EXPECT_EQ(store().settle().error().code, Code::storage);
  EXPECT_EQ(store().settle(kPatience).error().code, Code::storage);
  takes = true;
  EXPECT_TRUE(store().settle(kPatience));
  const auto owed = heard;
  EXPECT_GE(owed, 1U);
  EXPECT_TRUE(store().settle());
  EXPECT_EQ(heard, owed);
  EXPECT_EQ(store().log_span().value().size, owed);
}

TEST_P(StoreContract, publications_are_rebuilt_from_registered_and_orphaned_certificates_in_row_order) {
  auto unseen = sample_device(1);
  unseen.appraised_at.reset();
  put<DeviceRow>([&](Tx& tx) { return tx.add_device(unseen); });
  add_device(2);
  const std::array<std::uint32_t, 5> devices{2, 1, 2, 0, 1};
  for (std::uint32_t i = 0; i < devices.size(); ++i) {
    auto record = sample_certificate(100 - i, DeviceRow{devices[i]});
    record.row = put<CertificateRow>([&](Tx& tx) { return tx.add_certificate(record); });
    record.issuance = i == 2 ? IssuanceState::intended : i == 4 ? IssuanceState::orphaned : IssuanceState::registered;
    record.published = i == 4 ? lifecycle::Status::ended : lifecycle::Status::held;
    run([&](Tx& tx) { return tx.update_certificate(record); });
  }
  std::vector<Publication> seen;
  ASSERT_TRUE(store().each_publication([&](const Publication& row) { seen.push_back(row); }));
  ASSERT_EQ(seen.size(), 3U);
  EXPECT_EQ(seen[0].index, 100U);
  EXPECT_EQ(seen[0].device, DeviceRow{2});
  EXPECT_EQ(seen[0].status, lifecycle::Status::held);
  EXPECT_EQ(seen[0].state, lifecycle::State::operational);
  EXPECT_EQ(seen[0].product, ProductId{4});
  EXPECT_EQ(seen[0].appraised_at, at_second(4));
  EXPECT_EQ(seen[1].index, 99U);
  EXPECT_EQ(seen[1].appraised_at, at_second(1)) << "never appraised: since it was provisioned";
  EXPECT_EQ(seen[2].index, 96U);
  EXPECT_EQ(seen[2].status, lifecycle::Status::ended);
}

TEST_P(StoreContract, many_writers_lose_nothing) {
  add_device(1);
  constexpr std::uint32_t kThreads = 4;
  constexpr std::uint32_t kEach = 25;
  std::atomic<std::uint32_t> won = 0;
  std::vector<std::jthread> threads;
  for (std::uint32_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (std::uint32_t i = 0; i < kEach; ++i) {
        const auto done = store().write([](Tx& tx) -> Result<void> {
          BM_TRY(auto device, tx.device(DeviceRow{1}));
          ++device->version;
          BM_CHECK(tx.update_device(*device));
          return without_value(tx.audit(sample_entry(1)));
        });
        won += done ? 1 : 0;
      }
    });
  }
  threads.clear();
  EXPECT_EQ(won, kThreads * kEach);
  const auto device = get<std::optional<DeviceRecord>>([](Tx& tx) { return tx.device(DeviceRow{1}); });
  ASSERT_TRUE(device);
  EXPECT_EQ(device->version, 1 + kThreads * kEach);
}

}  // namespace birthmark::test
