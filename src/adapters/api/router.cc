// SPDX-License-Identifier: Apache-2.0
#include "adapters/api/router.h"

#include <algorithm>
#include <charconv>
#include <functional>

#include "adapters/api/orders.h"
#include "adapters/api/problem.h"
#include "crypto/hash.h"

namespace birthmark::api {
namespace {

std::optional<std::vector<std::string>> match(std::string_view pattern, std::string_view path) {
  std::vector<std::string> parameters;
  while (true) {
    const auto pattern_end = pattern.find('/', 1), path_end = path.find('/', 1);
    const auto wanted = pattern.substr(0, pattern_end), given = path.substr(0, path_end);
    if (wanted == "/{}" && given.size() > 1) {
      parameters.emplace_back(given.substr(1));
    } else if (wanted == "/{*}") {
      parameters.emplace_back(path.substr(1));
      return parameters;
    } else if (wanted != given) {
      return std::nullopt;
    }
    if (pattern_end == std::string_view::npos || path_end == std::string_view::npos) {
      return pattern_end == path_end ? std::optional{std::move(parameters)} : std::nullopt;
    }
    pattern.remove_prefix(pattern_end);
    path.remove_prefix(path_end);
  }
}

/// As the header Allow names them: whatever takes GET takes HEAD.
std::string_view methods_of(const Route& route) {
  return route.method == http::Method::get ? "GET, HEAD" : "POST";
}

int hex_value(char c) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  const auto at = kDigits.find(c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c);
  return at == std::string_view::npos ? -1 : static_cast<int>(at);
}

std::string_view media_type(std::string_view value) {
  const auto type = value.substr(0, value.find(';'));
  const auto end = type.find_last_not_of(' ');
  return end == std::string_view::npos ? std::string_view{} : type.substr(0, end + 1);
}

/// Without regard to case (RFC 9110 §8.3.1).
bool same_type(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::ranges::equal(a, b, std::ranges::equal_to{}, lower, lower);
}

bool fits(Caller wanted, pki::ProfileId profile) {
  switch (wanted) {
    case Caller::anybody:
      return true;
    case Caller::station:
      return profile == pki::ProfileId::station;
    case Caller::device:
      return pki::profile(profile).device;
    case Caller::operator_person:
      return profile == pki::ProfileId::operator_person;
    case Caller::service:
      return profile == pki::ProfileId::operator_person || profile == pki::ProfileId::gate;
  }
  return false;
}

}  // namespace

Result<std::string> decode_segment(std::string_view segment) {
  std::string out;
  for (std::size_t at = 0; at < segment.size(); ++at) {
    if (segment[at] != '%') {
      out.push_back(segment[at]);
      continue;
    }
    const int high = at + 2 < segment.size() ? hex_value(segment[at + 1]) : -1;
    const int low = high >= 0 ? hex_value(segment[at + 2]) : -1;
    const auto octet = static_cast<char>(high * 16 + low);
    if (low < 0 || octet == '/' || octet == '\0') {
      return fail(Code::bad_request, "a percent-escape in the path that stands for nothing allowed");
    }
    out.push_back(octet);
    at += 2;
  }
  return out;
}

std::optional<std::string_view> query_value(std::string_view query, std::string_view name) {
  std::optional<std::string_view> found;
  while (!query.empty()) {
    const auto end = query.find('&');
    const auto pair = query.substr(0, end);
    if (const auto mark = pair.find('='); pair.substr(0, mark) == name && mark != std::string_view::npos) {
      if (found) {
        return std::nullopt;
      }
      found = pair.substr(mark + 1);
    }
    query = end == std::string_view::npos ? std::string_view{} : query.substr(end + 1);
  }
  return found;
}

Result<std::uint64_t> whole_number(std::string_view text, std::uint64_t max, std::string_view what) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return !text.empty() && error == std::errc{} && end == text.data() + text.size() && value <= max
             ? Result<std::uint64_t>{value}
             : fail(Code::bad_request, std::string{what} + " is a whole number, at most " + std::to_string(max));
}

Result<std::uint64_t> after_in(std::string_view query, std::uint64_t max) {
  if (query.find("after") == std::string_view::npos) {
    return 0;
  }
  return whole_number(query_value(query, "after").value_or(""), max, "after");
}

bool Router::urgent(http::Method method, std::string_view path, const http::Peer& peer) {
  auto found = find(method, path);
  if (found.route == nullptr || found.route->urgent == nullptr) {
    return false;
  }
  for (auto& parameter : found.parameters) {
    parameter = decode_segment(parameter).value_or(std::string{});
  }
  const auto caller = found.route->urgent(found.parameters) ? present(peer) : nullptr;
  return caller && *caller && fits(found.route->caller, (*caller)->profile);
}

Router::Found Router::find(http::Method asked, std::string_view path) const {
  Found found;
  const auto method = asked == http::Method::head ? http::Method::get : asked;
  for (const auto& route : routes_) {
    auto parameters = match(route.pattern, path);
    if (!parameters) {
      continue;
    }
    if (route.method == method) {
      found.route = &route;
      found.parameters = std::move(*parameters);
      return found;
    }
    found.methods += (found.methods.empty() ? "" : ", ") + std::string{methods_of(route)};
  }
  return found;
}

std::size_t Router::body_bytes_max(http::Method method, std::string_view path, const http::Peer& peer) {
  const auto usual = http::Limits{}.body_bytes_max;
  const auto found = find(method, path);
  if (found.route == nullptr || found.route->body_bytes_max <= usual) {
    return usual;
  }
  const auto caller = present(peer);
  return caller && *caller && fits(found.route->caller, (*caller)->profile) ? found.route->body_bytes_max : usual;
}

Served Router::serve(const http::Request& request) {
  const auto found = find(request.method, request.path);
  Served served{.answer = {}, .route = found.route != nullptr ? found.route->pattern : "none", .caller = {}};
  auto answer = dispatch(request, found, served);
  if (answer) {
    served.answer = std::move(*answer);
    return served;
  }
  note(request, answer.error(), found, served);
  const bool est =
      found.route != nullptr ? found.route->form == Form::est : request.path.starts_with("/.well-known/est/");
  served.answer = est ? plain_problem(answer.error()) : problem(answer.error());
  if (answer.error().code == Code::method_not_allowed) {
    served.answer.headers.push_back({"Allow", found.methods});  // RFC 9110 §15.5.6
  }
  return served;
}

Result<http::Response> Router::dispatch(const http::Request& request, const Found& found, Served& served) {
  if (found.route == nullptr) {
    return found.methods.empty() ? fail(Code::not_found, "no such path")
                                 : fail(Code::method_not_allowed, "this path takes another method");
  }
  const auto& route = *found.route;
  if (route.channel == Channel::bound && request.peer->channel_binding.empty()) {
    return fail(Code::binding, "this connection has no channel binding: TLS 1.2 without extended master secret");
  }
  if (!route.content_type.empty()) {
    const auto type = request.header("Content-Type");
    if (!type || !same_type(media_type(*type), route.content_type)) {
      return fail(Code::unsupported_media_type, "send " + std::string{route.content_type});
    }
  }
  BM_TRY(auto caller, present(*request.peer));
  served.caller = caller;
  BM_CHECK(admit(route, caller));
  const auto source = caller ? caller->key.spki_sha256() : crypto::sha256(as_bytes(request.peer->source));
  auto parameters = found.parameters;
  const auto rest = route.pattern.ends_with("{*}") ? 1U : 0U;  // what follows is a path, not a part of one
  for (std::size_t i = 0; i + rest < parameters.size(); ++i) {
    BM_TRY(parameters[i], decode_segment(parameters[i]));
  }
  Call call{services_, request, std::move(caller), std::move(parameters), source};
  const bool order = route.caller == Caller::operator_person && route.method == http::Method::post;
  auto answer = order ? carry_out(route, call) : route.handle(call);
  served.about = call.about;
  return answer;
}

/// An operator's order, once however often it comes.
Result<http::Response> Router::carry_out(const Route& route, Call& call) {
  BM_TRY(call.order, order_key(call.request, *call.caller));
  if (!call.order) {
    return route.handle(call);
  }
  BM_TRY(auto before, answer_before(route, call));
  if (before) {
    return std::move(*before);
  }
  auto answer = route.handle(call);
  if (!answer) {
    // Another thread may have carried out the same order meanwhile, or this one all but its end.
    BM_TRY(before, answer_before(route, call));
  }
  return before ? Result<http::Response>{std::move(*before)} : std::move(answer);
}

Result<std::shared_ptr<const app::Presentation>> Router::present(const http::Peer& peer) {
  if (peer.certificate.empty()) {
    return std::shared_ptr<const app::Presentation>{};
  }
  using Kept = std::shared_ptr<const app::Presentation>;
  if (const auto* const kept = std::any_cast<Kept>(&peer.kept);
      kept != nullptr && services_.clock.now() <= (*kept)->not_after) {
    return *kept;
  }
  BM_TRY(auto shown, known_or_read(peer.certificate));
  peer.kept = shown;
  return shown;
}

/// Whoever connects anew with a certificate that was read lately.
Result<std::shared_ptr<const app::Presentation>> Router::known_or_read(BytesView certificate) {
  const auto digest = crypto::sha256(certificate);
  {
    const std::scoped_lock lock{mutex_};
    if (const auto at = presentations_.find(digest);
        at != presentations_.end() && services_.clock.now() <= at->second->not_after) {
      return at->second;
    }
  }
  BM_TRY(auto read, services_.access.present(certificate));
  auto kept = std::make_shared<const app::Presentation>(std::move(read));
  const std::scoped_lock lock{mutex_};
  if (presentations_.size() >= kPresentationsMax) {
    presentations_.clear();  // rebuilt by the next requests, one signature each
  }
  presentations_[digest] = kept;
  return kept;
}

Result<void> Router::admit(const Route& route, const std::shared_ptr<const app::Presentation>& caller) {
  if (route.caller == Caller::anybody) {
    return {};
  }
  if (!caller) {
    return fail(Code::unauthenticated, "this path needs a client certificate");
  }
  if (!fits(route.caller, caller->profile)) {
    return fail(Code::role, "not with a certificate of the profile " + std::string{pki::profile(caller->profile).name});
  }
  // Devices are judged by the use cases.
  return pki::profile(caller->profile).device ? Result<void>{} : services_.access.check_service(*caller);
}

void Router::note(const http::Request& request, const Error& error, const Found& found, const Served& served) {
  const bool authenticated = !request.peer->certificate.empty();
  const auto device = served.caller ? served.caller->presented.device : std::nullopt;
  const bool est = found.route != nullptr && found.route->form == Form::est;
  const app::Refusal refusal{
      .code = error.code,
      .source = request.peer->source,
      .caller = authenticated ? std::optional{crypto::sha256(request.peer->certificate)} : std::nullopt,
      .path = request.path,
      .detail = error.check.empty() ? error.detail : error.check,
      .device = device,
      .move = error.move,
      .alarming = device && est && error.code == Code::state_forbids};
  if (found.route != nullptr && found.route->read_path) {
    services_.refusals.count(refusal);
  } else {
    services_.refusals.note(refusal);
  }
}

}  // namespace birthmark::api
