// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
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
/// makes one floor call. It looks into no body, judges and logs nothing. One event loop, a thread for each CPU.
class BareServer {
 public:
  /// `durable`: it also waits until a row is on the disk, once before the floor, as an intent, and once after it, as a
  /// registration (bare_ledger.h).
  enum class Storage : unsigned char { none, durable };

  /// @param clients that will be connected by the first window
  BareServer(const Floor::Inputs& inputs, const Exchanges& exchanges, unsigned clients);
  ~BareServer();

  /// CPU seconds of its threads for one provisioning, of `units` by each client, all clients at once.
  double window(std::size_t units, Storage storage);

 private:
  struct Running;
  std::unique_ptr<Running> running_;
};

}  // namespace birthmark::bench
