// SPDX-License-Identifier: Apache-2.0
#include "policy/decide.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <functional>
#include <string>
#include <vector>

namespace birthmark::policy {
namespace {

using lifecycle::FirmwareStanding;
using lifecycle::FirmwareVersion;
using lifecycle::State;
using lifecycle::Status;
using std::chrono::days;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr Instant kNow = Instant{hours{500'000}};
constexpr Request kPublish{Action::telemetry_publish, "devices/1/telemetry"};
constexpr Request kFetch{Action::firmware_fetch, "image"};
constexpr Request kRevalidate{Action::revalidate, ""};

Facts good() {
  Facts facts;
  facts.path = Proof::passed;
  facts.receipt = Proof::passed;
  facts.credential = Status::admitted;
  facts.issuer = IssuerStatus::trusted;
  facts.state = State::operational;
  facts.appraised_at = kNow - hours{1};
  facts.now = kNow;
  facts.firmware = FirmwareStanding::meets;
  return facts;
}
Facts suspended() {
  auto facts = good();
  facts.credential = Status::held;
  facts.state = State::suspended;
  facts.firmware = FirmwareStanding::unknown;
  return facts;
}
ProductPolicy fetching() {
  ProductPolicy policy;
  policy.actions.at(4) = {Action::revalidate, Action::firmware_fetch};
  return policy;
}

TEST(Decide, allows_a_good_device_for_at_most_a_second) {
  const auto decision = decide(good(), ProductPolicy{}, kPublish);
  EXPECT_EQ(decision.verdict, Verdict::allow);
  EXPECT_EQ(decision.code, std::nullopt);
  EXPECT_EQ(decision.max_age, seconds{1});
}

struct Flaw {
  const char* name;
  Step rule;
  Code code;
  std::function<void(Facts&)> spoil;
};

// In the order of the steps.
std::vector<Flaw> flaws() {
  return {
      {"path failed", Step::path, Code::unauthenticated, [](Facts& f) { f.path = Proof::failed; }},
      {"path unknown", Step::path, Code::unauthenticated, [](Facts& f) { f.path = Proof::unknown; }},
      {"path nonsense", Step::path, Code::unauthenticated, [](Facts& f) { f.path = static_cast<Proof>(9); }},
      {"receipt failed", Step::receipt, Code::not_registered, [](Facts& f) { f.receipt = Proof::failed; }},
      {"receipt unknown", Step::receipt, Code::not_registered, [](Facts& f) { f.receipt = Proof::unknown; }},
      {"credential unknown", Step::credential, Code::not_registered, [](Facts& f) { f.credential.reset(); }},
      {"credential ended", Step::credential, Code::credential_ended, [](Facts& f) { f.credential = Status::ended; }},
      {"credential held", Step::credential, Code::held, [](Facts& f) { f.credential = Status::held; }},
      {"not admitted", Step::credential, Code::not_registered, [](Facts& f) { f.credential = Status::not_admitted; }},
      {"credential nonsense", Step::credential, Code::not_registered,
       [](Facts& f) { f.credential = static_cast<Status>(9); }},
      {"issuer unknown", Step::issuer, Code::not_registered, [](Facts& f) { f.issuer = IssuerStatus::unknown; }},
      {"issuer revoked", Step::issuer, Code::credential_ended, [](Facts& f) { f.issuer = IssuerStatus::revoked; }},
      {"issuer nonsense", Step::issuer, Code::not_registered,
       [](Facts& f) { f.issuer = static_cast<IssuerStatus>(9); }},
      {"state unknown", Step::state, Code::state_forbids, [](Facts& f) { f.state.reset(); }},
      {"state nonsense", Step::state, Code::state_forbids, [](Facts& f) { f.state = static_cast<State>(7); }},
      {"state S2", Step::state, Code::state_forbids, [](Facts& f) { f.state = State::enrolled; }},
      {"state S4", Step::state, Code::state_forbids, [](Facts& f) { f.state = State::suspended; }},
      {"state S5", Step::state, Code::state_forbids, [](Facts& f) { f.state = State::revoked; }},
      {"state S6", Step::state, Code::state_forbids, [](Facts& f) { f.state = State::decommissioned; }},
      {"never appraised", Step::freshness, Code::appraisal_stale, [](Facts& f) { f.appraised_at.reset(); }},
      {"time unknown", Step::freshness, Code::appraisal_stale, [](Facts& f) { f.now.reset(); }},
      {"too old", Step::freshness, Code::appraisal_stale, [](Facts& f) { f.appraised_at = kNow - days{30}; }},
      {"from the future", Step::freshness, Code::appraisal_stale,
       [](Facts& f) { f.appraised_at = kNow + seconds{60} + milliseconds{1}; }},
      {"firmware unknown", Step::policy, Code::fw_rollback, [](Facts& f) { f.firmware = FirmwareStanding::unknown; }},
      {"firmware old", Step::policy, Code::fw_rollback, [](Facts& f) { f.firmware = FirmwareStanding::below; }},
  };
}

ProductPolicy with_minimum() {
  ProductPolicy policy;
  policy.minimum_firmware = FirmwareVersion::parse("2").value();
  return policy;
}

TEST(Decide, every_flaw_denies_at_its_own_step) {  // design rule 6
  for (const auto& flaw : flaws()) {
    auto facts = good();
    flaw.spoil(facts);
    const auto decision = decide(facts, with_minimum(), kPublish);
    EXPECT_EQ(decision.verdict, Verdict::deny) << flaw.name;
    EXPECT_EQ(decision.code, flaw.code) << flaw.name;
    EXPECT_EQ(decision.rule, flaw.rule) << flaw.name;
    EXPECT_EQ(decision.max_age, milliseconds{0}) << flaw.name;
  }
}

TEST(Decide, of_two_flaws_the_earlier_step_decides) {
  const auto all = flaws();
  for (const auto& first : all) {
    for (const auto& second : all) {
      if (first.rule < second.rule && second.rule != Step::state) {
        auto facts = good();
        second.spoil(facts);
        first.spoil(facts);
        EXPECT_EQ(decide(facts, with_minimum(), kPublish).rule, first.rule) << first.name << ", " << second.name;
      }
    }
  }
}

TEST(Decide, facts_that_nobody_filled_in_deny_every_action) {
  for (const auto& row : kActions) {
    EXPECT_EQ(decide(Facts{}, ProductPolicy{}, {row.action, ""}).verdict, Verdict::deny) << row.name;
  }
}

TEST(Decide, no_steps_deny) {
  const auto decision = decide_by({}, good(), ProductPolicy{}, kPublish);
  EXPECT_EQ(decision.verdict, Verdict::deny);
  EXPECT_EQ(decision.code, Code::policy);
  EXPECT_EQ(Decision{}.verdict, Verdict::deny);
}

TEST(Decide, steps_are_seven_in_the_fixed_order) {
  constexpr std::array<std::string_view, 7> kNames{"path",  "receipt",   "credential", "issuer",
                                                   "state", "freshness", "policy"};
  ASSERT_EQ(steps().size(), kNames.size());
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    EXPECT_EQ(name(steps()[i].step), kNames.at(i));
  }
  EXPECT_EQ(name(static_cast<Step>(7)), "unknown");
}

TEST(Decide, an_action_that_is_not_known_is_denied) {
  EXPECT_EQ(decide(good(), ProductPolicy{}, {static_cast<Action>(40), ""}).verdict, Verdict::deny);
}

TEST(Decide, s4_may_revalidate_and_fetch_what_its_policy_names) {
  for (const auto& row : kActions) {
    SCOPED_TRACE(row.name);
    const bool revalidate = row.action == Action::revalidate;
    const bool fetch = row.action == Action::firmware_fetch;
    EXPECT_EQ(decide(suspended(), ProductPolicy{}, {row.action, ""}).verdict == Verdict::allow, revalidate);
    EXPECT_EQ(decide(suspended(), fetching(), {row.action, ""}).verdict == Verdict::allow, revalidate || fetch);
  }
  EXPECT_EQ(decide(suspended(), ProductPolicy{}, kFetch).code, Code::policy);
  EXPECT_EQ(decide(suspended(), ProductPolicy{}, kPublish).code, Code::held);
}

TEST(Decide, a_hold_in_s3_leaves_no_more_than_s4_has) {
  auto facts = suspended();
  facts.state = State::operational;
  EXPECT_EQ(decide(facts, ProductPolicy{}, kPublish).code, Code::held);
  EXPECT_EQ(decide(facts, ProductPolicy{}, kFetch).code, Code::policy) << "S3 may fetch, but not when held";
  EXPECT_EQ(decide(facts, fetching(), kFetch).verdict, Verdict::allow);
  EXPECT_EQ(decide(facts, ProductPolicy{}, kRevalidate).verdict, Verdict::allow);
}

TEST(Decide, a_suspended_device_with_old_firmware_can_fetch_the_new_one) {
  auto facts = suspended();
  facts.appraised_at = kNow - days{400};
  auto policy = fetching();
  policy.minimum_firmware = FirmwareVersion::parse("9").value();
  EXPECT_EQ(decide(facts, policy, kFetch).verdict, Verdict::allow);
}

TEST(Decide, an_overdue_device_can_still_renew_and_revalidate) {  // AC-41
  auto facts = good();
  facts.appraised_at = kNow - days{7000};
  EXPECT_EQ(decide(facts, ProductPolicy{}, {Action::renew, ""}).verdict, Verdict::allow);
  EXPECT_EQ(decide(facts, ProductPolicy{}, kRevalidate).verdict, Verdict::allow);
  EXPECT_EQ(decide(facts, ProductPolicy{}, kPublish).code, Code::appraisal_stale);
  EXPECT_EQ(decide(facts, ProductPolicy{}, kFetch).code, Code::appraisal_stale);
}

TEST(Decide, a_birth_certificate_is_good_for_enrolling_and_re_proving_only) {
  auto facts = good();
  facts.credential = Status::not_admitted;
  facts.state = State::provisioned;
  facts.appraised_at.reset();
  for (const auto& row : kActions) {
    const bool allowed = row.action == Action::enroll || row.action == Action::revalidate;
    const auto decision = decide(facts, ProductPolicy{}, {row.action, ""});
    EXPECT_EQ(decision.verdict == Verdict::allow, allowed) << row.name;
    EXPECT_EQ(decision.code, allowed ? std::nullopt : std::optional{Code::state_forbids}) << row.name;
  }
}

TEST(Decide, nobody_enrolls_twice) {  // AC-24
  for (const State state :
       {State::enrolled, State::operational, State::suspended, State::revoked, State::decommissioned}) {
    for (const Status status : lifecycle::kStatuses) {
      auto facts = good();
      facts.state = state;
      facts.credential = status;
      EXPECT_EQ(decide(facts, ProductPolicy{}, {Action::enroll, ""}).verdict, Verdict::deny) << short_name(state);
    }
  }
}

TEST(Decide, an_answer_outlives_no_appraisal) {
  auto facts = good();
  facts.appraised_at = kNow - days{30} + milliseconds{300};
  EXPECT_EQ(decide(facts, ProductPolicy{}, kPublish).max_age, milliseconds{300});
  facts.appraised_at = kNow - days{30} + milliseconds{1};
  EXPECT_EQ(decide(facts, ProductPolicy{}, kPublish).max_age, milliseconds{1});
}

TEST(Decide, clocks_may_differ_by_a_minute) {
  auto facts = good();
  facts.appraised_at = kNow + seconds{60};
  EXPECT_EQ(decide(facts, ProductPolicy{}, kPublish).verdict, Verdict::allow);
}

TEST(Decide, a_policy_that_grants_nothing_denies_and_no_policy_exceeds_the_ceiling) {
  ProductPolicy none;
  none.actions = {};
  EXPECT_EQ(decide(good(), none, kPublish).code, Code::policy);
  ProductPolicy all;  // would not pass `check`; the decision does not rely on that
  all.actions.fill({Action::telemetry_publish, Action::command_subscribe, Action::firmware_fetch, Action::peer_connect,
                    Action::enroll, Action::renew, Action::revalidate});
  for (const State state : lifecycle::kStates) {
    for (const auto& row : kActions) {
      auto facts = good();
      facts.state = state;
      facts.credential = state == State::suspended ? Status::held : Status::admitted;
      if (decide(facts, all, {row.action, ""}).verdict == Verdict::allow) {
        EXPECT_TRUE(ceiling(state).contains(row.action)) << short_name(state) << " " << row.name;
      }
    }
  }
}

TEST(Decide, resources_narrow) {
  ProductPolicy policy;
  policy.resources = {{Action::telemetry_publish, "devices/1/#"}};
  EXPECT_EQ(decide(good(), policy, kPublish).verdict, Verdict::allow);
  EXPECT_EQ(decide(good(), policy, {Action::telemetry_publish, "devices/2/telemetry"}).code, Code::policy);
}

TEST(Decide, only_an_admitted_credential_of_an_operational_device_ever_works) {
  EXPECT_TRUE(rc::check([] {
    Facts facts;
    facts.path = static_cast<Proof>(*rc::gen::inRange(0, 4));
    facts.receipt = static_cast<Proof>(*rc::gen::inRange(0, 4));
    facts.credential = static_cast<Status>(*rc::gen::inRange(0, 5));
    facts.issuer = static_cast<IssuerStatus>(*rc::gen::inRange(0, 4));
    facts.state = static_cast<State>(*rc::gen::inRange(0, 9));
    facts.appraised_at = kNow - hours{*rc::gen::inRange(-2, 24 * 40)};
    facts.now = kNow;
    facts.firmware = static_cast<FirmwareStanding>(*rc::gen::inRange(0, 4));
    const Action action = *rc::gen::element(Action::telemetry_publish, Action::command_subscribe, Action::peer_connect);
    auto policy = with_minimum();
    policy.actions.at(3) = ceiling(State::operational);
    const bool works = facts.path == Proof::passed && facts.receipt == Proof::passed &&
                       facts.credential == Status::admitted && facts.issuer == IssuerStatus::trusted &&
                       facts.state == State::operational && facts.firmware == FirmwareStanding::meets &&
                       *facts.appraised_at <= kNow + minutes{1} && kNow - *facts.appraised_at < days{30};
    const auto decision = decide(facts, policy, {action, "x"});
    RC_ASSERT((decision.verdict == Verdict::allow) == works);
    RC_ASSERT(decision.code.has_value() != works);
    RC_ASSERT(decision.max_age <= kDecisionMaxAge);
  }));
}

}  // namespace
}  // namespace birthmark::policy
