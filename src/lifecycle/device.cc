// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/device.h"

#include <algorithm>
#include <cassert>
#include <string>
#include <utility>

namespace birthmark::lifecycle {

Error state_forbids(State from, State to, std::string detail) {
  Error error{Code::state_forbids, std::move(detail)};
  error.move = Move{static_cast<std::uint8_t>(from), static_cast<std::uint8_t>(to)};
  return error;
}

namespace {

tl::unexpected<Error> forbidden(State from, State to, std::string_view why = {}) {
  std::string detail{short_name(from)};
  detail.append(" to ").append(short_name(to));
  if (!why.empty()) {
    detail.append(": ").append(why);
  }
  return fail(state_forbids(from, to, std::move(detail)));
}

/// A decision that changes nothing yet.
Decision stay(const DeviceRecord& device, std::string_view reason) {
  return {.from = device.state,
          .to = device.state,
          .event = std::nullopt,
          .holds = device.holds,
          .laid = {},
          .lifted = {},
          .suspended_for = device.suspended_for,
          .appraised_at = std::nullopt,
          .firmware = std::nullopt,
          .reason = reason};
}

/// The move that `event` makes; `intended` is where the caller meant to go, for the refusal.
Result<Decision> move(const DeviceRecord& device, Event event, State intended) {
  const auto to = next(device.state, event);
  if (!to || *to != intended) {
    return forbidden(device.state, intended);
  }
  Decision decision = stay(device, name(event));
  decision.to = *to;
  decision.event = event;
  decision.suspended_for = std::nullopt;
  return decision;
}

/// The move to `to` by whatever cause Table 7 names for this state.
Result<Decision> move_to(const DeviceRecord& device, State to) {
  const auto event = event_between(device.state, to);
  if (!event) {
    return forbidden(device.state, to);
  }
  return move(device, *event, to);
}

tl::unexpected<Error> held(HoldSet holds, const ReleaseFacts& facts) {
  return fail(Code::held, why_left(holds, facts));
}

/// Nothing that makes a device more usable goes on under a hold.
Result<Decision> move_unheld(const DeviceRecord& device, Event event, State intended) {
  BM_TRY(const Decision decision, move(device, event, intended));
  if (!device.holds.empty()) {
    return held(device.holds, {});
  }
  return decision;
}

Result<void> accept(const DeviceRecord& device, const Appraisal& appraisal) {
  switch (appraisal.result) {
    case Appraised::passed:
      if (!appraisal.at) {
        return fail(Code::evidence_missing, "nobody knows when the appraisal passed");
      }
      break;
    case Appraised::exempt:
      if (device.root != RootKind::software) {
        return fail(Code::evidence_missing, "only the software root is exempt");
      }
      break;
    case Appraised::none:
    case Appraised::failed:
      return fail(Code::evidence_missing, "no appraisal that passed");
    case Appraised::stale:
      return fail(Code::evidence_missing, "the appraisal is over");
  }
  if (judge_firmware(appraisal.firmware, appraisal.minimum) != FirmwareStanding::meets) {
    // A version that nobody read is not above any minimum.
    const std::string version = appraisal.firmware ? appraisal.firmware->text() : "unknown";
    return fail(Code::fw_rollback, version + ", minimum " + appraisal.minimum.text());
  }
  return {};
}

/// Whether proof from `at` says anything about the time since the latest restraint.
bool after_restraint(const DeviceRecord& device, Instant at) {
  return !device.restrained_at || at >= *device.restrained_at;
}

/// Lifts what `facts` allow; in S4 the suspension's own cause decides whether the device goes back to S3.
Decision release(const DeviceRecord& device, const ReleaseFacts& facts, std::string_view reason) {
  const Lifted lifted = lift(device.holds, facts);
  Decision decision = stay(device, reason);
  decision.holds = lifted.left;
  decision.lifted = lifted.lifted;
  // The way out of S4 is a revalidation, so no approval replaces the proof of the hardware.
  if (device.state == State::suspended && facts.reproved == Reproved::yes && device.suspended_for &&
      !missing(*device.suspended_for, facts)) {
    decision.to = State::operational;
    decision.event = Event::revalidate;
    decision.suspended_for = std::nullopt;
    decision.lifted = decision.lifted.with(*device.suspended_for);
  }
  return decision;
}

/// All causes that restrain a device, its suspension's among them.
HoldSet restraints(const DeviceRecord& device) {
  return device.suspended_for ? device.holds.with(*device.suspended_for) : device.holds;
}

bool only_second_person_missing(HoldSet causes, const ReleaseFacts& facts) {
  return std::ranges::all_of(kHoldRules, [&](const HoldRule& rule) {
    return !causes.contains(rule.cause) || missing(rule.cause, facts) == Missing::second_person;
  });
}

}  // namespace

DeviceRecord apply(const DeviceRecord& before, const Decision& decision, Instant at) {
  assert(before.state == decision.from);
  assert(decision.from == decision.to || allowed(decision.from, decision.to));
  DeviceRecord after = before;
  after.version += 1;
  after.state = decision.to;
  after.holds = decision.holds;
  after.suspended_for = decision.suspended_for;
  if (!decision.laid.empty()) {
    // A clock that went back must not let an appraisal from before the restraint count.
    after.restrained_at = before.restrained_at ? std::max(*before.restrained_at, at) : at;
  }
  if (decision.appraised_at) {
    after.appraised_at = decision.appraised_at;
    after.firmware = decision.firmware;
  }
  after.enrolled_once = before.enrolled_once || decision.to == State::enrolled;
  return after;
}

Result<Decision> decide_seal(const DeviceRecord& device, const SealFacts& facts) {
  BM_TRY(const Decision decision, move_unheld(device, Event::seal, State::provisioned));
  struct Statement {
    bool proved;
    std::string_view check;
    std::string_view why;
  };
  if (facts.witness == SealWitness::software_exempt) {
    return device.root == RootKind::software
               ? Result<Decision>{decision}
               : fail(Code::not_sealed, "only the labelled software root is exempt", "seal.witness");
  }
  const bool witnessed = facts.witness == SealWitness::other_station || facts.witness == SealWitness::root_claim;
  const std::array statements{
      Statement{facts.debug_locked == Claim::yes, "seal.debug", "the debug port is not proved locked"},
      Statement{facts.secure_boot == Claim::yes, "seal.secure_boot", "secure boot is not proved on"},
      Statement{facts.lockdown_sealed == Claim::yes, "seal.lockdown", "the lockdown is not proved sealed"},
      Statement{witnessed, "seal.witness", "no other station and no claim of the root vouch for it"},
  };
  for (const auto& statement : statements) {
    if (!statement.proved) {
      return fail(Code::not_sealed, std::string{statement.why}, std::string{statement.check});
    }
  }
  return decision;
}

Result<Decision> decide_enroll(const DeviceRecord& device, const EnrollFacts& facts) {
  if (device.enrolled_once) {
    return forbidden(device.state, State::enrolled, "enrolled before");
  }
  BM_TRY(Decision decision, move_unheld(device, Event::enroll, State::enrolled));
  if (facts.release_required != Claim::no && facts.released != Claim::yes) {
    return fail(Code::not_released, "no shipment or owner record");
  }
  BM_CHECK(accept(device, facts.appraisal));
  decision.appraised_at = facts.appraisal.at;
  decision.firmware = facts.appraisal.firmware;
  return decision;
}

Result<Decision> decide_first_use(const DeviceRecord& device, const FirstUseFacts& facts) {
  BM_TRY(const Decision decision, move_unheld(device, Event::first_authentication, State::operational));
  if (facts.presented != CredentialKind::ldevid) {
    return fail(Code::policy, "an IDevID is good for enrolling and re-proving only");
  }
  switch (facts.published) {
    case Status::not_admitted:
    case Status::admitted:
      return decision;
    case Status::held:
      return fail(Code::held, "the credential is held");
    case Status::ended:
      break;
  }
  return fail(Code::credential_ended, "the credential has ended");
}

Result<Decision> decide_suspend(const DeviceRecord& device, HoldCause cause) {
  BM_TRY(Decision decision, move(device, Event::anomaly, State::suspended));
  decision.suspended_for = cause;
  decision.laid = HoldSet{}.with(cause);
  return decision;
}

Decision decide_hold(const DeviceRecord& device, HoldCause cause) {
  Decision decision = stay(device, "hold");
  decision.holds = device.holds.with(cause);
  decision.laid = HoldSet{}.with(cause);
  return decision;
}

Result<Decision> decide_revalidate(const DeviceRecord& device, const Appraisal& appraisal, SuccessorIssuer successor) {
  switch (device.state) {
    case State::provisioned:
    case State::enrolled:
    case State::operational:
    case State::suspended:
      break;
    case State::uninitialized:
    case State::revoked:
    case State::decommissioned:
      return forbidden(device.state, State::operational, "revalidation is for S1 to S4");
  }
  BM_CHECK(accept(device, appraisal));
  if (!appraisal.at || !after_restraint(device, *appraisal.at)) {
    return fail(Code::evidence_missing, "the appraisal is older than the hold");
  }
  Decision decision = release(device, {Reproved::yes, successor, Approval::none}, "revalidate");
  decision.appraised_at = appraisal.at;
  decision.firmware = appraisal.firmware;
  return decision;
}

Result<Decision> decide_release(const DeviceRecord& device, Approval approval) {
  const HoldSet causes = restraints(device);
  if (device.state == State::revoked || device.state == State::decommissioned || causes.empty()) {
    return forbidden(device.state, State::operational, causes.empty() ? "nothing is held" : "");
  }
  const bool reproved = device.appraised_at && after_restraint(device, *device.appraised_at);
  const ReleaseFacts facts{reproved ? Reproved::yes : Reproved::no, SuccessorIssuer::no, approval};
  const Decision decision = release(device, facts, "release");
  if (!decision.lifted.empty()) {
    return decision;
  }
  if (approval == Approval::one_operator && only_second_person_missing(causes, facts)) {
    return fail(Code::second_person_required, why_left(causes, facts));
  }
  const std::string why = why_left(causes, facts);
  return fail(Code::held, why.empty() ? "suspended: a fresh appraisal is missing" : why);
}

Result<Decision> decide_revoke(const DeviceRecord& device) {
  return move_to(device, State::revoked);
}

Result<Decision> decide_retire(const DeviceRecord& device) {
  if (device.state == State::uninitialized || device.state == State::provisioned) {
    return forbidden(device.state, State::decommissioned, "reject it instead");
  }
  return move_to(device, State::decommissioned);
}

Result<Decision> decide_reject(const DeviceRecord& device) {
  if (device.state != State::uninitialized && device.state != State::provisioned) {
    return forbidden(device.state, State::decommissioned, "a reject is for S0 and S1");
  }
  return move_to(device, State::decommissioned);
}

Result<Decision> decide_key_compromise(const DeviceRecord& device) {
  const bool unenrolled = device.state == State::uninitialized || device.state == State::provisioned;
  return move_to(device, unenrolled ? State::decommissioned : State::revoked);
}

Result<KnownHardware> judge_known_hardware(State state, SeenIn where, ReworkPermission permission) {
  switch (state) {
    case State::uninitialized:
      if (where == SeenIn::same_batch) {
        return KnownHardware::resume;
      }
      break;
    case State::provisioned:
    case State::enrolled:
    case State::operational:
    case State::suspended:
      break;
    case State::revoked:
    case State::decommissioned:
      return forbidden(state, State::uninitialized, "this hardware has ended");
  }
  if (permission == ReworkPermission::by_operator) {
    return KnownHardware::rework;
  }
  return fail(Code::hardware_known, std::string{"already an identity in "}.append(short_name(state)));
}

}  // namespace birthmark::lifecycle
