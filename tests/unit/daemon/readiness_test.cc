// SPDX-License-Identifier: Apache-2.0
#include "daemon/readiness.h"

#include <gtest/gtest.h>

#include "support/manual_clock.h"

namespace birthmark::daemon {
namespace {

class ReadinessOf : public testing::Test {
 protected:
  test::ManualClock clock_;
  Result<void> state_;
  int tries_ = 0;
  std::function<void()> meanwhile_ = [] {};
  Readiness ready_{[this] {
                     ++tries_;
                     meanwhile_();
                     return state_;
                   },
                   clock_};
};

TEST_F(ReadinessOf, a_store_follows_it_both_ways) {
  EXPECT_TRUE(ready_.ask());
  state_ = fail(Code::storage, "disk full");
  clock_.advance(Readiness::kFresh);
  EXPECT_EQ(ready_.ask().error().detail, "disk full");
  state_ = {};
  clock_.advance(Readiness::kFresh);
  EXPECT_TRUE(ready_.ask());
}

TEST_F(ReadinessOf, many_who_ask_is_tried_once_a_second) {
  for (int i = 0; i < 1000; ++i) {
    EXPECT_TRUE(ready_.ask());
  }
  EXPECT_EQ(tries_, 1);
  clock_.advance(Readiness::kFresh);
  EXPECT_TRUE(ready_.ask());
  EXPECT_EQ(tries_, 2);
}

TEST_F(ReadinessOf, a_disk_that_hangs_keeps_one_caller_and_tells_the_others) {
  EXPECT_TRUE(ready_.ask());
  clock_.advance(Readiness::kFresh);
  meanwhile_ = [this] {
    EXPECT_TRUE(ready_.ask()) << "as it was, for a while";
    clock_.advance(Readiness::kStuck);
    EXPECT_EQ(ready_.ask().error().code, Code::storage);
  };
  EXPECT_TRUE(ready_.ask());
  EXPECT_EQ(tries_, 2);
}

TEST_F(ReadinessOf, whatever_is_wrong_the_status_is_503) {
  state_ = fail(Code::fenced, "a newer epoch writes");
  const auto answer = ready_.ask();
  EXPECT_EQ(answer.error().code, Code::unavailable);
  EXPECT_EQ(answer.error().detail, "fenced: a newer epoch writes");
}

}  // namespace
}  // namespace birthmark::daemon
