// SPDX-License-Identifier: Apache-2.0
// AC-11 and design §8: SIGKILL at every named point, between signature and commit among them, with requests of several
// clients in flight; the server is started again each time, and in the end the history checker judges what was seen.
#include <gtest/gtest.h>

#include <array>
#include <csignal>
#include <cstdio>

#include "flow/history.h"
#include "flow/traffic.h"

namespace birthmark::test {
namespace {

constexpr unsigned kClients = 3;
constexpr unsigned kStepsMost = 400;  // of each client, until the point must have been reached
constexpr std::array kPoints{"issue.after_intent",  "issue.after_signature", "issue.after_registration",
                             "store.before_commit", "store.after_commit",    "store.after_publish",
                             "log.before_head",     "log.after_head"};

class Killed : public testing::Test {
 protected:
  Killed() {
    const auto opened = people_.open_batch("B1", 4000);
    if (!opened.ok()) {
      throw std::runtime_error{opened.words()};
    }
    traffic_ = std::make_unique<Traffic>(server_, history_, "B1", kClients, seed_);
  }

  /// Starts with the plan; where recovery itself reaches the point, that death counts too and a later one is tried.
  void start_with(const std::string& point, unsigned nth) {
    for (; !server_.start("kill@" + point + "#" + std::to_string(nth)); nth += 2) {
      ++killed_in_recovery_;
      ASSERT_LT(killed_in_recovery_, 1000U) << server_.err();
    }
  }

  void judge() {
    if (!server_.runs()) {
      ASSERT_TRUE(server_.start()) << server_.err();
    }
    const auto broken = history_.broken(look(server_, people_, history_.checkpoints()));
    for (const auto& promise : broken) {
      ADD_FAILURE() << promise;
    }
  }

  const std::uint64_t seed_ = printed_seed();
  std::mt19937_64 random_{seed_};
  Server server_;
  Operator people_{server_};
  History history_;
  std::unique_ptr<Traffic> traffic_;
  unsigned killed_in_recovery_ = 0;
};

TEST_F(Killed, at_every_named_point_with_requests_in_flight_loses_nothing) {
  const unsigned each = long_run() ? 40 : 20;
  unsigned killed = 0, in_flight = 0;
  server_.kill();
  for (unsigned round = 0; round < each; ++round) {
    for (const std::string point : kPoints) {
      const auto nth = static_cast<unsigned>(1 + random_() % 16);
      SCOPED_TRACE(point + "#" + std::to_string(nth) + " in round " + std::to_string(round));
      start_with(point, nth);
      const auto cut_off = traffic_->run(kStepsMost);
      const auto finished = server_.wait_for_end();
      ASSERT_EQ(finished.signal, SIGKILL) << finished.err;
      ASSERT_FALSE(finished.timed_out) << "the point was not reached, and " << cut_off << " requests got no answer";
      EXPECT_GE(cut_off, 1U);
      in_flight += cut_off;
      ++killed;
    }
    judge();
    if (HasFailure()) {
      break;
    }
    server_.kill();
  }
  std::printf("%u forced kills, %u of them in recovery; %u requests in flight; %u steps, %zu results acknowledged\n",
              killed + killed_in_recovery_, killed_in_recovery_, in_flight, traffic_->steps(), history_.acknowledged());
}

}  // namespace
}  // namespace birthmark::test
