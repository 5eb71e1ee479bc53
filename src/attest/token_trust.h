// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <set>
#include <string>

#include "attest/vendor_trust.h"
#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "crypto/keys.h"

namespace birthmark::attest {

/// A key that signs tokens, and who vouches for it.
struct TokenKey {
  crypto::PublicKey key;
  std::string vendor;  ///< as policies name it
  AnchorClass anchor_class = AnchorClass::simulated;
};

/// The instance keys that suppliers delivered with their parts: which attestation key an instance id has. One id, one
/// key, and the other way round (design §2). Immutable once made; read from several threads.
class TokenTrust {
 public:
  /// @param instance_id the ueid of its tokens, 7 to 33 octets. @error bad_request: another size. @error key_reuse: the
  /// id has another key, or the key another id; the same pair again is no error, and changes nothing.
  Result<void> add(BytesView instance_id, TokenKey key);
  /// Refuses a key for ever, in certificates as well. @param digest SHA-256 of its SubjectPublicKeyInfo
  void deny(const Digest& digest) { denied_.insert(digest); }

  /// Null: nobody delivered it.
  [[nodiscard]] const TokenKey* find(BytesView instance_id) const;
  [[nodiscard]] bool denied(const crypto::PublicKey& key) const { return denied_.contains(key.spki_sha256()); }

 private:
  std::map<Bytes, TokenKey> keys_;
  std::map<Digest, Bytes> ids_;  ///< SHA-256 of the SPKI -> instance id
  std::set<Digest> denied_;
};

/// The two ways in which the key of a token can be trusted. Both live longer than what is appraised by them. A vendor's
/// CA that certifies other keys as well must not stand in `certificates`: no certificate says that its key belongs to a
/// root of trust, so that any of those keys could sign a token.
struct TokenRoots {
  const TokenTrust& instances;      ///< delivered keys
  const VendorTrust& certificates;  ///< of the vendors whose CAs certify attestation keys
};

}  // namespace birthmark::attest
