// SPDX-License-Identifier: Apache-2.0
#include "adapters/http/wire.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>

namespace birthmark::http {
namespace {

constexpr unsigned kHttp11 = 11;

bool is_number(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

/// RFC 9110 §8.6: no Content-Length with 1xx and 204; with 304 it would have to be that of the 200.
bool has_content(int status) {
  return status >= 200 && status != 204 && status != 304;
}

}  // namespace

Method method_of(beast::http::verb verb) {
  // Not a switch: the library knows thirty more verbs.
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

bool is_field_value(std::string_view value) {
  return std::ranges::none_of(value, [](char c) { return (c >= 0 && c < 0x20 && c != '\t') || c == 0x7F; });
}

bool is_token(std::string_view name) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !name.empty() && std::ranges::all_of(name, [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           kMarks.find(c) != std::string_view::npos;
  });
}

namespace {

/// The path and query of a target that names scheme and authority too (RFC 9112 §3.2.2); others as they are.
std::string_view without_authority(std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (target.size() > scheme.size() && beast::iequals(target.substr(0, scheme.size()), scheme)) {
      const auto path = target.find_first_of("/?", scheme.size());
      return path == std::string_view::npos ? std::string_view{"/"} : target.substr(path);
    }
  }
  return target;
}

/// IMF-fixdate (RFC 9110 §5.6.7), whatever the locale.
std::string now_as_date() {
  constexpr std::array kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  ::gmtime_r(&now, &utc);
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%s, %02d %s %04d %02d:%02d:%02d GMT",
                kDays.at(static_cast<std::size_t>(utc.tm_wday)), utc.tm_mday,
                kMonths.at(static_cast<std::size_t>(utc.tm_mon)), utc.tm_year + 1900, utc.tm_hour, utc.tm_min,
                utc.tm_sec);
  return text.data();
}

}  // namespace

Target split_target(std::string_view target) {
  target = without_authority(target);
  const auto mark = target.find('?');
  return {target.substr(0, mark), mark == std::string_view::npos ? std::string_view{} : target.substr(mark + 1)};
}

Request request_from(beast::http::request<RequestBody>&& from, const Peer& peer) {
  Request to;
  to.method = method_of(from.method());
  const auto target = split_target({from.target().data(), from.target().size()});
  to.path = target.path;
  to.query = target.query;
  for (const auto& line : from) {
    to.headers.push_back({std::string{line.name_string()}, std::string{line.value()}});
  }
  to.body = std::move(from.body());
  to.peer = &peer;
  return to;
}

const char* framing_fault(const beast::http::request<RequestBody>& request) {
  if (request.version() != kHttp11) {
    return "not HTTP/1.1";
  }
  if (request.count(beast::http::field::host) != 1) {
    return "not exactly one Host";
  }
  if (request.count(beast::http::field::transfer_encoding) != 0) {
    return "Transfer-Encoding";
  }
  const auto lengths = request.count(beast::http::field::content_length);
  if (lengths > 1) {
    return "two Content-Length";
  }
  if (lengths == 1) {
    const auto value = request[beast::http::field::content_length];
    if (!is_number({value.data(), value.size()})) {
      return "Content-Length is not a number";
    }
  }
  return nullptr;
}

std::optional<int> status_of(const boost::system::error_code& error) {
  using Fault = beast::http::error;
  if (error == Fault::body_limit) {
    return 413;
  }
  if (error == Fault::header_limit || error == Fault::buffer_overflow) {
    return 431;
  }
  const bool ended = error == Fault::end_of_stream || error == Fault::partial_message;
  if (ended || error.category() != make_error_code(Fault::end_of_stream).category()) {
    return std::nullopt;
  }
  return 400;
}

Result<Answer> answer_from(Response&& from, bool keep_alive, AnswerTo method) {
  if (from.status < 200 || from.status > 599) {
    return fail(Code::unavailable, "a handler answered with status " + std::to_string(from.status));
  }
  Answer to;
  to.version(kHttp11);
  to.result(static_cast<unsigned>(from.status));
  for (const auto& header : from.headers) {
    if (!is_token(header.name) || !is_field_value(header.value)) {
      return fail(Code::unavailable, "a handler answered with a header that cannot be sent");
    }
    to.insert(header.name, header.value);
  }
  to.set(beast::http::field::date, now_as_date());  // RFC 9110 §6.6.1
  to.keep_alive(keep_alive && !from.close);
  if (!has_content(from.status)) {
    return to;
  }
  to.content_length(from.body.size());
  if (method == AnswerTo::other) {
    to.body() = std::move(from.body);
  }
  return to;
}

}  // namespace birthmark::http
