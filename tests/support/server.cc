// SPDX-License-Identifier: Apache-2.0
#include "support/server.h"

#include <unistd.h>

#include <fstream>
#include <stdexcept>

#include "adapters/clock/system_clock.h"
#include "adapters/files/passphrase.h"
#include "adapters/files/posix_files.h"
#include "codec/base64.h"
#include "codec/pem.h"
#include "codec/pkcs10.h"
#include "support/paths.h"

namespace birthmark::test {
namespace {

constexpr auto kBound = std::chrono::seconds{120};
const std::string kProgram = (bin_dir() / "birthmark").string();

boost::json::object read_object(std::string_view text, const std::string& words) {
  const auto value = json::read(text, {.bytes_max = 1 << 24, .items_max = 1 << 20});
  if (!value || !value->is_object()) {
    throw std::runtime_error{"no JSON object: " + words};
  }
  return value->as_object();
}

std::string header_of(const http::Response& response, std::string_view name) {
  for (const auto& header : response.headers) {
    if (header.name == name) {
      return header.value;
    }
  }
  return {};
}

std::string member(const boost::json::object& object, std::string_view name) {
  const auto* const value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string{value->as_string()} : std::string{};
}

Answer answer_of(const Result<http::Response>& response) {
  Answer out;
  if (!response) {
    out.code = info(response.error().code).name;
    out.body = response.error().detail;
    out.check = response.error().check;
    return out;
  }
  out.status = response->status;
  out.content_type = header_of(*response, "Content-Type");
  out.body = response->body;
  if (out.content_type == "application/problem+json") {
    const auto problem = out.json();
    out.code = member(problem, "code");
    out.check = member(problem, "check");
  } else if (out.refused()) {
    out.code = out.body.substr(0, out.body.find(':'));
  }
  return out;
}

Environment environment(const ServerOptions& options, const std::string& faults) {
  auto env = only_these_of_ours(options.env);
  env["BIRTHMARK_FAULTS"] = faults.empty() ? std::nullopt : std::optional{faults};
  return env;
}

}  // namespace

Environment only_these_of_ours(Environment env) {
  env.emplace("CREDENTIALS_DIRECTORY", std::nullopt);
  for (char** at = environ; *at != nullptr; ++at) {
    const std::string_view variable{*at};
    if (variable.starts_with("BIRTHMARK_")) {
      env.emplace(std::string{variable.substr(0, variable.find('='))}, std::nullopt);
    }
  }
  return env;
}

boost::json::object Answer::json() const {
  return read_object(body, words());
}

std::string Answer::text(std::string_view name) const {
  const auto object = json();
  const auto* const value = object.if_contains(name);
  if (value == nullptr || !value->is_string()) {
    throw std::runtime_error{"no text " + std::string{name} + ": " + words()};
  }
  return std::string{value->as_string()};
}

std::string Answer::words() const {
  return std::to_string(status) + " " + code + (check.empty() ? "" : " (" + check + ")") + " " + body;
}

Server::Server(ServerOptions options) : options_{std::move(options)} {
  if (options_.begin_from.empty()) {
    initialise();
    pin_vendor();
  } else {
    std::filesystem::copy(options_.begin_from, data(), std::filesystem::copy_options::recursive);
    PosixFiles files;
    vendor_ = must(fleet::SiliconVendor::load(files, data() / "trust"));
  }
  read_identities();
  if (options_.first_start == FirstStart::at_once && !start(options_.faults)) {
    throw std::runtime_error{"birthmark serve did not become ready: " + last_err_};
  }
}

void Server::initialise() {
  const auto made =
      run({.argv = {kProgram, "init", "--dev", "--data", data().string(), "--json"}, .env = environment(options_, {})},
          kBound);
  if (made.exit_code != 0) {
    throw std::runtime_error{"birthmark init: " + made.err};
  }
}

void Server::pin_vendor() {
  PosixFiles files;
  SystemClock clock;
  vendor_ = must(fleet::SiliconVendor::create(clock.now()));
  must(vendor_->save(files, data() / "trust"));
  std::ofstream{data() / "trust" / "vendors.toml"}
      << "[[anchor]]\nvendor = \"simulated\"\nfile = \"root.pem\"\nkind = \"root\"\nclass = \"simulated\"\n"
         "[[anchor]]\nvendor = \"simulated\"\nfile = \"intermediate.pem\"\nkind = \"intermediate\"\n"
         "class = \"simulated\"\n";
}

void Server::read_identities() {
  PosixFiles files;
  const auto passphrase = must(read_passphrase(files, data() / "passphrase"));
  operator_ = must(daemon::read_identity(files, data() / "operators", "admin", passphrase));
  const auto root = must(files.read(service_root_file(), 64UL * 1024));
  anchors_ = must(pem::read(as_text(root), "CERTIFICATE", {}));
}

bool Server::start(const std::string& faults) {
  std::vector<std::string> argv{kProgram, "serve", "--data", data().string(), "--environment", "development"};
  for (const char* const listener : {"--device-listen", "--operator-listen", "--public-listen"}) {
    argv.insert(argv.end(), {listener, "127.0.0.1:0"});
  }
  argv.insert(argv.end(), options_.flags.begin(), options_.flags.end());
  argv.insert(argv.begin(), options_.starter.begin(), options_.starter.end());
  process_ = std::make_unique<Process>(Command{.argv = argv, .env = environment(options_, faults)});
  const auto line = process_->wait_for_line("\"ready\":true", kBound);
  if (!line) {
    last_err_ = process_->kill().err;
    process_.reset();
    return false;
  }
  const auto ready = read_object(*line, *line);
  const auto port = [&ready](std::string_view name) {
    return static_cast<std::uint16_t>(ready.at(name).to_number<int>());
  };
  device_port_ = port("device_port");
  operator_port_ = port("operator_port");
  public_port_ = port("public_port");
  log_key_ = member(ready, "log_key");
  return true;
}

void Server::restart(const std::string& faults) {
  if (runs()) {
    stop();
  }
  if (!start(faults)) {
    throw std::runtime_error{"birthmark serve did not become ready again: " + last_err_};
  }
}

Finished Server::stop() {
  const auto finished = process_->stop(kBound);
  last_err_ = finished.err;
  process_.reset();
  return finished;
}

Finished Server::kill() {
  const auto finished = process_->kill();
  last_err_ = finished.err;
  process_.reset();
  return finished;
}

Finished Server::wait_for_end(std::chrono::milliseconds bound) {
  const auto finished = process_->wait(bound);
  last_err_ = finished.err;
  process_.reset();
  return finished;
}

Finished Server::birthmark(std::vector<std::string> arguments) const {
  arguments.insert(arguments.begin(), kProgram);
  return run({.argv = std::move(arguments), .env = environment(options_, {})}, kBound);
}

Finished Server::audit_verify(const std::vector<std::filesystem::path>& witnesses, Rows rows) const {
  std::vector<std::string> arguments{"audit", "verify", "--json", "--log", (data() / "log").string(),
                                     "--key", log_key_};
  for (const auto& witness : witnesses) {
    arguments.insert(arguments.end(), {"--witness", witness.string()});
  }
  if (rows == Rows::compared) {
    arguments.insert(arguments.end(), {"--database", (data() / "registry" / "registry.db").string()});
  }
  return birthmark(std::move(arguments));
}

Caller::Caller(const Server& server, Listener listener, const daemon::Identity* identity, bool tls12_only)
    : server_{server}, listener_{listener}, identity_{identity}, tls12_only_{tls12_only} {}

http::Client& Caller::client() {
  const auto port = listener_ == Listener::device      ? server_.device_port()
                    : listener_ == Listener::operators ? server_.operator_port()
                                                       : server_.public_port();
  if (client_ && port == port_) {
    return *client_;
  }
  http::Client::Options options{.host = "127.0.0.1", .port = port, .tls = nullptr};
  if (listener_ != Listener::open) {
    tls::ClientContext::Options tls;
    tls.anchors = server_.anchors();
    if (identity_ != nullptr) {
      tls.chain = identity_->chain;
      tls.key = &identity_->key;
    }
    tls.tls12_only = tls12_only_;
    options.tls = must(tls::ClientContext::create(tls));
  }
  port_ = port;
  client_ = http::Client::create(std::move(options));
  return *client_;
}

Answer Caller::send(http::Method method, const std::string& target, std::vector<http::Header> headers, BytesView body) {
  return answer_of(client().request(method, target, std::move(headers), body));
}

Answer Caller::post(const std::string& target, const boost::json::object& body) {
  return send(http::Method::post, target, {{"Content-Type", "application/json"}}, as_bytes(json::write(body)));
}

Answer Caller::get(const std::string& target) {
  return send(http::Method::get, target, {}, {});
}

std::string Caller::channel_binding() {
  must(client().connect());
  return client().channel_binding();
}

Answer Operator::open_batch(const std::string& name, unsigned quantity, const std::string& policy,
                            const std::vector<Digest>& plan) {
  SystemClock clock;
  boost::json::object order{{"batch", name},
                            {"product", "product-of-" + name},
                            {"factory", "factory-1"},
                            {"policy", policy},
                            {"quantity", quantity},
                            {"opens", to_rfc3339(clock.now() - std::chrono::hours{1})},
                            {"closes", to_rfc3339(clock.now() + std::chrono::hours{24})}};
  if (!plan.empty()) {
    boost::json::array parts;
    for (const auto& digest : plan) {
      parts.emplace_back(to_hex(digest.get()));
    }
    order["plan"] = std::move(parts);
  }
  return caller.post("/v1/batches", order);
}

daemon::Identity Operator::enroll_station(const std::string& name, const std::string& role, const std::string& batch) {
  auto key = must(crypto::PrivateKey::generate(crypto::KeyType::p256));
  const Bytes nobody{0x30, 0x00};
  const auto csr =
      must(pkcs10::write_request(nobody, key.public_key().spki(), {}, x509::SignatureAlgorithm::ecdsa_sha256,
                                 [&key](BytesView bytes) { return key.sign(bytes); }));
  const auto answer =
      caller.post("/v1/stations", {{"station", name}, {"role", role}, {"batch", batch}, {"csr", base64::encode(csr)}});
  if (!answer.ok()) {
    throw std::runtime_error{"station " + name + ": " + answer.words()};
  }
  const auto body = answer.json();
  daemon::Identity out{std::move(key), {must(base64::decode(answer.text("certificate"), 64UL * 1024))}};
  for (const auto& der : body.at("chain").as_array()) {
    out.chain.push_back(must(base64::decode(std::string_view{der.as_string()}, 64UL * 1024)));
  }
  return out;
}

Answer Operator::act(const std::string& action, const DeviceId& device, const std::string& cause) {
  boost::json::object body;
  if (!cause.empty()) {
    body["cause"] = cause;
  }
  return caller.post("/v1/devices/" + to_hex(device.get()) + "/" + action, body);
}

}  // namespace birthmark::test
