// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/ids.h"

namespace birthmark::pki {

/// The three hierarchies that never mix (design §4), and one beside them, for products that are certified for Matter:
/// its certificates attest to others, and are admitted nowhere here.
enum class Hierarchy : std::uint8_t { manufacturing, operational, service, matter };

/// One row of kProfiles each.
enum class ProfileId : std::uint8_t {
  manufacturing_root,
  product_line_ca,
  factory_ca,
  batch_ca,
  operational_root,
  operational_ca,
  service_root,
  service_ca,
  idevid,
  ldevid,
  server,
  station,
  operator_person,
  gate,
  matter_paa,
  matter_pai,
  matter_dac,
};

/// Bits of KeyUsage in the order of RFC 5280 §4.2.1.3.
namespace key_usage {
inline constexpr std::uint32_t digital_signature = 1U << 0, key_encipherment = 1U << 2, key_agreement = 1U << 4,
                               key_cert_sign = 1U << 5, crl_sign = 1U << 6;
}

/// What ends the validity.
enum class Ends : std::uint8_t { never, after_lifetime };

/// A certificate profile: everything of a certificate that neither the key nor the subject decides.
struct Profile {
  ProfileId id;
  std::string_view name;
  Hierarchy hierarchy;
  bool is_ca;
  std::optional<std::uint8_t> path_length;  ///< CAs only; none: no pathLenConstraint
  std::uint32_t key_usage;
  std::span<const std::span<const std::uint8_t>> extended_key_usages;  ///< contents of the OIDs; empty: no extension
  Ends ends;
  std::chrono::seconds lifetime;  ///< for Ends::after_lifetime
  bool device;                    ///< names a device: serialNumber in the subject, hardwareModuleName in the SAN
  bool receipt;                   ///< carries the registration receipt
  bool appraised_at;
  bool name_constraint;  ///< CAs only: permits only directory names under the CA's own scope
};

/// Every profile, in the order of the enumeration. Sources: 802.1AR-2018 (attestation.md §7), protocols.md §1.3, §6;
/// Matter Core §6.2.2.
std::span<const Profile> all_profiles();
const Profile& profile(ProfileId id);
std::optional<ProfileId> profile_named(std::string_view name);

/// SHA-256 over a canonical encoding of the row: an intent is pinned to it from lint to signature (AC-13).
Digest profile_hash(const Profile& profile);
/// Of the row of that id; computed once.
const Digest& profile_hash(ProfileId profile);

/// Whether a CA of profile `issuer` may sign a certificate of profile `subject` at all.
/// Manufacturing chains may end after any level (`init --scope`): the last level issues the IDevIDs.
bool may_issue(ProfileId issuer, ProfileId subject);
/// Whether certificates of this profile are signed by their own key.
bool is_root(ProfileId profile);

}  // namespace birthmark::pki
