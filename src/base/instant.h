// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace birthmark {

/// A moment in UTC with millisecond resolution, 64 bits, good for the years 1 to 9999.
using Instant = std::chrono::sys_time<std::chrono::milliseconds>;

/// 9999-12-31T23:59:59Z, the end that RFC 5280 §4.1.2.5 gives to what has no end.
inline constexpr Instant kNoEnd{std::chrono::milliseconds{253402300799000}};

inline std::int64_t to_ms(Instant t) {
  return t.time_since_epoch().count();
}
inline Instant from_ms(std::int64_t ms) {
  return Instant{std::chrono::milliseconds{ms}};
}

/// RFC 3339 in UTC with seconds, "2026-11-23T10:00:00Z"; parts of a second are cut.
std::string to_rfc3339(Instant t);
/// Reads "YYYY-MM-DDThh:mm:ss[.fff]Z"; nothing for any other form or an impossible date.
std::optional<Instant> from_rfc3339(std::string_view text);

}  // namespace birthmark
