// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace birthmark::lifecycle {

/// The seven states of a device, mission Table 6. The numbers are stored and published: they never change.
enum class State : std::uint8_t {
  uninitialized = 0,
  provisioned = 1,
  enrolled = 2,
  operational = 3,
  suspended = 4,
  revoked = 5,
  decommissioned = 6,
};
inline constexpr std::array kStates{State::uninitialized, State::provisioned, State::enrolled,      State::operational,
                                    State::suspended,     State::revoked,     State::decommissioned};

/// What happens to a device; one for each cause that mission Table 7 names.
enum class Event : std::uint8_t {
  seal,
  manufacturing_reject,
  enroll,
  predeployment_reject,
  first_authentication,
  enrollment_fraud,
  anomaly,
  confirm_compromise,
  decommission,
  revalidate,
  administrative_retire,
  physical_retire,
};
inline constexpr std::array kEvents{
    Event::seal,
    Event::manufacturing_reject,
    Event::enroll,
    Event::predeployment_reject,
    Event::first_authentication,
    Event::enrollment_fraud,
    Event::anomaly,
    Event::confirm_compromise,
    Event::decommission,
    Event::revalidate,
    Event::administrative_retire,
    Event::physical_retire,
};

struct Transition {
  State from;
  Event on;
  State to;
};

/// Mission Table 7, whole: anything not listed is refused. The one place where a move is allowed.
inline constexpr std::array kTransitions{
    Transition{State::uninitialized, Event::seal, State::provisioned},
    Transition{State::uninitialized, Event::manufacturing_reject, State::decommissioned},
    Transition{State::provisioned, Event::enroll, State::enrolled},
    Transition{State::provisioned, Event::predeployment_reject, State::decommissioned},
    Transition{State::enrolled, Event::first_authentication, State::operational},
    Transition{State::enrolled, Event::enrollment_fraud, State::revoked},
    Transition{State::operational, Event::anomaly, State::suspended},
    Transition{State::operational, Event::confirm_compromise, State::revoked},
    Transition{State::operational, Event::decommission, State::decommissioned},
    Transition{State::suspended, Event::revalidate, State::operational},
    Transition{State::suspended, Event::confirm_compromise, State::revoked},
    Transition{State::suspended, Event::administrative_retire, State::decommissioned},
    Transition{State::revoked, Event::physical_retire, State::decommissioned},
};
static_assert(kTransitions.size() == 13);

/// The state after `on`, or nothing: mission Table 7 does not know the move.
constexpr std::optional<State> next(State from, Event on) {
  for (const auto& row : kTransitions) {
    if (row.from == from && row.on == on) {
      return row.to;
    }
  }
  return std::nullopt;
}

/// The event that leads from one state to the other; at most one does.
constexpr std::optional<Event> event_between(State from, State to) {
  for (const auto& row : kTransitions) {
    if (row.from == from && row.to == to) {
      return row.on;
    }
  }
  return std::nullopt;
}

/// Whether the pair is one of the thirteen; the other thirty-six, staying included, are refused.
constexpr bool allowed(State from, State to) {
  return event_between(from, to).has_value();
}

/// Whether some sequence of one or more events leads from one state to the other.
constexpr bool can_ever_reach(State from, State to) {
  std::array<bool, kStates.size()> reached{};
  const auto at = [&reached](State s) -> bool& { return reached.at(static_cast<std::size_t>(s)); };
  for (std::size_t round = 0; round < kStates.size(); ++round) {
    for (const auto& row : kTransitions) {
      if (row.from == from || at(row.from)) {
        at(row.to) = true;
      }
    }
  }
  return at(to);
}

consteval bool one_event_a_pair() {
  for (std::size_t i = 0; i < kTransitions.size(); ++i) {
    for (std::size_t j = i + 1; j < kTransitions.size(); ++j) {
      const auto &a = kTransitions.at(i), &b = kTransitions.at(j);
      if (a.from == b.from && (a.on == b.on || a.to == b.to)) {
        return false;
      }
    }
  }
  return true;
}
static_assert(one_event_a_pair(), "a move has one cause, and a cause one move from a state");

consteval bool decommissioned_is_final() {
  for (const State to : kStates) {
    if (can_ever_reach(State::decommissioned, to)) {
      return false;
    }
  }
  return true;
}
// Mission Table 8: unreachable by any sequence of events, not merely unlisted.
static_assert(!can_ever_reach(State::revoked, State::operational), "S5 never returns to S3");
static_assert(decommissioned_is_final(), "nothing leaves S6");
static_assert(!can_ever_reach(State::operational, State::provisioned), "S3 never returns to S1");
static_assert(!can_ever_reach(State::suspended, State::enrolled), "S4 never returns to S2");

/// How far an event must prevail over another one on the same device: the higher number wins.
constexpr int strength(Event event) {
  switch (event) {
    case Event::confirm_compromise:
    case Event::enrollment_fraud:
      return 3;
    case Event::manufacturing_reject:
    case Event::predeployment_reject:
    case Event::decommission:
    case Event::administrative_retire:
    case Event::physical_retire:
      return 2;
    case Event::anomaly:
      return 1;
    case Event::seal:
    case Event::enroll:
    case Event::first_authentication:
    case Event::revalidate:
      return 0;
  }
  return 0;
}

/// Of two events that concurrent writers ask for, the one to apply first; the other then meets the new state.
/// Compromise comes before retirement (S5 still leads to S6, S6 would hide it), and both before anything that lets a
/// device go on: S5 wins over S3 (AC-32). Equal strengths fall to the order of the enumeration.
constexpr Event stronger(Event a, Event b) {
  if (strength(a) != strength(b)) {
    return strength(a) > strength(b) ? a : b;
  }
  return a < b ? a : b;
}
static_assert(stronger(Event::revalidate, Event::confirm_compromise) == Event::confirm_compromise);

/// "operational"; "unknown" for a value outside the enumeration.
std::string_view name(State state);
/// "S3"; "S?" for a value outside the enumeration.
std::string_view short_name(State state);
/// The state of that name, long or short.
std::optional<State> state_named(std::string_view text);

/// "first_authentication"; "unknown" for a value outside the enumeration.
std::string_view name(Event event);
std::optional<Event> event_named(std::string_view text);

}  // namespace birthmark::lifecycle
