// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <any>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace birthmark::http {

enum class Method : std::uint8_t { get, head, post, put, del, other };

struct Header {
  std::string name;
  std::string value;
};

/// Whether two names of headers are one (RFC 9110 §5.1).
bool same_name(std::string_view a, std::string_view b);

/// What TLS knows of the other side of one connection; constant while the connection lives.
struct Peer {
  std::uint64_t connection = 0;  ///< unique in this process
  std::string address;           ///< of the socket, without port
  std::string source;            ///< whom it counts for: the IPv4 address, or the IPv6 network of one subscriber, a /64
  Bytes certificate;             ///< leaf DER; empty: none was shown, or plain HTTP
  /// base64 as challengePassword carries it (protocols.md §1.3); empty: there is none, as over plain HTTP, or over TLS
  /// 1.2 without extended master secret where the listener lets that in
  std::string channel_binding;
  /// What the handler keeps with the connection for its next request: those of one connection come one at a time.
  mutable std::any kept = {};
};

struct Request {
  Method method = Method::other;
  std::string path;   ///< without query; percent-encoding kept
  std::string query;  ///< behind '?', may be empty
  std::vector<Header> headers;
  Bytes body;
  const Peer* peer = nullptr;  ///< never null in a handler

  /// The value of a header, by name without regard to case; nothing if absent or given twice.
  [[nodiscard]] std::optional<std::string_view> header(std::string_view name) const;
};

struct Response {
  int status = 200;
  std::vector<Header> headers = {};
  std::string body = {};
  bool close = false;  ///< end the connection after this answer
};

}  // namespace birthmark::http
