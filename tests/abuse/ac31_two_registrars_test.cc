// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "support/world.h"

namespace birthmark::test {
namespace {

/// Two active registrars: the one of the older epoch does nothing any more.
class AC31 : public testing::Test {
 protected:
  void nothing_happened() {
    EXPECT_EQ(world_.devices(), 0U);
    EXPECT_EQ(world_.batch("B-1").budget.issued, 0U);
  }
  World world_;
  Device device_ = world_.make_device();
};

TEST_F(AC31, writes_of_the_older_epoch_are_fenced) {
  const auto& station = world_.line();
  const auto signatures = world_.signer.signatures();
  world_.fake_store().fence();
  EXPECT_EQ(code_of(world_.provision(device_, station)), Code::fenced);
  EXPECT_EQ(world_.signer.signatures(), signatures);
  nothing_happened();
}

TEST_F(AC31, signatures_of_the_older_epoch_are_fenced) {
  const auto& station = world_.line();
  must(world_.signer.sign({.key = World::kReceiptKey,
                           .use = app::KeyUse::receipts,
                           .epoch = Epoch{world_.store().epoch().get() + 1},
                           .message = as_bytes("the newer registrar"),
                           .profile_hash = {}}));
  const auto signatures = world_.signer.signatures();
  EXPECT_EQ(code_of(world_.provision(device_, station)), Code::fenced);
  EXPECT_EQ(world_.signer.signatures(), signatures);
  EXPECT_EQ(world_.batch("B-1").budget.issued, 0U);
  EXPECT_EQ(world_.wrong(), "");
}

TEST_F(AC31, each_start_is_a_newer_epoch) {
  World world{{.backing = Backing::sqlite}};
  const auto before = world.store().epoch();
  must(world.restart());
  EXPECT_GT(world.store().epoch(), before);
}

}  // namespace
}  // namespace birthmark::test
