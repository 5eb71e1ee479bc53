// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <memory>

#include "floor.h"

namespace birthmark::bench {

/// Bytes of one request's body and of its answer's.
struct Exchange {
  std::size_t asked = 0;
  std::size_t answered = 0;
};
/// The three requests of one provisioning.
using Exchanges = std::array<Exchange, 3>;

/// A bare server on Beast, OpenSSL's TLS and SQLite, for what the product cannot spare: for a provisioning it takes
/// three requests of a mutually authenticated keep-alive connection, answers as many bytes as the product does, and
/// makes one floor call. It looks into no body, judges and logs nothing. One event loop for each CPU.
class BareServer {
 public:
  struct Task {
    /// It also waits until a row is on the disk, once before the floor, as an intent, and once after it, as a
    /// registration (bare_ledger.h).
    bool durable = false;
    /// How long a row waits for others to share its commit.
    std::chrono::milliseconds gathered{0};
    /// The first of the three requests is spared, as if the station had drawn its challenge ahead.
    bool challenge_drawn_ahead = false;
  };

  /// @param clients that will be connected by the first window
  BareServer(const Floor::Inputs& inputs, const Exchanges& exchanges, unsigned clients);
  ~BareServer();

  /// CPU seconds of its threads for one provisioning, of `units` by each client, all clients at once.
  double window(std::size_t units, const Task& task);

 private:
  struct Running;
  std::unique_ptr<Running> running_;
};

}  // namespace birthmark::bench
