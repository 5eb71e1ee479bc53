// SPDX-License-Identifier: Apache-2.0
#include "base/secret.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <concepts>
#include <cstdlib>
#include <new>
#include <ostream>
#include <type_traits>

namespace {

// What the freed memory held, noted just before it goes back: reading it later would not be defined.
thread_local const void* watched = nullptr;
thread_local bool freed = false;
thread_local bool clean_when_freed = false;
thread_local std::size_t watched_size = 0;

void look(const void* p) noexcept {
  if (p != nullptr && p == watched) {
    const auto* bytes = static_cast<const unsigned char*>(p);
    clean_when_freed = std::all_of(bytes, bytes + watched_size, [](unsigned char b) { return b == 0; });
    freed = true;
    watched = nullptr;
  }
}

void watch(birthmark::BytesView bytes) {
  watched = bytes.data();
  watched_size = bytes.size();
  freed = clean_when_freed = false;
}

}  // namespace

void* operator new(std::size_t size) {
  if (void* const p = std::malloc(size == 0 ? 1 : size)) {
    return p;
  }
  throw std::bad_alloc{};
}
void operator delete(void* p) noexcept {
  look(p);
  std::free(p);
}
void operator delete(void* p, std::size_t) noexcept {
  look(p);
  std::free(p);
}

namespace birthmark {
namespace {

template <class T>
concept Printable = requires(std::ostream& out, const T& value) { out << value; };
template <class T>
concept PlainlyComparable = requires(const T& a, const T& b) { a == b; };

static_assert(!std::copyable<Secret> && std::movable<Secret>);
static_assert(!Printable<Secret> && !PlainlyComparable<Secret>);
static_assert(!std::is_convertible_v<Bytes, Secret>);

Bytes sample() {
  return Bytes(64, 0xA5);
}

TEST(Secret, is_wiped_before_its_memory_goes_back) {
  {
    const Secret secret{sample()};
    watch(secret.reveal());
  }
  EXPECT_TRUE(freed);
  EXPECT_TRUE(clean_when_freed);
}

TEST(Secret, plain_bytes_are_not_which_shows_that_the_check_can_fail) {
  {
    const Bytes bytes = sample();
    watch(bytes);
  }
  EXPECT_TRUE(freed);
  EXPECT_FALSE(clean_when_freed);
}

TEST(Secret, assignment_wipes_what_was_there) {
  Secret target{sample()};
  watch(target.reveal());
  target = Secret{Bytes{1, 2, 3}};
  EXPECT_TRUE(freed);
  EXPECT_TRUE(clean_when_freed);
  EXPECT_TRUE(target.matches(Bytes{1, 2, 3}));
}

TEST(Secret, moving_hands_over_and_leaves_nothing) {
  Secret from{sample()};
  const auto* const memory = from.reveal().data();
  Secret to{std::move(from)};
  EXPECT_TRUE(from.empty());  // NOLINT(bugprone-use-after-move): the promise under test
  EXPECT_EQ(to.reveal().data(), memory);
  EXPECT_TRUE(to.matches(sample()));
}

TEST(Secret, assigning_itself_keeps_the_value) {
  Secret secret{sample()};
  Secret& same = secret;
  secret = std::move(same);
  EXPECT_TRUE(secret.matches(sample()));
}

TEST(Secret, matches_the_same_bytes_only) {
  const Secret secret{Bytes{1, 2, 3}};
  EXPECT_TRUE(secret.matches(Bytes{1, 2, 3}));
  EXPECT_FALSE(secret.matches(Bytes{1, 2, 4}));
  EXPECT_FALSE(secret.matches(Bytes{1, 2}));
  EXPECT_FALSE(secret.matches({}));
  EXPECT_TRUE(Secret{}.empty());
  EXPECT_FALSE(secret.empty());
}

}  // namespace
}  // namespace birthmark
