// SPDX-License-Identifier: Apache-2.0
#include "app/hierarchy.h"

#include <gtest/gtest.h>

#include "support/world.h"

namespace birthmark::test {
namespace {

using app::Scope;
using lifecycle::BatchState;
using lifecycle::State;
using pki::ProfileId;

constexpr auto kFirst = "operational/heatpump/plant-1/B-1/g1";

std::uint32_t generation(World& world, const app::BatchRecord& batch) {
  const auto id = must(world.cases->hierarchy.operational_ca(batch.budget.id));
  return world.cases->cas.get()->find(id)->record.generation;
}

struct Chain {
  Scope scope;
  const char* name;
  std::vector<ProfileId> levels;  ///< from what issues the IDevID up to the root
};
class Scopes : public testing::TestWithParam<Chain> {};

TEST_P(Scopes, end_the_manufacturing_chain_and_carry_a_whole_life) {
  World world{{.scope = GetParam().scope}};
  auto device = world.device_in(State::operational);
  const auto directory = world.cases->cas.get();
  std::vector<ProfileId> levels;
  for (const auto* const ca : directory->chain(world.batch("B-1").manufacturing_ca)) {
    levels.push_back(ca->record.profile);
  }
  EXPECT_EQ(levels, GetParam().levels);
  EXPECT_EQ(app::scope_named(GetParam().name), GetParam().scope);
  EXPECT_EQ(world.decision(device).verdict, policy::Verdict::allow);
  EXPECT_EQ(world.wrong(), "");
}

TEST_P(Scopes, the_seal_of_a_batch_destroys_its_own_key_only) {
  World world{{.scope = GetParam().scope}};
  const auto batch = world.open_batch("B-1");
  must(world.cases->hierarchy.seal_batch("B-1", "operator:test"));
  const auto ca = world.cases->cas.get()->find(batch.manufacturing_ca)->record;
  const bool own = GetParam().scope == Scope::batch;
  EXPECT_EQ(ca.key_destroyed, own);
  EXPECT_EQ(world.signer.has(ca.key), !own);
  const auto next = world.open_batch("B-2");
  const auto station = world.enroll_station("line-2", app::StationRole::provision, "B-2");
  auto device = world.make_device();
  EXPECT_TRUE(world.provision(device, station));
  EXPECT_EQ(next.manufacturing_ca == batch.manufacturing_ca, !own);
}

INSTANTIATE_TEST_SUITE_P(
    All, Scopes,
    testing::Values(Chain{Scope::global, "global", {ProfileId::manufacturing_root}},
                    Chain{Scope::product, "product", {ProfileId::product_line_ca, ProfileId::manufacturing_root}},
                    Chain{Scope::factory,
                          "factory",
                          {ProfileId::factory_ca, ProfileId::product_line_ca, ProfileId::manufacturing_root}},
                    Chain{Scope::batch,
                          "batch",
                          {ProfileId::batch_ca, ProfileId::factory_ca, ProfileId::product_line_ca,
                           ProfileId::manufacturing_root}}),
    [](const auto& param) { return param.param.name; });

TEST(ScopeName, of_nothing_else) {
  EXPECT_FALSE(app::scope_named(""));
  EXPECT_FALSE(app::scope_named("Batch"));
}

class Cas : public testing::Test {
 protected:
  World world_;
};

TEST_F(Cas, init_again_finds_what_is_there) {
  const auto cas = world_.cases->cas.get()->all().size();
  EXPECT_EQ(cas, 4U);
  const auto signatures = world_.signer.signatures();
  must(world_.cases->hierarchy.init());
  EXPECT_EQ(world_.cases->cas.get()->all().size(), cas);
  EXPECT_EQ(world_.signer.signatures(), signatures);
}

TEST_F(Cas, the_hierarchies_never_mix) {
  static_cast<void>(world_.line());
  const auto directory = world_.cases->cas.get();
  const auto batch = world_.batch("B-1");
  EXPECT_EQ(directory->chain(batch.manufacturing_ca).back()->record.profile, ProfileId::manufacturing_root);
  EXPECT_EQ(directory->chain(batch.operational_ca).back()->record.profile, ProfileId::operational_root);
  EXPECT_EQ(must(world_.cases->hierarchy.service_chain()).size(), 2U);
}

TEST_F(Cas, an_operational_ca_rolls_after_30_days_and_old_credentials_stay_good) {
  auto device = world_.device_in(State::operational);
  const auto batch = world_.batch("B-1");
  const auto until = world_.cases->cas.get()->find(batch.operational_ca)->record.issues_until;
  world_.clock.advance(until - world_.clock.now() - std::chrono::milliseconds{1});
  EXPECT_EQ(generation(world_, batch), 1U);
  world_.clock.advance(std::chrono::milliseconds{1});
  EXPECT_EQ(generation(world_, batch), 2U);
  EXPECT_EQ(generation(world_, batch), 2U);
  EXPECT_NE(world_.batch("B-1").operational_ca, batch.operational_ca);
  EXPECT_EQ(world_.cases->cas.get()->find(batch.operational_ca)->record.state, app::CaState::active);
}

TEST_F(Cas, an_operational_ca_rolls_when_seven_eighths_of_its_list_are_used) {
  auto device = world_.device_in(State::operational);
  const auto batch = world_.batch("B-1");
  const auto use_up = [&](std::uint32_t entries) {
    must(world_.store().write([&](app::Tx& tx) -> Result<void> {
      BM_TRY(auto ca, tx.ca(batch.operational_ca));
      ca->assigned = entries;
      return tx.update_ca(*ca);
    }));
  };
  const auto list = std::uint32_t{1} << world_.cases->cas.get()->find(batch.operational_ca)->record.list_bits;
  use_up(list / 8 * 7 - 1);
  EXPECT_EQ(generation(world_, batch), 1U);
  use_up(list / 8 * 7);
  EXPECT_EQ(generation(world_, batch), 2U);
  EXPECT_EQ(world_.decision(device).verdict, policy::Verdict::allow) << "under the older generation";
  must(world_.revalidate(device));
  EXPECT_EQ(world_.decision(device).verdict, policy::Verdict::allow) << "under the newer one";
  EXPECT_EQ(world_.wrong(), "");
}

TEST_F(Cas, only_an_operational_ca_is_revoked_and_a_successor_is_there_at_once) {
  auto device = world_.device_in(State::operational);
  auto& use = world_.cases->hierarchy;
  EXPECT_EQ(code_of(use.revoke_ca("manufacturing/root", "operator:test")), Code::scope);
  EXPECT_EQ(code_of(use.revoke_ca("service/ca", "operator:test")), Code::scope);
  EXPECT_EQ(code_of(use.revoke_ca("nobody", "operator:test")), Code::not_found);
  must(use.revoke_ca(kFirst, "operator:test"));
  EXPECT_EQ(world_.decision(device).verdict, policy::Verdict::deny);
  EXPECT_EQ(generation(world_, world_.batch("B-1")), 2U);
}

TEST_F(Cas, a_revoked_one_ends_the_open_sessions_of_its_devices_and_of_no_others) {
  const auto device = world_.device_in(lifecycle::State::operational);
  const auto other = world_.device_in(lifecycle::State::provisioned);
  const auto row = world_.record(device).row, other_row = world_.record(other).row;
  world_.sessions.open(row);
  world_.sessions.open(other_row);
  const auto directory = world_.cases->cas.get();
  const auto name = directory->find(world_.batch("B-1").operational_ca)->record.name;
  world_.signer.set_fault(SignerFault::unavailable);
  EXPECT_FALSE(world_.cases->hierarchy.revoke_ca(name, "operator:test")) << "the successor waits for the signer";
  EXPECT_EQ(world_.sessions.open_of(row), 0U);
  EXPECT_EQ(world_.sessions.open_of(other_row), 1U);
}

// Only the log's entry of a revocation is owed then: what it denies is denied, and not told as done.
TEST_F(Cas, a_revoked_one_admits_nothing_though_the_log_takes_no_entry) {
  const auto device = world_.device_in(lifecycle::State::operational);
  const auto row = world_.record(device).row;
  world_.sessions.open(row);
  world_.store().set_listener([](const app::Committed&) -> Result<void> { return fail(Code::storage, "full"); });
  EXPECT_EQ(code_of(world_.cases->hierarchy.revoke_ca(kFirst, "operator:test")), Code::storage);
  EXPECT_EQ(world_.decision(device).verdict, policy::Verdict::deny);
  EXPECT_EQ(world_.sessions.open_of(row), 0U);
}

TEST_F(Cas, what_a_revocation_left_undone_ends_sessions_also_when_another_refresh_showed_it_first) {
  const auto device = world_.device_in(lifecycle::State::operational);
  const auto row = world_.record(device).row;
  must(world_.cases->hierarchy.revoke_ca(kFirst, "operator:test"));
  world_.sessions.open(row);
  must(world_.cases->hierarchy.finish_revocation(kFirst));
  EXPECT_EQ(world_.sessions.open_of(row), 0U);
}

/// A device that revalidates while the CA that issues for it is revoked.
class Overtaken : public Cas {
 protected:
  Overtaken() {
    world_.clock.advance(std::chrono::hours{2});
    certificates_ = world_.certificates(device_).size();
  }
  void revoke() { must(world_.cases->hierarchy.revoke_ca(kFirst, "operator:test")); }
  /// What it asked for is given up, has lifted and ended nothing; the successor serves it.
  void expect_given_up() {
    const auto rows = world_.certificates(device_);
    ASSERT_EQ(rows.size(), certificates_ + 1);
    EXPECT_EQ(rows.back().issuance, app::IssuanceState::orphaned);
    EXPECT_EQ(rows.at(certificates_ - 1).standing, lifecycle::Standing::live);
    EXPECT_EQ(world_.decision(device_).verdict, policy::Verdict::deny);
    must(world_.revalidate(device_));
    EXPECT_EQ(world_.decision(device_).verdict, policy::Verdict::allow);
    EXPECT_EQ(world_.wrong(), "");
  }

  Device device_ = world_.device_in(lifecycle::State::operational);
  std::size_t certificates_ = 0;
};

TEST_F(Overtaken, an_intent_that_is_stuck_is_given_up_and_not_signed) {
  world_.kill_points.kill_at("issue.after_intent");
  EXPECT_THROW(static_cast<void>(world_.revalidate(device_)), Killed);
  revoke();
  world_.clock.advance(app::Issuance::kStuckAfter);
  const auto signatures = world_.signer.signatures();
  EXPECT_EQ(must(world_.cases->issuance.recover(app::Issuance::kStuckAfter)).orphaned, 1U);
  EXPECT_EQ(world_.signer.signatures(), signatures);
  expect_given_up();
}

TEST_F(Overtaken, a_certificate_that_was_just_signed_is_not_registered) {
  bool revoked = false;
  world_.signer.watch([&](const app::SigningIntent& intent) {
    if (intent.use == app::KeyUse::certificates && !std::exchange(revoked, true)) {
      revoke();
    }
  });
  EXPECT_EQ(code_of(world_.revalidate(device_)), Code::scope);
  EXPECT_TRUE(revoked);
  expect_given_up();
}

TEST_F(Cas, AC18_an_order_for_a_closed_batch_does_not_open_it_again) {
  const auto order = world_.batch_order("B-1");
  auto& use = world_.cases->hierarchy;
  const auto first = must(use.open_batch(order, "operator:test"));
  EXPECT_EQ(must(use.open_batch(order, "operator:test")).budget.id, first.budget.id) << "a retry";
  EXPECT_EQ(world_.count(audit::EntryKind::batch_opened), 1U);
  must(use.seal_batch("B-1", "operator:test"));
  EXPECT_EQ(code_of(use.open_batch(order, "operator:test")), Code::batch_closed);
  EXPECT_EQ(world_.batch("B-1").budget.state, BatchState::sealed);
}

TEST_F(Cas, a_batch_that_nobody_opened_is_not_found) {
  EXPECT_EQ(code_of(world_.cases->hierarchy.seal_batch("B-9", "operator:test")), Code::not_found);
  EXPECT_EQ(code_of(world_.cases->hierarchy.operational_ca(BatchId{9})), Code::not_found);
}

TEST(NoRoots, without_init_nothing_is_made) {
  World world{{.roots = Roots::missing}};
  EXPECT_EQ(code_of(world.cases->hierarchy.open_batch(world.batch_order("B-1"), "operator:test")), Code::not_found);
  EXPECT_EQ(code_of(world.cases->hierarchy.service_chain()), Code::not_found);
  EXPECT_EQ(world.signer.signatures(), 0U);
}

}  // namespace
}  // namespace birthmark::test
