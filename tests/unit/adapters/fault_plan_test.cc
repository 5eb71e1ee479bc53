// SPDX-License-Identifier: Apache-2.0
#include "adapters/files/fault_plan.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <fstream>
#include <sstream>
#include <thread>

#include "support/temp_dir.h"

namespace birthmark {
namespace {

class BadPlan : public testing::TestWithParam<const char*> {};

TEST_P(BadPlan, is_refused) {
  const auto plan = FaultPlan::parse(GetParam());
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().code, Code::bad_request);
}

INSTANTIATE_TEST_SUITE_P(Words, BadPlan,
                         testing::Values("nonsense", "cut", "cut@", "cut@0", "cut@-1", "cut@x", "cut@1x", "cut@3:half",
                                         "cut@1,cut@2", "cut@99999999999999999999", "kill@", "kill@#1", "kill@a.b#0",
                                         "kill@a.b#", "hang@", "hang@a.b", "hang@a.b:", "hang@:/tmp/x", "fail@fsync#5",
                                         "fail@fsync#5:", "fail@fsync#5:EWHAT", "fail@sync#5:EIO", "fail@#5:EIO",
                                         "fail@fsync#0:EIO", "fail@fsync#+:EIO", "short@fsync#1", "short@write#x",
                                         "short@write#1:EWHAT", "count@", "volatile@1", "Volatile", "synchronous=full",
                                         "cut@1,,volatile", "cut@1 ,volatile"));

class GoodPlan : public testing::TestWithParam<const char*> {};

TEST_P(GoodPlan, is_read) {
  const auto plan = FaultPlan::parse(GetParam());
  EXPECT_TRUE(plan) << plan.error().detail;
}

INSTANTIATE_TEST_SUITE_P(Words, GoodPlan,
                         testing::Values("", "volatile", "cut@17", "cut@17:torn", "kill@issue.after_signature",
                                         "kill@issue.after_signature#3", "hang@store.before_commit:/tmp/held",
                                         "fail@fsync#5:EIO", "fail@write:ENOSPC", "fail@rename#2+:EROFS",
                                         "short@write#5", "short@write#5:EDQUOT",
                                         "synchronous=off,cut@3,fail@write#2:EIO"));

TEST(FaultPlan, without_words_lets_everything_through_and_counts) {
  const auto plan = FaultPlan::parse("").value();
  plan->reached("issue.after_signature");
  for (const auto op : {DurableOp::write, DurableOp::fsync, DurableOp::rename}) {
    EXPECT_EQ(plan->next(op).kind, Verdict::Kind::proceed);
  }
  EXPECT_EQ(plan->operations(), 3U);
  EXPECT_FALSE(plan->loses_unsynced());
  EXPECT_FALSE(plan->synchronous_off());
}

TEST(FaultPlan, hangs_at_its_point_for_as_long_as_the_file_is_there) {
  test::TempDir directory;
  const auto held = directory / "held";
  const auto plan = FaultPlan::parse("hang@a.b:" + held.string()).value();
  plan->reached("a.b");
  std::ofstream{held};
  plan->reached("another");
  std::atomic<bool> through = false;
  std::jthread hanging{[&] {
    plan->reached("a.b");
    through = true;
  }};
  EXPECT_EQ(plan->next(DurableOp::fsync).kind, Verdict::Kind::proceed) << "it holds up nothing else";
  EXPECT_FALSE(through);
  std::filesystem::remove(held);
  hanging.join();
  EXPECT_TRUE(through);
}

TEST(FaultPlan, fails_the_nth_of_its_kind_once) {
  const auto plan = FaultPlan::parse("fail@fsync#2:EIO").value();
  EXPECT_EQ(plan->next(DurableOp::fsync).kind, Verdict::Kind::proceed);
  EXPECT_EQ(plan->next(DurableOp::write).kind, Verdict::Kind::proceed);
  const auto verdict = plan->next(DurableOp::fsync);
  EXPECT_EQ(verdict.kind, Verdict::Kind::refuse);
  EXPECT_EQ(verdict.error, EIO);
  EXPECT_EQ(plan->next(DurableOp::fsync).kind, Verdict::Kind::proceed);
}

TEST(FaultPlan, goes_on_failing_with_a_plus) {
  const auto plan = FaultPlan::parse("fail@write#2+:ENOSPC").value();
  EXPECT_EQ(plan->next(DurableOp::write).kind, Verdict::Kind::proceed);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(plan->next(DurableOp::write).error, ENOSPC);
  }
}

TEST(FaultPlan, halves_a_write) {
  const auto plan = FaultPlan::parse("short@write#1").value();
  const auto verdict = plan->next(DurableOp::write);
  EXPECT_EQ(verdict.kind, Verdict::Kind::halve);
  EXPECT_EQ(verdict.error, ENOSPC);
}

TEST(FaultPlan, cuts_at_one_operation_counted_over_all_kinds) {
  const auto plan = FaultPlan::parse("cut@3").value();
  EXPECT_TRUE(plan->loses_unsynced());
  EXPECT_EQ(plan->next(DurableOp::write).kind, Verdict::Kind::proceed);
  EXPECT_EQ(plan->next(DurableOp::fsync).kind, Verdict::Kind::proceed);
  EXPECT_EQ(plan->next(DurableOp::rename).kind, Verdict::Kind::cut);
  EXPECT_EQ(FaultPlan::parse("cut@1:torn").value()->next(DurableOp::write).kind, Verdict::Kind::tear);
}

TEST(FaultPlanDeathTest, kills_the_third_time_the_point_is_reached_and_not_before) {
  const auto plan = FaultPlan::parse("kill@issue.after_signature#3").value();
  plan->reached("issue.after_signature");
  plan->reached("issue.before_signature");
  plan->reached("issue.after_signature");
  EXPECT_EXIT(plan->reached("issue.after_signature"), testing::KilledBySignal(SIGKILL), "");
}

TEST(FaultPlan, keeps_its_counts_in_a_file_at_every_moment) {
  const test::TempDir directory;
  const auto plan = FaultPlan::parse("count@" + (directory / "counts").string()).value();
  const auto counts = [&directory] {
    std::ostringstream text;
    text << std::ifstream{directory / "counts"}.rdbuf();
    return text.str();
  };
  EXPECT_EQ(counts(), "operations 0\nwrite 0\nfsync 0\nrename 0\n");
  static_cast<void>(plan->next(DurableOp::write));
  static_cast<void>(plan->next(DurableOp::rename));
  plan->reached("a.b");
  plan->reached("a.b");
  EXPECT_EQ(counts(), "operations 2\nwrite 1\nfsync 0\nrename 1\npoint a.b 2\n");
  EXPECT_TRUE(plan->loses_unsynced());
}

TEST(FaultPlan, says_when_the_file_for_counts_cannot_be_made) {
  const auto plan = FaultPlan::parse("count@/nowhere/counts");
  ASSERT_FALSE(plan);
  EXPECT_NE(plan.error().code, Code::bad_request);
}

}  // namespace
}  // namespace birthmark
