// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace birthmark::attest {

enum class Outcome : std::uint8_t { passed, failed, not_reached };
/// "passed", "failed", "not_reached".
std::string_view name(Outcome outcome);

/// What one step of an appraisal found; kept with the device.
struct Finding {
  std::string check;   ///< stable name, "ek.path"
  std::string clause;  ///< where it is demanded
  Outcome outcome = Outcome::not_reached;
  Code code = Code::bad_evidence;  ///< of the refusal, where it failed
  std::string detail;              ///< for people

  friend bool operator==(const Finding&, const Finding&) = default;
};
using Findings = std::vector<Finding>;

/// A step that held, of those that no walk over evidence takes. @param code of the refusal that it stands for
inline Finding held(std::string_view check, std::string_view clause, Code code, std::string detail = {}) {
  return {.check = std::string{check},
          .clause = std::string{clause},
          .outcome = Outcome::passed,
          .code = code,
          .detail = std::move(detail)};
}

/// Why a step fails, or nothing.
using Failure = std::optional<std::string>;

/// One step of a verifier: what it looks at is `Subject`, which it may also fill with what it worked out.
template <class Subject>
struct Step {
  std::string_view check;
  std::string_view clause;
  Code code;  ///< of the refusal
  Failure (*run)(Subject&);
};

/// Walks the steps in order up to the first that fails: until a step holds, later fields are an attacker's text. Steps
/// behind it are listed as not reached.
template <class Subject>
Findings walk(std::span<const Step<Subject>> steps, Subject& subject) {
  Findings findings;
  findings.reserve(steps.size());
  bool stopped = false;
  for (const auto& step : steps) {
    Finding finding{.check = std::string{step.check},
                    .clause = std::string{step.clause},
                    .outcome = Outcome::not_reached,
                    .code = step.code,
                    .detail = {}};
    if (!stopped) {
      const auto failure = step.run(subject);
      finding.outcome = failure ? Outcome::failed : Outcome::passed;
      finding.detail = failure.value_or("");
      stopped = failure.has_value();
    }
    findings.push_back(std::move(finding));
  }
  return findings;
}

/// Whether every step passed. An empty list proves nothing.
inline bool trusted(const Findings& findings) {
  return !findings.empty() &&
         std::ranges::all_of(findings, [](const Finding& finding) { return finding.outcome == Outcome::passed; });
}

/// The refusal that the first failed step asks for. @error its code with its name as `check`; bad_evidence: no steps.
Result<void> verdict(const Findings& findings);

/// Findings as deterministic CBOR, an array of [check, clause, outcome, code name, detail]; for the store.
/// @param more what is appended to them
Bytes write(const Findings& findings, std::initializer_list<Finding> more = {});
/// @error bad_evidence
Result<Findings> read_findings(BytesView bytes);

}  // namespace birthmark::attest
