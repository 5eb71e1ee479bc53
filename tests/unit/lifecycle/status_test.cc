// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/status.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <vector>

namespace birthmark::lifecycle {
namespace {

constexpr HoldSet kFree{};
constexpr HoldSet kHeld = HoldSet{}.with(HoldCause::operator_hold);

struct Row {
  State state;
  Status ldevid, ldevid_held, idevid;
};

TEST(Status, values_are_those_of_the_design_in_every_state) {  // design §3 "Status values"
  using enum Status;
  const std::array rows{
      Row{State::uninitialized, not_admitted, not_admitted, not_admitted},
      Row{State::provisioned, not_admitted, not_admitted, not_admitted},
      Row{State::enrolled, not_admitted, not_admitted, not_admitted},
      Row{State::operational, admitted, held, not_admitted},
      Row{State::suspended, held, held, not_admitted},
      Row{State::revoked, ended, ended, ended},
      Row{State::decommissioned, ended, ended, ended},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(short_name(row.state));
    EXPECT_EQ(status_of(row.state, CredentialKind::ldevid, kFree, Standing::live), row.ldevid);
    EXPECT_EQ(status_of(row.state, CredentialKind::ldevid, kHeld, Standing::live), row.ldevid_held);
    EXPECT_EQ(status_of(row.state, CredentialKind::idevid, kFree, Standing::live), row.idevid);
    EXPECT_EQ(status_of(row.state, CredentialKind::idevid, kHeld, Standing::live), row.idevid);
    for (const auto kind : {CredentialKind::idevid, CredentialKind::ldevid}) {
      EXPECT_EQ(status_of(row.state, kind, kFree, Standing::ended), ended);
      const Status gone = row.idevid == ended ? ended : not_admitted;
      EXPECT_EQ(status_of(row.state, kind, kFree, Standing::unreconciled), gone);
    }
  }
}

TEST(Status, only_a_live_ldevid_of_a_free_device_in_s3_is_admitted) {
  int admitted = 0;
  for (int state = 0; state < 256; ++state) {
    for (int kind = 0; kind < 4; ++kind) {
      for (int standing = 0; standing < 5; ++standing) {
        for (int holds = 0; holds < 256; ++holds) {
          admitted +=
              status_of(static_cast<State>(state), static_cast<CredentialKind>(kind),
                        HoldSet{static_cast<std::uint8_t>(holds)}, static_cast<Standing>(standing)) == Status::admitted
                  ? 1
                  : 0;
        }
      }
    }
  }
  EXPECT_EQ(admitted, 1);
}

TEST(Status, the_wire_knows_these_moves_and_no_others) {  // design rule 7
  constexpr std::array<std::string_view, 4> kMoves{
      "ooo.",  // from admitted
      ".o..",  // from ended
      "ooo.",  // from held
      "oo.o",  // from not_admitted
  };
  for (const Status from : kStatuses) {
    for (const Status to : kStatuses) {
      const bool want = kMoves.at(static_cast<std::size_t>(from)).at(static_cast<std::size_t>(to)) == 'o';
      EXPECT_EQ(may_become(from, to), want) << name(from) << " to " << name(to);
    }
    EXPECT_FALSE(may_become(from, static_cast<Status>(4)));
    EXPECT_FALSE(may_become(static_cast<Status>(4), from));
  }
}

TEST(Status, a_held_one_that_is_still_3_stays_3) {
  EXPECT_EQ(*on_wire(Status::not_admitted, Status::held), Status::not_admitted);
}

TEST(Status, a_forbidden_move_is_a_conflict) {
  for (const auto& [from, to] :
       {std::pair{Status::ended, Status::admitted}, std::pair{Status::ended, Status::held},
        std::pair{Status::ended, Status::not_admitted}, std::pair{Status::admitted, Status::not_admitted},
        std::pair{Status::held, Status::not_admitted}}) {
    const auto result = on_wire(from, to);
    ASSERT_FALSE(result) << name(from);
    EXPECT_EQ(result.error().code, Code::conflict);
  }
}

TEST(Status, no_sequence_of_publications_comes_back_from_ended_or_to_not_admitted) {
  EXPECT_TRUE(rc::check([] {
    Status now = Status::not_admitted;
    bool left = false;
    bool over = false;
    for (const int wanted : *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 4))) {
      now = on_wire(now, static_cast<Status>(wanted)).value_or(now);
      left = left || now != Status::not_admitted;
      over = over || now == Status::ended;
      RC_ASSERT(!left || now != Status::not_admitted);
      RC_ASSERT(!over || now == Status::ended);
    }
  }));
}

TEST(Status, numbers_are_those_of_the_wire) {
  EXPECT_EQ(static_cast<int>(Status::admitted), 0);
  EXPECT_EQ(static_cast<int>(Status::ended), 1);
  EXPECT_EQ(static_cast<int>(Status::held), 2);
  EXPECT_EQ(static_cast<int>(Status::not_admitted), 3);
}

TEST(Status, names) {
  EXPECT_EQ(name(Status::not_admitted), "not_admitted");
  EXPECT_EQ(name(static_cast<Status>(4)), "unknown");
  EXPECT_EQ(name(CredentialKind::idevid), "idevid");
  EXPECT_EQ(name(CredentialKind::ldevid), "ldevid");
  EXPECT_EQ(name(static_cast<CredentialKind>(4)), "unknown");
}

}  // namespace
}  // namespace birthmark::lifecycle
