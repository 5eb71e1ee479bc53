// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "crypto/keys.h"

namespace birthmark::crypto {

/// The size of a field element, and of r and s, in bytes: 32, 48 or 66; 0 for what is not EC.
std::size_t field_size(KeyType curve);

/// r and s of one signature, big-endian without leading zeros, each in 1..n-1. Aliases what it was read from.
struct EcdsaSignature {
  BytesView r;
  BytesView s;
};

/// Reads one Ecdsa-Sig-Value (RFC 3279 §2.2.3) in DER; says nothing about whether it verifies.
/// @error bad_request: not DER, bytes left over, or r or s outside 1..n-1 of the curve.
Result<EcdsaSignature> read_ecdsa_signature(KeyType curve, BytesView der);

/// The DER of (r, s), given big-endian; leading zeros are dropped. For signatures that came as two numbers (TPM).
/// @error bad_request: r or s outside 1..n-1 of the curve.
Result<Bytes> ecdsa_to_der(KeyType curve, BytesView r, BytesView s);

/// The DER of r || s, each padded to `field_size` (RFC 9053 §2.1, RFC 7518 §3.4).
/// @error bad_request: wrong size, or r or s outside 1..n-1.
Result<Bytes> ecdsa_raw_to_der(KeyType curve, BytesView raw);

/// r || s, each padded to `field_size`, of a DER signature. @error bad_request: as `read_ecdsa_signature`.
Result<Bytes> ecdsa_der_to_raw(KeyType curve, BytesView der);

}  // namespace birthmark::crypto
