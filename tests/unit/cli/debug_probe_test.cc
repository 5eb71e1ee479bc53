// SPDX-License-Identifier: Apache-2.0
#include "cli/debug_probe.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string_view>
#include <thread>
#include <utility>

namespace birthmark::test {
namespace {

constexpr std::chrono::milliseconds kBound{200};

/// A port on the loopback that takes connections; without `answer()` it says nothing.
class Port {
 public:
  Port() : fd_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof at;
    EXPECT_EQ(::bind(fd_, reinterpret_cast<sockaddr*>(&at), sizeof at), 0);
    EXPECT_EQ(::listen(fd_, 4), 0);
    EXPECT_EQ(::getsockname(fd_, reinterpret_cast<sockaddr*>(&at), &length), 0);
    endpoint_ = {"127.0.0.1", ntohs(at.sin_port)};
  }
  Port(const Port&) = delete;
  Port& operator=(const Port&) = delete;
  ~Port() { close(); }

  [[nodiscard]] const link::Endpoint& endpoint() const { return endpoint_; }
  /// Takes one connection, says `words` and closes it.
  [[nodiscard]] std::jthread answer(std::string_view words) const {
    return std::jthread{[fd = fd_, words] {
      const int peer = ::accept(fd, nullptr, nullptr);
      EXPECT_EQ(::send(peer, words.data(), words.size(), MSG_NOSIGNAL), static_cast<ssize_t>(words.size()));
      ::close(peer);
    }};
  }
  void close() {
    if (fd_ >= 0) {
      ::close(std::exchange(fd_, -1));
    }
  }

 private:
  int fd_;
  link::Endpoint endpoint_;
};

TEST(DebugProbe, a_port_that_speaks_is_open) {
  const Port port;
  const auto device = port.answer("IDCODE 0x6ba02477\n");
  const auto probe = cli::probe_debug_port(port.endpoint(), kBound).value();
  EXPECT_FALSE(probe.refused);
  EXPECT_EQ(as_text(probe.answer), "IDCODE 0x6ba02477\n");
  EXPECT_EQ(probe.transcript, probe.answer);
  EXPECT_TRUE(cli::tells_idcode(probe));
}

TEST(DebugProbe, a_service_that_talks_is_no_debug_port) {
  const Port port;
  const auto service = port.answer("SSH-2.0-OpenSSH_9.2\r\n");
  EXPECT_FALSE(cli::tells_idcode(cli::probe_debug_port(port.endpoint(), kBound).value()));
}

TEST(DebugProbe, a_port_that_refuses_is_told_from_one_that_takes_a_connection) {
  Port port;
  port.close();
  EXPECT_TRUE(cli::probe_debug_port(port.endpoint(), kBound).value().refused);
}

TEST(DebugProbe, a_port_that_takes_the_connection_and_stays_silent_does_not_refuse) {
  const Port port;
  EXPECT_FALSE(cli::probe_debug_port(port.endpoint(), kBound).value().refused);
}

TEST(DebugProbe, a_port_that_hangs_up_without_a_word_does_not_refuse) {
  const Port port;
  const auto device = port.answer("");
  EXPECT_FALSE(cli::probe_debug_port(port.endpoint(), kBound).value().refused);
}

}  // namespace
}  // namespace birthmark::test
