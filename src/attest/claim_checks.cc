// SPDX-License-Identifier: Apache-2.0
#include "attest/claim_checks.h"

#include <algorithm>

namespace birthmark::attest {
namespace {

bool applies(const ReferenceValue& reference, BytesView environment) {
  return reference.environment.empty() || equal(reference.environment, environment);
}

bool names(const std::vector<std::string>& list, std::string_view value) {
  return list.empty() || std::ranges::find(list, value) != list.end();
}

const std::vector<Measurement>& measured(const Claims& claims) {
  static const std::vector<Measurement> nothing;
  return claims.measurements ? *claims.measurements : nothing;
}

/// Everything that was measured under a name: evidence may name two components alike, and each of them counts.
std::vector<const Measurement*> named(const Claims& claims, std::string_view component) {
  std::vector<const Measurement*> found;
  for (const auto& measurement : measured(claims)) {
    if (measurement.component == component) {
      found.push_back(&measurement);
    }
  }
  return found;
}

/// Whether the reference values say anything of what this component must measure.
bool is_listed(const Measurement& measurement, BytesView environment, const EvidencePolicy& policy) {
  return std::ranges::any_of(policy.reference_values, [&](const ReferenceValue& reference) {
    return applies(reference, environment) && reference.component == measurement.component &&
           !reference.digests.empty();
  });
}

}  // namespace

bool debug_closed(const Claims& claims) {
  switch (claims.kind) {
    case EvidenceKind::psa:
      return claims.lifecycle == SecurityLifecycle::secured;
    case EvidenceKind::eat:
      return claims.debug >= DebugState::disabled_permanently;
    case EvidenceKind::dice:
      return claims.debug >= DebugState::disabled;
    case EvidenceKind::tpm:
    case EvidenceKind::secure_element:
    case EvidenceKind::software:
    case EvidenceKind::matter:
      return false;
  }
  return false;
}

Failure debug_gate_holds(const Claims& claims, const EvidencePolicy& policy) {
  if (policy.debug == DebugGate::not_judged || debug_closed(claims)) {
    return std::nullopt;
  }
  return claims.debug || claims.lifecycle ? "debug is not closed" : "the evidence does not say that debug is closed";
}

Failure hardware_is_allowed(const Claims& claims, const EvidencePolicy& policy) {
  if (!names(policy.vendors, claims.hardware.vendor)) {
    return "vendor \"" + claims.hardware.vendor + "\" is not allowed";
  }
  if (!names(policy.models, claims.hardware.model)) {
    return "model \"" + claims.hardware.model + "\" is not allowed";
  }
  return std::nullopt;
}

Failure measurements_are_expected(const Claims& claims, BytesView environment, const EvidencePolicy& policy) {
  for (const auto& reference : policy.reference_values) {
    if (!applies(reference, environment) || reference.digests.empty()) {
      continue;
    }
    const auto found = named(claims, reference.component);
    if (found.empty()) {
      return "\"" + reference.component + "\" was not measured";
    }
    for (const auto* const measurement : found) {
      if (std::ranges::find(reference.digests, measurement->digest) == reference.digests.end()) {
        return "\"" + reference.component + "\" measures " + to_hex(measurement->digest);
      }
    }
  }
  if (policy.measurements == MeasurementRule::all_must_be_listed) {
    if (measured(claims).empty()) {
      return "nothing was measured";
    }
    for (const auto& measurement : measured(claims)) {
      if (!is_listed(measurement, environment, policy)) {
        return "\"" + measurement.component + "\" is not listed";
      }
    }
  }
  return std::nullopt;
}

Failure versions_are_current(const Claims& claims, BytesView environment, const EvidencePolicy& policy) {
  for (const auto& reference : policy.reference_values) {
    if (!applies(reference, environment) || !reference.svn_min) {
      continue;
    }
    const auto found = named(claims, reference.component);
    if (found.empty() || !std::ranges::all_of(found, [](const Measurement* m) { return m->svn.has_value(); })) {
      return "\"" + reference.component + "\" says no security version";
    }
    for (const auto* const measurement : found) {
      if (*measurement->svn < *reference.svn_min) {
        return "\"" + reference.component + "\" is of security version " + std::to_string(*measurement->svn) +
               ", at least " + std::to_string(*reference.svn_min) + " is asked for";
      }
    }
  }
  return std::nullopt;
}

}  // namespace birthmark::attest
