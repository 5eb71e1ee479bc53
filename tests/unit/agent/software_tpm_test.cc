// SPDX-License-Identifier: Apache-2.0
#include "fleet/software_tpm.h"

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <set>

#include "support/swtpm.h"

namespace birthmark {
namespace {

using fleet::SoftwareTpm;

class SoftwareTpms : public support::SwtpmTest {
 protected:
  agent::Endorsement endorsement_of(const SoftwareTpm& tpm) {
    return agent::open_tpm_root({.tcti = tpm.tcti(), .state_directory = {}}, files_).value()->endorsement().value();
  }
};

TEST_F(SoftwareTpms, many_are_manufactured_side_by_side_and_all_differ) {
  std::vector<std::size_t> told;
  const auto made = fleet::manufacture_many(vendor_, {}, support::made_at(), directory_.path() / "f", 12, 4,
                                            [&](std::size_t done) { told.push_back(done); });
  ASSERT_TRUE(made) << made.error().detail;
  std::set<Bytes> keys;
  std::set<Bytes> certificates;
  for (const auto& tpm : *made) {
    EXPECT_TRUE(tpm->running());
    const auto found = endorsement_of(*tpm);
    keys.insert(found.public_area);
    certificates.insert(found.certificate);
  }
  EXPECT_EQ(keys.size(), 12U);
  EXPECT_EQ(certificates.size(), 12U);
  ASSERT_EQ(told.size(), 12U);
  EXPECT_TRUE(std::ranges::is_sorted(told));
  EXPECT_EQ(told.back(), 12U);
}

TEST_F(SoftwareTpms, one_failure_fails_the_whole_order) {
  auto made = fleet::manufacture_many(vendor_, {.manufacturer = "no hex"}, support::made_at(), file("f"), 4, 2);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, Code::bad_request);
}

TEST_F(SoftwareTpms, a_copied_state_is_a_perfect_clone) {
  const auto original = root()->create_identity_keys().value();
  ASSERT_TRUE(tpm_->clone_state_to(file("clone")));
  const auto clone = SoftwareTpm::start(file("clone")).value();
  EXPECT_EQ(endorsement_of(*clone).public_area, endorsement_of(*tpm_).public_area);
  const auto theirs = agent::open_tpm_root({.tcti = clone->tcti(), .state_directory = {}}, files_).value();
  EXPECT_EQ(theirs->create_identity_keys().value().iak, original.iak);
}

TEST_F(SoftwareTpms, cloning_to_an_impossible_place_fails) {
  support::write_file(file("plain"), {});
  const auto cloned = tpm_->clone_state_to(file("plain") / "below");
  ASSERT_FALSE(cloned);
  EXPECT_EQ(cloned.error().code, Code::storage);
}

TEST_F(SoftwareTpms, power_comes_back_with_the_same_state_in_another_process) {
  const auto before = endorsement_of(*tpm_);
  const auto old_pid = tpm_->pid();
  ASSERT_TRUE(tpm_->power_cycle(SoftwareTpm::Power::cut));
  EXPECT_NE(tpm_->pid(), old_pid);
  EXPECT_EQ(endorsement_of(*tpm_).certificate, before.certificate);
}

TEST_F(SoftwareTpms, power_off_twice_is_power_off) {
  tpm_->power_off(SoftwareTpm::Power::orderly);
  EXPECT_FALSE(tpm_->running());
  tpm_->power_off(SoftwareTpm::Power::orderly);
  EXPECT_TRUE(tpm_->power_cycle(SoftwareTpm::Power::cut));
  EXPECT_TRUE(tpm_->running());
}

TEST_F(SoftwareTpms, manufacture_happens_once_in_a_life) {
  const auto again = tpm_->manufacture(vendor_, {}, support::made_at());
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, Code::conflict);
}

TEST_F(SoftwareTpms, a_directory_in_use_is_refused_and_its_tpm_goes_on) {
  support::TemporaryDirectory elsewhere;
  std::filesystem::create_directory_symlink(tpm_->directory(), elsewhere.path() / "again");
  for (const auto& directory : {tpm_->directory(), elsewhere.path() / "again"}) {
    const auto second = SoftwareTpm::start(directory);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, Code::unavailable);
  }
  EXPECT_TRUE(root()->state());
  tpm_.reset();
  EXPECT_TRUE(SoftwareTpm::start(file("tpm")));
}

TEST_F(SoftwareTpms, places_where_no_tpm_can_be_are_refused) {
  support::write_file(file("plain"), {});
  EXPECT_EQ(SoftwareTpm::start(file(std::string(100, 'x'))).error().code, Code::unavailable);
  EXPECT_EQ(SoftwareTpm::start(file("plain") / "below").error().code, Code::unavailable);
}

TEST_F(SoftwareTpms, a_state_that_swtpm_refuses_fails_the_start_instead_of_hanging_it) {
  std::filesystem::create_directory(file("broken"));
  support::write_file(file("broken") / "tpm2-00.permall", Bytes(100, 0x5A));
  const auto started = SoftwareTpm::start(file("broken"));
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, Code::unavailable);
}

TEST_F(SoftwareTpms, the_process_is_gone_when_its_owner_is) {
  const auto pid = tpm_->pid();
  EXPECT_EQ(::kill(pid, 0), 0);
  tpm_.reset();
  EXPECT_EQ(::kill(pid, 0), -1);
  EXPECT_EQ(errno, ESRCH);
}

TEST_F(SoftwareTpms, the_process_does_not_survive_a_killed_program) {
  ASSERT_EQ(::prctl(PR_SET_CHILD_SUBREAPER, 1), 0);  // the orphan comes to us, so that we can wait for its end
  int channel[2] = {};
  ASSERT_EQ(::pipe(channel), 0);
  const pid_t program = ::fork();
  if (program == 0) {
    const auto tpm = SoftwareTpm::start(file("orphan"));
    const pid_t pid = tpm ? (*tpm)->pid() : -1;
    [[maybe_unused]] const auto written = ::write(channel[1], &pid, sizeof(pid));
    ::kill(::getpid(), SIGKILL);
  }
  pid_t orphan = -1;
  ASSERT_EQ(::read(channel[0], &orphan, sizeof(orphan)), static_cast<ssize_t>(sizeof(orphan)));
  ::close(channel[0]);
  ::close(channel[1]);
  ASSERT_GT(orphan, 0);
  ASSERT_EQ(::waitpid(program, nullptr, 0), program);
  int status = 0;
  ASSERT_EQ(::waitpid(orphan, &status, 0), orphan);
  EXPECT_TRUE(WIFSIGNALED(status));
  ::prctl(PR_SET_CHILD_SUBREAPER, 0);
}

TEST(ChildProcess, a_program_that_does_not_exist_ends_and_signals_to_it_go_nowhere) {
  const auto child =
      fleet::ChildProcess::start({.arguments = {"/proc/none/program"}, .descriptors = {}, .log_path = "/dev/null"});
  ASSERT_TRUE(child);
  (*child)->wait();
  EXPECT_FALSE((*child)->running());
  (*child)->signal(SIGKILL);
  EXPECT_FALSE(fleet::ChildProcess::start({.arguments = {}, .descriptors = {}, .log_path = "/dev/null"}));
  EXPECT_FALSE(fleet::ChildProcess::start({.arguments = {"true"}, .descriptors = {}, .log_path = "/proc/none/log"}));
}

}  // namespace
}  // namespace birthmark
