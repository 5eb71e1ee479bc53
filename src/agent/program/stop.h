// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <signal.h>

#include <functional>
#include <thread>

namespace birthmark::agent::program {

/// A peer that went is an error of write(), and not the end of the program.
inline void take_broken_pipes_as_errors() {
  ::signal(SIGPIPE, SIG_IGN);  // NOLINT: nothing can go wrong
}

/// Blocks SIGTERM and SIGINT in every thread of this process from here on, and ignores SIGPIPE; make it before any
/// other thread. `wait` is for one thread of the owner's.
class StopSignals {
 public:
  StopSignals() {
    take_broken_pipes_as_errors();
    ::sigemptyset(&set_);
    ::sigaddset(&set_, SIGTERM);
    ::sigaddset(&set_, SIGINT);
    ::sigaddset(&set_, SIGUSR1);
    ::pthread_sigmask(SIG_BLOCK, &set_, nullptr);
  }
  /// Waits until somebody asks this process to stop, or `release` was called.
  void wait() const {
    int number = 0;
    ::sigwait(&set_, &number);
  }
  /// Whether somebody asked within `time`.
  [[nodiscard]] bool asked_within(std::chrono::milliseconds time) const {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time);
    const timespec bound{seconds.count(), static_cast<long>((time - seconds).count()) * 1'000'000};
    return ::sigtimedwait(&set_, nullptr, &bound) > 0;
  }
  /// Ends `wait` of this process.
  static void release() { ::kill(::getpid(), SIGUSR1); }

 private:
  sigset_t set_{};
};

}  // namespace birthmark::agent::program
