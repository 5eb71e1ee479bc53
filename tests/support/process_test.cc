// SPDX-License-Identifier: Apache-2.0
#include "support/process.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <fstream>

namespace birthmark::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr auto kBound = seconds{30};

Command shell(std::string script) {
  return {.argv = {"/bin/sh", "-c", std::move(script)}};
}

bool is_alive(pid_t pid) {
  return ::kill(pid, 0) == 0 || errno != ESRCH;
}

TEST(Run, collects_exit_code_and_both_outputs) {
  const auto finished = run(shell("echo one; echo two >&2; exit 7"));
  EXPECT_EQ(finished.exit_code, 7);
  EXPECT_EQ(finished.signal, 0);
  EXPECT_EQ(finished.out, "one\n");
  EXPECT_EQ(finished.err, "two\n");
  EXPECT_FALSE(finished.timed_out);
}

TEST(Run, tells_a_signal_from_an_exit) {
  const auto finished = run(shell("kill -KILL $$"));
  EXPECT_FALSE(finished.exit_code);
  EXPECT_EQ(finished.signal, SIGKILL);
}

TEST(Run, gives_input_larger_than_a_pipe_and_ends_it) {
  const std::string input(1 << 20, 'x');
  const auto finished = run({.argv = {"cat"}, .input = input});
  EXPECT_EQ(finished.exit_code, 0);
  EXPECT_EQ(finished.out, input);
}

TEST(Run, survives_a_child_that_does_not_read_its_input) {
  const auto finished = run({.argv = {"true"}, .input = std::string(1 << 20, 'x')});
  EXPECT_EQ(finished.exit_code, 0);
}

TEST(Run, kills_what_does_not_end_in_time) {
  const auto finished = run(shell("echo begun; exec sleep 1000"), milliseconds{200});
  EXPECT_TRUE(finished.timed_out);
  EXPECT_EQ(finished.signal, SIGKILL);
}

TEST(Run, does_not_wait_for_a_grandchild_that_keeps_the_outputs_open) {
  const auto finished = run(shell("sleep 1000 & echo $!; exit 3"));
  EXPECT_EQ(finished.exit_code, 3);
  ASSERT_FALSE(finished.out.empty());
  ::kill(static_cast<pid_t>(std::stoi(finished.out)), SIGKILL);
}

TEST(Run, sets_and_removes_variables_and_the_directory) {
  const TempDir directory;
  ::setenv("BIRTHMARK_TEST_GONE", "here", 1);
  const auto finished = run({.argv = {"/bin/sh", "-c", "echo $BIRTHMARK_TEST_SET-${BIRTHMARK_TEST_GONE-none}; pwd -P"},
                             .env = {{"BIRTHMARK_TEST_SET", "yes"}, {"BIRTHMARK_TEST_GONE", std::nullopt}},
                             .directory = directory.path()});
  ::unsetenv("BIRTHMARK_TEST_GONE");
  EXPECT_EQ(finished.out, "yes-none\n" + std::filesystem::canonical(directory.path()).string() + "\n");
}

TEST(Run, passes_no_descriptor_on) {
  const TempDir directory;
  const int leaky = ::dup(0);  // without close-on-exec
  const auto finished = run(shell("test -e /proc/self/fd/" + std::to_string(leaky)));
  ::close(leaky);
  EXPECT_EQ(finished.exit_code, 1);
}

TEST(Run, throws_for_a_program_that_is_not_there) {
  EXPECT_THROW(run({.argv = {"/nowhere/program"}}), std::runtime_error);
}

TEST(Process, gives_the_whole_ready_line_from_either_output) {
  Process child{shell("echo before; echo 'listening port=17 ready' >&2; exec cat")};
  EXPECT_EQ(child.wait_for_line("port=", kBound), "listening port=17 ready");
  EXPECT_EQ(child.wait_for_line("bef", kBound), "before");
}

TEST(Process, says_at_once_that_a_line_will_never_come) {
  Process child{shell("echo something; exit 0")};
  EXPECT_FALSE(child.wait_for_line("ready", kBound));
}

TEST(Process, stops_by_term_then_by_kill) {
  Process polite{shell("trap 'echo bye; exit 5' TERM; echo up; while :; do sleep 0.01; done")};
  ASSERT_TRUE(polite.wait_for_line("up", kBound));
  const auto ended = polite.stop(kBound);
  EXPECT_EQ(ended.exit_code, 5);
  EXPECT_EQ(ended.out, "up\nbye\n");

  Process stubborn{shell("trap '' TERM; echo up; while :; do sleep 0.01; done")};
  ASSERT_TRUE(stubborn.wait_for_line("up", kBound));
  EXPECT_EQ(stubborn.stop(milliseconds{100}).signal, SIGKILL);
}

TEST(Process, leaves_no_child_behind) {
  pid_t pid = 0;
  {
    Process child{{.argv = {"sleep", "1000"}}};
    pid = child.pid();
    ASSERT_TRUE(is_alive(pid));
  }
  EXPECT_FALSE(is_alive(pid));
}

TEST(Processes, throw_with_the_output_when_a_program_does_not_come_up) {
  Processes processes;
  try {
    processes.start(shell("echo 'no such key' >&2; exit 3"), "ready");
    FAIL() << "started";
  } catch (const std::runtime_error& error) {
    EXPECT_NE(std::string{error.what()}.find("no such key"), std::string::npos);
  }
}

TEST(Processes, end_children_and_remove_the_directory) {
  std::filesystem::path directory;
  pid_t pid = 0;
  {
    Processes processes;
    directory = processes.directory();
    std::ofstream{directory / "file"} << "content";
    std::string line;
    pid = processes.start(shell("echo 'ready port=1'; exec sleep 1000"), "ready", kBound, &line).pid();
    EXPECT_EQ(line, "ready port=1");
  }
  EXPECT_FALSE(is_alive(pid));
  EXPECT_FALSE(std::filesystem::exists(directory));
}

}  // namespace
}  // namespace birthmark::test
