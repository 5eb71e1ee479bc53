// SPDX-License-Identifier: Apache-2.0
#include "daemon/descriptors.h"

#include <gtest/gtest.h>

namespace birthmark::daemon {
namespace {

TEST(ConnectionShares, leave_the_process_its_own_files_and_are_smallest_for_the_public_listener) {
  for (const std::size_t descriptors : {512U, 1024U, 4096U, 65536U, 1048576U}) {
    const auto shares = connection_shares(descriptors);
    EXPECT_LE(shares.device + shares.operators + shares.open, descriptors - kDescriptorsOfOurs) << descriptors;
    EXPECT_LT(shares.open, shares.device) << descriptors;
    EXPECT_LE(shares.device, 4096U);
  }
  EXPECT_EQ(connection_shares(1024).device, 576U);
  EXPECT_EQ(connection_shares(1024).open, 96U);
  EXPECT_EQ(connection_shares(1048576).device, 4096U);
  EXPECT_GT(connection_shares(0).operators, 0U);
}

}  // namespace
}  // namespace birthmark::daemon
