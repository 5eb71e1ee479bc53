// SPDX-License-Identifier: Apache-2.0
#include "daemon/serve.h"

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <iterator>
#include <set>

#include "adapters/api/problem.h"
#include "adapters/api/router.h"
#include "adapters/entropy/system_entropy.h"
#include "adapters/files/passphrase.h"
#include "adapters/files/posix_files.h"
#include "adapters/http/server.h"
#include "adapters/telemetry/event_log.h"
#include "adapters/telemetry/metrics.h"
#include "codec/json.h"
#include "codec/x509.h"
#include "crypto/hash.h"
#include "daemon/bootstrap.h"
#include "daemon/deny_journal_place.h"
#include "daemon/descriptors.h"
#include "daemon/server_certificate.h"

namespace birthmark::daemon {
namespace {

constexpr int kTidySeconds = 10;
/// Whoever waits for a commit holds a thread: so many can share one.
constexpr unsigned kDeviceWorkers = 32;
constexpr unsigned kOperatorWorkers = 16;
/// Orders wait for a disk that hangs, however many there are; a deny does not.
constexpr unsigned kDenyWorkers = 16;

class HttpListeners final : public Listeners {
 public:
  HttpListeners(Registry& registry)
      : registry_{registry},
        services_{registry.services()},
        device_router_{services_, api::device_routes()},
        operator_router_{services_, api::operator_routes()},
        public_router_{services_, api::public_routes()} {}

  Result<void> start(const Config& config, Registry& registry) {
    BM_TRY(const auto identity, server_identity(config, registry));
    services_.metrics = config.metrics ? std::function<std::string()>{[this] { return metrics_.text(reading()); }}
                                       : std::function<std::string()>{};
    // Foreign EST clients of test products (docs/adr/0003); in production nobody gets in without.
    const auto weakest = config.environment == policy::Environment::development ? tls::ExtendedMasterSecret::unchecked
                                                                                : tls::ExtendedMasterSecret::required;
    if (const auto paths = Registry::paths(config);
        config.environment == policy::Environment::production && lies_beside_keys(paths.passphrase, config.data)) {
      log_.write("passphrase_beside_keys", {{"passphrase", paths.passphrase.string()},
                                            {"risk", "one copy of the data directory opens every key"},
                                            {"remedy", kPassphraseElsewhere}});
    }
    if (const auto paths = Registry::paths(config); on_one_disk(paths.store, paths.journal)) {
      log_.write("journal_beside_store", {{"journal", paths.journal.string()},
                                          {"remedy",
                                           "name a directory on another disk with --journal: a disk that "
                                           "fails then fails only one of them"}});
    }
    // Before anybody can ask for a deny. Until the device listener is there, nobody has a connection to cut.
    registry.set_sessions([this](const std::set<DeviceRow>& devices) {
      std::set<std::uint64_t> owners;
      std::ranges::transform(devices, std::inserter(owners, owners.end()), &DeviceRow::get);
      auto* const listener = cuttable_.load();
      return listener != nullptr ? listener->cut(std::move(owners)) : 0;
    });
    const auto shares = connection_shares(raise_descriptor_limit());
    auto of_devices = limits(config, shares.device);
    of_devices.workers = kDeviceWorkers;
    BM_TRY(device_, start_tls("device", config.device, of_devices,
                              {.chain = identity.chain,
                               .key = &identity.key,
                               .client = tls::ClientCertificate::wanted,
                               .verify = {},
                               .extended_master_secret = weakest},
                              device_router_));
    cuttable_ = device_.get();
    auto of_operators = limits(config, shares.operators);
    of_operators.workers = kOperatorWorkers;
    of_operators.urgent_workers = kDenyWorkers;
    BM_TRY(
        operators_,
        start_tls(
            "operator", config.operators, of_operators,
            {.chain = identity.chain, .key = &identity.key, .client = tls::ClientCertificate::required, .verify = {}},
            operator_router_));
    BM_TRY(open_,
           http::Server::start(options("public", config.open, limits(config, shares.open), nullptr, public_router_)));
    started_ = true;
    return {};
  }

  [[nodiscard]] std::uint16_t device_port() const override { return device_->port(); }
  [[nodiscard]] std::uint16_t operator_port() const override { return operators_->port(); }
  [[nodiscard]] std::uint16_t public_port() const override { return open_->port(); }
  void report(const std::vector<TidyFailure>& failures) override {
    for (const auto& [chore, error] : failures) {
      ++tidy_failures_;
      log_.write("tidy_failed",
                 {{"chore", chore}, {"code", info(error.code).name}, {"detail", telemetry::printable(error.detail)}});
    }
    tell_end();
  }

 private:
  /// The server's key and certificate, made anew if they are due. What cannot be renewed is served as it is: nobody
  /// would get in otherwise.
  Result<Identity> server_identity(const Config& config, Registry& registry) {
    const auto paths = Registry::paths(config);
    const auto renewed = registry.renew_server_certificate();
    BM_TRY(const auto passphrase, read_passphrase(registry.files(), paths.passphrase));
    auto identity = read_identity(registry.files(), paths.tls, "server", passphrase);
    if (!identity) {
      return fail(renewed ? identity.error() : renewed.error());
    }
    BM_TRY(const auto certificate, x509::Certificate::read(identity->chain.front()));
    if (!renewed) {
      log_.write("server_certificate_not_renewed",
                 {{"code", info(renewed.error().code).name}, {"detail", telemetry::printable(renewed.error().detail)}});
    } else if (*renewed == ServerCertificate::made) {
      log_.write("server_certificate_made", {{"until", to_rfc3339(certificate.not_after())}});
    }
    end_notice_.emplace(certificate.not_after());
    tell_end();
    return std::move(*identity);
  }

  void tell_end() {
    const auto& clock = registry_.clock();
    if (end_notice_ && end_notice_->is_due(clock.now(), clock.ticks())) {
      log_.write("server_certificate_ends",
                 {{"at", to_rfc3339(end_notice_->until())}, {"remedy", "restart birthmark serve: it renews it"}});
    }
  }

  static http::Limits limits(const Config& config, std::size_t connections) {
    http::Limits out;
    out.connections_max = connections;
    out.connections_per_source_max = config.connections_per_source;
    return out;
  }

  http::Server::Options options(std::string_view name, const ListenAddress& address, const http::Limits& limits,
                                std::shared_ptr<tls::ServerContext> context, api::Router& router) {
    http::Server::Options out;
    out.address = address.address;
    out.port = address.port;
    out.limits = limits;
    out.tls = std::move(context);
    out.handler = [this, name, &router](const http::Request& request) { return serve(name, router, request); };
    out.body_bytes_max = [&router](http::Method method, std::string_view path, const http::Peer& peer) {
      return router.body_bytes_max(method, path, peer);
    };
    out.urgent = [&router](http::Method method, std::string_view path, const http::Peer& peer) {
      return router.urgent(method, path, peer);
    };
    out.on_fault = [this, name](std::string_view what) {
      log_.write("transport_fault", {{"listener", name}, {"what", telemetry::printable(what)}});
    };
    out.on_refusal = [this, name](const http::Peer& peer, const Error& why) { refuse_handshake(name, peer, why); };
    out.error_response = [this, name](int status, const http::Peer& peer) { return refuse(name, status, peer); };
    return out;
  }

  /// What the transport refuses, before any route is known, looks and is counted as every other refusal.
  http::Response refuse(std::string_view name, int status, const http::Peer& peer) {
    const Error error{api::transport_code(status), "refused before the request was read", {}};
    services_.refusals.count(
        {.code = error.code,
         .source = peer.source,
         .caller = peer.certificate.empty() ? std::nullopt : std::optional{crypto::sha256(peer.certificate)},
         .path = {},
         .detail = error.detail});
    auto id = new_request_id(name, peer);
    log_.write("refused", {{"request", id},
                           {"listener", name},
                           {"peer", peer.address},
                           {"status", status},
                           {"code", info(error.code).name}});
    auto answer = api::problem(error);
    answer.headers.push_back({"X-Request-Id", std::move(id)});
    return answer;
  }

  /// Who shows a certificate that is none of ours, or no longer, is a stranger: nothing is proved of him.
  void refuse_handshake(std::string_view name, const http::Peer& peer, const Error& why) {
    services_.refusals.count(
        {.code = why.code, .source = peer.source, .caller = std::nullopt, .path = {}, .detail = why.detail});
    boost::json::object line{{"listener", name},
                             {"peer", peer.address},
                             {"code", info(why.code).name},
                             {"detail", telemetry::printable(why.detail)}};
    if (!why.check.empty()) {
      line["check"] = telemetry::printable(why.check);
    }
    log_.write("handshake_refused", std::move(line));
  }

  static std::string new_request_id(std::string_view name, const http::Peer& peer) {
    const auto now = std::chrono::steady_clock::now().time_since_epoch().count();
    const auto seed = std::to_string(peer.connection) + ":" + std::to_string(now) + std::string{name};
    return to_hex(crypto::sha256(as_bytes(seed)).get()).substr(0, 16);
  }

  /// One request with its line in the log and its place in the metrics.
  http::Response serve(std::string_view name, api::Router& router, const http::Request& request) {
    const auto begun = std::chrono::steady_clock::now();
    auto id = telemetry::accepted_request_id(request);
    if (id.empty()) {
      id = new_request_id(name, *request.peer);
    }
    auto [answer, route, caller, about] = router.serve(request);
    const auto took = std::chrono::steady_clock::now() - begun;
    metrics_.request(name, route, answer.status, took);
    boost::json::object line{{"request", id},
                             {"listener", name},
                             {"peer", request.peer->address},
                             {"route", route},
                             {"path", telemetry::printable(request.path)},
                             {"status", answer.status},
                             {"us", std::chrono::duration_cast<std::chrono::microseconds>(took).count()}};
    if (caller && caller->presented.device) {
      line["device"] = to_hex(caller->presented.device->get());
    } else if (about) {
      line["device"] = to_hex(about->get());
    }
    if (caller && !caller->presented.device) {
      line["caller"] =
          std::string{pki::profile(caller->profile).name} + ":" + telemetry::printable(caller->common_name);
    }
    if (auto code = telemetry::code_in(answer); !code.empty()) {
      line["code"] = std::move(code);
    }
    log_.write("request", std::move(line));
    answer.headers.push_back({"X-Request-Id", std::move(id)});
    return answer;
  }

  [[nodiscard]] telemetry::Reading reading() const {
    telemetry::Reading out;
    if (!started_) {
      return out;
    }
    out.listeners = {
        {"device", device_->counters()}, {"operator", operators_->counters()}, {"public", open_->counters()}};
    const auto totals = services_.refusals.totals();
    for (const auto& row : all_codes()) {
      if (const auto count = totals.at(static_cast<std::size_t>(row.code)); count != 0) {
        out.refusals.emplace(row.name, count);
      }
    }
    read_numbers(out);
    out.log_lines_dropped = log_.dropped();
    out.tidy_failures = tidy_failures_;
    if (const auto span = services_.store.log_span()) {
      out.log_entries = span->size;
    }
    return out;
  }

  void read_numbers(telemetry::Reading& out) const {
    const auto numbers = registry_.numbers();
    for (const auto kind : audit::all_entry_kinds()) {
      out.events.emplace(audit::name(kind), numbers.events.of(kind));
    }
    for (const auto state : lifecycle::kStates) {
      out.moves.emplace(lifecycle::short_name(state), numbers.events.into(state));
    }
    out.decisions.emplace("allow", numbers.decisions.allowed);
    for (const auto& row : policy::steps()) {
      out.decisions.emplace("deny_" + std::string{policy::name(row.step)},
                            numbers.decisions.denied.at(static_cast<std::size_t>(row.step)));
    }
    out.writes = numbers.writes;
    out.commits = numbers.commits;
    out.commit_time = numbers.commit_time;
  }

  Result<std::unique_ptr<http::Server>> start_tls(std::string_view name, const ListenAddress& address,
                                                  const http::Limits& limits, tls::ServerContext::Options secure,
                                                  api::Router& router) {
    secure.verify = [this](BytesView leaf) { return owner_of(leaf); };
    BM_TRY(auto context, tls::ServerContext::create(std::move(secure)));
    return http::Server::start(options(name, address, limits, std::move(context), router));
  }

  /// The handshake proves path and receipt; whose connection it is tells the credential table. State is judged on
  /// requests.
  Result<std::uint64_t> owner_of(BytesView leaf) {
    BM_TRY(const auto presentation, services_.access.present(leaf));
    return pki::profile(presentation.profile).device ? services_.access.owner(presentation).get() : 0;
  }

  Registry& registry_;
  api::Services& services_;
  telemetry::EventLog log_;
  telemetry::Metrics metrics_;
  std::atomic<bool> started_ = false;
  std::atomic<std::uint64_t> tidy_failures_ = 0;
  std::optional<EndNotice> end_notice_;
  std::atomic<http::Server*> cuttable_ = nullptr;  ///< the device listener, once it is there
  api::Router device_router_, operator_router_, public_router_;
  std::unique_ptr<http::Server> device_, operators_, open_;
};

/// Blocks the signals that end the process, so that one place waits for them; threads inherit the mask.
sigset_t block_end_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  signal(SIGPIPE, SIG_IGN);
  return set;
}

void wait_for_end(const sigset_t& set, const std::function<void()>& tidy) {
  const timespec pause{.tv_sec = kTidySeconds, .tv_nsec = 0};
  while (sigtimedwait(&set, nullptr, &pause) < 0) {
    tidy();
  }
}

}  // namespace

Result<std::unique_ptr<Listeners>> listen(const Config& config, Registry& registry) {
  auto listeners = std::make_unique<HttpListeners>(registry);
  BM_CHECK(listeners->start(config, registry));
  return std::unique_ptr<Listeners>{std::move(listeners)};
}

int serve(const Config& config, bool development, cli::Form form) {
  const auto signals = block_end_signals();
  if (development) {
    PosixFiles files;
    SystemEntropy entropy;
    if (const auto made = ensure_passphrase(files, Registry::paths(config).passphrase, entropy); !made) {
      return cli::complain(made.error(), form, cli::kEnvironment);
    }
  }
  auto registry = Registry::open(config);
  if (!registry) {
    return cli::complain(registry.error(), form, cli::kEnvironment);
  }
  if (development) {
    if (const auto made = (*registry)->init(); !made) {
      return cli::complain(made.error(), form, cli::kEnvironment);
    }
  }
  const auto listeners = listen(config, **registry);
  if (!listeners) {
    return cli::complain(listeners.error(), form, cli::kEnvironment);
  }
  const boost::json::object line{{"ready", true},
                                 {"device_port", (*listeners)->device_port()},
                                 {"operator_port", (*listeners)->operator_port()},
                                 {"public_port", (*listeners)->public_port()},
                                 {"log_key", (*registry)->log_key()}};
  std::printf("%s\n", json::write(line).c_str());
  std::fflush(stdout);
  wait_for_end(signals, [&] { (*listeners)->report((*registry)->tidy()); });
  (*listeners)->report((*registry)->tidy(app::Refusals::Minutes::all));
  return 0;
}

}  // namespace birthmark::daemon
