// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/ids.h"

namespace birthmark::lifecycle {

/// First octet of every serial: positive and without padding in DER (RFC 5280 §4.1.2.2), and ours at a glance.
inline constexpr std::uint8_t kSerialMark = 0x4B;

/// Builds a serial: the mark, the big-endian place of the certificate in its CA's status list, 88 random bits.
/// @param index below the size of the list and never used before, which the caller sees to.
/// @param random from the entropy port, never used before.
Serial make_serial(std::uint32_t index, const Octets<11>& random);

/// The place in the status list of the issuer; nothing if the mark is missing. Does not prove that we made it.
std::optional<std::uint32_t> index_of(const Serial& serial);

/// A serial from the content octets of a DER INTEGER; nothing unless it is 16 octets that begin with the mark.
std::optional<Serial> serial_from(BytesView content);

}  // namespace birthmark::lifecycle
