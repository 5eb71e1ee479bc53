// SPDX-License-Identifier: Apache-2.0
#pragma once

// Internal to adapters/http: between our messages and those of Beast.

#include <boost/beast/http.hpp>
#include <chrono>
#include <optional>
#include <string>

#include "adapters/http/message.h"
#include "base/result.h"

namespace birthmark::http {

namespace beast = boost::beast;
using RequestBody = beast::http::vector_body<std::uint8_t>;
using RequestParser = beast::http::request_parser<RequestBody>;
using Answer = beast::http::response<beast::http::string_body>;

/// Our name of a verb.
Method method_of(beast::http::verb verb);
/// The path of a request's target, without the authority that an absolute one names (RFC 9112 §3.2.2), and its query.
struct Target {
  std::string_view path;
  std::string_view query;
};
Target split_target(std::string_view target);
/// Our request of one that was read; `peer` must outlive it.
Request request_from(beast::http::request<RequestBody>&& from, const Peer& peer);

/// What keeps the request line and header from being read in exactly one way by everybody (RFC 9112 §6, AC-26), in
/// words; null if nothing does.
const char* framing_fault(const beast::http::request<RequestBody>& request);

/// The status with which a request that cannot be read is answered; nothing if the connection ended.
std::optional<int> status_of(const boost::system::error_code& error);

enum class AnswerTo : std::uint8_t { head, other };

/// The message for the wire; the answer to HEAD says how long its body would be and has none.
/// @error unavailable: a status or header that cannot be sent (a control character would end the header early).
Result<Answer> answer_from(Response&& from, bool keep_alive, AnswerTo method);

/// Whether `value` may stand in a header line: no control characters but the tab.
bool is_field_value(std::string_view value);
/// RFC 9110 §5.6.2.
bool is_token(std::string_view name);

}  // namespace birthmark::http
