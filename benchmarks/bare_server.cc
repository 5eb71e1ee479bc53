// SPDX-License-Identifier: Apache-2.0
#include "bare_server.h"

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "adapters/http/client.h"
#include "adapters/tls/context.h"
#include "bare_ledger.h"
#include "line.h"
#include "measure.h"
#include "support/tls_identity.h"

namespace birthmark::bench {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::string_view kPlain = "/answer/";
constexpr std::string_view kWithFloor = "/floors/";
constexpr std::string_view kDurable = "/stored/";
static_assert(kWithFloor.size() == kPlain.size() && kDurable.size() == kPlain.size());

thread_local Floor* floor_of_thread = nullptr;

void check(bool good, const char* what) {
  if (!good) {
    std::fprintf(stderr, "bare server: %s\n", what);
    std::exit(1);
  }
}

/// What one CPU does, on one thread: nothing of it is ever shared, so nothing in it is locked.
struct Loop {
  asio::io_context events{1};
  asio::executor_work_guard<asio::io_context::executor_type> open = asio::make_work_guard(events);
};

/// One connection, one thing at a time.
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(tcp::socket socket, asio::ssl::context& tls, BareLedger& ledger)
      : ledger_{ledger}, stream_{std::move(socket), tls} {
    stream_.next_layer().set_option(tcp::no_delay{true});
  }

  void start() {
    stream_.async_handshake(asio::ssl::stream_base::server, [self = shared_from_this()](error_code failed) {
      if (!failed) {
        self->read();
      }
    });
  }

 private:
  void read() {
    request_ = {};
    beast::http::async_read(stream_, buffer_, request_, [self = shared_from_this()](error_code failed, std::size_t) {
      if (!failed) {
        self->answer();
      }
    });
  }

  void answer() {
    const std::string_view target{request_.target().data(), request_.target().size()};
    if (target.starts_with(kDurable)) {
      stored([this] {
        floor_of_thread->provision();
        stored([this] { write(); });
      });
      return;
    }
    if (target.starts_with(kWithFloor)) {
      floor_of_thread->provision();
    }
    write();
  }

  /// Goes on, on the loop's threads, when a row is durable.
  void stored(std::function<void()> then) {
    ledger_.write([self = shared_from_this(), then = std::move(then)] {
      asio::post(self->stream_.get_executor(), [self, then] { then(); });
    });
  }

  /// The target says how many bytes are wanted.
  void write() {
    const auto target = request_.target();
    std::size_t size = 0;
    std::from_chars(target.data() + kPlain.size(), target.data() + target.size(), size);
    response_ = {beast::http::status::ok, 11};
    response_.body().assign(size, 'x');
    response_.prepare_payload();
    beast::http::async_write(stream_, response_, [self = shared_from_this()](error_code failed, std::size_t) {
      if (!failed) {
        self->read();
      }
    });
  }

  BareLedger& ledger_;
  asio::ssl::stream<tcp::socket> stream_;
  beast::flat_buffer buffer_;
  beast::http::request<beast::http::string_body> request_;
  beast::http::response<beast::http::string_body> response_;
};

/// A root, and whom it certified.
struct Identities {
  test::TlsIdentity root = test::make_identity({.common_name = "root", .ca = true});
  test::TlsIdentity server = test::make_identity({.common_name = "server", .alt_names = "IP:127.0.0.1"}, &root);
  test::TlsIdentity client = test::make_identity({.common_name = "client"}, &root);
};

/// TLS as the product's listeners have it; whoever proves a key is let in.
std::shared_ptr<tls::ServerContext> server_context(const Identities& identities) {
  return must(tls::ServerContext::create({.chain = {identities.server.certificate},
                                          .key = &identities.server.key,
                                          .client = tls::ClientCertificate::required,
                                          .verify = [](BytesView) -> Result<std::uint64_t> { return 1; }}));
}

std::unique_ptr<http::Client> client_of(const Identities& identities, std::uint16_t port) {
  tls::ClientContext::Options tls;
  tls.anchors = {identities.root.certificate};
  tls.chain = {identities.client.certificate};
  tls.key = &identities.client.key;
  return http::Client::create({.host = "127.0.0.1", .port = port, .tls = must(tls::ClientContext::create(tls))});
}

}  // namespace

struct BareServer::Running {
  Running(const Floor::Inputs& inputs, const Exchanges& wanted, unsigned count) : exchanges{wanted} {
    const auto port = acceptor.local_endpoint().port();
    accept(0);
    for (auto& loop : loops) {
      floors.emplace_back(inputs);
      threads.emplace_back([&loop, &floor = floors.back()] {
        floor_of_thread = &floor;
        loop.events.run();
      });
    }
    for (unsigned i = 0; i < count; ++i) {
      clients.push_back(client_of(identities, port));
    }
  }
  ~Running() {
    clients.clear();
    for (auto& loop : loops) {
      loop.events.stop();
    }
  }

  /// Connections go to the loops in turn, and stay there.
  void accept(std::size_t turn) {
    auto& events = loops[turn].events;
    acceptor.async_accept(events, [this, turn, &events](error_code failed, tcp::socket socket) {
      if (!failed) {
        auto session = std::make_shared<Session>(std::move(socket), tls, ledger);
        asio::post(events, [session] { session->start(); });
        accept((turn + 1) % loops.size());
      }
    });
  }

  void provision(http::Client& client, const Task& task) const {
    const auto closing = task.durable ? kDurable : kWithFloor;
    for (const auto& exchange : std::span{exchanges}.subspan(task.challenge_drawn_ahead ? 1 : 0)) {
      const bool last = &exchange == &exchanges.back();
      const auto target = std::string{last ? closing : kPlain} + std::to_string(exchange.answered);
      const auto answer = must(
          client.request(http::Method::post, target, {{"Content-Type", "application/json"}}, Bytes(exchange.asked)));
      check(answer.status == 200 && answer.body.size() == exchange.answered, "another answer");
    }
  }

  [[nodiscard]] double cpu_seconds() {
    double sum = cpu_seconds_of(ledger.thread());
    for (auto& thread : threads) {
      sum += cpu_seconds_of(thread.native_handle());
    }
    return sum;
  }

  const Exchanges exchanges;
  const Identities identities;
  std::deque<Loop> loops{std::max(1U, std::thread::hardware_concurrency())};
  const std::shared_ptr<tls::ServerContext> listener_tls = server_context(identities);
  asio::ssl::context tls{tls::add_reference(listener_tls->native())};
  tcp::acceptor acceptor{loops.front().events, {asio::ip::make_address("127.0.0.1"), 0}};
  std::deque<Floor> floors;
  std::vector<std::unique_ptr<http::Client>> clients;
  BareLedger ledger;                  // its thread holds sessions of the loop
  std::vector<std::jthread> threads;  // end before all above
};

BareServer::BareServer(const Floor::Inputs& inputs, const Exchanges& exchanges, unsigned clients)
    : running_{std::make_unique<Running>(inputs, exchanges, clients)} {}

BareServer::~BareServer() = default;

double BareServer::window(std::size_t units, const Task& task) {
  running_->ledger.gather(task.gathered);
  const double before = running_->cpu_seconds();
  {
    std::vector<std::jthread> threads;
    for (auto& client : running_->clients) {
      threads.emplace_back([this, units, &task, &client] {
        for (std::size_t unit = 0; unit < units; ++unit) {
          running_->provision(*client, task);
        }
      });
    }
  }
  return (running_->cpu_seconds() - before) / static_cast<double>(running_->clients.size() * units);
}

}  // namespace birthmark::bench
