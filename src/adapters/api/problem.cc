// SPDX-License-Identifier: Apache-2.0
#include "adapters/api/problem.h"

#include <algorithm>
#include <array>

#include "codec/json.h"
#include "lifecycle/state.h"

namespace birthmark::api {
namespace {

void add_headers(http::Response& response, const CodeInfo& row, const Error& error) {
  if (row.http_status == 401) {
    // RFC 9110 §11.6.1 asks for a challenge; for certificates no scheme is registered, this one says what to do.
    response.headers.push_back({"WWW-Authenticate", "ClientCertificate realm=\"birthmark\""});
  }
  if (row.http_status == 429 || row.http_status == 503) {
    response.headers.push_back({"Retry-After", std::to_string(std::max<std::int64_t>(1, error.retry_after.count()))});
  }
}

/// Details may quote what was sent: they go out as valid UTF-8 without control characters.
std::string harmless(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, 512)) {
    out.push_back(c >= 0x20 && c < 0x7F ? c : '?');
  }
  return out;
}

std::string_view state_name(std::uint8_t number) {
  return lifecycle::short_name(static_cast<lifecycle::State>(number));
}

}  // namespace

http::Response problem(const Error& error) {
  const auto& row = info(error.code);
  boost::json::object body;
  body["type"] = "urn:birthmark:error:" + std::string{row.name};
  body["title"] = row.cause;
  body["status"] = row.http_status;
  body["code"] = row.name;
  body["detail"] = harmless(error.detail);
  body["remedy"] = row.remedy;
  if (!error.check.empty()) {
    body["check"] = harmless(error.check);
  }
  if (error.move) {
    body["from"] = state_name(error.move->from);
    body["to"] = state_name(error.move->to);
  }
  http::Response response{.status = row.http_status,
                          .headers = {{"Content-Type", "application/problem+json"}},
                          .body = json::write(body) + "\n",
                          .close = false};
  add_headers(response, row, error);
  return response;
}

http::Response plain_problem(const Error& error) {
  const auto& row = info(error.code);
  http::Response response{.status = row.http_status,
                          .headers = {{"Content-Type", "text/plain"}},
                          .body = std::string{row.name} + ": " + std::string{row.cause} + " " + harmless(error.detail) +
                                  "\n" + std::string{row.remedy} + "\n",
                          .close = false};
  add_headers(response, row, error);
  return response;
}

Code transport_code(int status) {
  constexpr std::array kTransport{Code::request_timeout, Code::too_large, Code::header_too_large, Code::internal,
                                  Code::unavailable};
  for (const auto code : kTransport) {
    if (info(code).http_status == status) {
      return code;
    }
  }
  return Code::bad_request;
}

http::Response ok(const boost::json::value& body, int status) {
  return {.status = status,
          .headers = {{"Content-Type", "application/json"}},
          .body = json::write(body) + "\n",
          .close = false};
}

}  // namespace birthmark::api
