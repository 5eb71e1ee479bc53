// SPDX-License-Identifier: Apache-2.0
#include "policy/snapshot.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <utility>
#include <vector>

namespace birthmark::policy {
namespace {

IssuerKeyId key_id(std::uint8_t octet) {
  Octets<20> out;
  out.fill(octet);
  return IssuerKeyId{out};
}
Issuer issuer(std::uint32_t ca) {
  return {CaId{ca}, key_id(static_cast<std::uint8_t>(ca)), IssuerStatus::trusted,
          std::make_shared<const CredentialTable>(4)};
}
std::shared_ptr<const Snapshot> snapshot(std::uint64_t number, std::uint64_t epoch = 1) {
  Snapshot::Parts parts;
  parts.head = {Epoch{epoch}, number};
  parts.issuers = {issuer(1), issuer(2)};
  parts.products = {nullptr, std::make_shared<const ProductPolicy>()};
  return Snapshot::make(std::move(parts)).value();
}

TEST(Snapshot, finds_what_it_holds_and_nothing_else) {
  const auto held = snapshot(1);
  ASSERT_NE(held->issuer(CaId{2}), nullptr);
  EXPECT_EQ(held->issuer(CaId{2}), held->issuer(key_id(2)));
  EXPECT_EQ(held->issuer(CaId{2})->ca, CaId{2});
  EXPECT_EQ(held->issuer(CaId{3}), nullptr);
  EXPECT_EQ(held->issuer(key_id(3)), nullptr);
  Octets<20> close = key_id(2).get();
  close.back() ^= 1;
  EXPECT_EQ(held->issuer(IssuerKeyId{close}), nullptr);
  EXPECT_NE(held->product(1), nullptr);
  EXPECT_EQ(held->product(0), nullptr);
  EXPECT_EQ(held->product(2), nullptr);
  EXPECT_EQ(held->product(255), nullptr);
}

TEST(Snapshot, refuses_parts_that_make_no_directory) {
  Snapshot::Parts no_table;
  no_table.issuers = {issuer(1)};
  no_table.issuers.front().credentials = nullptr;
  EXPECT_EQ(Snapshot::make(no_table).error().code, Code::bad_request);
  Snapshot::Parts same_ca;
  same_ca.issuers = {issuer(1), issuer(2)};
  same_ca.issuers.back().ca = CaId{1};
  EXPECT_EQ(Snapshot::make(same_ca).error().code, Code::bad_request);
  Snapshot::Parts same_key;
  same_key.issuers = {issuer(1), issuer(2)};
  same_key.issuers.back().key_id = key_id(1);
  EXPECT_EQ(Snapshot::make(same_key).error().code, Code::bad_request);
  Snapshot::Parts products;
  products.products.resize(256);
  EXPECT_TRUE(Snapshot::make(products));
  products.products.resize(257);
  EXPECT_EQ(Snapshot::make(products).error().code, Code::bad_request);
}

TEST(SnapshotHolder, takes_newer_snapshots_only) {  // design rule 10
  SnapshotHolder holder{snapshot(5, 2)};
  EXPECT_EQ(holder.publish(snapshot(5, 2)).error().code, Code::conflict);
  EXPECT_EQ(holder.publish(snapshot(4, 2)).error().code, Code::conflict);
  EXPECT_EQ(holder.publish(snapshot(99, 1)).error().code, Code::fenced);
  EXPECT_EQ(holder.publish(nullptr).error().code, Code::conflict);
  EXPECT_EQ(holder.get()->head().number, 5U);
  EXPECT_TRUE(holder.publish(snapshot(6, 2)));
  EXPECT_TRUE(holder.publish(snapshot(1, 3)));
  EXPECT_EQ(holder.get()->head(), (HeadNumber{Epoch{3}, 1}));
}

TEST(SnapshotHolder, shows_what_was_published_before_it_was_asked) {
  SnapshotHolder holder{snapshot(1)};
  EXPECT_EQ(holder.look().head().number, 1U);
  const Snapshot* first = &holder.look();
  EXPECT_EQ(&holder.look(), first);
  ASSERT_TRUE(holder.publish(snapshot(2)));
  EXPECT_EQ(holder.look().head().number, 2U);
  ASSERT_FALSE(holder.publish(snapshot(2)));
  EXPECT_EQ(holder.look().head().number, 2U);
}

TEST(SnapshotHolder, beside_a_publisher_never_goes_back_and_ends_at_the_newest) {
  SnapshotHolder holder{snapshot(1)};
  constexpr std::uint64_t kLast = 300;
  std::atomic<int> wrong{0};
  std::vector<std::jthread> readers;
  for (int i = 0; i < 2; ++i) {
    readers.emplace_back([&] {
      for (std::uint64_t seen = 0; seen != kLast;) {
        const auto& now = holder.look();
        wrong += now.head().number < seen || now.issuer(CaId{1}) == nullptr ? 1 : 0;
        seen = now.head().number;
      }
    });
  }
  for (std::uint64_t number = 2; number <= kLast; ++number) {
    ASSERT_TRUE(holder.publish(snapshot(number)));
  }
  readers.clear();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace birthmark::policy
