// SPDX-License-Identifier: Apache-2.0
#include "audit/text.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "codec/utf8.h"

namespace birthmark::audit {
namespace {

constexpr std::size_t kCharacterMaxBytes = 4;

// Property White_Space of Unicode, without the control characters below U+0020.
constexpr std::array<std::string_view, 20> kSpaces{" ",      "\u0085", "\u00A0", "\u1680", "\u2000", "\u2001", "\u2002",
                                                   "\u2003", "\u2004", "\u2005", "\u2006", "\u2007", "\u2008", "\u2009",
                                                   "\u200A", "\u2028", "\u2029", "\u202F", "\u205F", "\u3000"};

bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
}

// The bytes of the first character of a text that is not empty; 0 if none begins there.
std::size_t character_size(std::string_view text) {
  for (std::size_t size = 1; size <= std::min(text.size(), kCharacterMaxBytes); ++size) {
    if (is_utf8(text.substr(0, size))) {
      return size;
    }
  }
  return 0;
}

}  // namespace

std::optional<std::uint64_t> read_decimal(std::string_view text) {
  if (text.empty() || (text.size() > 1 && text.front() == '0')) {
    return std::nullopt;
  }
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value > kLogNumberMax) {
    return std::nullopt;
  }
  return value;
}

std::optional<std::string_view> take_line(std::string_view& rest) {
  const auto end = rest.find('\n');
  if (end == std::string_view::npos) {
    return std::nullopt;
  }
  const auto line = rest.substr(0, end);
  rest.remove_prefix(end + 1);
  return line;
}

bool is_plain_text(std::string_view text) {
  return std::ranges::none_of(text, is_control) && is_utf8(text);
}

std::string plain_text(std::string_view text, std::size_t bytes_max) {
  std::string out;
  while (!text.empty()) {
    const auto size = character_size(text);
    const bool good = size != 0 && !is_control(text.front());
    const auto piece = good ? text.substr(0, size) : std::string_view{"?"};
    if (out.size() + piece.size() > bytes_max) {
      break;
    }
    out += piece;
    text.remove_prefix(std::max<std::size_t>(size, 1));
  }
  return out;
}

bool has_space(std::string_view text) {
  return std::ranges::any_of(kSpaces,
                             [&](std::string_view space) { return text.find(space) != std::string_view::npos; });
}

}  // namespace birthmark::audit
