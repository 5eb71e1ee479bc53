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
  /// The flush of a timer, when the minute is over.
  Result<void> flush_next_minute() {
    clock_.advance(std::chrono::minutes{1});
    return book_.flush();
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
  must(flush_next_minute());
  ASSERT_EQ(entries().size(), 11U);
  EXPECT_EQ(entries().back().kind, EntryKind::refusals_aggregated);
  EXPECT_EQ(entries().back().count, 15U);
  book_.note(by("192.0.2.1", known_));
  EXPECT_EQ(entries().size(), 12U);
}

TEST_F(RefusalBook, a_forbidden_move_stands_in_its_entry) {
  auto refusal = by("192.0.2.1", known_);
  refusal.code = Code::state_forbids;
  refusal.move = Move{5, 3};
  book_.note(refusal);
  ASSERT_EQ(entries().size(), 1U);
  EXPECT_EQ(entries().front().state_from, 5);
  EXPECT_EQ(entries().front().state_to, 3);
}

TEST_F(RefusalBook, strangers_are_counted_and_write_nothing_by_themselves) {
  for (int i = 0; i < 1000; ++i) {
    book_.note(by(i % 2 == 0 ? "192.0.2.1" : "192.0.2.2"));
  }
  EXPECT_TRUE(entries().empty());
  must(flush_next_minute());
  ASSERT_EQ(entries().size(), 2U);
  EXPECT_EQ(entries()[0].count, 500U);
  EXPECT_EQ(entries()[1].count, 500U);
  must(flush_next_minute());
  EXPECT_EQ(entries().size(), 2U);
}

TEST_F(RefusalBook, what_the_transport_refuses_is_counted_and_waits_for_nobody) {
  book_.count(by("192.0.2.1"));
  book_.count(by("192.0.2.1", known_));
  book_.count(by("192.0.2.1", known_));
  EXPECT_TRUE(entries().empty());
  EXPECT_EQ(book_.totals().at(static_cast<std::size_t>(Code::bad_request)), 3U);
  must(flush_next_minute());
  ASSERT_EQ(entries().size(), 2U);
  EXPECT_EQ(entries()[0].count + entries()[1].count, 3U);
}

// Design rule 9: what strangers make of the log has a bound, whatever they send and wherever from.
TEST_F(RefusalBook, a_thousand_sources_in_one_minute_are_sixty_four_entries_and_one_for_the_rest_of_each_code) {
  auto other = by("");
  other.code = Code::not_found;
  for (int turn = 0; turn < 6; ++turn) {
    for (int i = 0; i < 1000; ++i) {
      auto& refusal = other;
      refusal.code = i % 2 == 0 ? Code::bad_request : Code::not_found;
      refusal.source = std::to_string(i);
      book_.note(refusal);
    }
    book_.note(by("busy"));
    clock_.advance(std::chrono::seconds{9});
    must(book_.flush());
    EXPECT_TRUE(entries().empty()) << "the minute is not over";
  }
  must(flush_next_minute());
  EXPECT_LE(entries().size(), Refusals::kStrangersPerMinute + 2);
  std::uint64_t sum = 0, rest = 0;
  for (const auto& entry : entries()) {
    sum += entry.count;
    rest += entry.actor == "peer:others" ? 1 : 0;
  }
  EXPECT_EQ(sum, 6U * 1001);
  EXPECT_EQ(rest, 2U);
  const auto written = entries().size();
  must(book_.flush());
  EXPECT_EQ(entries().size(), written);
}

TEST_F(RefusalBook, the_busiest_strangers_keep_their_names) {
  for (std::size_t i = 0; i < Refusals::kAggregatesMax + 50; ++i) {
    for (std::size_t times = 0; times < (i == 700 ? 3U : 1U); ++times) {
      book_.note(by(std::to_string(i).c_str()));
    }
  }
  must(flush_next_minute());
  EXPECT_EQ(entries().size(), Refusals::kStrangersPerMinute);
  bool named = false;
  for (const auto& entry : entries()) {
    named = named || (entry.actor == "peer:700" && entry.count == 3);
  }
  EXPECT_TRUE(named);
}

TEST_F(RefusalBook, at_the_end_this_minute_is_written_too) {
  book_.note(by("192.0.2.1"));
  must(book_.flush());
  EXPECT_TRUE(entries().empty());
  must(book_.flush(Refusals::Minutes::all));
  EXPECT_EQ(entries().size(), 1U);
}

TEST_F(RefusalBook, what_the_store_cannot_take_stays_counted) {
  calls_.arm(1);
  book_.note(by("192.0.2.1", known_));
  EXPECT_TRUE(entries().empty());
  calls_.arm(1);
  EXPECT_EQ(code_of(flush_next_minute()), Code::storage);
  calls_.arm(0);
  must(flush_next_minute());
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
