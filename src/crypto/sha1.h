// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/bytes.h"

namespace birthmark::crypto {

/// SHA-1, for identifiers that standards make with it (CertID of OCSP, key identifiers). Nothing may be concluded from
/// two digests being equal but which of several known things is meant: anybody can make collisions.
Octets<20> sha1_identifier(BytesView bytes);

}  // namespace birthmark::crypto
