// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/bytes.h"
#include "base/result.h"

namespace birthmark::sqlite {

inline constexpr std::size_t kDeltaMaxBytes = 32 * 1024;  ///< of base and target

/// `target` told as what it shares with `base`: certificates of one CA and profile differ in a serial, two dates, a
/// name and a key. Layout in docs/wire/schema.md.
/// @param target at most kDeltaMaxBytes; of a longer `base` only the beginning is used.
Bytes delta_of(BytesView base, BytesView target);

/// The target again. @error storage: not a delta of this base.
Result<Bytes> apply_delta(BytesView base, BytesView delta);

}  // namespace birthmark::sqlite
