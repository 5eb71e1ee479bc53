// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "support/world.h"

namespace birthmark::test {
namespace {

using lifecycle::State;

/// Any call of the store fails inside an issuance or a revocation. (Files and SQLite under it: tests/contract.)
TEST(AC30, an_issuance_fails_storage_and_is_whole_after_a_retry) {
  for (std::uint64_t nth = 1;; ++nth) {
    World world;
    auto device = world.make_device();
    const auto& station = world.line();
    world.store_calls().arm(nth);
    const auto answer = world.provision(device, station);
    const bool failed = world.store_calls().failed();
    world.store_calls().arm(0);
    if (!failed) {
      ASSERT_TRUE(answer);
      EXPECT_GT(nth, 10U);
      return;
    }
    ASSERT_EQ(code_of(answer), Code::storage) << "call " << nth;
    ASSERT_EQ(world.wrong(), "") << "call " << nth;
    must(world.provision(device, station));
    ASSERT_EQ(world.certificates(device).size(), 1U);
    ASSERT_EQ(world.wrong(), "") << "call " << nth;
  }
}

TEST(AC30, a_revocation_is_never_lost_once_it_is_acknowledged) {
  for (std::uint64_t nth = 1;; ++nth) {
    World world;
    auto device = world.device_in(State::operational);
    world.store_calls().arm(nth);
    const auto answer = world.act(app::DeviceAction::revoke, device);
    const bool failed = world.store_calls().failed();
    world.store_calls().arm(0);
    if (answer) {
      EXPECT_EQ(world.decision(device).verdict, policy::Verdict::deny) << "call " << nth;
      must(world.restart());
      ASSERT_EQ(world.state(device), State::revoked) << "call " << nth;
      ASSERT_EQ(world.wrong(), "") << "call " << nth;
    } else {
      ASSERT_EQ(code_of(answer), Code::storage) << "call " << nth;
    }
    if (!failed) {
      return;
    }
  }
}

}  // namespace
}  // namespace birthmark::test
