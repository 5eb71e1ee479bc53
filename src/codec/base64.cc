// SPDX-License-Identifier: Apache-2.0
#include "codec/base64.h"

#include <array>

namespace birthmark::base64 {
namespace {

constexpr std::string_view kStandard = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kUrl = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::uint8_t kNone = 0xFF;
constexpr std::uint32_t kValueMax = 0x3F;

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

constexpr std::size_t kGroupBytes = 3;
constexpr std::size_t kGroupDigits = 4;

/// Without padding.
std::string encode_with(std::string_view alphabet, BytesView bytes) {
  std::string out((bytes.size() * kGroupDigits + kGroupBytes - 1) / kGroupBytes, '\0');
  auto* next = out.data();
  const auto put = [&](std::uint32_t group, std::size_t digits) {
    for (std::size_t digit = 0; digit < digits; ++digit) {
      *next++ = alphabet[group >> (18 - 6 * digit) & 0x3F];
    }
  };
  for (; bytes.size() >= kGroupBytes; bytes = bytes.subspan(kGroupBytes)) {
    put(std::uint32_t{bytes[0]} << 16 | std::uint32_t{bytes[1]} << 8 | bytes[2], kGroupDigits);
  }
  if (!bytes.empty()) {
    const std::uint32_t second = bytes.size() > 1 ? bytes[1] : 0;
    put(std::uint32_t{bytes[0]} << 16 | second << 8, bytes.size() + 1);
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

/// Four digits with nothing between them, as nearly all of a text is, in one piece. False: read them one by one.
bool append_group(const Table& values, std::string_view text, Bytes& out) {
  const auto value = [&](std::size_t digit) -> std::uint32_t { return values[static_cast<std::uint8_t>(text[digit])]; };
  const auto a = value(0), b = value(1), c = value(2), d = value(3);
  if ((a | b | c | d) > kValueMax) {
    return false;
  }
  const auto group = a << 18 | b << 12 | c << 6 | d;
  const std::array octets{static_cast<std::uint8_t>(group >> 16), static_cast<std::uint8_t>(group >> 8),
                          static_cast<std::uint8_t>(group)};
  out.insert(out.end(), octets.begin(), octets.end());
  return true;
}

Result<Bytes> decode_with(const Table& values, Padding padding, Spaces spaces, std::string_view text,
                          std::size_t decoded_max) {
  Bytes out;
  out.reserve(std::min(text.size() / kGroupDigits * kGroupBytes + kGroupBytes, decoded_max));
  std::uint32_t bits = 0;
  std::size_t digits = 0, pads = 0;
  for (; !text.empty(); text.remove_prefix(1)) {
    while (pads == 0 && digits % kGroupDigits == 0 && text.size() > kGroupDigits &&
           decoded_max - out.size() >= kGroupBytes && append_group(values, text, out)) {
      text.remove_prefix(kGroupDigits);
    }
    const char c = text.front();
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
    if (digits++ % kGroupDigits != 0) {
      if (out.size() == decoded_max) {
        return refuse("too long");
      }
      const unsigned shift = 6 - 2 * ((digits - 1) % kGroupDigits);
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
