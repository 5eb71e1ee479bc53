// SPDX-License-Identifier: Apache-2.0
#include "support/process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <mutex>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <utility>

extern char** environ;

namespace birthmark::test {

namespace {

using Deadline = std::chrono::steady_clock::time_point;

Deadline in(std::chrono::milliseconds bound) {
  return std::chrono::steady_clock::now() + bound;
}

class Fd {
 public:
  explicit Fd(int fd = -1) : fd_{fd} {}
  Fd(Fd&& other) noexcept : fd_{std::exchange(other.fd_, -1)} {}
  Fd& operator=(Fd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd() { close(); }
  void close() {
    if (fd_ >= 0) {
      ::close(std::exchange(fd_, -1));
    }
  }
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

struct Pipe {
  Fd read;
  Fd write;
};

Pipe make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    throw std::runtime_error{"pipe: " + std::system_category().message(errno)};
  }
  return {Fd{ends[0]}, Fd{ends[1]}};
}

std::vector<std::string> environment_of(const Command& command) {
  std::vector<std::string> result;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text{*entry};
    if (!command.env.contains(std::string{text.substr(0, text.find('='))})) {
      result.emplace_back(text);
    }
  }
  for (const auto& [name, value] : command.env) {
    if (value) {
      result.push_back(name + "=" + *value);
    }
  }
  return result;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (auto& text : texts) {
    result.push_back(text.data());
  }
  result.push_back(nullptr);
  return result;
}

/// After fork: only what is safe while other threads of the parent hold locks.
[[noreturn]] void become(char* const* argv, char* const* env, const char* directory, const std::array<int, 3>& standard,
                         int failure, pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) {
    ::_exit(127);
  }
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  bool ready = *directory == '\0' || ::chdir(directory) == 0;
  for (int fd = 0; fd < 3; ++fd) {
    ready = ready && ::dup2(standard.at(static_cast<std::size_t>(fd)), fd) >= 0;
  }
  if (ready) {
    // Everything from 3 on closes at exec: libraries open descriptors without the flag.
    ::syscall(SYS_close_range, 3U, ~0U, 4U /* CLOSE_RANGE_CLOEXEC */);
    ::execvpe(argv[0], argv, env);
  }
  const int error = errno;
  static_cast<void>(::write(failure, &error, sizeof error) == 0);
  ::_exit(127);
}

}  // namespace

struct Process::Impl {
  pid_t pid = -1;
  Fd pidfd;
  Fd wake;  // closed to end the reader when a grandchild still holds the outputs open
  bool reaped = false;
  int status = 0;

  mutable std::mutex mutex;
  std::condition_variable changed;
  std::array<std::string, 2> said;
  bool silent = false;  // both outputs have ended

  std::thread reader;

  void serve(Fd out, Fd err, Fd in_pipe, Fd woken, std::string input);
  bool take(Fd& from, std::size_t which);
  bool has_ended_by(Deadline deadline);
  Finished finish(bool timed_out);
};

/// Reads once. False when that output has ended.
bool Process::Impl::take(Fd& from, std::size_t which) {
  std::array<char, 16384> part{};
  const auto got = ::read(from.get(), part.data(), part.size());
  if (got < 0 && (errno == EINTR || errno == EAGAIN)) {
    return true;
  }
  const std::lock_guard hold{mutex};
  if (got > 0) {
    said.at(which).append(part.data(), static_cast<std::size_t>(got));
  }
  changed.notify_all();
  return got > 0;
}

void Process::Impl::serve(Fd out, Fd err, Fd in_pipe, Fd woken, std::string input) {
  // A child that does not read its input must not end the test with SIGPIPE.
  sigset_t pipe_signal;
  sigemptyset(&pipe_signal);
  sigaddset(&pipe_signal, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &pipe_signal, nullptr);
  std::string_view rest{input};
  bool last_look = false;
  int looks = 16;  // more than the pipes hold: a grandchild that talks on is not listened to for ever
  while (out.get() >= 0 || err.get() >= 0) {
    if (rest.empty()) {
      in_pipe.close();
    }
    std::array<pollfd, 4> waiting{{{out.get(), POLLIN, 0},
                                   {err.get(), POLLIN, 0},
                                   {in_pipe.get(), POLLOUT, 0},
                                   {last_look ? -1 : woken.get(), POLLIN, 0}}};
    const int ready = ::poll(waiting.data(), waiting.size(), last_look ? 0 : -1);
    if (ready == 0 || (last_look && --looks == 0)) {
      break;  // the child has ended and its outputs hold nothing more; somebody else keeps them open
    }
    if (waiting[0].revents != 0 && !take(out, 0)) {
      out.close();
    }
    if (waiting[1].revents != 0 && !take(err, 1)) {
      err.close();
    }
    if (waiting[2].revents != 0) {
      const auto wrote = ::write(in_pipe.get(), rest.data(), rest.size());
      if (wrote < 0 && errno != EAGAIN && errno != EINTR) {
        in_pipe.close();
      }
      rest.remove_prefix(wrote > 0 ? static_cast<std::size_t>(wrote) : 0);
    }
    last_look = last_look || waiting[3].revents != 0;
  }
  const std::lock_guard hold{mutex};
  silent = true;
  changed.notify_all();
}

bool Process::Impl::has_ended_by(Deadline deadline) {
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd waiting{pidfd.get(), POLLIN, 0};
    const int ready = ::poll(&waiting, 1, static_cast<int>(std::max<std::int64_t>(0, left.count())));
    if (ready >= 0 || errno != EINTR) {
      return ready > 0;
    }
  }
}

Finished Process::Impl::finish(bool timed_out) {
  if (!reaped) {
    while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    reaped = true;
    wake.close();
    reader.join();
  }
  Finished finished;
  if (WIFEXITED(status)) {
    finished.exit_code = WEXITSTATUS(status);
  } else {
    finished.signal = WTERMSIG(status);
  }
  finished.timed_out = timed_out;
  finished.out = said[0];
  finished.err = said[1];
  return finished;
}

Process::Process(const Command& command) : impl_{std::make_unique<Impl>()} {
  auto arguments = command.argv;
  auto variables = environment_of(command);
  const auto argv = pointers(arguments);
  const auto env = pointers(variables);
  auto in_pipe = make_pipe();
  auto out = make_pipe();
  auto err = make_pipe();
  auto wake = make_pipe();
  auto failure = make_pipe();
  ::fcntl(in_pipe.write.get(), F_SETFL, O_NONBLOCK);
  const auto parent = ::getpid();
  impl_->pid = ::fork();
  if (impl_->pid == 0) {
    become(argv.data(), env.data(), command.directory.c_str(), {in_pipe.read.get(), out.write.get(), err.write.get()},
           failure.write.get(), parent);
  }
  if (impl_->pid < 0) {
    throw std::runtime_error{"fork: " + std::system_category().message(errno)};
  }
  in_pipe.read.close();
  out.write.close();
  err.write.close();
  failure.write.close();
  int error = 0;
  if (::read(failure.read.get(), &error, sizeof error) == sizeof error) {
    ::waitpid(impl_->pid, nullptr, 0);
    throw std::runtime_error{"start " + command.argv.at(0) + ": " + std::system_category().message(error)};
  }
  impl_->pidfd = Fd{static_cast<int>(::syscall(SYS_pidfd_open, impl_->pid, 0U))};
  impl_->wake = std::move(wake.write);
  impl_->reader = std::thread{
      &Impl::serve,         impl_.get(),  std::move(out.read), std::move(err.read), std::move(in_pipe.write),
      std::move(wake.read), command.input};
}

Process::~Process() {
  stop(std::chrono::seconds{5});
}

pid_t Process::pid() const {
  return impl_->pid;
}

void Process::signal(int number) const {
  if (!impl_->reaped) {
    ::kill(impl_->pid, number);  // not reaped, so the number is still this child's
  }
}

Finished Process::wait(std::chrono::milliseconds bound) {
  if (impl_->reaped || impl_->has_ended_by(in(bound))) {
    return impl_->finish(false);
  }
  signal(SIGKILL);
  return impl_->finish(true);
}

Finished Process::stop(std::chrono::milliseconds bound) {
  signal(SIGTERM);
  return wait(bound);
}

Finished Process::kill() {
  signal(SIGKILL);
  return impl_->finish(false);
}

std::optional<std::string> Process::wait_for_line(std::string_view words, std::chrono::milliseconds bound) {
  const auto deadline = in(bound);
  std::unique_lock hold{impl_->mutex};
  while (true) {
    for (const auto& text : impl_->said) {
      const auto at = text.find(words);
      const auto end = at == std::string::npos ? at : text.find('\n', at);
      if (end != std::string::npos) {
        const auto before = at == 0 ? std::string::npos : text.rfind('\n', at - 1);
        const auto begin = before == std::string::npos ? 0 : before + 1;
        return text.substr(begin, end - begin);
      }
    }
    if (impl_->silent || impl_->changed.wait_until(hold, deadline) == std::cv_status::timeout) {
      return std::nullopt;
    }
  }
}

std::string Process::out() const {
  const std::lock_guard hold{impl_->mutex};
  return impl_->said[0];
}

std::string Process::err() const {
  const std::lock_guard hold{impl_->mutex};
  return impl_->said[1];
}

Finished run(const Command& command, std::chrono::milliseconds bound) {
  return Process{command}.wait(bound);
}

Process& Processes::start(const Command& command, std::string_view ready, std::chrono::milliseconds bound,
                          std::string* ready_line) {
  auto child = std::make_unique<Process>(command);
  const auto line = child->wait_for_line(ready, bound);
  if (!line) {
    const auto finished = child->kill();
    throw std::runtime_error{command.argv.at(0) + " did not say \"" + std::string{ready} + "\"\n--- out\n" +
                             finished.out + "--- err\n" + finished.err};
  }
  if (ready_line != nullptr) {
    *ready_line = *line;
  }
  return *children_.emplace_back(std::move(child));
}

Processes::~Processes() {
  while (!children_.empty()) {
    children_.pop_back();
  }
}

}  // namespace birthmark::test
