// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/code.h"
#include "base/ids.h"
#include "base/instant.h"
#include "lifecycle/firmware.h"
#include "lifecycle/state.h"
#include "lifecycle/status.h"
#include "policy/policy.h"

namespace birthmark::policy {

/// A proof that was made, failed, or never looked at; the last two deny.
enum class Proof : std::uint8_t { unknown, failed, passed };

/// What is known of the CA that issued the credential.
enum class IssuerStatus : std::uint8_t { unknown, trusted, revoked };

/// Everything a decision rests on. What nobody filled in denies.
struct Facts {
  Proof path = Proof::unknown;     ///< the chain, up to an anchor, for this purpose
  Proof receipt = Proof::unknown;  ///< the registry's signature inside the certificate
  std::optional<lifecycle::Status> credential;
  IssuerStatus issuer = IssuerStatus::unknown;
  std::optional<lifecycle::State> state;
  std::optional<Instant> appraised_at;
  std::optional<Instant> now;
  lifecycle::FirmwareStanding firmware = lifecycle::FirmwareStanding::unknown;  ///< as last judged
  std::optional<DeviceId> device;  ///< for rules on the device's own resources
};

/// The steps, in the order in which every request goes through them (design rule 6).
enum class Step : std::uint8_t { path, receipt, credential, issuer, state, freshness, policy };
/// "credential"; "unknown" for a value outside the enumeration.
std::string_view name(Step step);

struct Request {
  Action action;
  std::string_view resource;
};

using StepCheck = std::optional<Code> (*)(const Facts&, const ProductPolicy&, const Request&);
struct StepRow {
  Step step;
  StepCheck refuses;  ///< nothing if the step is passed
};
/// The list that `decide` walks.
std::span<const StepRow> steps();

enum class Verdict : std::uint8_t { deny, allow };

/// The answer and the step that decided it; the last one where all passed. Denies unless told otherwise.
struct Decision {
  Verdict verdict = Verdict::deny;
  std::optional<Code> code = Code::policy;  ///< nothing where allowed
  Step rule = Step::policy;
  std::chrono::milliseconds max_age{0};  ///< how long the caller may reuse it; at most one second, none for a deny
  friend bool operator==(const Decision&, const Decision&) = default;
};
inline constexpr std::chrono::milliseconds kDecisionMaxAge{1000};

/// How far an appraisal may lie in the future: clocks of registry and gate differ.
inline constexpr std::chrono::seconds kClockSkewMax{60};

/// Whether a device may do this now. Pure; allocates nothing; takes the first step that refuses.
/// A held credential (S4, or a hold in S3) is good for what the policy grants in S4 and for nothing else.
Decision decide(const Facts& facts, const ProductPolicy& policy, const Request& request);

/// The same by another list of steps; an empty one denies.
Decision decide_by(std::span<const StepRow> list, const Facts& facts, const ProductPolicy& policy,
                   const Request& request);

}  // namespace birthmark::policy
