// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/hold.h"

#include <cstddef>

namespace birthmark::lifecycle {
namespace {

std::string_view text(Missing what) {
  switch (what) {
    case Missing::appraisal:
      return "a fresh appraisal is missing";
    case Missing::successor:
      return "credentials of a successor CA are missing";
    case Missing::operator_release:
      return "an operator's release is missing";
    case Missing::second_person:
      return "two persons must record a false positive";
  }
  return "unknown";
}

}  // namespace

Releaser releaser_of(HoldCause cause) {
  const auto at = static_cast<std::size_t>(cause);
  return at < kHoldRules.size() ? kHoldRules.at(at).releaser : Releaser::two_persons;
}

std::optional<Missing> missing(HoldCause cause, const ReleaseFacts& facts) {
  const bool reproved = facts.reproved == Reproved::yes;
  const bool approved = facts.approval == Approval::one_operator || facts.approval == Approval::two_persons;
  switch (releaser_of(cause)) {
    case Releaser::revalidation:
      return reproved ? std::nullopt : std::optional{Missing::appraisal};
    case Releaser::operator_after_appraisal:
      if (!reproved) {
        return Missing::appraisal;
      }
      return approved ? std::nullopt : std::optional{Missing::operator_release};
    case Releaser::revalidation_under_successor:
      if (!reproved) {
        return Missing::appraisal;
      }
      return facts.successor == SuccessorIssuer::yes ? std::nullopt : std::optional{Missing::successor};
    case Releaser::two_persons:
      return facts.approval == Approval::two_persons ? std::nullopt : std::optional{Missing::second_person};
  }
  return Missing::second_person;
}

Lifted lift(HoldSet holds, const ReleaseFacts& facts) {
  HoldSet lifted;
  for (const auto& rule : kHoldRules) {
    if (holds.contains(rule.cause) && !missing(rule.cause, facts)) {
      lifted = lifted.with(rule.cause);
    }
  }
  return {lifted, holds.without(lifted)};
}

std::string why_left(HoldSet left, const ReleaseFacts& facts) {
  std::string out;
  for (const auto& rule : kHoldRules) {
    const auto what = missing(rule.cause, facts);
    if (left.contains(rule.cause) && what) {
      out.append(out.empty() ? "" : "; ").append(rule.name).append(": ").append(text(*what));
    }
  }
  return out;
}

std::string_view name(HoldCause cause) {
  const auto at = static_cast<std::size_t>(cause);
  return at < kHoldRules.size() ? kHoldRules.at(at).name : "unknown";
}

std::optional<HoldCause> hold_cause_named(std::string_view text) {
  for (const auto& rule : kHoldRules) {
    if (rule.name == text) {
      return rule.cause;
    }
  }
  return std::nullopt;
}

}  // namespace birthmark::lifecycle
