// SPDX-License-Identifier: Apache-2.0
#include "policy/policy.h"

#include <algorithm>
#include <cstddef>

namespace birthmark::policy {
namespace {

// Bounds on what an operator writes, so that a decision stays cheap.
constexpr std::size_t kResourceRulesMax = 64;
constexpr std::size_t kPatternBytesMax = 256;
constexpr std::chrono::days kAgeMax{3650};

constexpr std::string_view kOwnDevice = "{device}";

/// Compares a segment with the hex of an id without making a string.
bool is_hex_of(std::string_view segment, const DeviceId& device) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  const auto& octets = device.get();
  if (segment.size() != octets.size() * 2) {
    return false;
  }
  for (std::size_t i = 0; i < octets.size(); ++i) {
    const std::uint8_t octet = octets.at(i);
    if (segment[2 * i] != kDigits[octet >> 4] || segment[2 * i + 1] != kDigits[octet & 15]) {
      return false;
    }
  }
  return true;
}

/// Cuts the first segment off `rest`; `more` says whether another one follows.
std::string_view cut(std::string_view& rest, bool& more) {
  const auto slash = rest.find('/');
  const auto segment = rest.substr(0, slash);
  more = slash != std::string_view::npos;
  rest.remove_prefix(more ? slash + 1 : rest.size());
  return segment;
}

bool matches(std::string_view pattern, std::string_view resource, const std::optional<DeviceId>& device) {
  bool pattern_more = true;
  bool resource_more = true;
  while (pattern_more && resource_more) {
    const auto want = cut(pattern, pattern_more);
    if (want == "#") {
      return !pattern_more;
    }
    const auto have = cut(resource, resource_more);
    // A segment that is itself a wildcard would be one subscription to many resources.
    if (have == "#" || have == "+") {
      return false;
    }
    const bool own = want == kOwnDevice && device && is_hex_of(have, *device);
    if (!own && want != "+" && (want == kOwnDevice || want != have)) {
      return false;
    }
  }
  return !resource_more && (!pattern_more || pattern == "#");
}

bool well_formed(std::string_view pattern) {
  if (pattern.empty() || pattern.size() > kPatternBytesMax) {
    return false;
  }
  for (bool more = true; more;) {
    const auto segment = cut(pattern, more);
    const bool wildcard = segment == "+" || segment == "#" || segment == kOwnDevice;
    if ((segment == "#" && more) || (!wildcard && segment.find_first_of("+#{}") != std::string_view::npos)) {
      return false;
    }
  }
  return true;
}

Result<void> check_resources(const ProductPolicy& policy) {
  if (policy.resources.size() > kResourceRulesMax) {
    return fail(Code::policy, "too many resource rules", "policy.resources");
  }
  for (const auto& rule : policy.resources) {
    if (action_named(name(rule.action)) != rule.action || !well_formed(rule.pattern)) {
      return fail(Code::policy, "a resource rule cannot be read", "policy.resources");
    }
  }
  return {};
}

}  // namespace

Result<void> check(const ProductPolicy& policy, Environment environment) {
  using std::chrono::days;
  if (policy.simulated != SimulatedRoots::refused && environment != Environment::development) {
    return fail(Code::test_anchor, "production cannot allow simulated roots", "policy.simulated");
  }
  for (const auto state : lifecycle::kStates) {
    if (!policy.actions.at(static_cast<std::size_t>(state)).within(ceiling(state))) {
      return fail(Code::policy, std::string{"more than a device in "}.append(short_name(state)).append(" may do"),
                  "policy.actions");
    }
  }
  if (policy.root_kinds.empty()) {
    return fail(Code::policy, "no root kind is named", "policy.root_kinds");
  }
  if (policy.gate_max_age <= std::chrono::minutes{0} || policy.gate_max_age > kAgeMax) {
    return fail(Code::policy, "out of range", "policy.gate_max_age");
  }
  if (policy.ldevid_lifetime < days{1} || policy.ldevid_lifetime > kLdevidLifetimeMax) {
    return fail(Code::policy, "out of range", "policy.ldevid_lifetime");
  }
  if (policy.renew_from < days{0} || policy.renew_from >= policy.ldevid_lifetime) {
    return fail(Code::policy, "renewal must begin before the end", "policy.renew_from");
  }
  return check_resources(policy);
}

Result<void> grants(const ProductPolicy& policy, lifecycle::State state, Action action) {
  const bool first_use = state == lifecycle::State::enrolled && action == Action::renew;
  return granted(policy, first_use ? lifecycle::State::operational : state).contains(action)
             ? Result<void>{}
             : fail(Code::policy, std::string{name(action)}.append(" is not granted in ").append(short_name(state)),
                    "policy.actions");
}

Result<void> admits_root(const ProductPolicy& policy, lifecycle::RootKind kind, lifecycle::RootClass root_class,
                         std::string_view vendor) {
  if (root_class != lifecycle::RootClass::genuine && policy.simulated != SimulatedRoots::allowed) {
    return fail(Code::test_anchor, "simulated", "policy.simulated");
  }
  if (std::ranges::find(policy.root_kinds, kind) == policy.root_kinds.end()) {
    return fail(Code::policy, std::string{"root kind "}.append(lifecycle::name(kind)), "policy.root_kinds");
  }
  if (!policy.evidence.vendors.empty() &&
      std::ranges::find(policy.evidence.vendors, vendor) == policy.evidence.vendors.end()) {
    return fail(Code::policy, std::string{"vendor "}.append(vendor), "policy.vendors");
  }
  return {};
}

bool matches_resource(const ProductPolicy& policy, Action action, std::string_view resource,
                      const std::optional<DeviceId>& device) {
  bool narrowed = false;
  for (const auto& rule : policy.resources) {
    if (rule.action == action) {
      narrowed = true;
      if (matches(rule.pattern, resource, device)) {
        return true;
      }
    }
  }
  return !narrowed;
}

std::string_view name(Action action) {
  const auto at = static_cast<std::size_t>(action);
  return at < kActions.size() ? kActions.at(at).name : "unknown";
}

std::optional<Action> action_named(std::string_view text) {
  const auto* const row = std::ranges::find(kActions, text, &ActionRow::name);
  return row == kActions.end() ? std::nullopt : std::optional{row->action};
}

}  // namespace birthmark::policy
