// SPDX-License-Identifier: Apache-2.0
#include "fleet/process.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <future>
#include <mutex>
#include <thread>
#include <utility>

namespace birthmark::fleet {
namespace {

constexpr int kFirstInherited = 3;
/// Above any number that an inherited descriptor is moved to.
constexpr int kMovedFrom = 64;

/// What the child needs, laid out before the fork: afterwards only async-signal-safe calls are allowed.
struct Prepared {
  std::vector<char*> argv;
  std::vector<int> descriptors;
  int log = -1;
  pid_t parent = 0;
};

[[noreturn]] void become(const Prepared& prepared) {
  // The kernel ends the child with the thread that made it; that thread lives as long as the ChildProcess.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != prepared.parent) {
    ::_exit(127);
  }
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::dup2(prepared.log, STDOUT_FILENO);
  ::dup2(prepared.log, STDERR_FILENO);
  // In two steps, so that no target number is still needed as a source. A stray copy of another TPM's socket here
  // would keep that connection open after its owner closed it.
  int moved[16] = {};
  const auto count = prepared.descriptors.size();
  for (std::size_t i = 0; i < count; ++i) {
    moved[i] = ::fcntl(prepared.descriptors[i], F_DUPFD, kMovedFrom);
  }
  for (std::size_t i = 0; i < count; ++i) {
    ::dup2(moved[i], kFirstInherited + static_cast<int>(i));
  }
  ::close_range(static_cast<unsigned>(kFirstInherited + static_cast<int>(count)), ~0U, 0);
  ::execvp(prepared.argv[0], prepared.argv.data());
  ::_exit(127);
}

}  // namespace

Descriptor::Descriptor(Descriptor&& other) noexcept : fd_{std::exchange(other.fd_, -1)} {}

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

Descriptor::~Descriptor() {
  if (fd_ >= 0) {
    ::close(fd_);
  }
}

struct ChildProcess::State {
  std::mutex mutex;  ///< between sending a signal and giving the process id back to the system
  bool ended = false;
  pid_t pid = -1;
  std::jthread keeper;

  void keep(const Prepared& prepared, std::promise<pid_t>& started);
};

/// Forks, then waits for the child and reaps it.
void ChildProcess::State::keep(const Prepared& prepared, std::promise<pid_t>& started) {
  const pid_t child = ::fork();
  if (child == 0) {
    become(prepared);
  }
  pid = child;
  started.set_value(child);
  if (child < 0) {
    return;
  }
  siginfo_t ignored{};
  while (::waitid(P_PID, static_cast<id_t>(child), &ignored, WEXITED | WNOWAIT) != 0 && errno == EINTR) {
  }
  const std::scoped_lock lock{mutex};
  ended = true;
  ::waitpid(child, nullptr, 0);
}

ChildProcess::ChildProcess(std::unique_ptr<State> state) : state_{std::move(state)} {}

Result<std::unique_ptr<ChildProcess>> ChildProcess::start(const Options& options) {
  if (options.arguments.empty() || options.descriptors.size() > 16) {
    return fail(Code::bad_request, "a program is needed, and at most 16 descriptors");
  }
  const Descriptor log{::open(options.log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)};
  if (log.get() < 0) {
    return fail(Code::unavailable, "cannot write " + options.log_path);
  }
  Prepared prepared{{}, options.descriptors, log.get(), ::getpid()};
  for (const auto& argument : options.arguments) {
    prepared.argv.push_back(const_cast<char*>(argument.c_str()));
  }
  prepared.argv.push_back(nullptr);
  std::unique_ptr<ChildProcess> child{new ChildProcess{std::make_unique<State>()}};
  auto& state = *child->state_;
  std::promise<pid_t> started;
  auto pid = started.get_future();
  // `prepared` and `started` are read by the keeper only before it reports.
  state.keeper =
      std::jthread{[&state, prepared, promise = std::move(started)]() mutable { state.keep(prepared, promise); }};
  if (pid.get() < 0) {
    state.ended = true;
    return fail(Code::unavailable, "cannot make a process for " + options.arguments.front());
  }
  return child;
}

pid_t ChildProcess::pid() const {
  return state_->pid;
}

bool ChildProcess::running() const {
  const std::scoped_lock lock{state_->mutex};
  return !state_->ended;
}

void ChildProcess::signal(int number) {
  const std::scoped_lock lock{state_->mutex};
  if (!state_->ended) {
    ::kill(state_->pid, number);
  }
}

void ChildProcess::wait() {
  if (state_->keeper.joinable()) {
    state_->keeper.join();
  }
}

ChildProcess::~ChildProcess() {
  signal(SIGKILL);
}

}  // namespace birthmark::fleet
