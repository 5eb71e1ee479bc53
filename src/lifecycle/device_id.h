// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/ids.h"

namespace birthmark::lifecycle {

/// What the identity is rooted in; part of every DeviceId. The numbers are stored: they never change.
enum class RootKind : std::uint8_t { tpm = 0, psa = 1, dice = 2, se = 3, software = 4 };
inline constexpr std::array kRootKinds{RootKind::tpm, RootKind::psa, RootKind::dice, RootKind::se, RootKind::software};

/// Whether the root is real, or a simulator or anything of a test vendor.
enum class RootClass : std::uint8_t { simulated = 0, genuine = 1 };

/// "tpm"; "unknown" for a value outside the enumeration.
std::string_view name(RootKind kind);
std::optional<RootKind> root_kind_named(std::string_view text);

/// Computes the identity of a piece of hardware (design §2): SHA-256 of the deterministic CBOR array
/// ["birthmark/device/v1", root kind, public identity].
/// @param public_identity from verified evidence: TPM the canonical EK's SPKI, PSA the IAK SPKI, DICE the device-id
/// public key, secure element `secure_element_identity`, software the SPKI of its key. Not empty: asserted.
DeviceId device_id(RootKind kind, BytesView public_identity);

/// The public identity of a secure element: the deterministic CBOR array [vendor CA SPKI, attested chip id].
Bytes secure_element_identity(BytesView vendor_ca_spki, BytesView chip_id);

/// What an answer to a challenge is for, so that no answer serves twice (design §3).
enum class Purpose : std::uint8_t { provision, seal, enroll, renew, revalidate, routine, retire };
inline constexpr std::array kPurposes{Purpose::provision,  Purpose::seal,    Purpose::enroll, Purpose::renew,
                                      Purpose::revalidate, Purpose::routine, Purpose::retire};

/// "revalidate"; "unknown" for a value outside the enumeration.
std::string_view name(Purpose purpose);
std::optional<Purpose> purpose_named(std::string_view text);

/// The value that evidence must carry in extraData, eat_nonce or the vendor's field (design §3 "Freshness value").
/// @param device nothing before it is known: 32 zero octets stand for it.
/// @param key_spki SHA-256 of the SPKI of the key to be certified; where there is none, of the AK.
Digest freshness_value(Purpose purpose, const Nonce& nonce, const SessionId& session,
                       const std::optional<DeviceId>& device, const Digest& key_spki);

}  // namespace birthmark::lifecycle
