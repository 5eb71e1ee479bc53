// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/bytes.h"

namespace birthmark::crypto {

/// Whether 32 bytes are the canonical encoding of a point of edwards25519 (RFC 8032 §5.1.3) whose order is not small.
/// Under a key of small order one signature verifies for many messages, and OpenSSL does not look.
bool is_sound_ed25519_point(BytesView raw);

}  // namespace birthmark::crypto
