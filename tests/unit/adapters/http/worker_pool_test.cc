// SPDX-License-Identifier: Apache-2.0
#include "adapters/http/worker_pool.h"

#include <gtest/gtest.h>

#include <atomic>

#include "unit/adapters/http/served.h"

namespace birthmark::http {
namespace {

TEST(WorkerPool, takes_what_fits_in_the_queue_and_runs_it_in_order) {
  WorkerPool pool{1, 2};
  testing::Gate gate;
  std::vector<int> ran;
  ASSERT_TRUE(pool.post([&] { gate.pass(); }));
  gate.wait_for(1);
  testing::Gate last;
  EXPECT_TRUE(pool.post([&] { ran.push_back(1); }));
  EXPECT_TRUE(pool.post([&] {
    ran.push_back(2);
    last.pass();
  }));
  EXPECT_FALSE(pool.post([&] { ran.push_back(3); }));
  gate.open();
  last.wait_for(1);
  EXPECT_EQ(ran, (std::vector<int>{1, 2}));
  last.open();
}

TEST(WorkerPool, stop_waits_for_what_runs_drops_what_waits_and_takes_no_more) {
  WorkerPool pool{1, 8};
  testing::Gate gate;
  std::atomic<bool> finished = false, dropped_ran = false;
  ASSERT_TRUE(pool.post([&] {
    gate.pass();
    finished = true;
  }));
  gate.wait_for(1);
  const auto owned = std::make_shared<int>(1);
  ASSERT_TRUE(pool.post([&dropped_ran, owned] { dropped_ran = true; }));
  std::jthread stopper{[&] { pool.stop(); }};
  while (owned.use_count() > 1) {  // what waits is let go before what runs has ended
    std::this_thread::yield();
  }
  gate.open();
  stopper.join();
  EXPECT_TRUE(finished);
  EXPECT_FALSE(dropped_ran);
  EXPECT_FALSE(pool.post([] {}));
  pool.stop();
}

}  // namespace
}  // namespace birthmark::http
