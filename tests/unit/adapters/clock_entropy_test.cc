// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "adapters/clock/system_clock.h"
#include "adapters/entropy/generated_ephemerals.h"
#include "adapters/entropy/system_entropy.h"
#include "base/bytes.h"
#include "support/manual_clock.h"
#include "support/seeded_entropy.h"

namespace birthmark {
namespace {

TEST(SystemClock, tells_utc_and_never_goes_back) {
  const SystemClock clock;
  const auto before = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  const auto now = clock.now();
  EXPECT_GE(now + std::chrono::minutes{1}, before);
  EXPECT_LE(now, before + std::chrono::minutes{1});
  auto last = clock.ticks();
  for (int i = 0; i < 1000; ++i) {
    const auto next = clock.ticks();
    ASSERT_GE(next, last);
    last = next;
  }
}

TEST(ManualClock, moves_when_told_and_only_utc_jumps) {
  test::ManualClock clock;
  const auto utc = clock.now();
  const auto ticks = clock.ticks();
  EXPECT_EQ(to_rfc3339(utc), "2026-01-01T00:00:00Z");
  clock.advance(std::chrono::seconds{5});
  EXPECT_EQ(clock.now() - utc, std::chrono::seconds{5});
  EXPECT_EQ(clock.ticks() - ticks, std::chrono::seconds{5});
  clock.set(utc - std::chrono::hours{1});
  EXPECT_EQ(clock.now(), utc - std::chrono::hours{1});
  EXPECT_EQ(clock.ticks() - ticks, std::chrono::seconds{5});
}

TEST(SystemEntropy, fills_every_byte_and_does_not_repeat) {
  SystemEntropy entropy;
  Bytes first(100000);  // more than getrandom gives in one call that a signal may interrupt
  Bytes second(100000);
  entropy.fill(first);
  entropy.fill(second);
  EXPECT_NE(first, second);
  std::array<int, 256> seen{};
  for (const auto byte : first) {
    ++seen.at(byte);
  }
  EXPECT_EQ(std::ranges::count(seen, 0), 0);
  EXPECT_FALSE(std::all_of(first.end() - 16, first.end(), [](std::uint8_t byte) { return byte == 0; }));
  entropy.fill({});
}

TEST(SeededEntropy, is_the_same_for_a_seed_and_another_for_another) {
  test::SeededEntropy one{7};
  test::SeededEntropy same{7};
  test::SeededEntropy other{8};
  Bytes a(32);
  Bytes b(32);
  Bytes c(32);
  one.fill(a);
  same.fill(b);
  other.fill(c);
  EXPECT_EQ(a, b);
  EXPECT_NE(a, c);
  one.fill(b);
  EXPECT_NE(a, b);
}

TEST(GeneratedEphemerals, seeds_are_the_ports_bytes_and_keys_are_new) {
  test::SeededEntropy entropy{3};
  test::SeededEntropy same{3};
  GeneratedEphemerals source{entropy};
  Bytes expected(48);
  same.fill(expected);
  EXPECT_TRUE(source.seed(48).value().matches(expected));
  EXPECT_FALSE(source.seed(48).value().matches(expected));
  const auto a = source.key(crypto::KeyType::p384).value();
  const auto b = source.key(crypto::KeyType::p384).value();
  EXPECT_EQ(a.public_key().type(), crypto::KeyType::p384);
  EXPECT_FALSE(a.public_key() == b.public_key());
}

}  // namespace
}  // namespace birthmark
