// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "support/line.h"

namespace birthmark::test {
namespace {

/// Two registrar processes on one data directory: the budget has one owner, also across a crash.
class AC09Processes : public testing::Test {
 protected:
  Finished second_process() const {
    return server_.birthmark({"serve", "--data", server_.data().string(), "--environment", "development",
                              "--device-listen", "127.0.0.1:0", "--operator-listen", "127.0.0.1:0", "--public-listen",
                              "127.0.0.1:0"});
  }
  Server server_;
};

TEST_F(AC09Processes, the_second_does_not_start_and_the_quota_holds_meanwhile_and_after_a_kill) {
  constexpr unsigned kQuantity = 3;
  Operator people{server_};
  ASSERT_TRUE(people.open_batch("B-1", kQuantity).ok());
  const auto stations = Line::enroll(people, "line-1", "B-1");
  std::atomic<unsigned> served{0}, refused{0}, other{0};
  const auto clients = [&] {
    std::vector<std::jthread> threads;
    for (int client = 0; client < 2; ++client) {
      threads.emplace_back([&] {
        Line line{server_, stations};
        for (int i = 0; i < 3; ++i) {
          PaperDevice device{server_};
          const auto answer = line.provision(device);
          ++(answer.ok() ? served : answer.code == "quota_exhausted" ? refused : other);
        }
      });
    }
    const auto second = second_process();
    EXPECT_FALSE(second.timed_out) << "two processes serve one registry";
    EXPECT_EQ(second.exit_code, 3) << second.err;
    EXPECT_EQ(second.out.find("ready"), std::string::npos);
  };
  clients();
  EXPECT_EQ(served, kQuantity);
  EXPECT_EQ(refused, 3U);
  EXPECT_EQ(other, 0U);
  server_.kill();
  ASSERT_TRUE(server_.start()) << "the lock of a killed process is free";
  Operator again{server_};
  clients();
  EXPECT_EQ(served, kQuantity);
  EXPECT_EQ(refused, 9U);
  const auto shown = again.caller.get("/v1/batches/B-1").json();
  EXPECT_EQ(shown.at("issued").to_number<unsigned>(), kQuantity);
  EXPECT_EQ(shown.at("reserved").to_number<unsigned>(), 0U);
  EXPECT_EQ(server_.audit_verify().exit_code, 0);
}

}  // namespace
}  // namespace birthmark::test
