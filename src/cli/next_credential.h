// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "cli/api_client.h"

namespace birthmark::cli {

/// The key and certificate that are to take the place of a caller's present ones, which stay usable until the new ones
/// are both there: `<name>.next.key`, `<name>.next.pem`. A run that was cut off is repeated with the same key.
class NextCredential {
 public:
  /// @param files outlives this.
  NextCredential(Files& files, CredentialFiles where) : files_{files}, where_{std::move(where)} {}

  /// The key that an earlier run left, or a new one, encrypted and durable before anybody certifies it.
  /// @error not_found: no passphrase; key_attributes: another passphrase than the earlier run's; storage
  Result<crypto::PrivateKey> key();
  /// Puts key and certificate into their places. @param certificates PEM, leaf first. @error storage
  Result<void> adopt(std::string_view certificates);
  /// Finishes an `adopt` that was cut off; otherwise does nothing. @error storage
  Result<void> settle();

 private:
  [[nodiscard]] std::filesystem::path file(std::string_view ending) const {
    return where_.directory / (where_.name + std::string{ending});
  }

  Files& files_;
  const CredentialFiles where_;
};

}  // namespace birthmark::cli
