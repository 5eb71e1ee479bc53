// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

#include "base/bytes.h"

namespace birthmark::test {

/// The CBOR that a text in diagnostic notation stands for (RFC 8949 §8, RFC 8610 G): integers, h'', texts in double
/// quotes, arrays, maps, tags, << >>, true, false, null, comments between slashes. Heads are the shortest, map keys
/// stay in the order of the text, and stand twice where they do there. Nothing for any other text, or beyond 32 levels.
std::optional<Bytes> from_diagnostic(std::string_view text);

}  // namespace birthmark::test
