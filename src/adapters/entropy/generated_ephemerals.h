// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "app/ports/entropy.h"
#include "crypto/tpm_crypto.h"

namespace birthmark {

/// What servers make credentials with: seeds of the entropy port, keys of the crypto library's own generator. Safe to
/// use from several threads.
class GeneratedEphemerals final : public crypto::EphemeralSource {
 public:
  /// @param entropy must outlive this.
  explicit GeneratedEphemerals(Entropy& entropy) : entropy_{entropy} {}

  /// A new key of that type. @error unavailable: the library's generator fails.
  Result<crypto::PrivateKey> key(crypto::KeyType curve) override;
  /// Never fails: an entropy port that has none ends the process.
  Result<Secret> seed(std::size_t size_bytes) override;

 private:
  Entropy& entropy_;
};

}  // namespace birthmark
