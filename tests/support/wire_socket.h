// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace birthmark::test {

/// A byte stream to or from 127.0.0.1 that says exactly what the test says: no client of ours would send such things.
/// Reads block until the other side answers, ends, or half a minute is over (which reads as an end).
class WireSocket {
 public:
  /// @param host of 127.0.0.0/24 that the connection comes from: each is a source of its own.
  explicit WireSocket(std::uint16_t port, std::uint8_t host = 1)
      : descriptor_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
    const auto address = loopback(port), from = loopback(0, host);
    if (descriptor_ < 0 || ::bind(descriptor_, reinterpret_cast<const sockaddr*>(&from), sizeof from) != 0 ||
        ::connect(descriptor_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      ::close(descriptor_);
      throw std::runtime_error{"cannot connect"};
    }
    bound_reads();
  }
  WireSocket(WireSocket&& other) noexcept
      : descriptor_{std::exchange(other.descriptor_, -1)}, held_{std::move(other.held_)} {}
  WireSocket& operator=(WireSocket&&) = delete;
  ~WireSocket() {
    if (descriptor_ >= 0) {
      ::close(descriptor_);
    }
  }

  /// False if the other side took no more.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) {
        return false;
      }
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  /// Borrowed, for a layer above; this still closes it.
  [[nodiscard]] int descriptor() const { return descriptor_; }
  void end_sending() { ::shutdown(descriptor_, SHUT_WR); }

  /// One answer with the body that its Content-Length tells; nothing if the connection ended before it was whole.
  std::optional<std::string> answer() {
    while (true) {
      if (const auto end = whole_message()) {
        auto message = held_.substr(0, *end);
        held_.erase(0, *end);
        return message;
      }
      if (!more()) {
        return std::nullopt;
      }
    }
  }
  /// Everything until the other side ends.
  std::string rest() {
    while (more()) {
    }
    return std::exchange(held_, {});
  }

 private:
  friend class WireListener;
  struct Adopt {
    int descriptor;
  };
  explicit WireSocket(Adopt adopt) : descriptor_{adopt.descriptor} { bound_reads(); }

  static sockaddr_in loopback(std::uint16_t port, std::uint8_t host = 1) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl((INADDR_LOOPBACK & ~0xFFU) | host);
    return address;
  }
  void bound_reads() const {
    const timeval bound{.tv_sec = 30, .tv_usec = 0};
    ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &bound, sizeof bound);
  }
  bool more() {
    char bytes[16 * 1024];
    const auto got = ::recv(descriptor_, bytes, sizeof bytes, 0);
    if (got > 0) {
      held_.append(bytes, static_cast<std::size_t>(got));
    }
    return got > 0;
  }
  [[nodiscard]] std::optional<std::size_t> whole_message() const {
    const auto header_end = held_.find("\r\n\r\n");
    if (header_end == std::string::npos) {
      return std::nullopt;
    }
    constexpr std::string_view kLength = "\r\nContent-Length: ";
    const auto at = held_.find(kLength);
    const std::size_t body = at < header_end ? std::stoul(held_.substr(at + kLength.size())) : 0;
    const auto size = header_end + 4 + body;
    return held_.size() >= size ? std::optional{size} : std::nullopt;
  }

  int descriptor_;
  std::string held_;
};

/// The other end: a server that does what the test wants.
class WireListener {
 public:
  WireListener() : descriptor_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
    auto address = WireSocket::loopback(0);
    socklen_t size = sizeof address;
    if (descriptor_ < 0 || ::bind(descriptor_, reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
        ::listen(descriptor_, 8) != 0 ||
        ::getsockname(descriptor_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      throw std::runtime_error{"cannot listen"};
    }
    port_ = ntohs(address.sin_port);
  }
  WireListener(const WireListener&) = delete;
  WireListener& operator=(const WireListener&) = delete;
  ~WireListener() { ::close(descriptor_); }

  [[nodiscard]] std::uint16_t port() const { return port_; }
  WireSocket accept() { return WireSocket{WireSocket::Adopt{::accept4(descriptor_, nullptr, nullptr, SOCK_CLOEXEC)}}; }

 private:
  int descriptor_;
  std::uint16_t port_ = 0;
};

}  // namespace birthmark::test
