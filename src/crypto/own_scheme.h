// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "crypto/keys.h"

namespace birthmark::crypto {

/// The one scheme in which keys of a type sign here, where nothing else names one: the curve's own hash for ECDSA,
/// SHA-256 for RSA. There is one for each type, so no evidence chooses it.
SignatureScheme own_scheme(KeyType type);

}  // namespace birthmark::crypto
