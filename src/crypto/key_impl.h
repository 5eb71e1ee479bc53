// SPDX-License-Identifier: Apache-2.0
#pragma once

// Internal, as crypto/openssl.h.

#include <mutex>
#include <vector>

#include "crypto/keys.h"
#include "crypto/openssl.h"
#include "crypto/verify_table.h"

namespace birthmark::crypto {

struct PublicKey::Impl {
  KeyType type{};
  Bytes spki;
  Digest spki_sha256;
  BytesView point;             ///< EC and Ed25519; aliases `spki`
  BytesView modulus;           ///< RSA, without sign byte; aliases `spki`
  EvpPkeyPtr library_key;      ///< RSA and Ed25519; EC points are loaded into the key of the thread when they are used
  mutable TableWhenHot table;  ///< P-256
};

/// Contexts that are ready to sign with one key, lent to one thread at a time: making one costs a third of a P-256
/// signature.
class SignContexts {
 public:
  /// An idle context or a new one; null if the library cannot make one.
  EvpPkeyCtxPtr take(EVP_PKEY* key, KeyType type);
  void give_back(EvpPkeyCtxPtr context);

 private:
  std::mutex mutex_;
  std::vector<EvpPkeyCtxPtr> idle_;
};

/// The thread's own library key of the curve, holding the point of `key`; null if the library refuses it. Borrowed
/// until this thread uses any other key of that curve. EC keys only.
EVP_PKEY* lend(const PublicKey& key);

struct PrivateKey::Impl {
  Impl(EvpPkeyPtr library_key, PublicKey public_half)
      : key{std::move(library_key)}, public_key{std::move(public_half)} {}

  EvpPkeyPtr key;
  PublicKey public_key;
  mutable SignContexts contexts;
};

}  // namespace birthmark::crypto
