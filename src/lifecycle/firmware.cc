// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/firmware.h"

#include <charconv>

namespace birthmark::lifecycle {
namespace {

constexpr int kParts = 4;

std::optional<std::uint16_t> part(std::string_view text) {
  if (text.empty() || (text.size() > 1 && text.front() == '0') || text.front() == '-') {
    return std::nullopt;
  }
  std::uint16_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size() ? std::optional{value} : std::nullopt;
}

}  // namespace

std::optional<FirmwareVersion> FirmwareVersion::parse(std::string_view text) {
  std::uint64_t packed = 0;
  for (int i = 0; i < kParts; ++i) {
    const auto dot = text.find('.');
    const auto value = part(text.substr(0, dot));
    if (!value) {
      return std::nullopt;
    }
    packed |= std::uint64_t{*value} << (16 * (kParts - 1 - i));
    if (dot == std::string_view::npos) {
      return FirmwareVersion{packed};
    }
    text.remove_prefix(dot + 1);
  }
  return std::nullopt;
}

std::string FirmwareVersion::text() const {
  const auto at = [this](int i) { return std::to_string((packed_ >> (16 * (kParts - 1 - i))) & 0xFFFF); };
  std::string out = at(0) + "." + at(1) + "." + at(2);
  return (packed_ & 0xFFFF) == 0 ? out : out + "." + at(3);
}

}  // namespace birthmark::lifecycle
