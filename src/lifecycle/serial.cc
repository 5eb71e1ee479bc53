// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/serial.h"

#include <algorithm>

namespace birthmark::lifecycle {

Serial make_serial(std::uint32_t index, const Octets<11>& random) {
  Octets<16> out{kSerialMark, static_cast<std::uint8_t>(index >> 24), static_cast<std::uint8_t>(index >> 16),
                 static_cast<std::uint8_t>(index >> 8), static_cast<std::uint8_t>(index)};
  std::ranges::copy(random, out.begin() + 5);
  return Serial{out};
}

std::optional<std::uint32_t> index_of(const Serial& serial) {
  const auto& octets = serial.get();
  if (octets[0] != kSerialMark) {
    return std::nullopt;
  }
  return std::uint32_t{octets[1]} << 24 | std::uint32_t{octets[2]} << 16 | std::uint32_t{octets[3]} << 8 |
         std::uint32_t{octets[4]};
}

std::optional<Serial> serial_from(BytesView content) {
  const auto exact = octets<16>(content);
  if (!exact || exact->front() != kSerialMark) {
    return std::nullopt;
  }
  return Serial{*exact};
}

}  // namespace birthmark::lifecycle
