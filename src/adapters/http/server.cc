// SPDX-License-Identifier: Apache-2.0
#include "adapters/http/server.h"

#include <boost/asio/dispatch.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_map>
#include <variant>

#include "adapters/http/worker_pool.h"

namespace birthmark::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using tcp = asio::ip::tcp;
using boost::system::error_code;
using Plain = tcp::socket;
using Secure = asio::ssl::stream<tcp::socket>;
using Body = beast::http::vector_body<std::uint8_t>;

struct AtomicCounters {
  std::atomic<std::uint64_t> connections_open = 0, accepted = 0, refused = 0, handshakes_failed = 0, requests = 0,
                             dropped_slow = 0, queue_full = 0, cut = 0;
};

Method method_of(beast::http::verb verb) {
  if (verb == beast::http::verb::get) {
    return Method::get;
  }
  if (verb == beast::http::verb::head) {
    return Method::head;
  }
  if (verb == beast::http::verb::post) {
    return Method::post;
  }
  if (verb == beast::http::verb::put) {
    return Method::put;
  }
  return verb == beast::http::verb::delete_ ? Method::del : Method::other;
}

Request request_from(beast::http::request<Body>&& from, const Peer& peer) {
  Request to;
  to.method = method_of(from.method());
  const std::string_view target{from.target().data(), from.target().size()};
  const auto mark = target.find('?');
  to.path = target.substr(0, mark);
  to.query = mark == std::string_view::npos ? std::string_view{} : target.substr(mark + 1);
  for (const auto& field : from) {
    to.headers.push_back({std::string{field.name_string()}, std::string{field.value()}});
  }
  to.body = std::move(from.body());
  to.peer = &peer;
  return to;
}

beast::http::response<Body> response_from(Response&& from, unsigned version, bool keep_alive, bool head) {
  beast::http::response<Body> to;
  to.version(version);
  to.result(static_cast<unsigned>(from.status));
  for (const auto& header : from.headers) {
    to.insert(header.name, header.value);
  }
  to.keep_alive(keep_alive && !from.close);
  to.content_length(from.body.size());
  if (!head) {
    to.body().assign(from.body.begin(), from.body.end());
  }
  return to;
}

class Session;

/// What all sessions of one listener share.
struct Shared {
  Server::Options options;
  AtomicCounters counters;
  std::mutex mutex;
  std::unordered_map<std::uint64_t, std::weak_ptr<Session>> sessions;  // by connection
  std::atomic<std::uint64_t> next_connection = 1;
  std::optional<asio::ssl::context> tls;
  std::unique_ptr<WorkerPool> workers;

  void fault(std::string_view what) const {
    if (options.on_fault) {
      options.on_fault(what);
    }
  }
};

/// One connection: handshake, then request after request. Everything but the handler runs on its strand.
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(std::shared_ptr<Shared> shared, tcp::socket socket)
      : shared_{std::move(shared)}, timer_{socket.get_executor()}, stream_{make_stream(*shared_, std::move(socket))} {
    peer_.connection = shared_->next_connection++;
    error_code ignored;
    peer_.address = lowest().remote_endpoint(ignored).address().to_string();
    lowest().set_option(tcp::no_delay{true}, ignored);
    ++shared_->counters.connections_open;
  }
  ~Session() {
    --shared_->counters.connections_open;
    const std::scoped_lock lock{shared_->mutex};
    shared_->sessions.erase(peer_.connection);
  }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  void start() {
    {
      const std::scoped_lock lock{shared_->mutex};
      shared_->sessions.emplace(peer_.connection, weak_from_this());
    }
    asio::dispatch(timer_.get_executor(), [self = shared_from_this()] { self->handshake(); });
  }

  /// Closes the socket under the stream: no goodbye, nothing to wait for.
  void cut() {
    asio::post(timer_.get_executor(), [self = shared_from_this()] { self->close(); });
  }

  [[nodiscard]] std::uint64_t owner() const { return owner_.load(std::memory_order_acquire); }
  [[nodiscard]] const Peer& peer() const { return peer_; }

 private:
  static std::variant<Plain, Secure> make_stream(Shared& shared, tcp::socket socket) {
    if (shared.tls) {
      return std::variant<Plain, Secure>{std::in_place_type<Secure>, std::move(socket), *shared.tls};
    }
    return std::variant<Plain, Secure>{std::in_place_type<Plain>, std::move(socket)};
  }

  tcp::socket& lowest() {
    if (auto* const secure = std::get_if<Secure>(&stream_)) {
      return secure->next_layer();
    }
    return std::get<Plain>(stream_);
  }

  void expire_after(std::chrono::milliseconds time, bool slow) {
    timer_.expires_after(time);
    timer_.async_wait([self = weak_from_this(), slow](const error_code& error) {
      const auto session = self.lock();
      if (error || !session) {
        return;
      }
      session->shared_->counters.dropped_slow += slow ? 1 : 0;
      session->close();
    });
  }

  void close() {
    error_code ignored;
    timer_.cancel();
    lowest().shutdown(tcp::socket::shutdown_both, ignored);
    lowest().close(ignored);
  }

  void handshake() {
    auto* const secure = std::get_if<Secure>(&stream_);
    if (secure == nullptr) {
      read();
      return;
    }
    expire_after(shared_->options.limits.request_timeout, true);
    secure->async_handshake(asio::ssl::stream_base::server,
                            [self = shared_from_this()](const error_code& error) { self->after_handshake(error); });
  }

  void after_handshake(const error_code& error) {
    auto facts = error ? Result<tls::Established>{fail(Code::unauthenticated, error.message())}
                       : tls::established(std::get<Secure>(stream_).native_handle());
    if (!facts) {
      ++shared_->counters.handshakes_failed;
      shared_->fault("handshake with " + peer_.address + ": " + facts.error().detail);
      close();
      return;
    }
    peer_.certificate = std::move(facts->peer_certificate);
    peer_.channel_binding = std::move(facts->channel_binding);
    owner_.store(facts->owner, std::memory_order_release);
    read();
  }

  void read() {
    parser_.emplace();
    parser_->header_limit(static_cast<std::uint32_t>(shared_->options.limits.header_bytes_max));
    parser_->body_limit(shared_->options.limits.body_bytes_max);
    const bool waiting = buffer_.size() == 0;
    expire_after(waiting ? shared_->options.limits.idle_timeout : shared_->options.limits.request_timeout, !waiting);
    if (!waiting) {
      read_request();
      return;
    }
    // Waits for the first byte under the idle timeout; from then on the whole request has to arrive in time.
    with_stream([&](auto& stream) {
      stream.async_read_some(buffer_.prepare(4096),
                             [self = shared_from_this()](const error_code& error, std::size_t size) {
                               if (error) {
                                 self->close();
                                 return;
                               }
                               self->buffer_.commit(size);
                               self->expire_after(self->shared_->options.limits.request_timeout, true);
                               self->read_request();
                             });
    });
  }

  void read_request() {
    with_stream([&](auto& stream) {
      beast::http::async_read(
          stream, buffer_, *parser_,
          [self = shared_from_this()](const error_code& error, std::size_t) { self->after_read(error); });
    });
  }

  void after_read(const error_code& error) {
    timer_.cancel();
    if (error == beast::http::error::body_limit) {
      answer_bare(413);
    } else if (error == beast::http::error::header_limit) {
      answer_bare(431);
    } else if (error.category() == make_error_code(beast::http::error::end_of_stream).category() &&
               error != beast::http::error::end_of_stream && error != beast::http::error::partial_message) {
      answer_bare(400);
    } else if (error) {
      close();
    } else if (parser_->chunked() || parser_->get().count(beast::http::field::content_length) > 1 ||
               parser_->get().count(beast::http::field::host) != 1 || parser_->get().version() != 11 ||
               parser_->upgrade()) {
      // One way to say where a body ends, or the request could be read as two (AC-26).
      answer_bare(400);
    } else {
      serve();
    }
  }

  void serve() {
    ++shared_->counters.requests;
    const bool keep_alive = parser_->get().keep_alive();
    const bool head = parser_->get().method() == beast::http::verb::head;
    auto request = std::make_shared<Request>(request_from(parser_->release(), peer_));
    auto job = [self = shared_from_this(), request, keep_alive, head] {
      Response response{.status = 500, .headers = {}, .body = {}, .close = true};
      try {
        response = self->shared_->options.handler(*request);
      } catch (const std::exception& exception) {
        self->shared_->fault(exception.what());
      }
      asio::post(self->timer_.get_executor(), [self, response = std::move(response), keep_alive, head]() mutable {
        self->write(std::move(response), keep_alive, head);
      });
    };
    if (!shared_->workers->post(std::move(job))) {
      ++shared_->counters.queue_full;
      write({.status = 503, .headers = {{"Retry-After", "1"}}, .body = {}, .close = true}, false, head);
    }
  }

  void answer_bare(int status) {
    ++shared_->counters.refused;
    write({.status = status, .headers = {}, .body = {}, .close = true}, false, false);
  }

  void write(Response&& response, bool keep_alive, bool head) {
    response_.emplace(response_from(std::move(response), 11, keep_alive, head));
    expire_after(shared_->options.limits.request_timeout, true);
    with_stream([&](auto& stream) {
      beast::http::async_write(stream, *response_, [self = shared_from_this()](const error_code& error, std::size_t) {
        self->timer_.cancel();
        if (error || !self->response_->keep_alive()) {
          self->finish();
          return;
        }
        self->read();
      });
    });
  }

  /// Says goodbye where TLS wants it, then closes.
  void finish() {
    auto* const secure = std::get_if<Secure>(&stream_);
    if (secure == nullptr || !lowest().is_open()) {
      close();
      return;
    }
    expire_after(shared_->options.limits.request_timeout, false);
    secure->async_shutdown([self = shared_from_this()](const error_code&) { self->close(); });
  }

  template <class F>
  void with_stream(F&& call) {
    std::visit(std::forward<F>(call), stream_);
  }

  std::shared_ptr<Shared> shared_;
  asio::steady_timer timer_;
  std::variant<Plain, Secure> stream_;
  Peer peer_;
  std::atomic<std::uint64_t> owner_ = 0;
  beast::flat_buffer buffer_;
  std::optional<beast::http::request_parser<Body>> parser_;
  std::optional<beast::http::response<Body>> response_;
};

class AsioServer final : public Server {
 public:
  explicit AsioServer(Options options) : shared_{std::make_shared<Shared>()}, acceptor_{io_} {
    shared_->options = std::move(options);
    if (shared_->options.tls) {
      // Asio's context takes over a reference of its own.
      SSL_CTX_up_ref(shared_->options.tls->native());
      shared_->tls.emplace(shared_->options.tls->native());
    }
    shared_->workers = std::make_unique<WorkerPool>(shared_->options.limits.workers, shared_->options.limits.queue_max);
  }
  ~AsioServer() override { AsioServer::stop(); }
  AsioServer(const AsioServer&) = delete;
  AsioServer& operator=(const AsioServer&) = delete;

  Result<void> listen() {
    error_code error;
    const auto address = asio::ip::make_address(shared_->options.address, error);
    if (error) {
      return fail(Code::unavailable, "address " + shared_->options.address + ": " + error.message());
    }
    const tcp::endpoint endpoint{address, shared_->options.port};
    acceptor_.open(endpoint.protocol(), error);
    if (!error) {
      acceptor_.set_option(asio::socket_base::reuse_address{true}, error);
    }
    if (!error) {
      acceptor_.bind(endpoint, error);
    }
    if (!error) {
      acceptor_.listen(asio::socket_base::max_listen_connections, error);
    }
    if (error) {
      return fail(Code::unavailable, "cannot listen on " + shared_->options.address + ":" +
                                         std::to_string(shared_->options.port) + ": " + error.message());
    }
    port_ = acceptor_.local_endpoint(error).port();
    accept();
    loop_ = std::jthread{[this] { io_.run(); }};
    return {};
  }

  [[nodiscard]] std::uint16_t port() const override { return port_; }

  std::size_t cut(std::uint64_t owner) override {
    std::vector<std::shared_ptr<Session>> found;
    {
      const std::scoped_lock lock{shared_->mutex};
      for (const auto& [connection, weak] : shared_->sessions) {
        if (auto session = weak.lock(); session && owner != 0 && session->owner() == owner) {
          found.push_back(std::move(session));
        }
      }
    }
    for (const auto& session : found) {
      session->cut();
    }
    shared_->counters.cut += found.size();
    return found.size();
  }

  [[nodiscard]] Counters counters() const override {
    const auto& c = shared_->counters;
    return {.connections_open = c.connections_open,
            .accepted = c.accepted,
            .refused = c.refused,
            .handshakes_failed = c.handshakes_failed,
            .requests = c.requests,
            .dropped_slow = c.dropped_slow,
            .queue_full = c.queue_full,
            .cut = c.cut};
  }

  void stop() override {
    shared_->workers->stop();
    io_.stop();
    if (loop_.joinable()) {
      loop_.join();
    }
  }

 private:
  void accept() {
    acceptor_.async_accept(asio::make_strand(io_), [this](const error_code& error, tcp::socket socket) {
      if (error == asio::error::operation_aborted) {
        return;
      }
      if (!error && shared_->counters.connections_open < shared_->options.limits.connections_max) {
        ++shared_->counters.accepted;
        std::make_shared<Session>(shared_, std::move(socket))->start();
      } else {
        ++shared_->counters.refused;
      }
      accept();
    });
  }

  // Order matters: sessions end before the loop they run on.
  asio::io_context io_{1};
  std::shared_ptr<Shared> shared_;
  tcp::acceptor acceptor_;
  std::uint16_t port_ = 0;
  std::jthread loop_;
};

}  // namespace

Result<std::unique_ptr<Server>> Server::start(Options options) {
  auto server = std::make_unique<AsioServer>(std::move(options));
  BM_CHECK(server->listen());
  return std::unique_ptr<Server>{std::move(server)};
}

}  // namespace birthmark::http
