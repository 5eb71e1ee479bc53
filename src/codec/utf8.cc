// SPDX-License-Identifier: Apache-2.0
#include "codec/utf8.h"

#include <cstdint>

#include "base/bytes.h"

namespace birthmark {
namespace {

/// Continuation bytes after a lead byte, and the bounds of the first of them; the bounds are what keeps out overlong
/// forms, surrogates and values past U+10FFFF. Length 0: no lead byte.
struct Lead {
  std::size_t more;
  std::uint8_t low = 0x80;
  std::uint8_t high = 0xBF;
};

Lead lead(std::uint8_t byte) {
  if (byte >= 0xC2 && byte <= 0xDF) {
    return {1};
  }
  if (byte >= 0xE0 && byte <= 0xEF) {
    return {2, static_cast<std::uint8_t>(byte == 0xE0 ? 0xA0 : 0x80),
            static_cast<std::uint8_t>(byte == 0xED ? 0x9F : 0xBF)};
  }
  if (byte >= 0xF0 && byte <= 0xF4) {
    return {3, static_cast<std::uint8_t>(byte == 0xF0 ? 0x90 : 0x80),
            static_cast<std::uint8_t>(byte == 0xF4 ? 0x8F : 0xBF)};
  }
  return {0};
}

}  // namespace

bool is_utf8(std::string_view text) {
  auto left = as_bytes(text);
  while (!left.empty()) {
    if (left[0] < 0x80) {
      left = left.subspan(1);
      continue;
    }
    const auto expected = lead(left[0]);
    if (expected.more == 0 || left.size() <= expected.more || left[1] < expected.low || left[1] > expected.high) {
      return false;
    }
    for (std::size_t i = 2; i <= expected.more; ++i) {
      if ((left[i] & 0xC0) != 0x80) {
        return false;
      }
    }
    left = left.subspan(expected.more + 1);
  }
  return true;
}

}  // namespace birthmark
