// SPDX-License-Identifier: Apache-2.0
#include "adapters/telemetry/line_writer.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <utility>

namespace birthmark::telemetry {
namespace {

bool is_socket(int descriptor) {
  struct stat facts {};
  return ::fstat(descriptor, &facts) == 0 && S_ISSOCK(facts.st_mode);
}

}  // namespace

LineWriter::LineWriter(int descriptor)
    : descriptor_{descriptor}, socket_{is_socket(descriptor)}, wake_{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)} {
  thread_ = std::jthread{[this] { run(); }};
}

LineWriter::~LineWriter() {
  {
    const std::scoped_lock lock{mutex_};
    stopping_ = true;
  }
  changed_.notify_one();
  static_cast<void>(::eventfd_write(wake_, 1));
  thread_.join();
  ::close(wake_);
}

void LineWriter::add(std::string line) {
  {
    const std::scoped_lock lock{mutex_};
    if (lines_.size() >= kLinesMax) {
      lines_.pop_front();
      ++dropped_;
    }
    lines_.push_back(std::move(line));
  }
  changed_.notify_one();
}

void LineWriter::run() {
  // A reader that went away is an error of write, not the end of the process.
  sigset_t pipe_signal;
  sigemptyset(&pipe_signal);
  sigaddset(&pipe_signal, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &pipe_signal, nullptr);
  while (const auto line = next()) {
    dropped_ += write(*line) ? 0 : 1;
  }
}

/// Waits for one; nothing at the end, when all are written.
std::optional<std::string> LineWriter::next() {
  std::unique_lock lock{mutex_};
  changed_.wait(lock, [this] { return stopping_ || !lines_.empty(); });
  if (lines_.empty()) {
    return std::nullopt;
  }
  auto line = std::move(lines_.front());
  lines_.pop_front();
  return line;
}

bool LineWriter::write(std::string_view line) {
  while (!line.empty()) {
    if (!wait_until_writable()) {
      return false;
    }
    const auto done = write_some(line);
    if (done < 0 && errno != EAGAIN && errno != EINTR) {
      return false;
    }
    line.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(done, 0)));
  }
  return true;
}

/// For as long as it takes, until the end comes: then for `kLastWords` altogether.
bool LineWriter::wait_until_writable() {
  while (true) {
    std::array<pollfd, 2> waiting{{{descriptor_, POLLOUT, 0}, {last_call_ ? -1 : wake_, POLLIN, 0}}};
    int patience = -1;
    if (last_call_) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(*last_call_ - std::chrono::steady_clock::now());
      patience = static_cast<int>(std::max<std::int64_t>(0, left.count()));
    }
    const int ready = ::poll(waiting.data(), waiting.size(), patience);
    if (waiting[0].revents != 0) {
      return true;
    }
    if (ready == 0 || (ready < 0 && errno != EINTR)) {
      return false;
    }
    if (waiting[1].revents != 0) {
      last_call_ = std::chrono::steady_clock::now() + kLastWords;
    }
  }
}

/// Does not block where poll found room: a pipe that is writable takes PIPE_BUF octets (POSIX, poll and write). The
/// descriptor is not made non-blocking: other processes may share it.
ssize_t LineWriter::write_some(std::string_view bytes) const {
  if (socket_) {
    return ::send(descriptor_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  }
  return ::write(descriptor_, bytes.data(), std::min<std::size_t>(bytes.size(), PIPE_BUF));
}

}  // namespace birthmark::telemetry
