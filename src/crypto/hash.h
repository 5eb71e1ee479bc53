// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <initializer_list>
#include <memory>

#include "base/bytes.h"
#include "base/ids.h"

namespace birthmark::crypto {

/// SHA-256 of the parts one after the other. Never fails: a library without SHA-256 ends the process.
Digest sha256(BytesView bytes);
Digest sha256(std::initializer_list<BytesView> parts);

/// HMAC-SHA-256 of the parts one after the other.
Octets<32> hmac_sha256(BytesView key, std::initializer_list<BytesView> parts);

}  // namespace birthmark::crypto
