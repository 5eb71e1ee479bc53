// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "crypto/keys.h"

struct evp_pkey_st;

namespace birthmark::tls {

/// Signs one SHA-256 digest with a key that this process cannot read; returns a DER Ecdsa-Sig-Value.
using SignDigest = std::function<Result<Bytes>(const Digest&)>;

struct FreeKey {
  void operator()(evp_pkey_st* key) const noexcept;
};
using ExternalKey = std::unique_ptr<evp_pkey_st, FreeKey>;

/// A key for TLS (1.2 and 1.3, client or server) whose private half is in hardware.
/// @param key the P-256 public half, as the certificate has it.
/// @param sign called on the thread of the handshake, and blocks it; lives until the last reference to the key goes.
/// If it fails, the handshake fails with an internal error. Only SHA-256 is asked of it: against a TLS 1.2 server
/// that accepts no ecdsa_secp256r1_sha256 the handshake fails too.
/// @return owned, never null; every TLS context that uses it takes a reference of its own.
/// @error key_attributes: not a P-256 key. @error unavailable: the library fails.
Result<ExternalKey> make_external_p256(const crypto::PublicKey& key, SignDigest sign);

}  // namespace birthmark::tls
