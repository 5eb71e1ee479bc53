// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/api/services.h"
#include "adapters/http/message.h"
#include "adapters/http/server.h"
#include "app/orders.h"

namespace birthmark::api {

/// Who may call a route.
enum class Caller : std::uint8_t {
  anybody,
  station,          ///< service certificate of profile station
  device,           ///< IDevID or LDevID with a good path; what it may do is judged by the use case
  operator_person,  ///< service certificate of profile operator_person
  service,          ///< gate or operator; a station asks about nobody
};

/// How refusals of a route look.
enum class Form : std::uint8_t { json, est };

/// What a route asks of the channel binding of its connection.
enum class Channel : std::uint8_t {
  bound,  ///< there has to be one: a connection without it is refused `binding`
  any,  ///< plain HTTP, and what foreign EST clients need in development (docs/adr/0003); the use case judges the rest
};

/// One call, with everything that its handler may need.
struct Call {
  Services& services;
  const http::Request& request;
  std::shared_ptr<const app::Presentation> caller;  ///< null for anybody without a certificate
  std::vector<std::string> parameters;              ///< what `{}` matched, in order, without percent-escapes
  Digest source;                                    ///< caller for challenges: SHA-256 of certificate key or address
  std::optional<app::OrderKey> order = {};          ///< of an operator's order that may come again
  std::optional<DeviceId> about = {};  ///< the device that it says it is about, for the log: handlers set it
};

using RouteHandler = Result<http::Response> (*)(Call&);

/// Routes are data: pattern segments are literal or `{}`.
struct Route {
  http::Method method;
  std::string_view pattern;
  Caller caller;
  Form form;
  std::string_view content_type;  ///< that a body must have; empty: no body
  RouteHandler handle;
  Channel channel = Channel::bound;
  std::size_t body_bytes_max = http::Limits{}.body_bytes_max;  ///< more for the right caller only
  Result<void> (*finish)(Call&) = nullptr;  ///< what an order may have left undone whose answer is given again
  bool read_path = false;                   ///< refusals are counted, and nobody waits for their entry (design rule 9)
  bool (*urgent)(std::span<const std::string> parameters) = nullptr;  ///< has workers of its own (design rule 8)
};

/// An answer with what the log and the metrics say of it.
struct Served {
  http::Response answer;
  std::string_view route;                           ///< pattern that the request met; "none" if there is no such route
  std::shared_ptr<const app::Presentation> caller;  ///< as in Call, also where the request was refused
  std::optional<DeviceId> about = {};               ///< likewise
};

/// Serves one listener's table. Thread-safe.
class Router {
 public:
  Router(Services& services, std::span<const Route> routes) : services_{services}, routes_{routes} {}
  Served serve(const http::Request& request);
  /// How large the body of such a request may be. Reads no store; at most one signature is verified, once a caller.
  std::size_t body_bytes_max(http::Method method, std::string_view path, const http::Peer& peer);
  /// Whether such a request of the right caller waits behind no other for a worker. Costs as body_bytes_max.
  bool urgent(http::Method method, std::string_view path, const http::Peer& peer);

 private:
  struct Found {
    const Route* route = nullptr;
    std::string methods;  ///< that the path takes, where the request's is none of them; empty: no such path
    std::vector<std::string> parameters;
  };
  [[nodiscard]] Found find(http::Method asked, std::string_view path) const;
  Result<http::Response> dispatch(const http::Request& request, const Found& found, Served& served);
  Result<std::shared_ptr<const app::Presentation>> present(const http::Peer& peer);
  Result<std::shared_ptr<const app::Presentation>> known_or_read(BytesView certificate);
  Result<http::Response> carry_out(const Route& route, Call& call);
  Result<void> admit(const Route& route, const std::shared_ptr<const app::Presentation>& caller);
  void note(const http::Request& request, const Error& error, const Found& found, const Served& served);

  static constexpr std::size_t kPresentationsMax = 16 * 1024;

  Services& services_;
  std::span<const Route> routes_;
  std::mutex mutex_;
  std::map<Digest, std::shared_ptr<const app::Presentation>> presentations_;
};

/// One part of a path with its percent-escapes resolved (RFC 3986 §2.1).
/// @error bad_request: an escape that is none, or of a slash or NUL, which no part of a path can hold.
Result<std::string> decode_segment(std::string_view segment);

/// The value of a query parameter; nothing if absent or twice. No percent-decoding: values are hex or names.
std::optional<std::string_view> query_value(std::string_view query, std::string_view name);
/// A whole number in decimal digits and nothing else, at most `max`. @error bad_request: `what` is none
Result<std::uint64_t> whole_number(std::string_view text, std::uint64_t max, std::string_view what);
/// The `after` of a list that goes on; 0 where there is none. @error bad_request: no number, or given twice
Result<std::uint64_t> after_in(std::string_view query, std::uint64_t max);

std::span<const Route> device_routes();
std::span<const Route> operator_routes();
std::span<const Route> public_routes();

}  // namespace birthmark::api
