// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "adapters/api/router.h"
#include "codec/json.h"
#include "support/forwarding_store.h"
#include "support/world.h"

namespace birthmark::test {

/// A log that answers with placeholders: what it says is tested with the real one.
class PaperLog final : public api::LogPublic {
 public:
  Result<std::string> checkpoint() override { return std::string{"checkpoint\n"}; }
  Result<Bytes> tile(std::string_view /*path*/) override { return Bytes{1}; }
  Result<std::string> proof(std::uint64_t /*index*/) override { return std::string{"proof\n"}; }
};

/// A World behind the routers of its listeners, without sockets: a test says what TLS would know of the caller.
class ServedWorld {
 public:
  explicit ServedWorld(WorldOptions options) : world{std::move(options)} {}

  /// Who is at the other end.
  struct From {
    Bytes certificate = {};
    std::string channel_binding = World::kBinding;  ///< empty: none
  };
  http::Response device(http::Method method, std::string path, const From& from, const std::string& content_type = {},
                        const Bytes& body = {}) {
    http::Request request;
    request.method = method;
    request.path = std::move(path);
    request.body = body;
    if (!content_type.empty()) {
      request.headers.push_back({"Content-Type", content_type});
    }
    return serve(device_, std::move(request), from);
  }
  /// @param target path, with a query or without
  http::Response operators(http::Method method, const std::string& target, const From& from,
                           const boost::json::object& body = {}, std::vector<http::Header> headers = {}) {
    http::Request request;
    request.method = method;
    request.headers = std::move(headers);
    const auto mark = target.find('?');
    request.path = target.substr(0, mark);
    request.query = mark == std::string::npos ? std::string{} : target.substr(mark + 1);
    if (method == http::Method::post) {
      request.body = to_bytes(as_bytes(json::write(body)));
      request.headers.push_back({"Content-Type", "application/json"});
    }
    return serve(operators_, std::move(request), from);
  }
  http::Response open(http::Method method, std::string path, const From& from) {
    http::Request request;
    request.method = method;
    request.path = std::move(path);
    return serve(open_, std::move(request), from);
  }

  /// A person or a gate with a certificate of the service CA.
  From somebody(pki::ProfileId profile, const std::string& name) {
    const auto key = must(crypto::PrivateKey::generate(crypto::KeyType::p256));
    return {.certificate = must(world.cases->hierarchy.certify({.profile = profile,
                                                                .common_name = name,
                                                                .spki = to_bytes(key.public_key().spki()),
                                                                .dns_names = {},
                                                                .ip_addresses = {},
                                                                .actor = "operator:test"}))
                               .certificate};
  }
  api::Services& services() { return services_; }
  /// From now on whatever a route asks of the store itself fails; the use cases have theirs.
  void silence_store() { store_.silent = true; }

  World world;

 private:
  http::Response serve(api::Router& router, http::Request request, const From& from) {
    const http::Peer peer{.connection = 1,
                          .address = "192.0.2.7",
                          .source = "192.0.2.7",
                          .certificate = from.certificate,
                          .channel_binding = from.channel_binding};
    request.peer = &peer;
    return router.serve(request).answer;
  }

  struct SilentStore final : ForwardingStore {
    using ForwardingStore::ForwardingStore;
    Result<void> write(const Work& work) override { return silent ? no_answer() : real_.write(work); }
    Result<void> read(const Work& work) const override { return silent ? no_answer() : real_.read(work); }
    static Result<void> no_answer() { return fail(Code::unavailable, "silent"); }
    bool silent = false;
  };

  PaperLog log_;
  SilentStore store_{world.cases->store};
  api::Services services_{.store = store_,
                          .access = world.cases->access,
                          .provisioning = world.cases->provisioning,
                          .sealing = world.cases->sealing,
                          .attestation = world.cases->attestation,
                          .enrollment = world.cases->enrollment,
                          .revalidation = world.cases->revalidation,
                          .retirement = world.cases->retirement,
                          .operations = world.cases->operations,
                          .software_roots = world.cases->software_roots,
                          .key_check = world.cases->key_check,
                          .hierarchy = world.cases->hierarchy,
                          .catalog = world.cases->catalog,
                          .cas = world.cases->cas,
                          .refusals = world.cases->refusals,
                          .time = world.cases->time,
                          .signer = world.signer,
                          .log = log_,
                          .clock = world.clock,
                          .statement_key = World::kStatementKey,
                          .metrics = {},
                          .ready = [] { return Result<void>{}; }};
  api::Router device_{services_, api::device_routes()};
  api::Router operators_{services_, api::operator_routes()};
  api::Router open_{services_, api::public_routes()};
};

/// The code of a refusal in either form, or "" of an answer that is none.
inline std::string refusal_in(const http::Response& answer) {
  if (answer.status < 400) {
    return {};
  }
  const std::string_view body{answer.body};
  if (!body.starts_with("{")) {
    return std::string{body.substr(0, body.find(':'))};
  }
  return std::string{json::read(body.substr(0, body.size() - 1), {}).value().as_object().at("code").as_string()};
}

}  // namespace birthmark::test
