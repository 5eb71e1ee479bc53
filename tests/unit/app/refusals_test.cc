// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "support/world.h"

namespace birthmark::test {
namespace {

using app::Refusal;
using app::Refusals;
using audit::EntryKind;

class RefusalBook : public testing::Test {
 protected:
  static Refusal by(const char* source, std::optional<Digest> caller = std::nullopt) {
    return {.code = Code::bad_request, .source = source, .caller = caller, .path = "/v1/x", .detail = "why"};
  }
  std::vector<audit::Entry> entries() {
    std::vector<audit::Entry> out;
    for (const auto& bytes : store_.rows().log) {
      out.push_back(must(audit::read_entry(bytes)));
    }
    return out;
  }
  const Digest known_{Octets<32>{7}};
  ManualClock clock_;
  FakeStore store_;
  FailingCalls calls_{0};
  FailingStore failing_{store_, calls_};
  Refusals book_{failing_, clock_};
};

TEST_F(RefusalBook, an_authenticated_caller_has_ten_entries_a_minute_and_one_aggregate) {
  for (int i = 0; i < 25; ++i) {
    book_.note(by("192.0.2.1", known_));
  }
  EXPECT_EQ(entries().size(), 10U);
  EXPECT_EQ(entries().front().subject_hash, known_);
  must(book_.flush());
  ASSERT_EQ(entries().size(), 11U);
  EXPECT_EQ(entries().back().kind, EntryKind::refusals_aggregated);
  EXPECT_EQ(entries().back().count, 15U);
  clock_.advance(std::chrono::minutes{1});
  book_.note(by("192.0.2.1", known_));
  EXPECT_EQ(entries().size(), 12U);
}

TEST_F(RefusalBook, strangers_are_counted_and_write_nothing_by_themselves) {
  for (int i = 0; i < 1000; ++i) {
    book_.note(by(i % 2 == 0 ? "192.0.2.1" : "192.0.2.2"));
  }
  EXPECT_TRUE(entries().empty());
  must(book_.flush());
  ASSERT_EQ(entries().size(), 2U);
  EXPECT_EQ(entries()[0].count, 500U);
  EXPECT_EQ(entries()[1].count, 500U);
  must(book_.flush());
  EXPECT_EQ(entries().size(), 2U);
}

TEST_F(RefusalBook, what_the_transport_refuses_is_counted_and_waits_for_nobody) {
  book_.count(by("192.0.2.1"));
  book_.count(by("192.0.2.1", known_));
  book_.count(by("192.0.2.1", known_));
  EXPECT_TRUE(entries().empty());
  EXPECT_EQ(book_.totals().at(static_cast<std::size_t>(Code::bad_request)), 3U);
  must(book_.flush());
  ASSERT_EQ(entries().size(), 2U);
  EXPECT_EQ(entries()[0].count + entries()[1].count, 3U);
}

TEST_F(RefusalBook, more_sources_than_its_bound_share_one_line) {
  for (std::size_t i = 0; i < Refusals::kAggregatesMax + 50; ++i) {
    book_.note(by(std::to_string(i).c_str()));
  }
  must(book_.flush());
  EXPECT_EQ(entries().size(), Refusals::kAggregatesMax + 1);
  std::uint64_t sum = 0;
  for (const auto& entry : entries()) {
    sum += entry.count;
  }
  EXPECT_EQ(sum, Refusals::kAggregatesMax + 50);
}

TEST_F(RefusalBook, what_the_store_cannot_take_stays_counted) {
  calls_.arm(1);
  book_.note(by("192.0.2.1", known_));
  EXPECT_TRUE(entries().empty());
  calls_.arm(1);
  EXPECT_EQ(code_of(book_.flush()), Code::storage);
  calls_.arm(0);
  must(book_.flush());
  ASSERT_EQ(entries().size(), 1U);
  EXPECT_EQ(entries().front().count, 1U);
  EXPECT_EQ(book_.totals().at(static_cast<std::size_t>(Code::bad_request)), 1U);
}

TEST_F(RefusalBook, a_strangers_text_is_plain_in_the_log) {
  auto refusal = by("192.0.2.1", known_);
  refusal.detail = "a\r\nb\x1b[31m<\xC3\xA4>";
  book_.note(refusal);
  EXPECT_EQ(entries().front().reason,
            "/v1/x a?"
            "?b?[31m<?"
            "?>");
}

}  // namespace
}  // namespace birthmark::test
