// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/hold.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <set>

namespace birthmark::lifecycle {
namespace {

constexpr ReleaseFacts kNothing{};
constexpr ReleaseFacts kReproved{Reproved::yes, SuccessorIssuer::no, Approval::none};
constexpr ReleaseFacts kSuccessor{Reproved::yes, SuccessorIssuer::yes, Approval::none};
constexpr ReleaseFacts kOperator{Reproved::yes, SuccessorIssuer::no, Approval::one_operator};
constexpr ReleaseFacts kOperatorAlone{Reproved::no, SuccessorIssuer::no, Approval::one_operator};
constexpr ReleaseFacts kTwoAlone{Reproved::no, SuccessorIssuer::no, Approval::two_persons};
constexpr ReleaseFacts kEverything{Reproved::yes, SuccessorIssuer::yes, Approval::two_persons};

struct Row {
  HoldCause cause;
  bool reproved, successor, by_operator, operator_alone, two_alone;
};

TEST(Hold, each_cause_is_lifted_by_its_own_releaser_and_by_nothing_less) {  // design rule 5
  const std::array rows{
      Row{HoldCause::volume, true, true, true, false, false},
      Row{HoldCause::freshness, true, true, true, false, false},
      Row{HoldCause::operator_hold, false, false, true, false, false},
      Row{HoldCause::policy, false, false, true, false, false},
      Row{HoldCause::ca_revoked, false, true, false, false, false},
      Row{HoldCause::clone, false, false, false, false, true},
      Row{HoldCause::key_collision, false, false, false, false, true},
      Row{HoldCause::incident, false, false, true, false, false},
  };
  ASSERT_EQ(rows.size(), kHoldRules.size());
  for (const auto& row : rows) {
    SCOPED_TRACE(name(row.cause));
    EXPECT_TRUE(missing(row.cause, kNothing));
    EXPECT_EQ(!missing(row.cause, kReproved), row.reproved);
    EXPECT_EQ(!missing(row.cause, kSuccessor), row.successor);
    EXPECT_EQ(!missing(row.cause, kOperator), row.by_operator);
    EXPECT_EQ(!missing(row.cause, kOperatorAlone), row.operator_alone);
    EXPECT_EQ(!missing(row.cause, kTwoAlone), row.two_alone);
    EXPECT_FALSE(missing(row.cause, kEverything));
  }
}

TEST(Hold, no_appraisal_ever_clears_a_clone) {
  for (const auto cause : {HoldCause::clone, HoldCause::key_collision}) {
    EXPECT_EQ(missing(cause, kSuccessor), Missing::second_person);
    EXPECT_EQ(missing(cause, kOperator), Missing::second_person);
  }
}

TEST(Hold, a_cause_outside_the_enumeration_is_as_strict_as_can_be) {
  EXPECT_EQ(releaser_of(static_cast<HoldCause>(99)), Releaser::two_persons);
  EXPECT_EQ(missing(static_cast<HoldCause>(99), kOperator), Missing::second_person);
  EXPECT_EQ(name(static_cast<HoldCause>(99)), "unknown");
}

TEST(Hold, an_approval_outside_the_enumeration_approves_nothing) {
  const ReleaseFacts facts{Reproved::yes, SuccessorIssuer::yes, static_cast<Approval>(9)};
  EXPECT_TRUE(missing(HoldCause::operator_hold, facts));
  EXPECT_TRUE(missing(HoldCause::clone, facts));
}

ReleaseFacts any_facts() {
  return {*rc::gen::element(Reproved::no, Reproved::yes), *rc::gen::element(SuccessorIssuer::no, SuccessorIssuer::yes),
          *rc::gen::element(Approval::none, Approval::one_operator, Approval::two_persons)};
}
HoldSet any_holds() {
  return HoldSet{*rc::gen::arbitrary<std::uint8_t>()};
}

TEST(Hold, lifting_splits_the_set_and_twice_is_once) {
  EXPECT_TRUE(rc::check([] {
    const auto holds = any_holds();
    const auto facts = any_facts();
    const auto once = lift(holds, facts);
    RC_ASSERT(once.lifted.with(once.left) == holds);
    RC_ASSERT((once.lifted.bits() & once.left.bits()) == 0);
    RC_ASSERT(lift(once.left, facts).lifted.empty());
    RC_ASSERT(why_left(once.left, facts).empty() == once.left.empty());
  }));
}

TEST(Hold, each_cause_is_judged_by_itself) {
  EXPECT_TRUE(rc::check([] {
    const auto a = any_holds();
    const auto b = any_holds();
    const auto facts = any_facts();
    RC_ASSERT(lift(a.with(b), facts).lifted == lift(a, facts).lifted.with(lift(b, facts).lifted));
  }));
}

TEST(Hold, more_facts_never_lift_less) {
  EXPECT_TRUE(rc::check([] {
    const auto holds = any_holds();
    const auto less = any_facts();
    auto more = any_facts();
    more.reproved = std::max(more.reproved, less.reproved);
    more.successor = std::max(more.successor, less.successor);
    more.approval = std::max(more.approval, less.approval);
    RC_ASSERT(lift(holds, less).lifted.without(lift(holds, more).lifted).empty());
  }));
}

TEST(Hold, what_is_left_says_why) {
  const auto left = HoldSet{}.with(HoldCause::operator_hold).with(HoldCause::clone);
  EXPECT_EQ(why_left(left, kReproved),
            "operator: an operator's release is missing; clone: two persons must record a false positive");
  EXPECT_EQ(why_left(HoldSet{}, kNothing), "");
}

TEST(Hold, names_lead_back_to_their_values) {
  std::set<std::string_view> seen;
  for (const auto& rule : kHoldRules) {
    EXPECT_EQ(hold_cause_named(name(rule.cause)), rule.cause);
    EXPECT_TRUE(seen.insert(rule.name).second);
  }
  EXPECT_EQ(hold_cause_named(""), std::nullopt);
  EXPECT_EQ(hold_cause_named("unknown"), std::nullopt);
  EXPECT_EQ(hold_cause_named("Volume"), std::nullopt);
}

}  // namespace
}  // namespace birthmark::lifecycle
