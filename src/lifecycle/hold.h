// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace birthmark::lifecycle {

/// Why a device is held or suspended; holds and suspensions share the causes. The numbers are stored: they never
/// change.
enum class HoldCause : std::uint8_t {
  volume = 0,         ///< more traffic than its product should make
  freshness = 1,      ///< no appraisal for too long
  operator_hold = 2,  ///< an operator decided
  policy = 3,         ///< its measurements or firmware no longer satisfy the policy
  ca_revoked = 4,     ///< the CA of its credentials was revoked
  clone = 5,          ///< one identity seen in two places, or a counter that went back
  key_collision = 6,  ///< its key appeared under another identity, or two sites reported it
  incident = 7,       ///< contained together with others while an incident is looked into
};

/// Who may lift a cause (design rule 5).
enum class Releaser : std::uint8_t {
  revalidation,                  ///< a fresh appraisal alone
  operator_after_appraisal,      ///< an operator, once a fresh appraisal is on record
  revalidation_under_successor,  ///< a fresh appraisal, with credentials of a CA that succeeds the revoked one
  two_persons,                   ///< two persons who record a false positive; no appraisal ever does
};

struct HoldRule {
  HoldCause cause;
  std::string_view name;
  Releaser releaser;
};

/// Every cause with its releaser, in the order of the enumeration.
inline constexpr std::array kHoldRules{
    HoldRule{HoldCause::volume, "volume", Releaser::revalidation},
    HoldRule{HoldCause::freshness, "freshness", Releaser::revalidation},
    HoldRule{HoldCause::operator_hold, "operator", Releaser::operator_after_appraisal},
    HoldRule{HoldCause::policy, "policy", Releaser::operator_after_appraisal},
    HoldRule{HoldCause::ca_revoked, "ca_revoked", Releaser::revalidation_under_successor},
    // A copied root passes every remote test, so no appraisal may clear these two.
    HoldRule{HoldCause::clone, "clone", Releaser::two_persons},
    HoldRule{HoldCause::key_collision, "key_collision", Releaser::two_persons},
    HoldRule{HoldCause::incident, "incident", Releaser::operator_after_appraisal},
};

consteval bool hold_rules_in_order() {
  for (std::size_t i = 0; i < kHoldRules.size(); ++i) {
    if (static_cast<std::size_t>(kHoldRules.at(i).cause) != i) {
      return false;
    }
  }
  return kHoldRules.size() == 8;
}
static_assert(hold_rules_in_order());

/// Whether an operator may give it for one device: that a CA was revoked is a fact, and not said of a device.
constexpr bool given_by_operators(HoldCause cause) {
  return cause != HoldCause::ca_revoked;
}

/// A set of causes in one byte, which is also its stored form.
class HoldSet {
 public:
  constexpr HoldSet() = default;
  constexpr explicit HoldSet(std::uint8_t bits) : bits_{bits} {}

  [[nodiscard]] constexpr std::uint8_t bits() const { return bits_; }
  [[nodiscard]] constexpr bool empty() const { return bits_ == 0; }
  [[nodiscard]] constexpr bool contains(HoldCause cause) const { return (bits_ & mask(cause)) != 0; }
  [[nodiscard]] constexpr HoldSet with(HoldCause cause) const {
    return HoldSet{static_cast<std::uint8_t>(bits_ | mask(cause))};
  }
  [[nodiscard]] constexpr HoldSet with(HoldSet other) const {
    return HoldSet{static_cast<std::uint8_t>(bits_ | other.bits_)};
  }
  [[nodiscard]] constexpr HoldSet without(HoldSet other) const {
    return HoldSet{static_cast<std::uint8_t>(bits_ & ~other.bits_)};
  }
  friend constexpr bool operator==(HoldSet, HoldSet) = default;

 private:
  static constexpr unsigned mask(HoldCause cause) { return 1U << (static_cast<unsigned>(cause) & 7U); }
  std::uint8_t bits_ = 0;
};

/// Whether the hardware has proved itself since the latest hold or suspension was laid.
enum class Reproved : std::uint8_t { no, yes };
/// Whether the credentials that the device gets now come from a CA that succeeds the revoked one.
enum class SuccessorIssuer : std::uint8_t { no, yes };
/// The people who approve this very release.
enum class Approval : std::uint8_t { none, one_operator, two_persons };

/// Everything that a release may rest on.
struct ReleaseFacts {
  Reproved reproved = Reproved::no;
  SuccessorIssuer successor = SuccessorIssuer::no;
  Approval approval = Approval::none;
};

/// What a cause still waits for.
enum class Missing : std::uint8_t { appraisal, successor, operator_release, second_person };

/// What stands in the way of lifting `cause`, first things first; nothing if it may be lifted.
std::optional<Missing> missing(HoldCause cause, const ReleaseFacts& facts);

struct Lifted {
  HoldSet lifted;
  HoldSet left;
  friend bool operator==(const Lifted&, const Lifted&) = default;
};

/// Splits `holds` into what these facts lift and what they do not. Lifts nothing that was not held; the same facts
/// again lift nothing more.
Lifted lift(HoldSet holds, const ReleaseFacts& facts);

/// "operator: an operator's release is missing; clone: two persons ...", for people; empty when nothing is held.
std::string why_left(HoldSet left, const ReleaseFacts& facts);

/// "ca_revoked"; "unknown" for a value outside the enumeration.
std::string_view name(HoldCause cause);
std::optional<HoldCause> hold_cause_named(std::string_view text);
/// The releaser of a cause; the strictest one for a value outside the enumeration.
Releaser releaser_of(HoldCause cause);

}  // namespace birthmark::lifecycle
