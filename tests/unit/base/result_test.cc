// SPDX-License-Identifier: Apache-2.0
#include "base/result.h"

#include <gtest/gtest.h>

#include <memory>

namespace birthmark {
namespace {

Result<int> half(int n) {
  if (n % 2 != 0) {
    return fail(Code::bad_request, "odd", "halves");
  }
  return n / 2;
}

Result<int> quarter(int n, int& steps) {
  BM_TRY(const auto once, half(n));
  ++steps;
  BM_TRY(const auto twice, half(once));
  ++steps;
  return twice;
}

Result<void> both_even(int a, int b, int& steps) {
  BM_CHECK(half(a));
  ++steps;
  BM_CHECK(half(b));
  ++steps;
  return {};
}

Result<std::unique_ptr<int>> owned(int n) {
  return std::make_unique<int>(n);
}

Result<int> through_owner(int n) {
  BM_TRY(auto first, owned(n));
  BM_TRY(first, owned(*first + 1));  // assigns to what exists
  return *first;
}

TEST(Result, a_value_goes_through) {
  int steps = 0;
  EXPECT_EQ(quarter(12, steps), 3);
  EXPECT_EQ(steps, 2);
}

TEST(Result, the_first_error_returns_at_once_with_everything_it_says) {
  int steps = 0;
  const auto odd = quarter(7, steps);
  ASSERT_FALSE(odd);
  EXPECT_EQ(odd.error(), (Error{Code::bad_request, "odd", "halves"}));
  EXPECT_EQ(steps, 0);
  EXPECT_FALSE(quarter(6, steps));
  EXPECT_EQ(steps, 1);
}

TEST(Result, check_stops_at_the_first_failure) {
  int steps = 0;
  EXPECT_TRUE(both_even(2, 4, steps));
  EXPECT_EQ(steps, 2);
  steps = 0;
  EXPECT_EQ(both_even(1, 4, steps).error().detail, "odd");
  EXPECT_EQ(steps, 0);
  EXPECT_FALSE(both_even(2, 3, steps));
  EXPECT_EQ(steps, 1);
}

TEST(Result, check_is_one_statement) {
  const auto run = [](bool wanted) -> Result<void> {
    if (wanted) {
      BM_CHECK(half(1));
    } else {
      BM_CHECK(half(2));
    }
    return {};
  };
  EXPECT_FALSE(run(true));
  EXPECT_TRUE(run(false));
}

TEST(Result, values_that_cannot_be_copied_are_moved) {
  EXPECT_EQ(through_owner(41), 42);
}

TEST(Result, an_error_passes_on_unchanged) {
  const auto outer = []() -> Result<void> { return fail(half(3).error()); };
  EXPECT_EQ(outer().error(), (Error{Code::bad_request, "odd", "halves"}));
  EXPECT_NE(outer().error(), (Error{Code::bad_request, "odd"}));
}

}  // namespace
}  // namespace birthmark
