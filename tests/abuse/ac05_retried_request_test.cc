// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "support/world.h"

namespace birthmark::test {
namespace {

/// The answer is lost and the station retries, or uses the request id for another key.
TEST(AC05, a_retry_gets_the_same_certificate_and_costs_nothing) {
  World world;
  auto device = world.make_device();
  const auto first = must(world.provision(device, world.line()));
  const auto signatures = world.signer.signatures();
  const auto again = must(world.provision(device, world.line()));
  EXPECT_EQ(again.certificate, first.certificate);
  EXPECT_EQ(again.record.serial, first.record.serial);
  EXPECT_EQ(world.batch("B-1").budget.issued, 1U);
  EXPECT_EQ(world.signer.signatures(), signatures);
  ASSERT_EQ(world.count(audit::EntryKind::request_repeated), 1U) << "and the repeat is audited";
  const auto entry = world.entries().back();
  EXPECT_EQ(entry.device, device.id);
  EXPECT_EQ(entry.serial, first.record.serial);
  EXPECT_EQ(entry.subject_hash, world.line().id());
  EXPECT_EQ(entry.actor, "station:line-1");
  EXPECT_EQ(world.wrong(), "");
}

TEST(AC05, the_same_id_with_another_key_is_refused_and_audited) {
  World world;
  auto device = world.make_device();
  const auto& station = world.line();
  must(world.provision(device, station));
  auto other = world.make_device();
  other.request_id = device.request_id;
  const auto signatures = world.signer.signatures();
  EXPECT_EQ(code_of(world.at_edge(world.provision(other, station), station.id())), Code::request_conflict);
  EXPECT_EQ(world.refusals(Code::request_conflict), 1U);
  EXPECT_EQ(world.devices(), 1U);
  EXPECT_EQ(world.batch("B-1").budget.issued, 1U);
  EXPECT_EQ(world.signer.signatures(), signatures);
}

}  // namespace
}  // namespace birthmark::test
