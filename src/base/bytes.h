// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace birthmark {

using Bytes = std::vector<std::uint8_t>;
using BytesView = std::span<const std::uint8_t>;
template <std::size_t N>
using Octets = std::array<std::uint8_t, N>;

/// The bytes of a text; aliases `text`.
inline BytesView as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
/// The text of some bytes, unchecked; aliases `bytes`.
inline std::string_view as_text(BytesView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
inline Bytes to_bytes(BytesView view) {
  return {view.begin(), view.end()};
}
inline void append(Bytes& out, BytesView more) {
  out.insert(out.end(), more.begin(), more.end());
}
inline bool equal(BytesView a, BytesView b) {
  return std::ranges::equal(a, b);
}

/// Exactly N bytes as an array, or nothing if the length differs.
template <std::size_t N>
std::optional<Octets<N>> octets(BytesView view) {
  if (view.size() != N) {
    return std::nullopt;
  }
  Octets<N> out;
  std::ranges::copy(view, out.begin());
  return out;
}

/// Compares in time that depends on the lengths only.
bool equal_constant_time(BytesView a, BytesView b);

/// Lower-case hex, two characters a byte.
std::string to_hex(BytesView bytes);
/// Reads hex of either case; nothing if odd or not hex.
std::optional<Bytes> from_hex(std::string_view text);

}  // namespace birthmark
