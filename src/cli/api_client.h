// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "adapters/files/posix_files.h"
#include "adapters/http/client.h"
#include "base/result.h"
#include "codec/json.h"
#include "crypto/keys.h"

namespace birthmark::cli {

/// Where a caller's key, certificate, anchors and passphrase lie.
struct CredentialFiles {
  std::filesystem::path directory;  ///< of `<name>.key` and `<name>.pem`
  std::string name;
  std::filesystem::path service_root;
  std::filesystem::path passphrase;
};

/// Who asks, and whom he believes.
struct Credentials {
  crypto::PrivateKey key;
  std::vector<Bytes> chain;    ///< DER, leaf first
  std::vector<Bytes> anchors;  ///< DER of the service root
};

/// @error not_found: a file is missing; key_attributes: wrong passphrase or no such key; bad_request: no certificate
Result<Credentials> read_credentials(Files& files, const CredentialFiles& from);

/// "host:port". @error bad_request
struct HostPort {
  std::string host;
  std::uint16_t port = 0;
};
Result<HostPort> read_host_port(std::string_view text);

/// The API over mutual TLS, one connection; not for use by several threads.
class ApiClient {
 public:
  static constexpr std::chrono::milliseconds kTimeout{15'000};
  static constexpr std::chrono::milliseconds kLongWork{10 * 60 * 1000};  ///< for what the server computes for minutes

  /// Does not connect yet. @error bad_request: the address; key_attributes: key and certificate do not fit
  /// @param timeout of each request
  static Result<std::unique_ptr<ApiClient>> open(const std::string& server, const Credentials& credentials,
                                                 std::chrono::milliseconds timeout = kTimeout);

  /// One request with a JSON answer. @error the server's refusal with its code; unavailable (check "nothing_answered":
  /// the server may or may not have seen it), bad_json
  Result<boost::json::value> post(const std::string& target, const boost::json::object& body);
  /// An operator's order, under a fresh idempotency key: where nothing answers it is sent again, three times at most,
  /// and carried out once. @error as post
  Result<boost::json::value> order(const std::string& target, const boost::json::object& body);
  Result<boost::json::value> get(const std::string& target);
  /// An answer that is not JSON. @error as get
  Result<std::string> get_text(const std::string& target);

 private:
  explicit ApiClient(std::unique_ptr<http::Client> client) : client_{std::move(client)} {}
  Result<std::string> call(http::Method method, const std::string& target, const std::string& body,
                           std::vector<http::Header> headers = {});

  std::unique_ptr<http::Client> client_;
};

}  // namespace birthmark::cli
