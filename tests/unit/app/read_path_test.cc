// SPDX-License-Identifier: Apache-2.0
#include "app/read_path.h"

#include <gtest/gtest.h>

#include "support/failing_store.h"
#include "support/world.h"

namespace birthmark::test {
namespace {

using lifecycle::State;
using lifecycle::Status;

/// A device whose emergency deny is published, while a commit that knows nothing of it is under way.
class Denied : public testing::Test {
 protected:
  Denied() {
    const auto row = world_.certificates(device_).back();
    place_ = {.ca = row.ca,
              .index = row.index,
              .status = Status::admitted,
              .state = State::operational,
              .product = ProductId{1},
              .device = row.device,
              .appraised_at = row.appraised_at};
    world_.store().set_listener({});  // what is applied is what the test applies
  }
  [[nodiscard]] app::Publication publication(Status status, State state) const {
    auto out = place_;
    out.status = status;
    out.state = state;
    return out;
  }
  Result<void> deny(Status status, State state) {
    return world_.cases->read_path.deny(place_.device, std::vector{publication(status, state)});
  }
  Result<void> commit(Status status, State state) {
    return world_.cases->read_path.apply(std::vector{publication(status, state)});
  }
  [[nodiscard]] policy::CredentialRecord shown() const { return world_.published(device_.ldevid); }

  World world_;
  Device device_ = world_.device_in(State::operational);
  app::Publication place_;
};

TEST_F(Denied, a_commit_under_way_neither_loosens_it_nor_fails) {
  must(deny(Status::ended, State::revoked));
  for (const auto& [status, state] :
       {std::pair{Status::admitted, State::operational}, std::pair{Status::held, State::suspended},
        std::pair{Status::ended, State::operational}}) {
    EXPECT_TRUE(commit(status, state));
    EXPECT_EQ(shown().status, Status::ended);
    EXPECT_EQ(shown().state, State::revoked);
  }
}

TEST_F(Denied, a_suspension_may_be_tightened_meanwhile) {
  must(deny(Status::held, State::suspended));
  must(commit(Status::admitted, State::operational));
  EXPECT_EQ(shown().status, Status::held);
  must(commit(Status::ended, State::revoked));
  EXPECT_EQ(shown().status, Status::ended);
}

TEST_F(Denied, once_it_is_recorded_commits_count_again) {
  must(deny(Status::held, State::suspended));
  world_.cases->read_path.denies_recorded();
  must(commit(Status::admitted, State::operational));
  EXPECT_EQ(shown().status, Status::admitted);
}

/// A commit that changed a service is not acknowledged before the read path knows of it.
TEST(ReadPathServices, a_commit_fails_while_they_cannot_be_read) {
  World world;
  FailingCalls calls{0};
  FailingStore store{world.store(), calls};
  app::ReadPath read_path{store, world.cases->cas, world.cases->catalog};
  app::Committed changed;
  changed.services = true;
  calls.arm(1);
  EXPECT_EQ(code_of(read_path.follow(changed)), Code::storage);
  calls.arm(1);
  EXPECT_TRUE(read_path.follow({})) << "nothing is read where no service changed";
  EXPECT_EQ(calls.calls(), 0U);
}

}  // namespace
}  // namespace birthmark::test
