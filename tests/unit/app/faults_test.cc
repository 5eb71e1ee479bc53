// SPDX-License-Identifier: Apache-2.0
// Every use case with every call of the store and of the token failing in turn (AC-16, AC-30): nothing is half done,
// and a retry succeeds.
#include <gtest/gtest.h>

#include "support/world.h"

namespace birthmark::test {
namespace {

using app::DeviceAction;
using lifecycle::HoldCause;
using lifecycle::State;

struct Case {
  const char* name;
  Prepare prepare;
  Use use;
  WorldOptions options = {};
};

class Faults : public testing::TestWithParam<Case> {};

TEST_P(Faults, of_the_store_leave_nothing_half_done) {
  const auto& p = GetParam();
  EXPECT_EQ(fail_every_call(p.options, FailedPort::store, p.prepare, p.use), "");
}
TEST_P(Faults, of_the_token_leave_nothing_half_done) {
  const auto& p = GetParam();
  EXPECT_EQ(fail_every_call(p.options, FailedPort::signer, p.prepare, p.use), "");
}

Prepare device_in(State state) {
  return [state](World& world) {
    auto device = world.device_in(state);
    world.clock.advance(std::chrono::seconds{1});
    return device;
  };
}

Device nobody(World& world) {
  return world.make_device();
}

/// An operator's action that ends in `to`; asked for again where it is done, it is done.
Use acts(DeviceAction action, State to, HoldCause cause = HoldCause::operator_hold) {
  return [=](World& world, Device& device) -> Result<void> {
    if (world.state(device) != to) {
      BM_CHECK(world.act(action, device, cause));
    }
    // What stands in the journal alone is replayed by the next start.
    BM_CHECK(world.cases->store.replay());
    return world.state(device) == to ? Result<void>{} : fail(Code::conflict, "another state");
  };
}

Result<void> in_state(World& world, const Device& device, State state) {
  return world.state(device) == state ? Result<void>{} : fail(Code::conflict, "another state");
}

Result<void> provisions(World& world, Device& device) {
  BM_CHECK(world.provision(device, world.line()));
  const auto budget = world.batch("B-1").budget;
  return budget.issued == 1 && world.certificates(device).size() == 1 ? Result<void>{}
                                                                      : fail(Code::conflict, "not exactly one unit");
}

Result<void> seals(World& world, Device& device) {
  if (world.state(device) == State::uninitialized) {
    BM_CHECK(world.seal(device, world.lock_check()));
  }
  return in_state(world, device, State::provisioned);
}

Result<void> enrolls(World& world, Device& device) {
  BM_CHECK(world.enroll(device));
  BM_CHECK(in_state(world, device, State::enrolled));
  return world.certificates(device).size() == 2 ? Result<void>{} : fail(Code::conflict, "not exactly one LDevID");
}

Result<void> renews(World& world, Device& device) {
  BM_CHECK(world.renew(device));
  return world.decision(device).verdict == policy::Verdict::allow ? Result<void>{} : fail(Code::policy, "not admitted");
}

Result<void> revalidates(World& world, Device& device) {
  BM_CHECK(world.revalidate(device));
  BM_CHECK(in_state(world, device, State::operational));
  return world.decision(device).verdict == policy::Verdict::allow ? Result<void>{} : fail(Code::policy, "not admitted");
}

Result<void> rolls(World& world, Device& device) {
  BM_TRY(const auto ca, world.cases->hierarchy.operational_ca(world.record(device).batch));
  const auto generation = world.cases->cas.get()->find(ca)->record.generation;
  return generation == 2 ? Result<void>{} : fail(Code::conflict, "not one generation further");
}

Result<void> seals_the_batch(World& world, Device&) {
  const auto sealed = world.cases->hierarchy.seal_batch("B-1", "operator:test");
  if (!sealed && sealed.error().code != Code::batch_closed) {
    return fail(sealed.error());
  }
  const auto ca = world.cases->cas.get()->find(world.batch("B-1").manufacturing_ca)->record;
  return !world.signer.has(ca.key) ? Result<void>{} : fail(Code::conflict, "the key is there");
}

Result<void> revokes_the_ca(World& world, Device& device) {
  BM_CHECK(world.cases->hierarchy.revoke_ca("operational/heatpump/plant-1/B-1/g1", "operator:test"));
  if (world.decision(device).verdict == policy::Verdict::allow) {
    return fail(Code::policy, "a credential of a revoked CA is admitted");
  }
  return rolls(world, device);
}

Device renewable(World& world) {
  auto device = world.device_in(State::operational);
  world.clock.advance(std::chrono::days{20});
  return device;
}

Device held_back(World& world) {
  auto device = world.device_in(State::operational);
  must(world.act(DeviceAction::suspend, device, HoldCause::volume));
  world.clock.advance(std::chrono::seconds{1});
  return device;
}

Device due_for_roll(World& world) {
  auto device = world.device_in(State::operational);
  world.clock.advance(std::chrono::days{31});
  return device;
}

Device reappraised(World& world) {
  auto device = world.device_in(State::suspended);
  world.clock.advance(std::chrono::seconds{1});
  must(world.revalidate(device));
  return device;
}

Device killed_after_intent(World& world) {
  world.line();
  auto device = world.make_device();
  world.kill_points.kill_at("issue.after_intent");
  try {
    static_cast<void>(world.provision(device, world.line()));
  } catch (const Killed&) {
    // What is left is what a start would find.
  }
  return device;
}

Result<void> recovers(World& world, Device& device) {
  BM_TRY(const auto recovered, world.cases->issuance.recover());
  BM_CHECK(recovered.signer);
  const auto rows = world.certificates(device);
  return rows.size() == 1 && rows.front().issuance == app::IssuanceState::registered
             ? Result<void>{}
             : fail(Code::conflict, "the intent is not completed");
}

Device denied_by_journal(World& world) {
  auto device = world.device_in(State::operational);
  world.store_calls().arm(1);
  must(world.act(DeviceAction::revoke, device));
  world.store_calls().arm(0);
  return device;
}

INSTANTIATE_TEST_SUITE_P(
    UseCases, Faults,
    testing::Values(
        Case{"init",
             nobody,
             [](World& world, Device&) { return world.cases->hierarchy.init(); },
             {.roots = Roots::missing}},
        Case{"open_batch", nobody,
             [](World& world, Device&) {
               return without_value(world.cases->hierarchy.open_batch(world.batch_order("B-1"), "operator:test"));
             }},
        Case{"certify", nobody,
             [](World& world, Device& device) {
               return without_value(world.cases->hierarchy.certify({.profile = pki::ProfileId::station,
                                                                    .common_name = "line-1",
                                                                    .spki = to_bytes(device.tpm.idevid.spki()),
                                                                    .dns_names = {},
                                                                    .ip_addresses = {},
                                                                    .actor = "operator:test"}));
             }},
        Case{"provision",
             [](World& world) {
               world.line();
               return world.make_device();
             },
             provisions},
        Case{"seal", device_in(State::uninitialized), seals}, Case{"enroll", device_in(State::provisioned), enrolls},
        Case{"first_use", device_in(State::enrolled),
             [](World& world, Device& device) -> Result<void> {
               BM_CHECK(world.use(device));
               return in_state(world, device, State::operational);
             }},
        Case{"renew", renewable, renews}, Case{"revalidate_lost", device_in(State::operational), revalidates},
        Case{"revalidate_held", held_back, revalidates},
        Case{"suspend", device_in(State::operational), acts(DeviceAction::suspend, State::suspended)},
        Case{"release", reappraised, acts(DeviceAction::release, State::operational)},
        Case{"revoke", device_in(State::operational), acts(DeviceAction::revoke, State::revoked)},
        Case{"retire", device_in(State::revoked), acts(DeviceAction::retire, State::decommissioned)},
        Case{"reject", device_in(State::provisioned), acts(DeviceAction::reject, State::decommissioned)},
        Case{"receipt", device_in(State::decommissioned),
             [](World& world, Device& device) { return without_value(world.retire(device)); }},
        Case{"roll", due_for_roll, rolls}, Case{"revoke_ca", device_in(State::operational), revokes_the_ca},
        Case{"seal_batch", device_in(State::uninitialized), seals_the_batch},
        Case{"recover", killed_after_intent, recovers},
        Case{"replay", denied_by_journal,
             [](World& world, Device& device) -> Result<void> {
               BM_CHECK(world.cases->store.replay());
               return in_state(world, device, State::revoked);
             }}),
    [](const auto& param) { return param.param.name; });

}  // namespace
}  // namespace birthmark::test
