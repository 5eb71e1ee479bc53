// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "support/line.h"
#include "support/wire_socket.h"

namespace birthmark::test {
namespace {

std::size_t open_files(pid_t pid) {
  const std::filesystem::directory_iterator files{"/proc/" + std::to_string(pid) + "/fd"};
  return static_cast<std::size_t>(std::distance(begin(files), end(files)));
}
std::size_t resident_kib(pid_t pid) {
  std::ifstream status{"/proc/" + std::to_string(pid) + "/status"};
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) {
      return std::stoul(line.substr(6));
    }
  }
  return 0;
}

/// Resource attacks on a listener, while honest clients go on.
class AC26 : public testing::Test {
 protected:
  Server server_;
  Caller honest_{server_, Listener::device, nullptr};
  const std::string kTime = "/v1/time?nonce=00112233445566778899aabbccddeeff";
};

TEST_F(AC26, slow_connections_hold_little_and_honest_clients_are_served) {
  ASSERT_TRUE(honest_.get(kTime).ok());
  const auto files = open_files(server_.pid()), memory = resident_kib(server_.pid());
  {
    std::vector<WireSocket> slow;
    for (int i = 0; i < 400; ++i) {
      slow.emplace_back(i % 2 == 0 ? server_.public_port() : server_.device_port());
      slow.back().send(i % 2 == 0 ? "GET /healthz HT" : "\x16\x03\x01");
      if (i % 50 == 0) {
        EXPECT_TRUE(honest_.get(kTime).ok());
      }
    }
    EXPECT_TRUE(honest_.get(kTime).ok());
    EXPECT_LE(open_files(server_.pid()), files + 400);
    EXPECT_LE(resident_kib(server_.pid()), memory + 400 * 128);
  }
  const auto bound = std::chrono::steady_clock::now() + std::chrono::seconds{30};
  while (open_files(server_.pid()) > files && std::chrono::steady_clock::now() < bound) {
    EXPECT_TRUE(honest_.get(kTime).ok());
  }
  EXPECT_LE(open_files(server_.pid()), files);
}

TEST_F(AC26, a_mebibyte_of_header_a_chunk_bomb_and_a_huge_body_are_dropped_unread) {
  const auto ask = [&](const std::string& bytes) {
    WireSocket peer{server_.public_port()};
    peer.send(bytes);
    return peer.rest();
  };
  const auto memory = resident_kib(server_.pid());
  for (int i = 0; i < 20; ++i) {
    EXPECT_TRUE(ask("GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(1024 * 1024, 'x')).starts_with("HTTP/1.1 431 "));
  }
  EXPECT_TRUE(ask("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffff0\r\n")
                  .starts_with("HTTP/1.1 400 "));
  EXPECT_TRUE(ask("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1099511627776\r\n\r\n").starts_with("HTTP/1.1 413 "));
  EXPECT_LE(resident_kib(server_.pid()), memory + 16 * 1024);
}

TEST_F(AC26, base64_without_end_is_refused_by_its_length) {
  const auto answer = honest_.send(http::Method::post, "/.well-known/est/simpleenroll",
                                   {{"Content-Type", "application/pkcs10"}}, Bytes(10 * 1024 * 1024, 'A'));
  EXPECT_TRUE(answer.status == 413 || answer.silent()) << answer.words();
  EXPECT_TRUE(honest_.get(kTime).ok());
}

TEST_F(AC26, no_request_is_read_as_two) {
  for (const auto* const framing : {"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
                                    "Content-Length: 5\r\nContent-Length: 6\r\n", "Transfer-Encoding: chunked\r\n",
                                    "Content-Length: +5\r\n", "Content-Length: 5 \r\n Transfer-Encoding: x\r\n"}) {
    WireSocket peer{server_.public_port()};
    peer.send("GET /readyz HTTP/1.1\r\nHost: a\r\n" + std::string{framing} +
              "\r\n0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
    const auto all = peer.rest();
    EXPECT_EQ(all.find("HTTP/1.1", 1), std::string::npos) << framing << all;
    EXPECT_TRUE(all.starts_with("HTTP/1.1 400 ")) << framing << all;
  }
}

}  // namespace
}  // namespace birthmark::test
