// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/state.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <set>
#include <string>
#include <utility>
#include <vector>

namespace birthmark::lifecycle {
namespace {

// Written out beside the code's own table: from S0 (top) to S6 (bottom), an o where the mission allows the move.
constexpr std::array<std::string_view, 7> kMissionTable7{
    ".o....o",  // S0
    "..o...o",  // S1
    "...o.o.",  // S2
    "....ooo",  // S3
    "...o.oo",  // S4
    "......o",  // S5
    ".......",  // S6
};

bool mission_allows(State from, State to) {
  return kMissionTable7.at(static_cast<std::size_t>(from)).at(static_cast<std::size_t>(to)) == 'o';
}

TEST(Lifecycle, every_one_of_the_forty_nine_pairs_is_as_mission_table_7_says) {
  int yes = 0;
  int no = 0;
  for (const State from : kStates) {
    for (const State to : kStates) {
      EXPECT_EQ(allowed(from, to), mission_allows(from, to)) << short_name(from) << " to " << short_name(to);
      (allowed(from, to) ? yes : no) += 1;
    }
  }
  EXPECT_EQ(yes, 13);
  EXPECT_EQ(no, 36);
}

TEST(Lifecycle, every_event_moves_from_its_own_states_only) {
  int moves = 0;
  for (const State from : kStates) {
    for (const Event event : kEvents) {
      if (const auto to = next(from, event)) {
        EXPECT_TRUE(mission_allows(from, *to)) << name(event);
        EXPECT_EQ(event_between(from, *to), event);
        ++moves;
      }
    }
  }
  EXPECT_EQ(moves, 13);
}

struct Cause {
  State from;
  Event on;
  State to;
};

TEST(Lifecycle, the_causes_are_those_of_the_mission) {
  using enum State;
  const std::vector<Cause> causes{
      {uninitialized, Event::seal, provisioned},
      {uninitialized, Event::manufacturing_reject, decommissioned},
      {provisioned, Event::enroll, enrolled},
      {provisioned, Event::predeployment_reject, decommissioned},
      {enrolled, Event::first_authentication, operational},
      {enrolled, Event::enrollment_fraud, revoked},
      {operational, Event::anomaly, suspended},
      {operational, Event::confirm_compromise, revoked},
      {operational, Event::decommission, decommissioned},
      {suspended, Event::revalidate, operational},
      {suspended, Event::confirm_compromise, revoked},
      {suspended, Event::administrative_retire, decommissioned},
      {revoked, Event::physical_retire, decommissioned},
  };
  for (const auto& cause : causes) {
    EXPECT_EQ(next(cause.from, cause.on), cause.to) << name(cause.on);
  }
}

TEST(Lifecycle, an_event_outside_the_enumeration_moves_nothing) {
  for (const State from : kStates) {
    EXPECT_EQ(next(from, static_cast<Event>(200)), std::nullopt);
  }
  EXPECT_EQ(next(static_cast<State>(7), Event::seal), std::nullopt);
}

TEST(Lifecycle, the_four_forbidden_moves_stay_forbidden_by_any_sequence_of_events) {
  const auto history = [](State from) {
    const auto events = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, static_cast<int>(kEvents.size())));
    std::vector<State> seen{from};
    for (const int event : events) {
      if (const auto to = next(seen.back(), kEvents.at(static_cast<std::size_t>(event)))) {
        seen.push_back(*to);
      }
    }
    return std::set<State>(seen.begin() + 1, seen.end());
  };
  EXPECT_TRUE(rc::check("S5 to S3", [&] { RC_ASSERT(!history(State::revoked).contains(State::operational)); }));
  EXPECT_TRUE(rc::check("S6 to any", [&] { RC_ASSERT(history(State::decommissioned).empty()); }));
  EXPECT_TRUE(rc::check("S3 to S1", [&] { RC_ASSERT(!history(State::operational).contains(State::provisioned)); }));
  EXPECT_TRUE(rc::check("S4 to S2", [&] { RC_ASSERT(!history(State::suspended).contains(State::enrolled)); }));
}

TEST(Lifecycle, reachability_is_what_walking_the_table_finds) {
  for (const State from : kStates) {
    std::set<State> reached;
    std::vector<State> open{from};
    while (!open.empty()) {
      const State at = open.back();
      open.pop_back();
      for (const State to : kStates) {
        if (mission_allows(at, to) && reached.insert(to).second) {
          open.push_back(to);
        }
      }
    }
    for (const State to : kStates) {
      EXPECT_EQ(can_ever_reach(from, to), reached.contains(to)) << short_name(from) << " to " << short_name(to);
    }
  }
}

TEST(Lifecycle, of_two_concurrent_events_the_stronger_wins_in_either_order) {
  EXPECT_EQ(stronger(Event::revalidate, Event::confirm_compromise), Event::confirm_compromise);
  EXPECT_EQ(stronger(Event::decommission, Event::confirm_compromise), Event::confirm_compromise);
  EXPECT_EQ(stronger(Event::anomaly, Event::decommission), Event::decommission);
  EXPECT_EQ(stronger(Event::first_authentication, Event::enrollment_fraud), Event::enrollment_fraud);
  for (const Event a : kEvents) {
    for (const Event b : kEvents) {
      EXPECT_EQ(stronger(a, b), stronger(b, a));
      EXPECT_TRUE(stronger(a, b) == a || stronger(a, b) == b);
    }
  }
}

TEST(Lifecycle, s5_wins_over_s3_whichever_of_the_two_writers_comes_first) {
  for (const auto& order : {std::pair{Event::revalidate, Event::confirm_compromise},
                            std::pair{Event::confirm_compromise, Event::revalidate}}) {
    State state = State::suspended;
    for (const Event event : {order.first, order.second}) {
      state = next(state, event).value_or(state);
    }
    EXPECT_EQ(state, State::revoked);
  }
}

TEST(Lifecycle, names_lead_back_to_their_values_and_are_unique) {
  std::set<std::string_view> seen;
  for (const State state : kStates) {
    EXPECT_EQ(state_named(name(state)), state);
    EXPECT_EQ(state_named(short_name(state)), state);
    EXPECT_TRUE(seen.insert(name(state)).second);
    EXPECT_EQ(short_name(state), "S" + std::to_string(static_cast<int>(state)));
  }
  for (const Event event : kEvents) {
    EXPECT_EQ(event_named(name(event)), event);
    EXPECT_TRUE(seen.insert(name(event)).second);
  }
  for (const auto* text : {"", "S7", "s3", "Operational", "S3 ", "unknown", "S?"}) {
    EXPECT_EQ(state_named(text), std::nullopt) << text;
    EXPECT_EQ(event_named(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace birthmark::lifecycle
