// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <thread>
#include <vector>

#include "support/server.h"
#include "support/wire_socket.h"

struct ssl_st;

namespace birthmark::bench {

/// AC-26 on the device listener, from loopback addresses of its own: a thousand connections, 800 in the middle of their
/// ClientHello and 200 in the middle of a request. Every second 1,000 octets more of the hellos, 20 connections that
/// are replaced by new ones, and ten requests with 1 MiB of header. Slow on purpose: what attackers and server compute
/// for them is small, what they occupy is not.
class SlowAttack {
 public:
  static constexpr std::size_t kHellos = 800, kHalfRequests = 200;

  /// Opens the thousand, then goes on by itself until `end`; they close when this goes away. Throws std::runtime_error
  /// if the server does not let them in.
  explicit SlowAttack(const test::Server& server);
  ~SlowAttack();
  SlowAttack(const SlowAttack&) = delete;
  SlowAttack& operator=(const SlowAttack&) = delete;

  /// Throws std::runtime_error if the attack had come to an end by itself.
  void end();
  /// Seconds of CPU that the attacker used, from the time when the thousand were open; once it has ended.
  [[nodiscard]] double cpu_seconds() const { return cpu_seconds_; }
  /// Requests with 1 MiB of header that were refused or cut off; once it has ended.
  [[nodiscard]] unsigned headers_dropped() const { return headers_dropped_; }

 private:
  class HalfRequest;

  std::uint8_t next_host();
  void open_hello();
  void go_on(const std::stop_token& stop);
  void tick(std::size_t count);
  void send_huge_header();

  const test::Server& server_;
  unsigned hosts_ = 0;
  std::deque<test::WireSocket> hellos_;
  std::vector<HalfRequest> half_requests_;
  std::size_t next_hello_ = 0;
  double cpu_seconds_ = 0;
  unsigned headers_dropped_ = 0;
  std::string fault_;
  std::jthread thread_;  ///< the last: it ends before what it works on goes away
};

}  // namespace birthmark::bench
