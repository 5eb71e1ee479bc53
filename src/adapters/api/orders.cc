// SPDX-License-Identifier: Apache-2.0
#include "adapters/api/orders.h"

#include <algorithm>

#include "crypto/hash.h"

namespace birthmark::api {
namespace {

constexpr std::string_view kHeader = "Idempotency-Key";
constexpr std::size_t kKeyMax = 64;
constexpr std::chrono::milliseconds kUrgentPatience{1'000};

/// What stands between the quotes (RFC 8941 §3.3.3), without escapes.
std::optional<std::string_view> key_in(std::string_view value) {
  if (value.size() < 3 || value.size() > kKeyMax + 2 || value.front() != '"' || value.back() != '"') {
    return std::nullopt;
  }
  const auto key = value.substr(1, value.size() - 2);
  const bool plain = std::ranges::all_of(key, [](char c) { return c >= ' ' && c <= '~' && c != '"' && c != '\\'; });
  return plain ? std::optional{key} : std::nullopt;
}

bool given(const http::Request& request) {
  return std::ranges::any_of(request.headers,
                             [](const http::Header& header) { return http::same_name(header.name, kHeader); });
}

Octets<16> id_of(std::string_view key) {
  const auto digest = crypto::sha256(as_bytes(key));
  Octets<16> id{};
  std::copy_n(digest.get().begin(), id.size(), id.begin());
  return id;
}

/// Parts are told apart by their hashes.
Digest fingerprint_of(const http::Request& request) {
  const auto method = static_cast<std::uint8_t>(request.method);
  return crypto::sha256({BytesView{&method, 1}, crypto::sha256(as_bytes(request.path)).get(),
                         crypto::sha256(as_bytes(request.query)).get(), crypto::sha256(request.body).get()});
}

}  // namespace

Result<std::optional<app::OrderKey>> order_key(const http::Request& request, const app::Presentation& caller) {
  if (!given(request)) {
    return std::optional<app::OrderKey>{};
  }
  const auto value = request.header(kHeader);
  const auto key = value ? key_in(*value) : std::nullopt;
  if (!key) {
    return fail(Code::bad_request, "Idempotency-Key is one string of 1 to 64 characters in double quotes");
  }
  return app::OrderKey{caller.certificate, id_of(*key), fingerprint_of(request)};
}

std::string actor_of(const Call& call) {
  return "operator:" + call.caller->common_name.substr(0, 100);
}

std::optional<app::RequestKey> request_of(const Call& call) {
  const auto& order = call.order;
  return order ? std::optional{app::RequestKey{order->caller, order->id, order->fingerprint}} : std::nullopt;
}

Result<std::optional<http::Response>> answer_before(const Route& route, Call& call) {
  BM_TRY(const auto before, call.services.store.read_for<std::optional<app::RequestRecord>>(
                                [&](app::Tx& tx) { return app::order_before(tx, *call.order); }));
  if (!before || !before->answer) {
    return std::optional<http::Response>{};
  }
  // Nothing is acknowledged before the log has it. What is urgent keeps its worker for no store that hangs.
  const bool urgent = route.urgent != nullptr && route.urgent(call.parameters);
  BM_CHECK(call.services.store.settle(urgent ? std::optional{kUrgentPatience} : std::nullopt));
  if (route.finish != nullptr) {
    BM_CHECK(route.finish(call));
  }
  return http::Response{.status = before->answer->status,
                        .headers = {{"Content-Type", "application/json"}},
                        .body = std::string{as_text(before->answer->body)},
                        .close = false};
}

}  // namespace birthmark::api
