// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"

namespace birthmark::fleet {

/// A file descriptor that is closed when this goes.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_{fd} {}
  Descriptor(Descriptor&& other) noexcept;
  Descriptor& operator=(Descriptor&& other) noexcept;
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor();
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_ = -1;
};

/// One child process. It is killed when this object goes, and by the kernel when this process dies in any way.
class ChildProcess {
 public:
  struct Options {
    std::vector<std::string> arguments;  ///< the program, found on PATH, and its arguments
    std::vector<int> descriptors;        ///< become 3, 4, ... in the child; it inherits no others
    std::string log_path;                ///< its standard output and error, appended
  };
  /// @error unavailable: the process cannot be made. A program that cannot be executed ends with status 127.
  static Result<std::unique_ptr<ChildProcess>> start(const Options& options);

  [[nodiscard]] pid_t pid() const;
  /// Whether it has not ended yet.
  [[nodiscard]] bool running() const;
  /// Sends a signal if it still runs; never reaches another process that got the same id.
  void signal(int number);
  /// Waits for its end.
  void wait();

  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;
  ~ChildProcess();

 private:
  struct State;
  explicit ChildProcess(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace birthmark::fleet
