// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/state.h"

namespace birthmark::lifecycle {

std::string_view name(State state) {
  switch (state) {
    case State::uninitialized:
      return "uninitialized";
    case State::provisioned:
      return "provisioned";
    case State::enrolled:
      return "enrolled";
    case State::operational:
      return "operational";
    case State::suspended:
      return "suspended";
    case State::revoked:
      return "revoked";
    case State::decommissioned:
      return "decommissioned";
  }
  return "unknown";
}

std::string_view short_name(State state) {
  constexpr std::array<std::string_view, kStates.size()> kShort{"S0", "S1", "S2", "S3", "S4", "S5", "S6"};
  const auto at = static_cast<std::size_t>(state);
  return at < kShort.size() ? kShort.at(at) : "S?";
}

std::optional<State> state_named(std::string_view text) {
  for (const State state : kStates) {
    if (text == name(state) || text == short_name(state)) {
      return state;
    }
  }
  return std::nullopt;
}

std::string_view name(Event event) {
  switch (event) {
    case Event::seal:
      return "seal";
    case Event::manufacturing_reject:
      return "manufacturing_reject";
    case Event::enroll:
      return "enroll";
    case Event::predeployment_reject:
      return "predeployment_reject";
    case Event::first_authentication:
      return "first_authentication";
    case Event::enrollment_fraud:
      return "enrollment_fraud";
    case Event::anomaly:
      return "anomaly";
    case Event::confirm_compromise:
      return "confirm_compromise";
    case Event::decommission:
      return "decommission";
    case Event::revalidate:
      return "revalidate";
    case Event::administrative_retire:
      return "administrative_retire";
    case Event::physical_retire:
      return "physical_retire";
  }
  return "unknown";
}

std::optional<Event> event_named(std::string_view text) {
  for (const Event event : kEvents) {
    if (text == name(event)) {
      return event;
    }
  }
  return std::nullopt;
}

}  // namespace birthmark::lifecycle
