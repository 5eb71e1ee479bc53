// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "crypto/keys.h"
#include "pki/profile.h"

namespace birthmark::app {

/// What a key may be used for; fixed when it is made.
enum class KeyUse : std::uint8_t { certificates, receipts, checkpoints, statements };

/// One thing to be signed, with everything that the signer checks by itself.
struct SigningIntent {
  std::string key;  ///< the signer's name of the key
  KeyUse use = KeyUse::certificates;
  Epoch epoch;          ///< an older one than the signer has seen is fenced
  BytesView message;    ///< to-be-signed bytes, whole
  Digest profile_hash;  ///< certificates: of the profile that the intent was linted against; else zeros
};

/// Where private keys live (HSM or encrypted files); nothing else ever sees one.
class Signer {
 public:
  virtual ~Signer() = default;

  /// Makes a key of that name and use, or returns the one that is there.
  /// @error key_attributes: it is there with another use; storage.
  virtual Result<crypto::PublicKey> create(const std::string& key, KeyUse use, crypto::KeyType type) = 0;
  /// @error not_found; key_attributes: unreadable or not what was recorded.
  virtual Result<crypto::PublicKey> public_key(const std::string& key) = 0;
  /// Signs. Whoever releases the signature verifies it first: a token can be faulty, or lie (AC-16).
  /// @error fenced; scope: not for this use; not_found; hsm_unavailable.
  virtual Result<Bytes> sign(const SigningIntent& intent) = 0;
  /// Destroys a key for ever; a key that is gone is no error. @error hsm_unavailable
  virtual Result<void> destroy(const std::string& key) = 0;
};

}  // namespace birthmark::app
