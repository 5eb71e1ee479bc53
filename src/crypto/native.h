// SPDX-License-Identifier: Apache-2.0
#pragma once

// The library's own keys, for the rest of crypto and for adapters/tls only.

#include "crypto/keys.h"
#include "crypto/openssl.h"

namespace birthmark::crypto {

/// The library's key behind `key`; borrowed, valid while `key` lives (take a reference with EVP_PKEY_up_ref to keep
/// it). Contexts of several threads may use it at once; nobody may change it.
EVP_PKEY* native(const PrivateKey& key);

/// A library key of the caller's own with the public half only. @error unavailable: the library fails.
Result<EvpPkeyPtr> native_copy(const PublicKey& key);

}  // namespace birthmark::crypto
