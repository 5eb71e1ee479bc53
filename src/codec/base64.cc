// SPDX-License-Identifier: Apache-2.0
#include "codec/base64.h"

#include <array>

namespace birthmark::base64 {
namespace {

constexpr std::string_view kStandard = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kUrl = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::uint8_t kNone = 0xFF;

using Table = std::array<std::uint8_t, 256>;
constexpr Table table_of(std::string_view alphabet) {
  Table table{};
  table.fill(kNone);
  for (std::size_t i = 0; i < alphabet.size(); ++i) {
    table[static_cast<std::uint8_t>(alphabet[i])] = static_cast<std::uint8_t>(i);
  }
  return table;
}
constexpr Table kStandardValues = table_of(kStandard), kUrlValues = table_of(kUrl);

std::string encode_with(std::string_view alphabet, BytesView bytes) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  std::uint32_t bits = 0;
  unsigned held = 0;
  for (const auto octet : bytes) {
    bits = bits << 8 | octet;
    for (held += 8; held >= 6; held -= 6) {
      out += alphabet[bits >> (held - 6) & 0x3F];
    }
  }
  if (held > 0) {
    out += alphabet[bits << (6 - held) & 0x3F];
  }
  return out;
}

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

enum class Spaces : std::uint8_t { refused, skipped };
enum class Padding : std::uint8_t { required, refused };

tl::unexpected<Error> refuse(const char* what) {
  return fail(Code::bad_request, std::string{"base64: "} + what);
}

/// RFC 4648 §3.2, §3.5: the padding fills up the last group of four, and the bits that no byte uses are zero.
bool ends_well(Padding padding, std::size_t digits, std::size_t pads, std::uint32_t bits) {
  const std::size_t in_group = digits % 4;
  if (in_group == 1 || pads != (padding == Padding::required && in_group != 0 ? 4 - in_group : 0)) {
    return false;
  }
  const unsigned unused = in_group == 2 ? 4 : in_group == 3 ? 2 : 0;
  return (bits & ((1U << unused) - 1U)) == 0;
}

Result<Bytes> decode_with(const Table& values, Padding padding, Spaces spaces, std::string_view text,
                          std::size_t decoded_max) {
  Bytes out;
  out.reserve(std::min(text.size() / 4 * 3 + 3, decoded_max));
  std::uint32_t bits = 0;
  std::size_t digits = 0, pads = 0;
  for (const char c : text) {
    if (spaces == Spaces::skipped && is_space(c)) {
      continue;
    }
    if (c == '=') {
      ++pads;
      continue;
    }
    const std::uint8_t value = values[static_cast<std::uint8_t>(c)];
    if (value == kNone || pads != 0) {
      return refuse(value == kNone ? "character" : "text behind the padding");
    }
    bits = bits << 6 | value;
    // Of the four digits of a group the first completes no byte.
    if (digits++ % 4 != 0) {
      if (out.size() == decoded_max) {
        return refuse("too long");
      }
      const unsigned shift = 6 - 2 * ((digits - 1) % 4);
      out.push_back(static_cast<std::uint8_t>(bits >> shift));
    }
  }
  if (!ends_well(padding, digits, pads, bits)) {
    return refuse("end");
  }
  return out;
}

}  // namespace

std::string encode(BytesView bytes) {
  auto out = encode_with(kStandard, bytes);
  out.append((4 - out.size() % 4) % 4, '=');
  return out;
}

std::string encode_url(BytesView bytes) {
  return encode_with(kUrl, bytes);
}

Result<Bytes> decode(std::string_view text, std::size_t decoded_max) {
  return decode_with(kStandardValues, Padding::required, Spaces::refused, text, decoded_max);
}

Result<Bytes> decode_lax_whitespace(std::string_view text, std::size_t decoded_max) {
  return decode_with(kStandardValues, Padding::required, Spaces::skipped, text, decoded_max);
}

Result<Bytes> decode_url(std::string_view text, std::size_t decoded_max) {
  return decode_with(kUrlValues, Padding::refused, Spaces::refused, text, decoded_max);
}

}  // namespace birthmark::base64
