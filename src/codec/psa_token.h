// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace birthmark::psa {

/// What a token's claims are laid out by; the text of the profile claim decides.
enum class Profile : std::uint8_t {
  rfc9783,  ///< "tag:psacertified.org,2023:psa#tfm"
  arm_2,    ///< "http://arm.com/psa/2.0.0": the draft before it; the boot seed stands under 2397
  iot_1,    ///< "PSA_IOT_PROFILE_1", or no profile claim at all: keys -75000 to -75010
};
/// The text of the profile claim; "unknown" for a value outside the enumeration.
std::string_view name(Profile profile);

/// Which profiles are taken. Those before RFC 9783 are known, and off unless somebody asks for them.
enum class Profiles : std::uint8_t { rfc9783_only, legacy_too };

/// Media type of a token in a wrapper (RFC 9783 §8).
inline constexpr std::string_view kMediaType =
    R"(application/eat+cwt; eat_profile="tag:psacertified.org,2023:psa#tfm")";

inline constexpr std::size_t kComponentsMax = 64;
inline constexpr std::size_t kTextMaxBytes = 256;  ///< of each text of a token

/// One software component (RFC 9783 §4.4.1).
struct SoftwareComponent {
  std::string type = {};         ///< measurement type: "BL", "PRoT"; empty: not said
  Bytes measurement;             ///< 32, 48 or 64 octets
  std::string version = {};      ///< empty: not said
  Bytes signer_id;               ///< 32, 48 or 64 octets
  std::string description = {};  ///< of the measurement: the name of its algorithm; empty: not said

  friend bool operator==(const SoftwareComponent&, const SoftwareComponent&) = default;
};

/// The claims of a PSA token (RFC 9783 §4); that they were read proves their form and nothing else.
struct Claims {
  Profile profile = Profile::rfc9783;
  Bytes nonce;                                              ///< 32, 48 or 64 octets
  Octets<33> instance_id{};                                 ///< ueid of type 01
  std::int32_t client_id = 0;                               ///< who asked; negative: the non-secure world
  std::uint16_t lifecycle = 0;                              ///< by its high octet one of RFC 9783 §4.3.1
  Octets<32> implementation_id{};                           ///< which immutable root of trust it is
  std::optional<Bytes> boot_seed = {};                      ///< 8 to 32 octets
  std::optional<std::string> certification_reference = {};  ///< EAN-13 and five digits
  std::vector<SoftwareComponent> components;                ///< empty: only by `iot_1`, which can say so
  std::optional<std::string> verification_service = {};     ///< as whoever signs says: shown, never fetched

  friend bool operator==(const Claims&, const Claims&) = default;
};

/// Reads the payload of a token: one map, CBOR as `cbor::Rule::definite`. Unknown claims are passed over.
/// @error bad_evidence: malformed, another or no profile, a claim that is missing, of another type, size or value; a
/// nonce that is an array.
Result<Claims> read_claims(BytesView payload, Profiles profiles = Profiles::rfc9783_only);

/// Writes what `read_claims` reads, by the claims' own profile, in the order of deterministic CBOR. What it is given
/// must have the sizes that the reader asks for; they are not checked.
Bytes write(const Claims& claims);

}  // namespace birthmark::psa
