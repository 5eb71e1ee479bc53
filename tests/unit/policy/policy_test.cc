// SPDX-License-Identifier: Apache-2.0
#include "policy/policy.h"

#include <gtest/gtest.h>

#include <functional>
#include <set>
#include <string>
#include <vector>

namespace birthmark::policy {
namespace {

using lifecycle::RootClass;
using lifecycle::RootKind;
using lifecycle::State;
using std::chrono::days;
using std::chrono::minutes;

constexpr std::size_t at(State state) {
  return static_cast<std::size_t>(state);
}

TEST(Policy, the_default_is_what_the_design_says) {
  const ProductPolicy policy;
  EXPECT_EQ(policy.gate_max_age, days{30});
  EXPECT_EQ(policy.ldevid_lifetime, days{30});
  EXPECT_EQ(policy.renew_from, days{20});
  EXPECT_EQ(policy.simulated, SimulatedRoots::refused);
  EXPECT_TRUE(check(policy, Environment::production));
  EXPECT_EQ(policy.root_kinds, std::vector{RootKind::tpm}) << "a software root must be named";
}

TEST(Policy, no_state_but_s3_may_work_and_s4_revalidates_unless_it_may_fetch) {  // design rule 6
  for (const State state : {State::uninitialized, State::revoked, State::decommissioned}) {
    EXPECT_TRUE(ceiling(state).empty()) << short_name(state);
  }
  EXPECT_EQ(ceiling(State::suspended), (ActionSet{Action::revalidate, Action::firmware_fetch}));
  EXPECT_EQ(ProductPolicy{}.actions.at(at(State::suspended)), ActionSet{Action::revalidate});
  for (const State state : lifecycle::kStates) {
    EXPECT_EQ(ceiling(state).contains(Action::telemetry_publish), state == State::operational);
    EXPECT_EQ(ceiling(state).contains(Action::enroll), state == State::provisioned);
  }
  EXPECT_TRUE(ceiling(static_cast<State>(7)).empty());
}

TEST(Policy, simulated_roots_cannot_be_named_in_production) {  // AC-03
  ProductPolicy policy;
  policy.simulated = SimulatedRoots::allowed;
  const auto refused = check(policy, Environment::production);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::test_anchor);
  EXPECT_TRUE(check(policy, Environment::development));
  EXPECT_FALSE(check(policy, static_cast<Environment>(5)));
  policy.simulated = static_cast<SimulatedRoots>(5);
  EXPECT_FALSE(check(policy, Environment::production));
}

TEST(Policy, what_makes_no_sense_is_refused_with_the_field) {
  struct Case {
    std::string_view field;
    std::function<void(ProductPolicy&)> spoil;
  };
  const auto rule = [](std::string pattern) {
    return [pattern](ProductPolicy& p) { p.resources = {{Action::telemetry_publish, pattern}}; };
  };
  const std::vector<Case> cases{
      {"policy.actions", [](auto& p) { p.actions.at(at(State::revoked)) = {Action::revalidate}; }},
      {"policy.actions", [](auto& p) { p.actions.at(at(State::decommissioned)) = {Action::revalidate}; }},
      {"policy.actions", [](auto& p) { p.actions.at(at(State::suspended)) = {Action::telemetry_publish}; }},
      {"policy.actions", [](auto& p) { p.actions.at(at(State::suspended)) = {Action::renew}; }},
      {"policy.actions", [](auto& p) { p.actions.at(at(State::suspended)) = {Action::enroll}; }},
      {"policy.actions", [](auto& p) { p.actions.at(at(State::enrolled)) = {Action::telemetry_publish}; }},
      {"policy.root_kinds", [](auto& p) { p.root_kinds.clear(); }},
      {"policy.gate_max_age", [](auto& p) { p.gate_max_age = minutes{0}; }},
      {"policy.gate_max_age", [](auto& p) { p.gate_max_age = minutes{-1}; }},
      {"policy.gate_max_age", [](auto& p) { p.gate_max_age = days{3651}; }},
      {"policy.ldevid_lifetime", [](auto& p) { p.ldevid_lifetime = days{0}; }},
      {"policy.ldevid_lifetime", [](auto& p) { p.ldevid_lifetime = days{31}; }},
      {"policy.renew_from", [](auto& p) { p.renew_from = days{30}; }},
      {"policy.renew_from", [](auto& p) { p.renew_from = days{-1}; }},
      {"policy.resources",
       [](auto& p) {
         p.resources = {{static_cast<Action>(99), "a"}};
       }},
      {"policy.resources",
       [](auto& p) {
         p.resources.assign(65, {Action::telemetry_publish, "a"});
       }},
      {"policy.resources", rule("")},
      {"policy.resources", rule("#/a")},
      {"policy.resources", rule("a#")},
      {"policy.resources", rule("a/+b")},
      {"policy.resources", rule("{other}")},
      {"policy.resources", rule("x{device}")},
      {"policy.resources", rule(std::string(257, 'a'))},
  };
  for (const auto& c : cases) {
    ProductPolicy policy;
    c.spoil(policy);
    const auto result = check(policy, Environment::production);
    ASSERT_FALSE(result) << c.field;
    EXPECT_EQ(result.error().code, Code::policy);
    EXPECT_EQ(result.error().check, c.field);
  }
}

TEST(Policy, admits_named_hardware_only) {
  ProductPolicy policy;
  policy.root_kinds = {RootKind::tpm, RootKind::psa};
  EXPECT_TRUE(admits_root(policy, RootKind::psa, RootClass::genuine, "any"));
  EXPECT_EQ(admits_root(policy, RootKind::software, RootClass::genuine, "any").error().code, Code::policy);
  EXPECT_EQ(admits_root(policy, RootKind::dice, RootClass::genuine, "any").error().code, Code::policy);
  EXPECT_EQ(admits_root(policy, RootKind::tpm, RootClass::simulated, "any").error().code, Code::test_anchor);
  EXPECT_EQ(admits_root(policy, RootKind::tpm, static_cast<RootClass>(7), "any").error().code, Code::test_anchor);
  policy.evidence.vendors = {"IFX", "STM"};
  EXPECT_TRUE(admits_root(policy, RootKind::tpm, RootClass::genuine, "STM"));
  EXPECT_EQ(admits_root(policy, RootKind::tpm, RootClass::genuine, "stm").error().code, Code::policy);
  EXPECT_EQ(admits_root(policy, RootKind::tpm, RootClass::genuine, "").error().code, Code::policy);
  policy.simulated = SimulatedRoots::allowed;
  EXPECT_TRUE(admits_root(policy, RootKind::tpm, RootClass::simulated, "IFX"));
}

constexpr DeviceId kDevice{[] {
  Octets<32> id{};
  id.fill(0xA5);
  return id;
}()};

TEST(Resource, patterns) {
  std::string own;
  for (int i = 0; i < 32; ++i) {
    own += "a5";
  }
  std::string other = own;
  other.back() = '6';
  std::string upper = own;
  upper.front() = 'A';
  struct Case {
    std::string pattern, resource;
    bool matches;
  };
  const std::vector<Case> cases{
      {"a/b", "a/b", true},
      {"a/b", "a/b/", false},
      {"a/b", "a", false},
      {"a/b", "a/bc", false},
      {"a/b", "", false},
      {"a/+", "a/b", true},
      {"a/+", "a", false},
      {"a/+", "a/b/c", false},
      {"a/+", "a/+", false},
      {"+/b", "#/b", false},
      {"a/#", "a", true},
      {"a/#", "a/b/c", true},
      {"a/#", "b", false},
      {"a/#", "ab", false},
      {"#", "", true},
      {"#", "x/y", true},
      {"d/{device}/t/#", "d/" + own + "/t/1", true},
      {"d/{device}/t/#", "d/" + own + "/t", true},
      {"d/{device}/t/#", "d/" + own + "/x", false},
      {"d/{device}/t", "d/" + other + "/t", false},
      {"d/{device}/t", "d/" + upper + "/t", false},
      {"d/{device}/t", "d/" + own + "0/t", false},
      {"d/{device}/t", "d//t", false},
      {"d/{device}/t", "d/{device}/t", false},
      {"d/{device}/t", "d/+/t", false},
  };
  for (const auto& c : cases) {
    ProductPolicy policy;
    policy.resources = {{Action::telemetry_publish, c.pattern}};
    ASSERT_TRUE(check(policy, Environment::production)) << c.pattern;
    EXPECT_EQ(matches_resource(policy, Action::telemetry_publish, c.resource, kDevice), c.matches)
        << c.pattern << " " << c.resource;
  }
}

TEST(Resource, a_rule_on_the_own_device_matches_nothing_where_the_device_is_unknown) {
  ProductPolicy policy;
  policy.resources = {{Action::telemetry_publish, "d/{device}"}};
  EXPECT_FALSE(matches_resource(policy, Action::telemetry_publish, "d/{device}", std::nullopt));
  EXPECT_FALSE(matches_resource(policy, Action::telemetry_publish, "d/" + std::string(64, '0'), std::nullopt));
}

TEST(Resource, rules_narrow_their_own_action_and_any_of_them_is_enough) {
  ProductPolicy policy;
  policy.resources = {{Action::telemetry_publish, "a"}, {Action::telemetry_publish, "b"}};
  EXPECT_TRUE(matches_resource(policy, Action::telemetry_publish, "b", kDevice));
  EXPECT_FALSE(matches_resource(policy, Action::telemetry_publish, "c", kDevice));
  EXPECT_TRUE(matches_resource(policy, Action::command_subscribe, "c", kDevice));
}

TEST(Action, names_lead_back_and_strangers_are_in_no_set) {
  std::set<std::string_view> seen;
  for (const auto& row : kActions) {
    EXPECT_EQ(action_named(name(row.action)), row.action);
    EXPECT_TRUE(seen.insert(row.name).second);
    EXPECT_EQ(&row - kActions.data(), static_cast<std::ptrdiff_t>(row.action));
  }
  for (const auto* text : {"", "unknown", "Telemetry.publish", "telemetry"}) {
    EXPECT_EQ(action_named(text), std::nullopt);
  }
  const ActionSet full{Action::telemetry_publish,
                       Action::command_subscribe,
                       Action::firmware_fetch,
                       Action::peer_connect,
                       Action::enroll,
                       Action::renew,
                       Action::revalidate};
  for (int stranger = static_cast<int>(kActions.size()); stranger < 256; ++stranger) {
    EXPECT_FALSE(full.contains(static_cast<Action>(stranger)));
    EXPECT_TRUE(ActionSet{static_cast<Action>(stranger)}.empty());
  }
}

TEST(Grants, what_a_device_may_ask_the_registrar_for) {
  ProductPolicy policy;
  EXPECT_TRUE(grants(policy, State::provisioned, Action::enroll));
  EXPECT_TRUE(grants(policy, State::enrolled, Action::renew)) << "as in S3: asking is its first use";
  EXPECT_TRUE(grants(policy, State::suspended, Action::revalidate));
  EXPECT_FALSE(grants(policy, State::suspended, Action::renew));
  EXPECT_FALSE(grants(policy, State::revoked, Action::revalidate));
  EXPECT_FALSE(grants(policy, static_cast<State>(9), Action::revalidate));
  policy.actions.at(3) = {Action::telemetry_publish};
  for (const auto state : {State::enrolled, State::operational}) {
    const auto answer = grants(policy, state, Action::renew);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().code, Code::policy);
    EXPECT_EQ(answer.error().check, "policy.actions");
  }
}

}  // namespace
}  // namespace birthmark::policy
