// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"
#include "codec/pqc.h"

namespace birthmark::crypto {

/// Whether what a private key of ML-DSA says twice agrees, as far as that shows without ML-DSA itself: ρ and K of the
/// expanded key are those of the seed (FIPS 204, algorithm 6, steps 1 and 2), and no coefficient of s1 and s2 is
/// outside -η..η (RFC 9881 §6). That tr, s and t0 are those of the seed takes the key generation, which is not here: a
/// key that passes may still be one that nobody should sign with.
/// @error bad_request: they do not agree
Result<void> check_ml_dsa_key(const pqc::PrivateKey& key);

}  // namespace birthmark::crypto
