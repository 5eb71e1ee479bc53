// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "support/world.h"

namespace birthmark::test {
namespace {

using app::Challenges;
using lifecycle::Purpose;

class ChallengeBook : public testing::Test {
 protected:
  static Digest caller(std::uint32_t n) {
    Digest::rep bytes{};
    bytes[0] = static_cast<std::uint8_t>(n);
    bytes[1] = static_cast<std::uint8_t>(n >> 8);
    return Digest{bytes};
  }
  ManualClock clock_;
  SeededEntropy entropy_;
  Challenges book_{clock_, entropy_};
};

TEST_F(ChallengeBook, gives_each_time_another_nonce_and_session) {
  const auto a = must(book_.give(Purpose::enroll, caller(1))), b = must(book_.give(Purpose::enroll, caller(1)));
  EXPECT_NE(a.nonce, b.nonce);
  EXPECT_NE(a.session, b.session);
}

TEST_F(ChallengeBook, burns_at_the_first_attempt) {
  const auto given = must(book_.give(Purpose::enroll, caller(1)));
  EXPECT_EQ(must(book_.burn(given.session, Purpose::enroll, caller(1))).nonce, given.nonce);
  EXPECT_EQ(code_of(book_.burn(given.session, Purpose::enroll, caller(1))), Code::nonce_used);
}

TEST_F(ChallengeBook, burns_also_for_another_caller_or_purpose) {
  for (const auto& [purpose, who] : {std::pair{Purpose::renew, 1U}, std::pair{Purpose::enroll, 2U}}) {
    const auto given = must(book_.give(Purpose::enroll, caller(1)));
    EXPECT_EQ(code_of(book_.burn(given.session, purpose, caller(who))), Code::nonce_used);
    EXPECT_EQ(code_of(book_.burn(given.session, Purpose::enroll, caller(1))), Code::nonce_used);
  }
}

TEST_F(ChallengeBook, lives_120_seconds_and_then_says_that_it_expired) {
  const auto first = must(book_.give(Purpose::enroll, caller(1)));
  const auto second = must(book_.give(Purpose::enroll, caller(1)));
  clock_.advance(Challenges::kLifetime);
  EXPECT_TRUE(book_.burn(first.session, Purpose::enroll, caller(1)));
  clock_.advance(std::chrono::milliseconds{1});
  EXPECT_EQ(code_of(book_.burn(second.session, Purpose::enroll, caller(1))), Code::nonce_expired);
}

TEST_F(ChallengeBook, a_clock_that_is_set_moves_no_lifetime) {
  const auto given = must(book_.give(Purpose::enroll, caller(1)));
  clock_.set(clock_.now() + std::chrono::days{1});
  EXPECT_TRUE(book_.burn(given.session, Purpose::enroll, caller(1)));
}

TEST_F(ChallengeBook, one_caller_cannot_take_the_place_of_others) {
  for (std::size_t i = 0; i < Challenges::kMaxPerCaller; ++i) {
    must(book_.give(Purpose::enroll, caller(1)));
  }
  EXPECT_EQ(code_of(book_.give(Purpose::enroll, caller(1))), Code::rate_limited);
  EXPECT_TRUE(book_.give(Purpose::enroll, caller(2)));
  clock_.advance(2 * Challenges::kLifetime + std::chrono::milliseconds{1});
  EXPECT_TRUE(book_.give(Purpose::enroll, caller(1)));
}

TEST_F(ChallengeBook, strangers_push_out_nobody_who_is_known) {
  const auto known = must(book_.give(Purpose::provision, caller(0)));
  const auto stranger = must(book_.give(Purpose::revalidate, caller(0)));
  for (std::uint32_t i = 0; i < Challenges::kMax; ++i) {
    must(book_.give(i % 2 == 0 ? Purpose::revalidate : Purpose::retire, caller(1 + i / 512)));
  }
  EXPECT_EQ(code_of(book_.burn(stranger.session, Purpose::revalidate, caller(0))), Code::nonce_used);
  EXPECT_TRUE(book_.burn(known.session, Purpose::provision, caller(0)));
}

TEST_F(ChallengeBook, burnt_ones_take_no_place) {
  const auto open = must(book_.give(Purpose::enroll, caller(0)));
  for (std::uint32_t i = 0; i < 3 * Challenges::kMax; ++i) {
    const auto given = must(book_.give(Purpose::enroll, caller(1)));
    must(book_.burn(given.session, Purpose::enroll, caller(1)));
  }
  EXPECT_TRUE(book_.burn(open.session, Purpose::enroll, caller(0)));
}

TEST_F(ChallengeBook, is_bounded_and_the_oldest_go_first) {
  const auto oldest = must(book_.give(Purpose::enroll, caller(0)));
  for (std::uint32_t i = 1; i < Challenges::kMax; ++i) {
    must(book_.give(Purpose::enroll, caller(1 + i / 512)));
  }
  const auto newest = must(book_.give(Purpose::enroll, caller(9999)));
  EXPECT_EQ(code_of(book_.burn(oldest.session, Purpose::enroll, caller(0))), Code::nonce_used);
  EXPECT_TRUE(book_.burn(newest.session, Purpose::enroll, caller(9999)));
}

}  // namespace
}  // namespace birthmark::test
