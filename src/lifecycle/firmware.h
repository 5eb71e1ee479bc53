// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace birthmark::lifecycle {

/// A firmware version of up to four numbers of 16 bits, "4.12.0.7"; missing ones are zero. Ordered number by number, in
/// 64 bits, which are also its stored form. The zero version means "no version named".
class FirmwareVersion {
 public:
  constexpr FirmwareVersion() = default;
  constexpr explicit FirmwareVersion(std::uint64_t packed) : packed_{packed} {}

  /// Reads one to four decimal numbers without leading zeros, with dots between them; nothing for any other form.
  static std::optional<FirmwareVersion> parse(std::string_view text);

  [[nodiscard]] constexpr std::uint64_t packed() const { return packed_; }
  /// At least three numbers; the fourth only if it is not zero.
  [[nodiscard]] std::string text() const;
  friend constexpr auto operator<=>(FirmwareVersion, FirmwareVersion) = default;

 private:
  std::uint64_t packed_ = 0;
};

/// How a device's firmware stands to the minimum of its policy.
enum class FirmwareStanding : std::uint8_t { unknown, below, meets };

/// Judges a version; an unknown one meets only a policy that names no minimum.
constexpr FirmwareStanding judge_firmware(std::optional<FirmwareVersion> version, FirmwareVersion minimum) {
  if (minimum == FirmwareVersion{}) {
    return FirmwareStanding::meets;
  }
  if (!version) {
    return FirmwareStanding::unknown;
  }
  return *version < minimum ? FirmwareStanding::below : FirmwareStanding::meets;
}

}  // namespace birthmark::lifecycle
