// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "adapters/api/problem.h"
#include "adapters/api/router.h"

// The public listener, plain HTTP: health, metrics and the log for auditors. Nothing here is secret or changes
// anything.
namespace birthmark::api {
namespace {

http::Response text(std::string body, std::string_view type = "text/plain; charset=utf-8") {
  return {.status = 200, .headers = {{"Content-Type", std::string{type}}}, .body = std::move(body), .close = false};
}

Result<http::Response> health(Call&) {
  return text("ok\n");
}

Result<http::Response> ready(Call& call) {
  BM_CHECK(call.services.ready());
  return text("ready\n");
}

Result<http::Response> metrics(Call& call) {
  if (!call.services.metrics) {
    return fail(Code::not_found, "metrics are switched off");
  }
  return text(call.services.metrics(), "text/plain; version=0.0.4");
}

Result<http::Response> checkpoint(Call& call) {
  BM_TRY(auto note, call.services.log.checkpoint());
  return text(std::move(note));
}

Result<http::Response> tile(Call& call) {
  BM_TRY(const auto bytes, call.services.log.tile("tile/" + call.parameters.at(0)));
  return text(std::string{as_text(bytes)}, "application/octet-stream");
}

using enum http::Method;

constexpr std::array kRoutes{
    Route{get, "/healthz", Caller::anybody, Form::json, {}, health, Channel::any},
    Route{get, "/readyz", Caller::anybody, Form::json, {}, ready, Channel::any},
    Route{get, "/metrics", Caller::anybody, Form::json, {}, metrics, Channel::any},
    Route{get, "/log/checkpoint", Caller::anybody, Form::json, {}, checkpoint, Channel::any},
    Route{get, "/log/tile/{*}", Caller::anybody, Form::json, {}, tile, Channel::any},
};

}  // namespace

std::span<const Route> public_routes() {
  return kRoutes;
}

}  // namespace birthmark::api
