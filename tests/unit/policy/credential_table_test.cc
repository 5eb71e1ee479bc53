// SPDX-License-Identifier: Apache-2.0
#include "policy/credential_table.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <thread>
#include <vector>

namespace birthmark::policy {
namespace {

using lifecycle::State;
using lifecycle::Status;
using std::chrono::hours;
using std::chrono::minutes;

constexpr Instant kNow = kMinuteZero + hours{24 * 2500};

CredentialRecord record(Status status, State state, std::uint32_t row = 5) {
  return {.status = status, .state = state, .product = 9, .device = DeviceRow{row}, .appraised_at = kNow};
}

TEST(PackedRecord, reads_back_to_the_minute) {
  EXPECT_TRUE(rc::check([] {
    CredentialRecord in;
    in.status = static_cast<Status>(*rc::gen::inRange(0, 4));
    in.state = static_cast<State>(*rc::gen::inRange(0, 7));
    in.product = *rc::gen::arbitrary<std::uint8_t>();
    in.device = DeviceRow{*rc::gen::inRange<std::uint32_t>(0, kDeviceRowMax + 1)};
    const auto minute = *rc::gen::inRange<std::int64_t>(0, kMinuteMax + 1);
    if (minute > 0) {
      in.appraised_at = kMinuteZero + minutes{minute};
    }
    const auto word = pack(in);
    RC_ASSERT(word.has_value());
    RC_ASSERT(unpack(*word) == in);
    if (minute > 0) {
      auto later = in;
      later.appraised_at = *in.appraised_at + std::chrono::milliseconds{*rc::gen::inRange(0, 60'000)};
      RC_ASSERT(pack(later) == word);
    }
  }));
}

TEST(PackedRecord, zeros_admit_nobody) {
  EXPECT_EQ(unpack(0).status, Status::not_admitted);
  EXPECT_EQ(unpack(0).device, DeviceRow{});
  EXPECT_EQ(unpack(0).appraised_at, std::nullopt);
}

TEST(PackedRecord, a_state_that_does_not_exist_reads_as_the_end) {
  const auto damaged = unpack(std::uint64_t{3} << 62 | std::uint64_t{7} << 59);
  EXPECT_EQ(damaged.status, Status::ended);
  EXPECT_EQ(damaged.state, State::decommissioned);
}

TEST(PackedRecord, takes_the_largest_values_and_nothing_beyond) {
  auto in = record(Status::admitted, State::operational, kDeviceRowMax);
  in.product = 255;
  in.appraised_at = kMinuteZero + minutes{kMinuteMax};
  EXPECT_EQ(unpack(pack(in).value()), in);
  auto bad = in;
  bad.device = DeviceRow{kDeviceRowMax + 1};
  EXPECT_EQ(pack(bad), std::nullopt);
  bad = in;
  bad.appraised_at = kMinuteZero + minutes{kMinuteMax + 1};
  EXPECT_EQ(pack(bad), std::nullopt);
  bad = in;
  bad.state = static_cast<State>(7);
  EXPECT_EQ(pack(bad), std::nullopt);
  bad = in;
  bad.status = static_cast<Status>(4);
  EXPECT_EQ(pack(bad), std::nullopt);
}

TEST(PackedRecord, an_appraisal_from_before_2020_counts_as_none) {
  auto in = record(Status::admitted, State::operational);
  for (const Instant early : {Instant{}, kMinuteZero - hours{1}, kMinuteZero}) {
    in.appraised_at = early;
    EXPECT_EQ(unpack(pack(in).value()).appraised_at, std::nullopt);
  }
}

TEST(CredentialTable, an_empty_list_takes_next_to_nothing) {
  const CredentialTable table{20};
  EXPECT_LT(table.bytes(), 4096U);
  EXPECT_EQ(table.load(0), CredentialRecord{});
  EXPECT_EQ(table.load(table.capacity() - 1), CredentialRecord{});
}

TEST(CredentialTable, a_full_list_takes_eight_bytes_a_credential_and_its_directory) {
  CredentialTable table{16};
  for (std::uint32_t i = 0; i < table.capacity(); ++i) {
    ASSERT_TRUE(table.publish(i, record(Status::not_admitted, State::enrolled, i + 1)));
  }
  EXPECT_LE(table.bytes(), table.capacity() * 8U + table.capacity() / 256);
  for (std::uint32_t i = 0; i < table.capacity(); ++i) {
    ASSERT_EQ(table.load(i).device, DeviceRow{i + 1});
  }
}

TEST(CredentialTable, small_lists_hold_what_they_say) {
  for (const unsigned bits : {0U, 1U, 12U, 13U}) {
    CredentialTable table{bits};
    const auto last = table.capacity() - 1;
    EXPECT_TRUE(table.publish(last, record(Status::not_admitted, State::enrolled)));
    EXPECT_EQ(table.load(last).device, DeviceRow{5});
    EXPECT_EQ(table.publish(last + 1, record(Status::not_admitted, State::enrolled)).error().code, Code::bad_request);
    EXPECT_EQ(table.load(last + 1), CredentialRecord{});
    EXPECT_EQ(table.load(0xFFFFFFFF), CredentialRecord{});
  }
}

TEST(CredentialTable, what_does_not_fit_is_refused_and_changes_nothing) {
  CredentialTable table{12};
  const auto before = table.bytes();
  for (const auto& bad : {record(Status::not_admitted, State::enrolled, 0),
                          record(Status::not_admitted, State::enrolled, kDeviceRowMax + 1),
                          record(static_cast<Status>(4), State::enrolled)}) {
    EXPECT_EQ(table.publish(1, bad).error().code, Code::bad_request);
    EXPECT_EQ(table.restore(1, bad).error().code, Code::bad_request);
  }
  EXPECT_EQ(table.load(1), CredentialRecord{});
  EXPECT_EQ(table.bytes(), before) << "a refusal takes no page";
}

TEST(CredentialTable, publishes_the_moves_of_the_wire_and_refuses_the_others) {  // design rule 7
  for (const Status from : lifecycle::kStatuses) {
    for (const Status to : lifecycle::kStatuses) {
      SCOPED_TRACE(std::string{name(from)}.append(" to ").append(name(to)));
      CredentialTable table{4};
      ASSERT_TRUE(table.restore(3, record(from, State::operational)));
      const auto result = table.publish(3, record(to, State::operational));
      const bool stays = from == Status::not_admitted && to == Status::held;
      EXPECT_EQ(result.has_value(), stays || lifecycle::may_become(from, to));
      const Status stored = table.load(3).status;
      EXPECT_EQ(stored, result && !stays ? to : from);
      if (!result) {
        EXPECT_EQ(result.error().code, Code::conflict);
      }
    }
  }
}

TEST(CredentialTable, an_index_is_never_used_again) {
  CredentialTable table{4};
  ASSERT_TRUE(table.publish(3, record(Status::not_admitted, State::enrolled, 5)));
  EXPECT_EQ(table.publish(3, record(Status::not_admitted, State::enrolled, 6)).error().code, Code::conflict);
  EXPECT_EQ(table.restore(3, record(Status::not_admitted, State::enrolled, 5)).error().code, Code::conflict);
}

TEST(CredentialTable, knows_no_way_back_from_s5) {
  CredentialTable table{4};
  ASSERT_TRUE(table.publish(3, record(Status::not_admitted, State::enrolled)));
  ASSERT_TRUE(table.publish(3, record(Status::ended, State::revoked)));
  EXPECT_EQ(table.publish(3, record(Status::ended, State::operational)).error().code, Code::conflict);
  EXPECT_TRUE(table.publish(3, record(Status::ended, State::decommissioned)));
  for (const State state : lifecycle::kStates) {
    EXPECT_EQ(table.publish(3, record(Status::ended, state)).has_value(), state == State::decommissioned);
  }
}

TEST(CredentialTable, takes_a_state_whose_steps_it_missed) {
  CredentialTable table{4};
  ASSERT_TRUE(table.publish(3, record(Status::not_admitted, State::provisioned)));
  EXPECT_TRUE(table.publish(3, record(Status::admitted, State::operational)));
  EXPECT_FALSE(table.publish(3, record(Status::admitted, State::provisioned)));
}

// Every field of what the writers publish is a function of the row, so a mixture of two records would show. Each place
// has one row for ever; its appraisal moves.
TEST(CredentialTable, readers_beside_writers_see_no_torn_record) {
  constexpr std::uint32_t kPlaces = 3 * 4096;
  constexpr int kRounds = 8;
  CredentialTable table{14};
  const auto made = [](std::uint32_t index, int round) {
    const bool held = round % 2 == 1;
    return CredentialRecord{.status = held ? Status::held : Status::admitted,
                            .state = held ? State::suspended : State::operational,
                            .product = static_cast<std::uint8_t>(index * 7 + 1),
                            .device = DeviceRow{index + 1},
                            .appraised_at = kMinuteZero + minutes{(index + 1) * 16 + static_cast<unsigned>(round)}};
  };
  std::atomic<int> writers_left{2};
  std::atomic<int> refused{0};
  std::atomic<int> torn{0};
  std::vector<std::jthread> threads;
  for (int writer = 0; writer < 2; ++writer) {
    threads.emplace_back([&] {  // both write every place, so that pages and words are contended
      for (int round = 0; round < kRounds; ++round) {
        for (std::uint32_t index = 0; index < kPlaces; ++index) {
          refused += table.publish(index, made(index, round)) ? 0 : 1;
        }
      }
      --writers_left;
    });
  }
  for (int reader = 0; reader < 2; ++reader) {
    threads.emplace_back([&] {
      do {
        for (std::uint32_t index = 0; index < kPlaces; ++index) {
          const auto seen = table.load(index);
          if (seen == CredentialRecord{}) {
            continue;
          }
          const auto minute = seen.appraised_at ? (*seen.appraised_at - kMinuteZero) / minutes{1} : 0;
          torn += seen == made(index, static_cast<int>(minute % 16)) ? 0 : 1;
        }
      } while (writers_left > 0);
    });
  }
  threads.clear();
  EXPECT_EQ(torn, 0);
  EXPECT_EQ(refused, 0);
  for (std::uint32_t index = 0; index < kPlaces; ++index) {
    ASSERT_EQ(table.load(index), made(index, kRounds - 1));
  }
}

TEST(CredentialTable, a_revocation_wins_over_writers_that_go_on_releasing) {
  CredentialTable table{4};
  ASSERT_TRUE(table.publish(3, record(Status::not_admitted, State::enrolled)));
  std::vector<std::jthread> threads;
  for (int writer = 0; writer < 3; ++writer) {
    threads.emplace_back([&table] {
      for (int i = 0; i < 2000; ++i) {
        const bool held = i % 2 == 1;
        const auto wanted =
            record(held ? Status::held : Status::admitted, held ? State::suspended : State::operational);
        if (!table.publish(3, wanted)) {
          return;
        }
      }
    });
  }
  threads.emplace_back([&table] { static_cast<void>(table.publish(3, record(Status::ended, State::revoked))); });
  threads.clear();
  EXPECT_EQ(table.load(3).status, Status::ended);
  EXPECT_EQ(table.load(3).state, State::revoked);
}

}  // namespace
}  // namespace birthmark::policy
