// SPDX-License-Identifier: Apache-2.0
#include "adapters/http/server.h"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>
#include <thread>

#include "adapters/http/connection.h"

namespace birthmark::http {
namespace {

constexpr std::size_t kSharesOfAll = 8, kShareMin = 16;

class AsioServer final : public Server {
 public:
  explicit AsioServer(Options options) : shared_{std::make_shared<Shared>()}, acceptor_{io_}, backoff_{io_} {
    shared_->options = std::move(options);
    if (shared_->options.tls) {
      shared_->tls.emplace(tls::add_reference(shared_->options.tls->native()));
    }
    const auto& limits = shared_->options.limits;
    const auto share = limits.connections_per_source_max != 0
                           ? limits.connections_per_source_max
                           : std::max<std::size_t>(kShareMin, limits.connections_max / kSharesOfAll);
    shared_->admission.emplace(limits.connections_max, share);
    shared_->workers = std::make_unique<WorkerPool>(limits.workers, limits.queue_max);
    if (shared_->options.urgent && limits.urgent_workers != 0) {
      shared_->urgent_workers = std::make_unique<WorkerPool>(limits.urgent_workers, limits.queue_max);
    }
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
    loop_ = std::jthread{[this] { run(); }};
    return {};
  }

  [[nodiscard]] std::uint16_t port() const override { return port_; }

  std::size_t cut(std::set<std::uint64_t> owners) override {
    owners.erase(0);
    if (owners.empty()) {
      return 0;
    }
    const auto shared_owners = std::make_shared<const std::set<std::uint64_t>>(std::move(owners));
    std::size_t known = 0;
    for (const auto& connection : shared_->live()) {
      known += connection->cut(shared_owners) ? 1 : 0;
    }
    return known;
  }

  [[nodiscard]] Counters counters() const override {
    const auto& c = shared_->counters;
    return {.connections_open = c.connections_open,
            .accepted = c.accepted,
            .connections_refused = c.connections_refused,
            .evicted = c.evicted,
            .accept_failures = c.accept_failures,
            .handshakes_failed = c.handshakes_failed,
            .requests = c.requests,
            .requests_refused = c.requests_refused,
            .dropped_slow = c.dropped_slow,
            .queue_full = c.queue_full,
            .handler_faults = c.handler_faults,
            .cut = c.cut};
  }

  void stop() override {
    if (stopped_.exchange(true)) {
      return;
    }
    // While a handler runs its connection waits for nothing: without this the loop would end before the answer comes.
    auto work = asio::make_work_guard(io_);
    asio::post(io_, [this] {
      error_code ignored;
      acceptor_.close(ignored);
      backoff_.cancel();
    });
    shared_->workers->stop();
    if (shared_->urgent_workers) {
      shared_->urgent_workers->stop();
    }
    // Behind the answers that the last handlers gave, which so leave first. Then the loop runs out of work.
    asio::post(io_, [this] {
      for (const auto& connection : shared_->live()) {
        connection->shut();
      }
    });
    work.reset();
    if (loop_.joinable()) {
      loop_.join();
    }
  }

 private:
  void run() {
    while (true) {
      try {
        if (!accepting_ && !stopped_) {
          accept();
        }
        io_.run();
        return;
      } catch (const std::exception& exception) {
        // Out of memory in one connection; its owners went with the handler, the others go on, and so does accepting.
        shared_->fault(std::string{"event loop: "} + exception.what());
        io_.restart();  // it may have run out of work: accepting was part of what ended
      }
    }
  }

  void accept() {
    acceptor_.async_accept(asio::make_strand(io_), [this](const error_code& error, tcp::socket socket) {
      accepting_ = false;  // if anything below throws, `run` accepts anew
      if (stopped_) {
        return;
      }
      if (error) {
        after_failure(error);
        return;
      }
      take(std::move(socket));
      accept();
    });
    accepting_ = true;
  }

  void take(tcp::socket socket) {
    error_code ignored;
    const auto number = ++last_connection_;
    const auto verdict = shared_->admission->enter(number, source_of(socket.remote_endpoint(ignored).address()));
    if (const auto connection = verdict.evicted ? shared_->find(*verdict.evicted) : nullptr) {
      connection->give_way();
    }
    if (!verdict.admitted) {
      ++shared_->counters.connections_refused;
      return;
    }
    ++shared_->counters.accepted;
    try {
      std::make_shared<Connection>(shared_, std::move(socket), number)->start();
    } catch (...) {
      shared_->admission->leave(number);
      throw;
    }
  }

  /// Without descriptors the next accept fails at once and for ever: waits instead of spinning.
  void after_failure(const error_code& error) {
    ++shared_->counters.accept_failures;
    shared_->fault("accept: " + error.message());
    backoff_.expires_after(shared_->options.limits.accept_backoff);
    backoff_.async_wait([this](const error_code& cancelled) {
      accepting_ = false;
      if (!cancelled && !stopped_) {
        accept();
      }
    });
    accepting_ = true;
  }

  // Order matters: connections end before the loop they run on.
  asio::io_context io_{1};
  std::shared_ptr<Shared> shared_;
  tcp::acceptor acceptor_;
  asio::steady_timer backoff_;
  std::uint64_t last_connection_ = 0;  // with the next, of the loop alone
  bool accepting_ = false;             // or waiting to
  std::uint16_t port_ = 0;
  std::atomic<bool> stopped_ = false;
  std::jthread loop_;
};

}  // namespace

Result<std::unique_ptr<Server>> Server::start(Options options) {
  auto server = std::make_unique<AsioServer>(std::move(options));
  BM_CHECK(server->listen());
  return std::unique_ptr<Server>{std::move(server)};
}

}  // namespace birthmark::http
