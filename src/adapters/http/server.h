// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "adapters/http/message.h"
#include "adapters/tls/context.h"
#include "base/result.h"

namespace birthmark::http {

/// Bounds of one listener (AC-26): what exceeds them is refused or dropped, never buffered.
struct Limits {
  std::size_t connections_max = 4096;
  /// From one IPv4 address or IPv6 /64; 0: an eighth of all, at least 16. Beyond either bound the oldest connection
  /// that has shown neither a certificate nor a whole request gives way; if there is none, the new one is turned away.
  std::size_t connections_per_source_max = 0;
  std::size_t header_bytes_max = 8 * 1024;
  std::size_t body_bytes_max = 64 * 1024;
  std::size_t large_body_bytes_max = std::size_t{8} * 1024 * 1024;  ///< of requests that Options::body_bytes_max knows
  std::size_t queue_max = 1024;  ///< requests waiting for a worker, of either kind; beyond: 503 with Retry-After
  std::chrono::milliseconds request_timeout{10'000};  ///< handshake; first to last byte of a request: beyond, 408
  std::chrono::milliseconds idle_timeout{60'000};     ///< before and between requests
  /// An answer may take `request_timeout` and as long as it needs at this rate.
  std::size_t answer_bytes_per_second_min = 8 * 1024;
  std::chrono::milliseconds linger{1'000};        ///< for the peer to read the last answer and close its side
  std::chrono::milliseconds accept_backoff{100};  ///< after accept failed for want of descriptors or memory
  unsigned workers = 4;                           ///< threads that handle requests
  unsigned urgent_workers = 0;                    ///< of their own, for those that Options::urgent knows; 0: as all
};

/// Runs on a worker thread, several at once; may block on storage. One that throws is answered 500, its connection is
/// closed and `on_fault` hears of it.
using Handler = std::function<Response(const Request&)>;

/// Since start, for metrics; `connections_open` is of now and includes those whose handler still runs.
struct Counters {
  std::uint64_t connections_open = 0;
  std::uint64_t accepted = 0;
  std::uint64_t connections_refused = 0;  ///< beyond the bounds, with none that could give way
  std::uint64_t evicted = 0;              ///< that gave way to others
  std::uint64_t accept_failures = 0;      ///< of the operating system
  std::uint64_t handshakes_failed = 0;
  std::uint64_t requests = 0;          ///< that were read whole and were well formed
  std::uint64_t requests_refused = 0;  ///< too large, or not readable in exactly one way
  std::uint64_t dropped_slow = 0;
  std::uint64_t queue_full = 0;
  std::uint64_t handler_faults = 0;
  std::uint64_t cut = 0;
};

/// One listening socket with its event loop and bounded worker pool. Requests of a connection are served one at a time,
/// in their order. HTTP/1.1 only, and only messages whose end is told by one Content-Length or by having no body.
class Server {
 public:
  struct Options {
    std::string address = "127.0.0.1";
    std::uint16_t port = 0;                        ///< 0: any free one
    std::shared_ptr<tls::ServerContext> tls = {};  ///< null: plain HTTP
    Limits limits = {};
    Handler handler = {};
    /// How large a body of more than limits.body_bytes_max may be, up to limits.large_body_bytes_max: asked by method
    /// and path once the header is read, before any of the body is. Empty: no larger. On the event loop's thread.
    std::function<std::size_t(Method method, std::string_view path, const Peer& peer)> body_bytes_max = {};
    /// Which requests have workers of their own, so that none of the others, however long they wait, keeps them from
    /// one. Empty: none have. On the event loop's thread.
    std::function<bool(Method method, std::string_view path, const Peer& peer)> urgent = {};
    /// Makes the answers of the transport itself (400, 408, 413, 431, 500, 503), so that they look like all others.
    /// Status and Connection are set here whatever it returns. Empty: answers without a body. Called from several
    /// threads, the event loop's among them: must not block.
    std::function<Response(int status, const Peer& peer)> error_response = {};
    /// Hears of peers that the verifier refused in their handshake, or that gave no channel binding. May be empty: then
    /// `on_fault` hears of it. Called from the event loop: must not block.
    std::function<void(const Peer& peer, const Error& why)> on_refusal = {};
    /// Hears of other failed handshakes, with peer and reason, and of handlers that throw; for logs. May be empty.
    /// Called from several threads.
    std::function<void(std::string_view what)> on_fault = {};
  };

  /// Binds, listens and starts serving. @error unavailable: the address cannot be bound.
  static Result<std::unique_ptr<Server>> start(Options options);
  virtual ~Server() = default;

  [[nodiscard]] virtual std::uint16_t port() const = 0;
  /// Ends every open connection whose TLS owner (tls::ServerContext) is one of `owners`, whatever it is doing; returns
  /// how many there were. One that is still in its handshake ends too, but is not in the number. An answer on its way
  /// is cut off where it is. Owner 0 is nobody. Safe from any thread; does not block on the peer.
  virtual std::size_t cut(std::set<std::uint64_t> owners) = 0;
  [[nodiscard]] virtual Counters counters() const = 0;
  /// Stops accepting, waits for running handlers, closes everything. Not to be called from a handler. Idempotent;
  /// called by the destructor too.
  virtual void stop() = 0;
};

}  // namespace birthmark::http
