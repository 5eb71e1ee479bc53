// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "adapters/http/client.h"
#include "base/result.h"
#include "codec/json.h"
#include "crypto/keys.h"

namespace birthmark::cli {

/// Where the server is and who asks: flags with defaults below the data directory.
struct Connection {
  std::string server = "127.0.0.1:8444";
  std::string data = "run/birthmark";
  std::string operator_name = "admin";
};

/// The operator API over mutual TLS with the operator's own key.
class OperatorClient {
 public:
  /// @error not_found, key_attributes, bad_request: the key, certificate or address
  static Result<std::unique_ptr<OperatorClient>> open(const Connection& connection);

  /// One request with a JSON answer. @error the server's refusal with its code; unavailable, bad_json
  Result<boost::json::value> call(http::Method method, const std::string& target, const boost::json::value& body);
  Result<boost::json::value> get(const std::string& target);

 private:
  OperatorClient(crypto::PrivateKey key, std::unique_ptr<http::Client> client)
      : key_{std::move(key)}, client_{std::move(client)} {}
  crypto::PrivateKey key_;
  std::unique_ptr<http::Client> client_;
};

}  // namespace birthmark::cli
