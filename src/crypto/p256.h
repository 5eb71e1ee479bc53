// SPDX-License-Identifier: Apache-2.0
#pragma once

// Internal, as crypto/openssl.h.

#include "crypto/ecdsa_signature.h"
#include "crypto/verify_table.h"

namespace birthmark::crypto {

/// The curve with its own base point, for the life of the process.
const EC_GROUP* p256();

/// Whether 04 || x || y is a point of the curve.
bool is_p256_point(BytesView point);

/// ECDSA verification (FIPS 186-5 §6.4.2) of a SHA-256 digest, by the library's points: its keys verify by the same
/// points, and take a fifth longer (docs/adr/0005). False as well for what is no point of the curve.
/// @param multiples the table of the key; null: it has none.
bool verify_p256(BytesView point, const VerifyTable* multiples, const Digest& digest, const EcdsaSignature& signature);

}  // namespace birthmark::crypto
