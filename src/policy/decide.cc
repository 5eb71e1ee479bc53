// SPDX-License-Identifier: Apache-2.0
#include "policy/decide.h"

#include <algorithm>

namespace birthmark::policy {
namespace {

using lifecycle::FirmwareStanding;
using lifecycle::State;
using lifecycle::Status;

/// The state whose rights count: a held credential has those of S4 at most; an unknown state has none.
State effective_state(const Facts& facts) {
  if (facts.credential == Status::held && facts.state == State::operational) {
    return State::suspended;
  }
  return facts.state.value_or(State::decommissioned);
}

/// Why a credential that gates never admit is refused: its device is not that far, or it is not on the books.
Code why_not_admitted(const Facts& facts) {
  const bool before_first_use =
      facts.state == State::uninitialized || facts.state == State::provisioned || facts.state == State::enrolled;
  return before_first_use ? Code::state_forbids : Code::not_registered;
}

std::optional<Code> path_valid(const Facts& facts, const ProductPolicy&, const Request&) {
  return facts.path == Proof::passed ? std::nullopt : std::optional{Code::unauthenticated};
}

std::optional<Code> receipt_valid(const Facts& facts, const ProductPolicy&, const Request&) {
  return facts.receipt == Proof::passed ? std::nullopt : std::optional{Code::not_registered};
}

std::optional<Code> credential_good(const Facts& facts, const ProductPolicy&, const Request& request) {
  if (!facts.credential) {
    return Code::not_registered;
  }
  switch (*facts.credential) {
    case Status::admitted:
      return std::nullopt;
    case Status::held:
      return ceiling(State::suspended).contains(request.action) ? std::nullopt : std::optional{Code::held};
    case Status::not_admitted:
      // A birth certificate, and one whose device has not yet authenticated: enrolling and re-proving only.
      if (request.action == Action::enroll || request.action == Action::revalidate) {
        return std::nullopt;
      }
      return why_not_admitted(facts);
    case Status::ended:
      return Code::credential_ended;
  }
  return Code::not_registered;
}

std::optional<Code> issuer_good(const Facts& facts, const ProductPolicy&, const Request&) {
  switch (facts.issuer) {
    case IssuerStatus::trusted:
      return std::nullopt;
    case IssuerStatus::revoked:
      return Code::credential_ended;
    case IssuerStatus::unknown:
      return Code::not_registered;
  }
  return Code::not_registered;
}

std::optional<Code> state_allows(const Facts& facts, const ProductPolicy&, const Request& request) {
  if (!facts.state || !ceiling(effective_state(facts)).contains(request.action)) {
    return Code::state_forbids;
  }
  return std::nullopt;
}

bool asks_freshness(const Facts& facts, Action action) {
  // Firmware is how a suspended device comes to pass its appraisal again.
  if (action == Action::firmware_fetch && effective_state(facts) == State::suspended) {
    return false;
  }
  return std::ranges::none_of(
      kActions, [action](const ActionRow& row) { return row.action == action && row.freshness == NeedsFreshness::no; });
}

std::optional<Code> fresh_enough(const Facts& facts, const ProductPolicy& policy, const Request& request) {
  if (!asks_freshness(facts, request.action)) {
    return std::nullopt;
  }
  if (!facts.appraised_at || !facts.now || *facts.appraised_at > *facts.now + kClockSkewMax ||
      *facts.now - *facts.appraised_at >= policy.gate_max_age) {
    return Code::appraisal_stale;
  }
  return std::nullopt;
}

std::optional<Code> policy_allows(const Facts& facts, const ProductPolicy& policy, const Request& request) {
  if (!granted(policy, effective_state(facts)).contains(request.action) ||
      !matches_resource(policy, request.action, request.resource, facts.device)) {
    return Code::policy;
  }
  // What mends the firmware, or judges it anew, cannot ask for it.
  if (asks_freshness(facts, request.action) && request.action != Action::firmware_fetch &&
      policy.minimum_firmware != lifecycle::FirmwareVersion{} && facts.firmware != FirmwareStanding::meets) {
    return Code::fw_rollback;
  }
  return std::nullopt;
}

// The order is the contract: who the caller is, before what is known of him, before what he may do.
constexpr std::array kSteps{
    StepRow{Step::path, path_valid},
    StepRow{Step::receipt, receipt_valid},
    StepRow{Step::credential, credential_good},
    StepRow{Step::issuer, issuer_good},
    StepRow{Step::state, state_allows},
    StepRow{Step::freshness, fresh_enough},
    StepRow{Step::policy, policy_allows},
};

consteval bool whole_and_in_order() {
  for (std::size_t i = 0; i < kSteps.size(); ++i) {
    if (static_cast<std::size_t>(kSteps.at(i).step) != i || kSteps.at(i).refuses == nullptr) {
      return false;
    }
  }
  return kSteps.back().step == Step::policy;
}
static_assert(whole_and_in_order(), "every step, once, in the order of the enumeration");

/// How long an admission holds: a second, or until the appraisal is too old.
std::chrono::milliseconds reuse(const Facts& facts, const ProductPolicy& policy, Action action) {
  if (!facts.now || !facts.appraised_at || !asks_freshness(facts, action)) {
    return kDecisionMaxAge;
  }
  const std::chrono::milliseconds left = *facts.appraised_at + policy.gate_max_age - *facts.now;
  return std::clamp(left, std::chrono::milliseconds{0}, kDecisionMaxAge);
}

}  // namespace

std::span<const StepRow> steps() {
  return kSteps;
}

Decision decide_by(std::span<const StepRow> list, const Facts& facts, const ProductPolicy& policy,
                   const Request& request) {
  Decision decision;
  if (list.empty()) {
    return decision;
  }
  for (const auto& row : list) {
    decision.rule = row.step;
    decision.code = row.refuses(facts, policy, request);
    if (decision.code) {
      return decision;
    }
  }
  decision.verdict = Verdict::allow;
  decision.max_age = reuse(facts, policy, request.action);
  return decision;
}

Decision decide(const Facts& facts, const ProductPolicy& policy, const Request& request) {
  return decide_by(kSteps, facts, policy, request);
}

std::string_view name(Step step) {
  switch (step) {
    case Step::path:
      return "path";
    case Step::receipt:
      return "receipt";
    case Step::credential:
      return "credential";
    case Step::issuer:
      return "issuer";
    case Step::state:
      return "state";
    case Step::freshness:
      return "freshness";
    case Step::policy:
      return "policy";
  }
  return "unknown";
}

}  // namespace birthmark::policy
