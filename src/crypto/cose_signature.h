// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "base/bytes.h"
#include "base/result.h"
#include "codec/cose.h"
#include "crypto/keys.h"

namespace birthmark::crypto {

/// The one COSE algorithm of a key: ES256 for P-256, ES384 for P-384, ES512 for P-521, EdDSA for Ed25519; nothing for
/// RSA. RFC 9053 §2.1 lets any curve go with any hash; here the key decides, so that a message cannot choose.
std::optional<cose::Algorithm> cose_algorithm(KeyType type);

/// Whether the signature of a COSE_Sign1 verifies under a key; false also where the message names another algorithm
/// than the key's. @param algorithm as `cose::algorithm_of` found it
bool verify(const PublicKey& key, cose::Algorithm algorithm, const cose::Sign1& message, BytesView external_aad = {});
/// The same for bytes that were built elsewhere, as for a COSE_Sign. @param signature r || s, each padded to the size
/// of the field, or 64 octets of Ed25519 (RFC 9053 §2)
bool verify_cose(const PublicKey& key, cose::Algorithm algorithm, BytesView to_be_signed, BytesView signature);

/// A COSE_Sign1 that says what the draft does, with the key's own algorithm in its place. @error key_attributes: an RSA
/// key. @error hsm_fault
Result<Bytes> sign(const PrivateKey& key, cose::Draft draft, BytesView external_aad = {});

/// The key of a COSE_Key. @error bad_request: not on its curve
Result<PublicKey> public_key(const cose::Key& key);

}  // namespace birthmark::crypto
