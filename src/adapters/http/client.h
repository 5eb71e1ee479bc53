// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "adapters/http/message.h"
#include "adapters/tls/context.h"
#include "base/result.h"

namespace birthmark::http {

/// One keep-alive connection to one server; blocking calls with a bound. Not for use by several threads at once.
class Client {
 public:
  struct Options {
    std::string host;  ///< name or address to connect to, and to check the server's certificate against
    std::uint16_t port = 0;
    std::shared_ptr<tls::ClientContext> tls;    ///< null: plain HTTP
    std::chrono::milliseconds timeout{15'000};  ///< of connecting with handshake, and of each request
    std::size_t body_bytes_max = 16 * 1024 * 1024;
  };

  /// Does not connect yet.
  static std::unique_ptr<Client> create(Options options);
  virtual ~Client() = default;

  /// Connects and finishes the handshake if that has not happened yet, or if the connection has ended.
  /// @error unavailable: no connection in time. @error unauthenticated: TLS refused one side.
  virtual Result<void> connect() = 0;
  /// The channel binding of the open connection in base64; empty before `connect` and on plain HTTP.
  [[nodiscard]] virtual const std::string& channel_binding() const = 0;
  /// Sends one request and reads the whole answer. Host and Content-Length are set here.
  /// A connection that ended while idle is made anew. If it ends under the request without any answer, a request that
  /// may be sent twice (all but POST) is sent once more.
  /// @error unavailable: no answer in time, connection ended; with the check "nothing_answered" if the server may or
  /// may not have seen a POST. @error too_large: the answer is larger than allowed. @error bad_request: a target or
  /// header that cannot be sent.
  virtual Result<Response> request(Method method, const std::string& target, std::vector<Header> headers,
                                   BytesView body) = 0;
  /// Whether the server has ended the connection (or it never was open), found without sending anything.
  [[nodiscard]] bool ended() { return ended_within({}); }
  /// The same, waiting for its end as long as that.
  [[nodiscard]] virtual bool ended_within(std::chrono::milliseconds bound) = 0;
  virtual void close() = 0;
};

}  // namespace birthmark::http
