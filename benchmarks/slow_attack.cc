// SPDX-License-Identifier: Apache-2.0
#include "slow_attack.h"

#include <openssl/ssl.h>

#include <algorithm>
#include <chrono>
#include <stdexcept>

#include "crypto/openssl.h"
#include "measure.h"

namespace birthmark::bench {
namespace {

using namespace std::chrono_literals;

constexpr auto kTick = 10ms;
constexpr std::size_t kOctetsATick = 10;
constexpr std::size_t kTicksAReplacement = 5;
constexpr std::size_t kTicksAHeader = 10;
constexpr std::uint8_t kFirstHost = 2;  ///< of 127.0.0.0/24: the honest come from 1
constexpr unsigned kHosts = 4;

/// A record of 512 octets with the first of a ClientHello's.
constexpr std::string_view kBegunHello{"\x16\x03\x01\x02\x00\x01\x00\x01\xFC\x03\x03", 11};
constexpr std::string_view kBegunRequest = "POST /v1/revalidate HTTP/1.1\r\nHost: a\r\nContent-Le";

}  // namespace

/// A connection whose handshake is done and whose request is not.
class SlowAttack::HalfRequest {
 public:
  HalfRequest(std::uint16_t port, std::uint8_t host, tls::ClientContext& context)
      : socket_{port, host}, ssl_{SSL_new(context.native())} {
    if (!ssl_ || SSL_set_fd(ssl_.get(), socket_.descriptor()) != 1 || SSL_connect(ssl_.get()) != 1 ||
        SSL_write(ssl_.get(), kBegunRequest.data(), static_cast<int>(kBegunRequest.size())) <= 0) {
      throw std::runtime_error{"the attack does not get through its handshake: " + tls::last_error()};
    }
  }

 private:
  test::WireSocket socket_;
  crypto::OpensslPtr<SSL, SSL_free> ssl_;
};

SlowAttack::SlowAttack(const test::Server& server) : server_{server} {
  tls::ClientContext::Options options;
  options.anchors = server.anchors();
  const auto context = test::must(tls::ClientContext::create(options));
  for (std::size_t i = 0; i < kHalfRequests; ++i) {
    half_requests_.emplace_back(server.device_port(), next_host(), *context);
  }
  for (std::size_t i = 0; i < kHellos; ++i) {
    open_hello();
  }
  thread_ = std::jthread{[this](const std::stop_token& stop) { go_on(stop); }};
}

SlowAttack::~SlowAttack() = default;

void SlowAttack::end() {
  thread_ = {};
  if (!fault_.empty()) {
    throw std::runtime_error{"the attack ended too soon: " + fault_};
  }
}

std::uint8_t SlowAttack::next_host() {
  return static_cast<std::uint8_t>(kFirstHost + hosts_++ % kHosts);
}

void SlowAttack::open_hello() {
  hellos_.emplace_back(server_.device_port(), next_host()).send(kBegunHello);
}

void SlowAttack::go_on(const std::stop_token& stop) {
  const double begin = thread_cpu_seconds();
  auto next = std::chrono::steady_clock::now();
  try {
    for (std::size_t count = 1; !stop.stop_requested(); ++count) {
      tick(count);
      next = std::max(next + kTick, std::chrono::steady_clock::now());
      std::this_thread::sleep_until(next);
    }
  } catch (const std::exception& error) {
    fault_ = error.what();
  }
  cpu_seconds_ = thread_cpu_seconds() - begin;
}

void SlowAttack::tick(std::size_t count) {
  for (std::size_t i = 0; i < kOctetsATick; ++i) {
    next_hello_ = (next_hello_ + 1) % hellos_.size();
    hellos_[next_hello_].send(std::string_view{"\0", 1});
  }
  if (count % kTicksAReplacement == 0) {
    hellos_.pop_front();
    open_hello();
  }
  if (count % kTicksAHeader == 0) {
    send_huge_header();
  }
}

void SlowAttack::send_huge_header() {
  const std::vector<http::Header> header(32, {"X", std::string(std::size_t{32} * 1024, 'x')});
  test::Caller caller{server_, test::Listener::device, nullptr};
  const auto answer = caller.send(http::Method::get, "/v1/time", header, {});
  if (answer.status == 431 || answer.silent()) {
    ++headers_dropped_;
  }
}

}  // namespace birthmark::bench
