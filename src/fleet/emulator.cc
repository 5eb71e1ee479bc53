// SPDX-License-Identifier: Apache-2.0
#include "fleet/emulator.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "fleet/unix_socket.h"

namespace birthmark::fleet {
namespace {

constexpr int kBacklog = 512;
constexpr std::size_t kReadBytes = 16 * 1024;

/// A client that does not take its answer has asked for nothing more: there is room for one, or it is dropped.
bool send(int socket, BytesView frame) {
  return ::send(socket, frame.data(), frame.size(), MSG_NOSIGNAL | MSG_DONTWAIT) == static_cast<ssize_t>(frame.size());
}

bool reply(int socket, emulated::Action action, const emulated::Outcome& outcome) {
  const auto frame = frame::write_frame(emulated::write(action, outcome));
  return frame && send(socket, *frame);
}

}  // namespace

Emulator::Emulator(std::filesystem::path path, Descriptor listener,
                   std::vector<std::unique_ptr<EmulatedDevice>> devices, std::uint32_t starts)
    : path_{std::move(path)}, listener_{std::move(listener)}, devices_{std::move(devices)}, starts_{starts} {}

Emulator::~Emulator() {
  ::unlink(path_.c_str());
}

Result<std::unique_ptr<Emulator>> Emulator::listen(const std::filesystem::path& socket,
                                                   std::vector<std::unique_ptr<EmulatedDevice>> devices,
                                                   std::uint32_t starts) {
  const auto before = ::umask(0177);
  auto listener = listen_at(socket, kBacklog);
  ::umask(before);
  if (!listener) {
    return fail(listener.error());
  }
  return std::unique_ptr<Emulator>{new Emulator{socket, std::move(*listener), std::move(devices), starts}};
}

emulated::Outcome Emulator::answer(const emulated::Request& request) {
  if (request.device >= devices_.size()) {
    return Error{Code::not_found, "the emulator has no device " + std::to_string(request.device), {}};
  }
  auto outcome = devices_[request.device]->answer(request);
  if (auto* const about = std::get_if<emulated::About>(&outcome)) {
    about->starts = starts_;
    about->up_ms = static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began_).count());
  }
  return outcome;
}

void Emulator::accept() {
  Descriptor socket{::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)};
  if (socket.get() >= 0) {
    connections_.push_back({std::move(socket), {}});
  }
}

bool Emulator::answer_whole_frames(Connection& connection, BytesView bytes) {
  while (!bytes.empty()) {
    const auto taken = connection.reader.feed(bytes);
    const auto body = taken ? connection.reader.take() : std::nullopt;
    const auto request = body ? emulated::read_request(*body) : Result<emulated::Request>{fail(Code::bad_request, "")};
    if (!taken || (body && !request)) {
      const auto& error = taken ? request.error() : taken.error();
      reply(connection.socket.get(), emulated::Action::identify, Error{Code::bad_request, error.detail, {}});
      return false;
    }
    bytes = bytes.subspan(*taken);
    if (body && !reply(connection.socket.get(), request->action, answer(*request))) {
      return false;
    }
  }
  return true;
}

bool Emulator::attend(Connection& connection) {
  std::array<std::uint8_t, kReadBytes> buffer{};
  const auto size = ::recv(connection.socket.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (size < 0) {
    return errno == EAGAIN || errno == EINTR;
  }
  return size > 0 && answer_whole_frames(connection, BytesView{buffer}.first(static_cast<std::size_t>(size)));
}

void Emulator::serve(int stop) {
  std::vector<pollfd> polled;
  while (true) {
    const auto wanted = static_cast<short>(connections_.size() < kConnectionsMax ? POLLIN : 0);
    polled.assign({{stop, POLLIN, 0}, {listener_.get(), wanted, 0}});
    for (const auto& connection : connections_) {
      polled.push_back({connection.socket.get(), POLLIN, 0});
    }
    if (::poll(polled.data(), polled.size(), -1) < 0 && errno != EINTR) {
      return;
    }
    if (polled[0].revents != 0) {
      return;
    }
    for (std::size_t i = connections_.size(); i-- > 0;) {
      if (polled[i + 2].revents != 0 && !attend(connections_[i])) {
        connections_.erase(connections_.begin() + static_cast<std::ptrdiff_t>(i));
      }
    }
    if (polled[1].revents != 0) {
      accept();
    }
  }
}

}  // namespace birthmark::fleet
