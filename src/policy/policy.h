// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "attest/evidence_policy.h"
#include "base/ids.h"
#include "base/result.h"
#include "lifecycle/device_id.h"
#include "lifecycle/firmware.h"
#include "lifecycle/state.h"

namespace birthmark::policy {

/// What a device may ask for. The numbers are bits of ActionSet.
enum class Action : std::uint8_t {
  telemetry_publish = 0,
  command_subscribe = 1,
  firmware_fetch = 2,
  peer_connect = 3,
  enroll = 4,
  renew = 5,
  revalidate = 6,
};

/// Whether an action asks for an appraisal that is not too old: those that make it fresh cannot.
enum class NeedsFreshness : std::uint8_t { no, yes };

struct ActionRow {
  Action action;
  std::string_view name;
  NeedsFreshness freshness;
};
inline constexpr std::array kActions{
    ActionRow{Action::telemetry_publish, "telemetry.publish", NeedsFreshness::yes},
    ActionRow{Action::command_subscribe, "command.subscribe", NeedsFreshness::yes},
    ActionRow{Action::firmware_fetch, "firmware.fetch", NeedsFreshness::yes},
    ActionRow{Action::peer_connect, "peer.connect", NeedsFreshness::yes},
    ActionRow{Action::enroll, "enroll", NeedsFreshness::no},
    ActionRow{Action::renew, "renew", NeedsFreshness::no},
    ActionRow{Action::revalidate, "revalidate", NeedsFreshness::no},
};

/// A set of actions; a value outside the enumeration is never a member.
class ActionSet {
 public:
  constexpr ActionSet() = default;
  constexpr ActionSet(std::initializer_list<Action> actions) {
    for (const Action action : actions) {
      bits_ = static_cast<std::uint16_t>(bits_ | mask(action));
    }
  }
  [[nodiscard]] constexpr ActionSet with(Action action) const {
    ActionSet out = *this;
    out.bits_ = static_cast<std::uint16_t>(bits_ | mask(action));
    return out;
  }
  [[nodiscard]] constexpr bool contains(Action action) const { return (bits_ & mask(action)) != 0; }
  [[nodiscard]] constexpr bool within(ActionSet limit) const { return (bits_ & ~limit.bits_) == 0; }
  [[nodiscard]] constexpr bool empty() const { return bits_ == 0; }
  friend constexpr bool operator==(ActionSet, ActionSet) = default;

 private:
  static constexpr unsigned mask(Action action) {
    const auto bit = static_cast<unsigned>(action);
    return bit < kActions.size() ? 1U << bit : 0U;
  }
  std::uint16_t bits_ = 0;
};

/// The most that any policy may grant in a state (design rule 6), by the number of the state. S2 authenticates first at
/// birthmark's own listener, which is a transition and not an action.
inline constexpr std::array<ActionSet, lifecycle::kStates.size()> kStateCeiling{
    ActionSet{},
    ActionSet{Action::enroll, Action::revalidate},
    ActionSet{Action::revalidate},
    ActionSet{Action::telemetry_publish, Action::command_subscribe, Action::firmware_fetch, Action::peer_connect,
              Action::renew, Action::revalidate},
    ActionSet{Action::firmware_fetch, Action::revalidate},
    ActionSet{},
    ActionSet{},
};

/// The ceiling of a state; nothing for a value outside the enumeration.
constexpr ActionSet ceiling(lifecycle::State state) {
  const auto at = static_cast<std::size_t>(state);
  return at < kStateCeiling.size() ? kStateCeiling.at(at) : ActionSet{};
}

/// Narrows an action to resources. Segments lie between '/'; "{device}" stands for the caller's own DeviceId in
/// lower-case hex, "+" for one segment, "#" at the end for all that follow, none included.
struct ResourceRule {
  Action action;
  std::string pattern;
  friend bool operator==(const ResourceRule&, const ResourceRule&) = default;
};

enum class SimulatedRoots : std::uint8_t { refused, allowed };
enum class RequiresRelease : std::uint8_t { no, yes };
enum class Environment : std::uint8_t { production, development };

/// What the profile of an LDevID allows (attestation.md §7): a CA signs for no longer.
inline constexpr std::chrono::days kLdevidLifetimeMax{30};

/// What one product demands and grants. Plain data: `check` says whether it may be used.
struct ProductPolicy {
  ProductId product;
  std::string name;

  /// Granted in each state, by its number; never more than kStateCeiling.
  std::array<ActionSet, lifecycle::kStates.size()> actions{
      ActionSet{},
      ActionSet{Action::enroll, Action::revalidate},
      ActionSet{Action::revalidate},
      ActionSet{Action::telemetry_publish, Action::command_subscribe, Action::firmware_fetch, Action::renew,
                Action::revalidate},
      ActionSet{Action::revalidate},
      ActionSet{},
      ActionSet{},
  };
  /// An action without a rule is granted on every resource; with rules, on those that one of them matches.
  std::vector<ResourceRule> resources;

  std::chrono::minutes gate_max_age = std::chrono::days{30};  ///< of the latest appraisal
  lifecycle::FirmwareVersion minimum_firmware;                ///< zero names none
  std::chrono::days ldevid_lifetime = kLdevidLifetimeMax;
  std::chrono::days renew_from{20};
  RequiresRelease released_for_field = RequiresRelease::no;

  std::vector<lifecycle::RootKind> root_kinds{lifecycle::RootKind::tpm};
  attest::EvidencePolicy evidence;  ///< its vendors: empty: every vendor that is pinned for the root kind
  SimulatedRoots simulated = SimulatedRoots::refused;

  friend bool operator==(const ProductPolicy&, const ProductPolicy&) = default;
};

/// What a policy grants in a state; nothing for a value outside the enumeration.
inline ActionSet granted(const ProductPolicy& policy, lifecycle::State state) {
  const auto at = static_cast<std::size_t>(state);
  return at < policy.actions.size() ? policy.actions.at(at) : ActionSet{};
}

/// Whether a policy may be used at all.
/// @error test_anchor: it allows simulated roots in production; policy: it grants more than a state's ceiling, names no
/// root kind, or its times, resources or bounds make no sense (`check` names the field).
Result<void> check(const ProductPolicy& policy, Environment environment);

/// Whether hardware may become or remain an identity of this product.
/// @param vendor as the appraisal names it; not looked at where the policy lists none.
/// @error test_anchor: simulated, and not allowed; policy: the root kind or the vendor is not named.
Result<void> admits_root(const ProductPolicy& policy, lifecycle::RootKind kind, lifecycle::RootClass root_class,
                         std::string_view vendor);

/// Whether the policy lets a device of that state ask the registrar for this. S2 renews as S3 does: asking is its first
/// authentication.
/// @error policy: it does not grant that (`check` names the field).
Result<void> grants(const ProductPolicy& policy, lifecycle::State state, Action action);

/// Whether the policy's rules let `action` touch `resource`; `device` is nothing where the caller is not known.
bool matches_resource(const ProductPolicy& policy, Action action, std::string_view resource,
                      const std::optional<DeviceId>& device);

/// "telemetry.publish"; "unknown" for a value outside the enumeration.
std::string_view name(Action action);
std::optional<Action> action_named(std::string_view text);

}  // namespace birthmark::policy
