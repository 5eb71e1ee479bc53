// SPDX-License-Identifier: Apache-2.0
#pragma once

// Internal to adapters/http.

#include <atomic>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <unordered_map>
#include <variant>
#include <vector>

#include "adapters/http/admission.h"
#include "adapters/http/server.h"
#include "adapters/http/wire.h"
#include "adapters/http/worker_pool.h"

namespace birthmark::http {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;
using boost::system::error_code;
using Plain = tcp::socket;
using Secure = asio::ssl::stream<tcp::socket>;

struct AtomicCounters {
  std::atomic<std::uint64_t> connections_open = 0, accepted = 0, connections_refused = 0, evicted = 0,
                             accept_failures = 0, handshakes_failed = 0, requests = 0, requests_refused = 0,
                             dropped_slow = 0, queue_full = 0, handler_faults = 0, cut = 0;
};

class Connection;

/// What all connections of one listener share; the listener stops the workers before it lets go of this.
struct Shared {
  Server::Options options;
  AtomicCounters counters;
  std::optional<Admission> admission;
  std::optional<asio::ssl::context> tls;
  std::unique_ptr<WorkerPool> workers;
  std::unique_ptr<WorkerPool> urgent_workers;  ///< null: no request is urgent
  std::mutex mutex;
  std::unordered_map<std::uint64_t, std::weak_ptr<Connection>> connections;  // guarded by mutex

  void fault(std::string_view what) const noexcept;
  void refused(const Peer& peer, const Error& why) const noexcept;
  [[nodiscard]] Answer refusal(int status, const Peer& peer, bool keep_alive, AnswerTo method) const;
  /// That connection, if it lives.
  [[nodiscard]] std::shared_ptr<Connection> find(std::uint64_t number);
  /// Those that live; the lock is not held when the caller lets go of the last owner of one.
  [[nodiscard]] std::vector<std::shared_ptr<Connection>> live();
};

/// One connection: handshake, then request after request. Everything but the handler and `cut` runs on its strand.
using Owners = std::shared_ptr<const std::set<std::uint64_t>>;

/// Peer::source of an address.
std::string source_of(const asio::ip::address& address);

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(std::shared_ptr<Shared> shared, tcp::socket socket, std::uint64_t number);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void start();
  /// Ends it if it is one of theirs; true if that is known already, false if it is not or is found out on the strand.
  bool cut(const Owners& owners);
  /// Ends it at once, for another that needs its place.
  void give_way();
  /// Ends it so that what was written still arrives.
  void shut();

 private:
  /// Reset: nothing more arrives, not even what was sent; frees what the system holds for it at once.
  enum class Ending : std::uint8_t { quiet, reset };
  /// What the end of a time means: nothing bad; the peer is dropped; the same, but it is told first.
  enum class Slow : std::uint8_t { expected, offence, told };

  void prove();
  void expire_after(std::chrono::milliseconds time, Slow slow);
  void calm();
  void expired(Slow slow);
  void close(Ending ending);
  void close_if_owned_by(const Owners& owners);
  void handshake();
  void after_handshake(const error_code& error);
  void await_request();
  void read_header();
  void after_header(const error_code& error);
  void tell_to_continue();
  void read_body();
  [[nodiscard]] bool body_fits() const;
  void refuse(int status);
  void refuse_unreadable(const error_code& error);
  void serve();
  [[nodiscard]] Answer answer_to(const Request& request, bool keep_alive, AnswerTo method) const;
  void write(Answer&& answer);
  void after_write(const error_code& error);
  void say_goodbye();
  void drain();

  tcp::socket& lowest();
  template <class F>
  void with_stream(F&& call) {
    std::visit(std::forward<F>(call), stream_);
  }

  std::shared_ptr<Shared> shared_;
  asio::steady_timer timer_;
  std::uint64_t turn_ = 0;  // of the timer: an expiry that was already queued when it was set anew does not count
  std::variant<Plain, Secure> stream_;
  Peer peer_;
  std::atomic<std::uint64_t> owner_ = 0;
  bool closed_ = false;
  bool proven_ = false;  // showed a certificate or a whole request
  bool late_ = false;    // the request did not arrive in time: the read that waits for it is being ended
  std::size_t drained_ = 0;
  beast::flat_buffer buffer_;
  std::optional<RequestParser> parser_;
  std::optional<Answer> answer_;
};

}  // namespace birthmark::http
