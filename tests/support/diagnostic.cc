// SPDX-License-Identifier: Apache-2.0
#include "support/diagnostic.h"

#include <cctype>
#include <string>

namespace birthmark::test {
namespace {

constexpr int kLevelsMax = 32;

class Parser {
 public:
  explicit Parser(std::string_view text) : text_{text} {}

  std::optional<Bytes> document() {
    auto out = item(0);
    space();
    return out && text_.empty() ? out : std::nullopt;
  }

 private:
  /// Blanks, and comments from one slash to the next.
  void space() {
    for (;;) {
      while (!text_.empty() && std::isspace(static_cast<unsigned char>(text_.front())) != 0) {
        text_.remove_prefix(1);
      }
      if (text_.empty() || text_.front() != '/') {
        return;
      }
      const auto end = text_.find('/', 1);
      text_.remove_prefix(end == std::string_view::npos ? text_.size() : end + 1);
    }
  }
  bool take(std::string_view what) {
    space();
    if (!text_.starts_with(what)) {
      return false;
    }
    text_.remove_prefix(what.size());
    return true;
  }

  static void head(Bytes& out, unsigned major, std::uint64_t value) {
    const auto first = static_cast<std::uint8_t>(major << 5);
    if (value < 24) {
      out.push_back(static_cast<std::uint8_t>(first | value));
      return;
    }
    const unsigned size = value < 0x100 ? 1 : value < 0x10000 ? 2 : value < 0x100000000 ? 4 : 8;
    out.push_back(static_cast<std::uint8_t>(first | (size == 1 ? 24 : size == 2 ? 25 : size == 4 ? 26 : 27)));
    for (auto shift = static_cast<int>(size * 8) - 8; shift >= 0; shift -= 8) {
      out.push_back(static_cast<std::uint8_t>(value >> shift));
    }
  }

  std::optional<Bytes> item(int level) {
    if (level > kLevelsMax) {
      return std::nullopt;
    }
    if (take("h'")) {
      return octets();
    }
    if (take("\"")) {
      return text();
    }
    if (take("<<")) {
      return embedded(level);
    }
    if (take("[")) {
      return list(4, "]", level);
    }
    if (take("{")) {
      return list(5, "}", level);
    }
    for (const auto& [word, octet] : {std::pair{"true", 0xF5}, std::pair{"false", 0xF4}, std::pair{"null", 0xF6}}) {
      if (take(word)) {
        return Bytes{static_cast<std::uint8_t>(octet)};
      }
    }
    return number(level);
  }

  std::optional<Bytes> octets() {
    const auto end = text_.find('\'');
    std::string hex;
    for (const char c : text_.substr(0, end)) {
      if (std::isspace(static_cast<unsigned char>(c)) == 0) {
        hex.push_back(c);
      }
    }
    const auto value = end == std::string_view::npos ? std::nullopt : from_hex(hex);
    if (!value) {
      return std::nullopt;
    }
    text_.remove_prefix(end + 1);
    Bytes out;
    head(out, 2, value->size());
    append(out, *value);
    return out;
  }

  std::optional<Bytes> text() {
    std::string value;
    while (!text_.empty() && text_.front() != '"') {
      if (text_.front() == '\\' && text_.size() > 1) {
        text_.remove_prefix(1);
      }
      value.push_back(text_.front());
      text_.remove_prefix(1);
    }
    if (text_.empty()) {
      return std::nullopt;
    }
    text_.remove_prefix(1);
    Bytes out;
    head(out, 3, value.size());
    append(out, as_bytes(value));
    return out;
  }

  std::optional<Bytes> embedded(int level) {
    const auto inside = item(level + 1);
    if (!inside || !take(">>")) {
      return std::nullopt;
    }
    Bytes out;
    head(out, 2, inside->size());
    append(out, *inside);
    return out;
  }

  /// Items of an array, or pairs of a map; a comma may stand behind the last.
  std::optional<Bytes> list(unsigned major, std::string_view end, int level) {
    Bytes inside;
    std::uint64_t count = 0;
    while (!take(end)) {
      const auto first = item(level + 1);
      const auto second = first && major == 5 && take(":") ? item(level + 1) : std::nullopt;
      if (!first || (major == 5 && !second)) {
        return std::nullopt;
      }
      append(inside, *first);
      if (second) {
        append(inside, *second);
      }
      ++count;
      if (!take(",") && !at(end)) {
        return std::nullopt;
      }
    }
    Bytes out;
    head(out, major, count);
    append(out, inside);
    return out;
  }
  bool at(std::string_view what) {
    space();
    return text_.starts_with(what);
  }

  std::optional<Bytes> number(int level) {
    const bool negative = take("-");
    std::uint64_t value = 0;
    std::size_t digits = 0;
    while (digits < text_.size() && std::isdigit(static_cast<unsigned char>(text_[digits])) != 0) {
      value = value * 10 + static_cast<unsigned>(text_[digits++] - '0');
    }
    if (digits == 0 || digits > 18 || (negative && value == 0)) {
      return std::nullopt;
    }
    text_.remove_prefix(digits);
    Bytes out;
    if (!negative && text_.starts_with("(")) {
      text_.remove_prefix(1);
      const auto inside = item(level + 1);
      if (!inside || !take(")")) {
        return std::nullopt;
      }
      head(out, 6, value);
      append(out, *inside);
      return out;
    }
    head(out, negative ? 1 : 0, negative ? value - 1 : value);
    return out;
  }

  std::string_view text_;
};

}  // namespace

std::optional<Bytes> from_diagnostic(std::string_view text) {
  return Parser{text}.document();
}

}  // namespace birthmark::test
