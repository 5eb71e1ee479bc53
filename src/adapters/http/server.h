// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "adapters/http/message.h"
#include "adapters/tls/context.h"
#include "base/result.h"

namespace birthmark::http {

/// Bounds of one listener (AC-26): what exceeds them is refused or dropped, never buffered.
struct Limits {
  std::size_t connections_max = 4096;
  std::size_t header_bytes_max = 8 * 1024;
  std::size_t body_bytes_max = 64 * 1024;
  std::size_t queue_max = 1024;                       ///< requests waiting for a worker; beyond: 503 with Retry-After
  std::chrono::milliseconds request_timeout{10'000};  ///< handshake; first to last byte of a request; writing an answer
  std::chrono::milliseconds idle_timeout{60'000};     ///< between requests
  unsigned workers = 2;
};

/// Runs on a worker thread; may block on storage. Must not throw: what does is answered 500 and logged by `on_fault`.
using Handler = std::function<Response(const Request&)>;

/// Counters since start, for metrics.
struct Counters {
  std::uint64_t connections_open = 0, accepted = 0, refused = 0, handshakes_failed = 0, requests = 0, dropped_slow = 0,
                queue_full = 0, cut = 0;
};

/// One listening socket with its event loop and bounded worker pool. Requests of a connection are served one at a time.
class Server {
 public:
  struct Options {
    std::string address = "127.0.0.1";
    std::uint16_t port = 0;                   ///< 0: any free one
    std::shared_ptr<tls::ServerContext> tls;  ///< null: plain HTTP
    Limits limits;
    Handler handler;
    std::function<void(std::string_view what)> on_fault;  ///< for logs; may be empty
  };

  /// Binds, listens and starts serving. @error unavailable: the address cannot be bound.
  static Result<std::unique_ptr<Server>> start(Options options);
  virtual ~Server() = default;

  [[nodiscard]] virtual std::uint16_t port() const = 0;
  /// Ends every open connection whose TLS owner (tls::ServerContext) is `owner`; returns how many there were.
  /// An answer that is being written is cut as well. Safe from any thread; does not block on the peer.
  virtual std::size_t cut(std::uint64_t owner) = 0;
  [[nodiscard]] virtual Counters counters() const = 0;
  /// Stops accepting, lets running handlers finish, closes everything. Called by the destructor too.
  virtual void stop() = 0;
};

}  // namespace birthmark::http
