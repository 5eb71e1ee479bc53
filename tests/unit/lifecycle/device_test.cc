// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/device.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

namespace birthmark::lifecycle {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

constexpr Instant kNow = Instant{hours{500'000}};

DeviceRecord device_in(State state) {
  DeviceRecord device;
  device.row = DeviceRow{1};
  device.root = RootKind::tpm;
  device.root_class = RootClass::genuine;
  device.state = state;
  device.provisioned_at = kNow - hours{1000};
  device.enrolled_once = state >= State::enrolled && state <= State::revoked;
  if (state == State::suspended) {
    device.suspended_for = HoldCause::volume;
    device.restrained_at = kNow - hours{1};
  }
  return device;
}
DeviceRecord held(DeviceRecord device, HoldCause cause) {
  device.holds = device.holds.with(cause);
  device.restrained_at = kNow - hours{1};
  return device;
}
Appraisal passed(Instant at = kNow) {
  return {.result = Appraised::passed, .at = at, .firmware = FirmwareVersion::parse("2.0"), .minimum = {}};
}
constexpr SealFacts kSealed{Claim::yes, Claim::yes, Claim::yes, SealWitness::other_station};
EnrollFacts enrollable() {
  return {.appraisal = passed(), .released = Claim::yes, .release_required = Claim::yes};
}
constexpr FirstUseFacts kFirstUse{CredentialKind::ldevid, Status::not_admitted};

Code refusal(const Result<Decision>& result) {
  EXPECT_FALSE(result);
  return result ? Code::unavailable : result.error().code;
}

struct Use {
  const char* name;
  std::function<Result<Decision>(const DeviceRecord&)> decide;
  std::string_view moves;  // from S0 to S6: the number of the state it leads to, or '.'
};

std::vector<Use> uses() {
  return {
      {"seal", [](const DeviceRecord& d) { return decide_seal(d, kSealed); }, "1......"},
      {"enroll", [](const DeviceRecord& d) { return decide_enroll(d, enrollable()); }, ".2....."},
      {"first use", [](const DeviceRecord& d) { return decide_first_use(d, kFirstUse); }, "..3...."},
      {"suspend", [](const DeviceRecord& d) { return decide_suspend(d, HoldCause::volume); }, "...4..."},
      {"revoke", [](const DeviceRecord& d) { return decide_revoke(d); }, "..555.."},
      {"retire", [](const DeviceRecord& d) { return decide_retire(d); }, "...666."},
      {"reject", [](const DeviceRecord& d) { return decide_reject(d); }, "66....."},
      {"key compromise", [](const DeviceRecord& d) { return decide_key_compromise(d); }, "66555.."},
      {"revalidate", [](const DeviceRecord& d) { return decide_revalidate(d, passed(), SuccessorIssuer::no); },
       ".1233.."},
  };
}

TEST(Device, each_decision_works_from_its_own_states_and_is_forbidden_from_the_others) {  // AC-24, AC-32
  for (const auto& use : uses()) {
    for (const State from : kStates) {
      SCOPED_TRACE(std::string{use.name}.append(" in ").append(short_name(from)));
      const char want = use.moves.at(static_cast<std::size_t>(from));
      const auto result = use.decide(device_in(from));
      ASSERT_EQ(result.has_value(), want != '.');
      if (result) {
        EXPECT_EQ(static_cast<int>(result->to), want - '0');
        EXPECT_EQ(result->from, from);
        EXPECT_EQ(result->event.has_value(), result->to != from);
        EXPECT_FALSE(result->reason.empty());
      } else {
        EXPECT_EQ(result.error().code, Code::state_forbids);
        EXPECT_EQ(result.error().detail.substr(0, 7), std::string{short_name(from)} + " to S");
        ASSERT_TRUE(result.error().move);
        EXPECT_EQ(result.error().move->from, static_cast<std::uint8_t>(from));
        EXPECT_EQ(result.error().detail.substr(6, 2), short_name(static_cast<State>(result.error().move->to)));
      }
    }
  }
}

TEST(Device, a_refusal_names_where_from_and_where_to) {
  EXPECT_EQ(decide_revoke(device_in(State::decommissioned)).error().detail, "S6 to S5");
  EXPECT_EQ(decide_suspend(device_in(State::suspended), HoldCause::volume).error().detail, "S4 to S4");
}

TEST(Device, apply_counts_the_version_and_keeps_the_rest) {
  const auto before = device_in(State::operational);
  const auto after = apply(before, decide_suspend(before, HoldCause::clone).value(), kNow);
  EXPECT_EQ(after.state, State::suspended);
  EXPECT_EQ(after.version, before.version + 1);
  EXPECT_EQ(after.suspended_for, HoldCause::clone);
  EXPECT_EQ(after.restrained_at, kNow);
  EXPECT_TRUE(after.holds.empty());
  EXPECT_EQ(after.row, before.row);
  const auto end = apply(after, decide_revoke(after).value(), kNow);
  EXPECT_EQ(end.suspended_for, std::nullopt);
}

// --- seal ---

TEST(Seal, every_statement_must_be_proved) {  // AC-08
  using enum Claim;
  struct Case {
    SealFacts facts;
    std::string_view check;
  };
  const SealWitness good = SealWitness::root_claim;
  const std::array cases{
      Case{{no, yes, yes, good}, "seal.debug"},
      Case{{unknown, yes, yes, good}, "seal.debug"},
      Case{{yes, no, yes, good}, "seal.secure_boot"},
      Case{{yes, unknown, yes, good}, "seal.secure_boot"},
      Case{{yes, yes, no, good}, "seal.lockdown"},
      Case{{yes, yes, unknown, good}, "seal.lockdown"},
      Case{{yes, yes, yes, SealWitness::none}, "seal.witness"},
      Case{{yes, yes, yes, SealWitness::provisioning_station}, "seal.witness"},
      Case{{}, "seal.debug"},
  };
  for (const auto& c : cases) {
    const auto result = decide_seal(device_in(State::uninitialized), c.facts);
    ASSERT_FALSE(result) << c.check;
    EXPECT_EQ(result.error().code, Code::not_sealed);
    EXPECT_EQ(result.error().check, c.check);
  }
  EXPECT_TRUE(decide_seal(device_in(State::uninitialized), {yes, yes, yes, SealWitness::root_claim}));
}

TEST(Device, nothing_goes_forward_under_a_hold) {
  for (const auto& rule : kHoldRules) {
    EXPECT_EQ(refusal(decide_seal(held(device_in(State::uninitialized), rule.cause), kSealed)), Code::held);
    EXPECT_EQ(refusal(decide_enroll(held(device_in(State::provisioned), rule.cause), enrollable())), Code::held);
    EXPECT_EQ(refusal(decide_first_use(held(device_in(State::enrolled), rule.cause), kFirstUse)), Code::held);
  }
}

TEST(Device, a_hold_stops_no_suspension_no_revocation_and_no_retirement) {
  for (const auto& rule : kHoldRules) {
    EXPECT_TRUE(decide_suspend(held(device_in(State::operational), rule.cause), HoldCause::volume));
    EXPECT_TRUE(decide_revoke(held(device_in(State::operational), rule.cause)));
    EXPECT_TRUE(decide_retire(held(device_in(State::operational), rule.cause)));
    EXPECT_TRUE(decide_reject(held(device_in(State::uninitialized), rule.cause)));
  }
}

// --- enroll ---

TEST(Enroll, happens_once_whatever_the_state_says) {  // mission Table 8, S4 to S2
  auto device = device_in(State::provisioned);
  device.enrolled_once = true;
  const auto result = decide_enroll(device, enrollable());
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Code::state_forbids);
  EXPECT_EQ(result.error().detail, "S1 to S2: enrolled before");
}

TEST(Enroll, leaves_its_mark_and_the_appraisal_in_the_record) {
  const auto device = device_in(State::provisioned);
  const auto after = apply(device, decide_enroll(device, enrollable()).value(), kNow);
  EXPECT_TRUE(after.enrolled_once);
  EXPECT_EQ(after.appraised_at, kNow);
  EXPECT_EQ(after.firmware, FirmwareVersion::parse("2.0"));
}

TEST(Enroll, asks_for_a_release_unless_the_product_does_not) {
  using enum Claim;
  for (const auto released : {unknown, no}) {
    for (const auto required : {unknown, yes}) {
      auto facts = enrollable();
      facts.released = released;
      facts.release_required = required;
      EXPECT_EQ(refusal(decide_enroll(device_in(State::provisioned), facts)), Code::not_released);
    }
  }
  auto facts = enrollable();
  facts.released = unknown;
  facts.release_required = no;
  EXPECT_TRUE(decide_enroll(device_in(State::provisioned), facts));
}

TEST(Enroll, asks_for_an_appraisal_that_passed) {
  for (const auto result : {Appraised::none, Appraised::failed, Appraised::stale, Appraised::exempt}) {
    auto facts = enrollable();
    facts.appraisal.result = result;
    EXPECT_EQ(refusal(decide_enroll(device_in(State::provisioned), facts)), Code::evidence_missing);
  }
  auto facts = enrollable();
  facts.appraisal.at = std::nullopt;
  EXPECT_EQ(refusal(decide_enroll(device_in(State::provisioned), facts)), Code::evidence_missing);
}

TEST(Enroll, only_the_software_root_is_exempt) {
  auto facts = enrollable();
  facts.appraisal.result = Appraised::exempt;
  for (const auto kind : kRootKinds) {
    auto device = device_in(State::provisioned);
    device.root = kind;
    EXPECT_EQ(decide_enroll(device, facts).has_value(), kind == RootKind::software) << name(kind);
  }
}

TEST(Enroll, refuses_firmware_below_the_minimum_or_unknown) {  // AC-44
  auto facts = enrollable();
  facts.appraisal.minimum = FirmwareVersion::parse("2.1").value();
  EXPECT_EQ(refusal(decide_enroll(device_in(State::provisioned), facts)), Code::fw_rollback);
  facts.appraisal.firmware = std::nullopt;
  EXPECT_EQ(refusal(decide_enroll(device_in(State::provisioned), facts)), Code::fw_rollback);
  facts.appraisal.firmware = FirmwareVersion::parse("2.1");
  EXPECT_TRUE(decide_enroll(device_in(State::provisioned), facts));
}

TEST(FirstUse, takes_a_live_ldevid_only) {
  const auto device = device_in(State::enrolled);
  EXPECT_EQ(refusal(decide_first_use(device, {CredentialKind::idevid, Status::not_admitted})), Code::policy);
  EXPECT_EQ(refusal(decide_first_use(device, {CredentialKind::ldevid, Status::ended})), Code::credential_ended);
  EXPECT_EQ(refusal(decide_first_use(device, {CredentialKind::ldevid, Status::held})), Code::held);
  EXPECT_EQ(refusal(decide_first_use(device, {CredentialKind::ldevid, static_cast<Status>(7)})),
            Code::credential_ended);
}

// --- hold, revalidate, release ---

TEST(Device, a_hold_lies_on_any_state_and_moves_none) {
  for (const State state : kStates) {
    const auto device = device_in(state);
    const auto after = apply(device, decide_hold(device, HoldCause::incident), kNow);
    EXPECT_EQ(after.state, state);
    EXPECT_TRUE(after.holds.contains(HoldCause::incident));
    EXPECT_EQ(after.suspended_for, device.suspended_for);
    EXPECT_EQ(after.restrained_at, kNow);
  }
}

DeviceRecord suspended_for(HoldCause cause) {
  auto device = device_in(State::suspended);
  device.suspended_for = cause;
  return device;
}

TEST(Revalidate, leads_out_of_s4_exactly_where_an_appraisal_may_lift_the_cause) {
  for (const auto& rule : kHoldRules) {
    SCOPED_TRACE(rule.name);
    const bool alone = rule.releaser == Releaser::revalidation;
    const bool with_successor = alone || rule.releaser == Releaser::revalidation_under_successor;
    EXPECT_EQ(decide_revalidate(suspended_for(rule.cause), passed(), SuccessorIssuer::no)->to == State::operational,
              alone);
    EXPECT_EQ(decide_revalidate(suspended_for(rule.cause), passed(), SuccessorIssuer::yes)->to == State::operational,
              with_successor);
  }
}

TEST(Revalidate, a_device_that_an_operator_suspended_stays_so_a_hundred_times) {
  auto device = suspended_for(HoldCause::operator_hold);
  for (int i = 0; i < 100; ++i) {
    const Instant at = kNow + seconds{i};
    device = apply(device, decide_revalidate(device, passed(at), SuccessorIssuer::yes).value(), at);
    ASSERT_EQ(device.state, State::suspended);
    ASSERT_EQ(device.suspended_for, HoldCause::operator_hold);
    ASSERT_EQ(device.appraised_at, at);
  }
  EXPECT_EQ(refusal(decide_release(device, Approval::none)), Code::held);
  const auto freed = apply(device, decide_release(device, Approval::one_operator).value(), kNow + hours{1});
  EXPECT_EQ(freed.state, State::operational);
  EXPECT_EQ(freed.suspended_for, std::nullopt);
}

TEST(Revalidate, lifts_what_it_may_and_leaves_the_rest) {
  auto device = held(held(device_in(State::operational), HoldCause::volume), HoldCause::operator_hold);
  const auto decision = decide_revalidate(device, passed(), SuccessorIssuer::no).value();
  EXPECT_EQ(decision.lifted, HoldSet{}.with(HoldCause::volume));
  EXPECT_EQ(decision.holds, HoldSet{}.with(HoldCause::operator_hold));
  EXPECT_EQ(decision.to, State::operational);
}

TEST(Revalidate, recovers_a_batch_whose_ca_was_revoked_in_every_state) {
  for (const State state : {State::provisioned, State::enrolled, State::operational, State::suspended}) {
    const auto device = held(device_in(state), HoldCause::ca_revoked);
    EXPECT_TRUE(decide_revalidate(device, passed(), SuccessorIssuer::no)->holds.contains(HoldCause::ca_revoked));
    EXPECT_TRUE(decide_revalidate(device, passed(), SuccessorIssuer::yes)->holds.empty());
  }
}

TEST(Revalidate, needs_proof_from_after_the_hold) {
  const auto device = suspended_for(HoldCause::volume);  // an hour ago
  EXPECT_EQ(refusal(decide_revalidate(device, passed(kNow - hours{2}), SuccessorIssuer::no)), Code::evidence_missing);
  EXPECT_TRUE(decide_revalidate(device, passed(kNow - hours{1}), SuccessorIssuer::no));
  auto undated = passed();
  undated.at = std::nullopt;
  EXPECT_EQ(refusal(decide_revalidate(device, undated, SuccessorIssuer::no)), Code::evidence_missing);
}

TEST(Revalidate, refuses_what_did_not_pass) {
  for (const auto result : {Appraised::none, Appraised::failed, Appraised::stale, Appraised::exempt}) {
    auto appraisal = passed();
    appraisal.result = result;
    EXPECT_EQ(refusal(decide_revalidate(suspended_for(HoldCause::volume), appraisal, SuccessorIssuer::yes)),
              Code::evidence_missing);
  }
  auto old = passed();
  old.minimum = FirmwareVersion::parse("3").value();
  EXPECT_EQ(refusal(decide_revalidate(suspended_for(HoldCause::policy), old, SuccessorIssuer::yes)), Code::fw_rollback);
}

TEST(Release, a_clone_is_cleared_by_two_persons_and_even_then_by_proof_of_the_hardware) {
  auto device = suspended_for(HoldCause::clone);
  device.appraised_at = kNow;
  EXPECT_EQ(refusal(decide_release(device, Approval::one_operator)), Code::second_person_required);
  EXPECT_EQ(refusal(decide_release(device, Approval::none)), Code::held);
  EXPECT_EQ(decide_release(device, Approval::two_persons)->to, State::operational);
  device.appraised_at = kNow - hours{2};  // before the suspension
  EXPECT_EQ(refusal(decide_release(device, Approval::two_persons)), Code::held);
}

TEST(Release, an_operator_needs_an_appraisal_from_after_the_hold) {
  auto device = held(device_in(State::operational), HoldCause::operator_hold);
  EXPECT_EQ(refusal(decide_release(device, Approval::one_operator)), Code::held);
  device.appraised_at = kNow - hours{2};
  EXPECT_EQ(refusal(decide_release(device, Approval::one_operator)), Code::held);
  device.appraised_at = kNow;
  EXPECT_TRUE(decide_release(device, Approval::one_operator)->holds.empty());
}

TEST(Release, laying_the_hold_again_makes_the_appraisal_too_old) {
  auto device = held(device_in(State::operational), HoldCause::operator_hold);
  device.appraised_at = kNow;
  device = apply(device, decide_hold(device, HoldCause::operator_hold), kNow + seconds{1});
  EXPECT_EQ(refusal(decide_release(device, Approval::one_operator)), Code::held);
}

TEST(Release, a_clock_that_goes_back_makes_no_appraisal_count) {
  auto device = held(device_in(State::operational), HoldCause::volume);  // held an hour ago
  device = apply(device, decide_hold(device, HoldCause::operator_hold), kNow - hours{5});
  device.appraised_at = kNow - hours{4};
  EXPECT_EQ(refusal(decide_release(device, Approval::two_persons)), Code::held);
}

TEST(Release, where_nothing_is_held_is_no_move) {
  for (const State state : kStates) {
    if (state != State::suspended) {
      EXPECT_EQ(refusal(decide_release(device_in(state), Approval::two_persons)), Code::state_forbids);
    }
  }
  for (const State state : {State::revoked, State::decommissioned}) {
    auto device = held(device_in(state), HoldCause::volume);
    device.appraised_at = kNow;
    EXPECT_EQ(refusal(decide_release(device, Approval::two_persons)), Code::state_forbids);
  }
}

TEST(Release, a_suspension_without_a_cause_is_lifted_by_nobody) {
  auto device = device_in(State::suspended);
  device.suspended_for = std::nullopt;
  device.appraised_at = kNow;
  EXPECT_EQ(decide_revalidate(device, passed(), SuccessorIssuer::yes)->to, State::suspended);
  EXPECT_EQ(refusal(decide_release(device, Approval::two_persons)), Code::state_forbids);
}

TEST(Device, no_history_of_decisions_breaks_the_table_or_forgets) {
  EXPECT_TRUE(rc::check([] {
    const auto all = uses();
    DeviceRecord device = device_in(State::uninitialized);
    Instant now = kNow;
    bool revoked = false;
    for (const int step : *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 12))) {
      now += seconds{1};
      Result<Decision> decision = fail(Code::unavailable, "");
      const auto cause = kHoldRules.at(*rc::gen::inRange<std::size_t>(0, kHoldRules.size())).cause;
      if (step < 8) {
        decision = all.at(static_cast<std::size_t>(step)).decide(device);
      } else if (step == 8) {
        decision = decide_revalidate(device, passed(now), *rc::gen::element(SuccessorIssuer::no, SuccessorIssuer::yes));
      } else if (step == 9) {
        decision = decide_release(device, *rc::gen::element(Approval::one_operator, Approval::two_persons));
      } else if (step == 10) {
        decision = decide_hold(device, cause);
      } else {
        decision = decide_suspend(device, cause);
      }
      if (!decision) {
        continue;
      }
      const auto after = apply(device, *decision, now);
      RC_ASSERT(after.state == device.state || allowed(device.state, after.state));
      RC_ASSERT(after.suspended_for.has_value() == (after.state == State::suspended));
      RC_ASSERT(!device.enrolled_once || after.enrolled_once);
      RC_ASSERT(!device.enrolled_once || after.state != State::enrolled || device.state == State::enrolled);
      revoked = revoked || after.state == State::revoked;
      RC_ASSERT(!revoked || after.state == State::revoked || after.state == State::decommissioned);
      const bool clone_gone = device.holds.contains(HoldCause::clone) && !after.holds.contains(HoldCause::clone);
      RC_ASSERT(!clone_gone || step == 9);
      device = after;
    }
  }));
}

// --- hardware seen again ---

TEST(KnownHardware, is_judged_by_its_state) {  // design rule 1
  struct Case {
    State state;
    SeenIn where;
    std::optional<Code> without, with;
    KnownHardware then;
  };
  using enum State;
  std::vector<Case> cases{
      {uninitialized, SeenIn::same_batch, std::nullopt, std::nullopt, KnownHardware::resume},
      {uninitialized, SeenIn::other_batch, Code::hardware_known, std::nullopt, KnownHardware::rework},
  };
  for (const auto where : {SeenIn::same_batch, SeenIn::other_batch}) {
    for (const auto state : {provisioned, enrolled, operational, suspended}) {
      cases.push_back({state, where, Code::hardware_known, std::nullopt, KnownHardware::rework});
    }
    for (const auto state : {revoked, decommissioned}) {
      cases.push_back({state, where, Code::state_forbids, Code::state_forbids, KnownHardware::rework});
    }
  }
  for (const auto& c : cases) {
    for (const auto permission : {ReworkPermission::none, ReworkPermission::by_operator}) {
      SCOPED_TRACE(short_name(c.state));
      const auto result = judge_known_hardware(c.state, c.where, permission);
      const auto want = permission == ReworkPermission::none ? c.without : c.with;
      ASSERT_EQ(result.has_value(), !want.has_value());
      if (result) {
        EXPECT_EQ(*result, c.then);
      } else {
        EXPECT_EQ(result.error().code, *want);
      }
    }
  }
}

// design rule 2: only the labelled software root has nothing to probe.
TEST(Seal, the_exemption_of_the_software_root_is_nobody_elses) {
  SealFacts facts;
  facts.witness = SealWitness::software_exempt;
  for (const auto root : kRootKinds) {
    DeviceRecord device;
    device.root = root;
    const auto decision = decide_seal(device, facts);
    EXPECT_EQ(decision.has_value(), root == RootKind::software) << name(root);
    if (!decision) {
      EXPECT_EQ(decision.error().code, Code::not_sealed);
    }
  }
}

}  // namespace
}  // namespace birthmark::lifecycle
