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
  /// @error fenced; key_attributes: it is there with another use; unavailable: another process makes one at this
  /// moment; storage.
  virtual Result<crypto::PublicKey> create(const std::string& key, KeyUse use, crypto::KeyType type, Epoch epoch) = 0;
  /// @error not_found; key_attributes: unreadable or not what was recorded.
  virtual Result<crypto::PublicKey> public_key(const std::string& key) = 0;
  /// Signs, and verifies the signature before anybody gets it: a token can be faulty, or lie (AC-16). There is no other
  /// way to a signature.
  /// @param key what it must verify by: the key of the CA's certificate, where there is one.
  /// @error fenced; scope: not for this use; not_found; hsm_unavailable; hsm_fault: it does not verify.
  Result<Bytes> sign(const SigningIntent& intent, const crypto::PublicKey& key);
  /// The same by the key that the signer itself names.
  Result<Bytes> sign(const SigningIntent& intent);
  /// Destroys a key for ever; a key that is gone is no error.
  /// @error fenced; hsm_unavailable; unavailable: another process makes or destroys one just now
  virtual Result<void> destroy(const std::string& key, Epoch epoch) = 0;

 private:
  /// What the token says; not verified. @error as `sign`
  virtual Result<Bytes> make_signature(const SigningIntent& intent) = 0;
};

/// What the registry says under its statement key (lifecycle/statements.h). @error as Signer::sign
Result<Bytes> sign_statement(Signer& signer, const std::string& key, Epoch epoch, BytesView statement);

}  // namespace birthmark::app
