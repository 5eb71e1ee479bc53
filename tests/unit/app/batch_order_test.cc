// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "crypto/hash.h"
#include "support/world.h"

namespace birthmark::test {
namespace {

Result<app::BatchRecord> open(World& world, const app::BatchOrder& order) {
  return world.cases->hierarchy.open_batch(order, "operator:test");
}
std::vector<app::ProductRecord> products(World& world) {
  return must(world.store().read_for<std::vector<app::ProductRecord>>([](app::Tx& tx) { return tx.products(); }));
}

TEST(BatchOrder, a_policy_that_cannot_be_read_is_refused_and_the_registry_starts_again) {
  World world;
  auto order = world.batch_order("B-1");
  order.policy = World::kUnreadablePolicy;
  EXPECT_EQ(code_of(open(world, order)), Code::bad_request);
  EXPECT_TRUE(products(world).empty());
  EXPECT_TRUE(world.restart());
  EXPECT_TRUE(open(world, world.batch_order("B-1")));
}

TEST(BatchOrder, what_is_refused_changes_nothing) {
  World world;
  const auto entries = world.entries().size();
  const auto signatures = world.signer.signatures();
  for (const auto& spoil : std::vector<std::function<void(app::BatchOrder&)>>{
           [](auto& order) { order.name = "a/b"; }, [](auto& order) { order.product = ""; },
           [](auto& order) { order.factory = std::string(65, 'f'); }, [](auto& order) { order.name = "tab\t"; },
           [](auto& order) { order.factory = " plant"; }, [](auto& order) { order.product = "\xc3\xa4"; },
           [](auto& order) { order.quantity = 0; }, [](auto& order) { order.closes = order.opens; }}) {
    auto order = world.batch_order("B-1");
    spoil(order);
    EXPECT_FALSE(open(world, order)) << order.name << order.product << order.factory;
  }
  EXPECT_EQ(world.entries().size(), entries);
  EXPECT_EQ(world.signer.signatures(), signatures);
  EXPECT_TRUE(products(world).empty());
}

TEST(BatchOrder, without_a_policy_the_product_keeps_its_own) {
  World world;
  auto first = world.batch_order("B-1");
  first.policy = "a = 1";
  ASSERT_TRUE(open(world, first));
  ASSERT_TRUE(open(world, world.batch_order("B-2")));
  ASSERT_EQ(products(world).size(), 1U);
  EXPECT_EQ(products(world)[0].policy, "a = 1");
  auto third = world.batch_order("B-3");
  third.policy = "a = 2";
  ASSERT_TRUE(open(world, third));
  EXPECT_EQ(products(world)[0].policy, "a = 2");
}

TEST(BatchOrder, a_raised_minimum_firmware_holds_who_is_below_it) {
  World world;
  auto below = world.device_in(lifecycle::State::operational);
  const auto sealed = world.device_in(lifecycle::State::provisioned);
  const auto row = world.record(below).row;
  world.sessions.open(row);
  auto order = world.batch_order("B-2");
  order.policy = World::kMinimumFirmware + std::string{"4.12"};
  ASSERT_TRUE(open(world, order));
  EXPECT_EQ(world.decision(below).verdict, policy::Verdict::allow) << "it meets that";
  EXPECT_EQ(world.sessions.open_of(row), 1U);
  order.name = "B-3";
  order.policy = World::kMinimumFirmware + std::string{"4.13"};
  ASSERT_TRUE(open(world, order));
  EXPECT_TRUE(world.record(below).holds.contains(lifecycle::HoldCause::policy));
  EXPECT_EQ(world.published(below.ldevid).status, lifecycle::Status::held);
  EXPECT_EQ(world.sessions.open_of(row), 0U);
  EXPECT_TRUE(world.record(sealed).holds.empty()) << "it proves its firmware when it enrolls";
  order.name = "B-4";
  ASSERT_TRUE(open(world, order));
  EXPECT_EQ(world.count(audit::EntryKind::hold_set), 1U) << "once";
  world.clock.advance(std::chrono::seconds{1});
  EXPECT_EQ(code_of(world.revalidate(below)), Code::fw_rollback);
  EXPECT_EQ(world.wrong(), "");
}

Digest part(std::string_view name) {
  return crypto::sha256(as_bytes(name));
}

/// Whatever defines an order: who changes it gives another one.
struct Change {
  const char* name;
  void (*make)(app::BatchOrder&);
};
class AnotherOrder : public testing::TestWithParam<Change> {};

TEST_P(AnotherOrder, under_a_taken_name_is_refused) {
  for (const auto backing : {Backing::memory, Backing::sqlite}) {
    World world{{.backing = backing}};
    auto order = world.batch_order("B-1");
    order.policy = "a = 1";
    order.rate = lifecycle::Rate{10, 5};
    order.plan = {part("one"), part("two"), part("two")};
    const auto first = must(open(world, order));
    world.clock.advance(std::chrono::seconds{1});
    std::ranges::reverse(order.plan);
    EXPECT_EQ(must(open(world, order)).budget.id, first.budget.id) << "the same, told in another way";
    const auto entries = world.entries().size();
    GetParam().make(order);
    EXPECT_EQ(code_of(open(world, order)), Code::conflict);
    EXPECT_EQ(world.entries().size(), entries);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Changes, AnotherOrder,
    testing::Values(Change{"product", [](auto& order) { order.product += "-2"; }},
                    Change{"factory", [](auto& order) { order.factory += "-2"; }},
                    Change{"policy", [](auto& order) { order.policy = "a = 2"; }},
                    Change{"quantity", [](auto& order) { ++order.quantity; }},
                    Change{"opens", [](auto& order) { order.opens += std::chrono::milliseconds{1}; }},
                    Change{"closes", [](auto& order) { order.closes += std::chrono::milliseconds{1}; }},
                    Change{"rate", [](auto& order) { ++order.rate->per_hour; }},
                    Change{"burst", [](auto& order) { ++order.rate->burst; }},
                    Change{"no_rate", [](auto& order) { order.rate.reset(); }},
                    Change{"no_plan", [](auto& order) { order.plan.clear(); }},
                    Change{"a_part_less", [](auto& order) { order.plan = {part("one")}; }},
                    Change{"a_part_more", [](auto& order) { order.plan.push_back(part("three")); }},
                    Change{"another_part",
                           [](auto& order) {
                             order.plan = {part("one"), part("three")};
                           }}),
    [](const auto& change) { return change.param.name; });

TEST(BatchOrder, the_product_that_no_record_can_name_is_refused_and_the_registry_starts_again) {
  World world;
  must(world.store().write([](app::Tx& tx) -> Result<void> {
    for (int i = 0; i < 255; ++i) {
      BM_CHECK(
          without_value(tx.put_product({.id = {}, .name = "P-" + std::to_string(i), .policy = "", .policy_hash = {}})));
    }
    return {};
  }));
  EXPECT_EQ(code_of(world.cases->hierarchy.open_batch(world.batch_order("B-1"), "operator:admin")),
            Code::quota_exhausted);
  must(world.restart());
  EXPECT_EQ(world.wrong(), "");
}

TEST(BatchOrder, AC15_two_orders_never_share_a_ca_by_their_names) {
  World world;
  auto first = world.batch_order("x");
  first.product = "a";
  first.factory = "b";
  const auto one = must(open(world, first));
  auto second = world.batch_order("y");
  second.product = "a";
  second.factory = "b";
  const auto other = must(open(world, second));
  EXPECT_NE(one.manufacturing_ca, other.manufacturing_ca);
  EXPECT_NE(one.operational_ca, other.operational_ca);
}

class SharedList : public testing::TestWithParam<app::Scope> {};
TEST_P(SharedList, a_ca_above_the_batch_has_room_for_many_batches) {
  World world{{.scope = GetParam()}};
  const auto first = world.open_batch("B-1", 10);
  const auto second = world.open_batch("B-2", 100'000);
  EXPECT_EQ(first.manufacturing_ca, second.manufacturing_ca);
  EXPECT_NE(first.operational_ca, second.operational_ca);
  const auto ca = must(
      world.store().read_for<std::optional<app::CaRecord>>([&](app::Tx& tx) { return tx.ca(first.manufacturing_ca); }));
  ASSERT_TRUE(ca);
  EXPECT_GE(ca->list_bits, 24);
  EXPECT_EQ(ca->batch, std::nullopt);
}

TEST_P(SharedList, each_batch_has_its_own_places_in_it_and_fills_no_others) {
  World world{{.scope = GetParam()}};
  const auto first = world.open_batch("B-1", 300);
  const auto second = world.open_batch("B-2", 10);
  const auto third = world.open_batch("B-3", 5'000);
  EXPECT_EQ(first.list, (app::Places{.first = 0, .count = 300 + 75 + 256}));
  EXPECT_EQ(second.list, (app::Places{.first = 631, .count = 10 + 2 + 256}));
  EXPECT_EQ(third.list, (app::Places{.first = 899, .count = 5'000 + 1'250 + 256}));
  for (const auto& batch : {first, second, third}) {
    const auto station = world.enroll_station("line-" + batch.name, app::StationRole::provision, batch.name);
    for (int unit = 0; unit < 5; ++unit) {
      auto device = world.make_device();
      const auto issued = must(world.provision(device, station));
      EXPECT_GE(issued.record.index, batch.list.first);
      EXPECT_LT(issued.record.index, batch.list.end());
    }
  }
}

TEST_P(SharedList, what_has_no_room_in_it_is_refused_and_leaves_nothing) {
  World world{{.scope = GetParam()}};
  world.open_batch("B-1", 10);
  ASSERT_TRUE(open(world, world.batch_order("B-2", 8'000'000))) << "most of the list";
  const auto cas = world.cases->cas.get()->all().size();
  EXPECT_EQ(open(world, world.batch_order("B-3", 8'000'000)).error().code, Code::quota_exhausted);
  EXPECT_EQ(open(world, world.batch_order("B-4", (1U << 26) + 1)).error().code, Code::bad_request);
  EXPECT_EQ(world.cases->cas.get()->all().size(), cas);
  EXPECT_TRUE(open(world, world.batch_order("B-5", 100)));
}
INSTANTIATE_TEST_SUITE_P(Scopes, SharedList,
                         testing::Values(app::Scope::global, app::Scope::product, app::Scope::factory),
                         [](const auto& scope) { return "scope_" + std::to_string(static_cast<int>(scope.param)); });

}  // namespace
}  // namespace birthmark::test
