// SPDX-License-Identifier: Apache-2.0
#include "app/denies_first.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <latch>
#include <thread>

#include "support/forwarding_store.h"
#include "support/world.h"

namespace birthmark::test {
namespace {

using app::DenyKind;
using audit::EntryKind;

/// A store whose first write waits until the test lets it go on, and then fails or is done.
class SlowStore final : public ForwardingStore {
 public:
  using ForwardingStore::ForwardingStore;

  Result<void> write(const Work& work) override {
    if (calls_++ == 0) {
      entered.count_down();
      go.wait();
      BM_CHECK(outcome);
    }
    return real_.write(work);
  }

  std::latch entered{1}, go{1};
  Result<void> outcome;

 private:
  std::atomic<int> calls_ = 0;
};

class Denies : public testing::Test {
 protected:
  app::EmergencyDeny deny(const Device& device) {
    return {.kind = DenyKind::suspend, .device = device.id, .at = world_.clock.now(), .actor = "operator:test"};
  }
  Result<void> append(const Device& device) {
    return denies_.append(deny(device), [this] {
      ++published_;
      return Result<void>{};
    });
  }
  static Result<void> nothing(app::Tx& /*tx*/) { return {}; }

  World world_;
  Device first_ = world_.device_in(lifecycle::State::operational);
  Device second_ = world_.device_in(lifecycle::State::operational);
  SlowStore slow_{world_.store()};
  MemoryJournal journal_;
  int published_ = 0;
  int recorded_ = 0;
  app::DeniesFirst denies_{{slow_, journal_, world_.clock, [this] { ++recorded_; }}};
};

TEST_F(Denies, one_that_comes_while_others_are_replayed_waits_for_no_store_and_is_not_lost) {
  must(append(first_));
  std::jthread writer{[&] { EXPECT_TRUE(denies_.write(nothing)); }};
  slow_.entered.wait();
  must(append(second_));
  EXPECT_EQ(published_, 2);
  EXPECT_EQ(recorded_, 0);
  slow_.go.count_down();
  writer.join();
  EXPECT_EQ(journal_.size(), 0U);
  EXPECT_EQ(recorded_, 1) << "once the store has both";
  for (const auto* const device : {&first_, &second_}) {
    EXPECT_EQ(world_.state(*device), lifecycle::State::suspended);
  }
}

TEST_F(Denies, a_replay_that_fails_writes_nothing_and_keeps_them) {
  must(append(first_));
  slow_.outcome = fail(Code::unavailable, "another process writes");
  slow_.go.count_down();
  bool reached = false;
  EXPECT_EQ(code_of(denies_.write([&](app::Tx&) -> Result<void> {
              reached = true;
              return {};
            })),
            Code::unavailable);
  EXPECT_FALSE(reached);
  EXPECT_EQ(journal_.size(), 1U);
  EXPECT_TRUE(denies_.write(nothing));
  EXPECT_EQ(journal_.size(), 0U);
}

TEST_F(Denies, who_does_not_wait_for_the_store_does_not_wait_for_a_replay_by_others_either) {
  must(append(first_));
  std::jthread writer{[&] { EXPECT_TRUE(denies_.write(nothing)); }};
  slow_.entered.wait();
  EXPECT_EQ(code_of(denies_.write_within(std::chrono::milliseconds{1}, nothing)), Code::unavailable);
  EXPECT_EQ(code_of(denies_.write_within(std::chrono::hours{1}, nothing)), Code::unavailable)
      << "nor, once somebody waited in vain, as long as he may";
  slow_.go.count_down();
  writer.join();
  EXPECT_TRUE(denies_.write_within(std::chrono::hours{1}, nothing));
  EXPECT_EQ(journal_.size(), 0U);
}

/// Returns once that thread of this process sleeps: here it can only wait for a round.
void wait_until_it_waits(const std::atomic<pid_t>& thread) {
  thread.wait(0);
  const auto file = "/proc/self/task/" + std::to_string(thread.load()) + "/stat";
  std::string before;
  std::string state;
  do {
    std::ifstream in{file};
    std::getline(in, before, ')');
    in >> state;
  } while (state != "S" && std::filesystem::exists(file));
}

TEST_F(Denies, what_a_hurried_one_gave_up_is_recorded_by_who_has_the_time) {
  must(append(first_));
  slow_.outcome = fail(Code::unavailable, "not done in that time");
  std::jthread hurried{
      [&] { EXPECT_EQ(code_of(denies_.write_within(std::chrono::hours{1}, nothing)), Code::unavailable); }};
  slow_.entered.wait();
  std::atomic<pid_t> waiting = 0;
  std::jthread patient{[&] {
    waiting = ::gettid();
    waiting.notify_all();
    EXPECT_TRUE(denies_.write(nothing));
  }};
  wait_until_it_waits(waiting);
  slow_.go.count_down();
  patient.join();
  EXPECT_EQ(journal_.size(), 0U);
  EXPECT_EQ(world_.state(first_), lifecycle::State::suspended);
}

TEST_F(Denies, for_another_cause_lay_that_cause_too) {
  using lifecycle::HoldCause;
  slow_.go.count_down();
  for (const auto& [one, other] :
       {std::pair{HoldCause::volume, HoldCause::clone}, {HoldCause::clone, HoldCause::volume}}) {
    const auto device = world_.device_in(lifecycle::State::operational);
    for (const auto cause : {one, other, one}) {
      auto given = deny(device);
      given.cause = cause;
      must(denies_.append(given, [] { return Result<void>{}; }));
    }
    must(denies_.replay());
    const auto after = world_.record(device);
    EXPECT_EQ(after.state, lifecycle::State::suspended);
    EXPECT_EQ(after.suspended_for, one);
    EXPECT_TRUE(after.holds.contains(other));
    EXPECT_FALSE(after.holds.contains(one));
  }
}

TEST_F(Denies, what_cannot_be_published_is_an_error_and_stays_in_the_journal) {
  const auto answer = denies_.append(deny(first_), [] { return Result<void>{fail(Code::conflict, "told to")}; });
  EXPECT_EQ(code_of(answer), Code::conflict);
  EXPECT_EQ(journal_.size(), 1U);
}

}  // namespace
}  // namespace birthmark::test
