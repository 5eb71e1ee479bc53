// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/line.h"
#include "support/process_facts.h"
#include "support/wire_socket.h"

namespace birthmark::test {
namespace {

/// Resource attacks on a listener, while honest clients go on. How long they wait meanwhile is measured by `./bench
/// attacks`.
class AC26 : public testing::Test {
 protected:
  Server server_;
  Caller honest_{server_, Listener::device, nullptr};
  const std::string kTime = "/v1/time?nonce=00112233445566778899aabbccddeeff";
};

/// A server whose descriptors a shell limited first. The test itself needs more than the usual 1,024.
class AC26Descriptors : public testing::TestWithParam<const char*> {
 protected:
  AC26Descriptors() {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
  }
  /// What honest clients still get, each over a new connection: the time, health, the operators' view, and a unit that
  /// is provisioned and suspended.
  void honest_clients_are_served() {
    EXPECT_TRUE(Caller(server_, Listener::device, nullptr).get(kTime).ok());
    EXPECT_TRUE(Caller(server_, Listener::open, nullptr).get("/healthz").ok());
    Operator person{server_};
    EXPECT_TRUE(person.caller.get("/v1/status").ok());
    Line line{server_, stations_};
    PaperDevice device{server_};
    const auto provisioned = line.provision(device);
    EXPECT_TRUE(provisioned.ok()) << provisioned.words();
    EXPECT_TRUE(line.seal(device).ok());
    EXPECT_TRUE(line.enroll(device).ok());
    EXPECT_TRUE(line.telemetry(device).ok());
    const auto suspended = person.act("suspend", device.id);
    EXPECT_TRUE(suspended.ok()) << suspended.words();
  }
  Line::Stations enroll() {
    Operator people{server_};
    EXPECT_TRUE(people.open_batch("B1", 100).ok());
    return Line::enroll(people, "line", "B1");
  }
  void attack(const std::function<std::uint16_t(int)>& port_of, std::size_t files_max);

  Server server_{{.starter = {"sh", "-c", std::string{GetParam()} + "; exec \"$@\"", "sh"}}};
  Line::Stations stations_ = enroll();
  const std::string kTime = "/v1/time?nonce=00112233445566778899aabbccddeeff";
};

/// A thousand connections that say half of something and stay. One source has an eighth of a listener, and no more: of
/// 4,096 for devices, of 1,024 each for the public and for operators, or of less where the process may open less.
constexpr std::size_t kDeviceShare = 4096 / 8, kPublicShare = 1024 / 8, kOfTheHonest = 16;
void AC26Descriptors::attack(const std::function<std::uint16_t(int)>& port_of, std::size_t files_max) {
  honest_clients_are_served();
  const auto files = open_files(server_.pid()), memory = resident_kib(server_.pid());
  {
    std::vector<WireSocket> slow;
    for (int i = 0; i < 1000; ++i) {
      const auto port = port_of(i);
      slow.emplace_back(port);
      slow.back().send(port == server_.public_port() ? "GET /healthz HT" : "\x16\x03\x01");
      if (i % 250 == 249) {
        honest_clients_are_served();
      }
    }
    EXPECT_LE(open_files(server_.pid()), files + files_max + kOfTheHonest);
    EXPECT_LE(resident_kib(server_.pid()), memory + 1000 * 128);
  }
  const auto bound = std::chrono::steady_clock::now() + std::chrono::seconds{30};
  Caller honest{server_, Listener::device, nullptr};
  while (open_files(server_.pid()) > files + 1 && std::chrono::steady_clock::now() < bound) {
    EXPECT_TRUE(honest.get(kTime).ok());
  }
  EXPECT_LE(open_files(server_.pid()), files + 1) << "the descriptors come back";
  honest_clients_are_served();
  const auto ended = server_.stop();
  EXPECT_EQ(ended.exit_code, 0);
  EXPECT_EQ(ended.err.find("Too many open files"), std::string::npos);
}

TEST_P(AC26Descriptors, a_thousand_slow_connections_to_the_public_listener_stop_nobody) {
  attack([this](int) { return server_.public_port(); }, kPublicShare);
}

TEST_P(AC26Descriptors, a_thousand_slow_connections_to_the_device_listener_stop_nobody) {
  attack([this](int) { return server_.device_port(); }, kDeviceShare);
}

TEST_P(AC26Descriptors, a_thousand_slow_connections_to_all_listeners_stop_nobody) {
  attack(
      [this](int i) {
        return i % 3 == 0 ? server_.public_port() : i % 3 == 1 ? server_.device_port() : server_.operator_port();
      },
      2 * kPublicShare + 1000 / 3);
}

INSTANTIATE_TEST_SUITE_P(Limits, AC26Descriptors, testing::Values("ulimit -Sn 1024", "ulimit -n 1024"),
                         [](const auto& limit) {
                           return std::string_view{limit.param}.find("-Sn") != std::string_view::npos ? "soft" : "hard";
                         });

/// The log goes into a pipe that nobody reads: it fills after 64 KiB.
TEST(AC26Log, that_nobody_reads_stops_neither_requests_nor_the_end) {
  const TempDir directory;
  const auto pipe = (directory / "log").string();
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  const int unread = ::open(pipe.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  ASSERT_GE(unread, 0);
  Server server{{.flags = {"--metrics", "on"}, .starter = {"sh", "-c", "exec \"$@\" 2>\"$0\"", pipe}}};
  Caller client{server, Listener::device, nullptr};
  for (int i = 0; i < 2000; ++i) {
    ASSERT_TRUE(client.get("/v1/time?nonce=00112233445566778899aabbccddeeff").ok()) << i;
  }
  const auto metrics = Caller(server, Listener::open, nullptr).get("/metrics").body;
  const std::string name = "birthmark_log_lines_dropped_total ";
  const auto at = metrics.find("\n" + name);
  ASSERT_NE(at, std::string::npos);
  EXPECT_GT(std::stoul(metrics.substr(at + 1 + name.size())), 0U);
  const auto ended = server.stop();
  EXPECT_EQ(ended.exit_code, 0);
  EXPECT_FALSE(ended.timed_out);
  ::close(unread);
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
