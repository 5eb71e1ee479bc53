// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "codec/extensions.h"

namespace birthmark::x509 {

inline constexpr std::size_t kDistributionPointsMax = 32;

/// The bits of ReasonFlags (RFC 5280 §4.2.1.13), bit 0 first, and the set of them all. Bit 0 is unused by the standard.
namespace reasons {
inline constexpr std::uint32_t key_compromise = 1U << 1, all = 0x1FF & ~1U;
}

/// DistributionPointName: one of the two. Aliases what it was read from.
struct DistributionPointName {
  std::vector<GeneralName> full_name;      ///< not empty unless `relative_name` is there
  std::optional<BytesView> relative_name;  ///< contents of the RDN (a SET), relative to the name of the CRL's issuer
};

/// Reads the contents of [0] distributionPoint. @error bad_request
Result<DistributionPointName> read_distribution_point_name(BytesView contents);

/// ReasonFlags of an implicitly tagged BIT STRING, at least one of those that the standard names.
/// @error bad_request
Result<std::uint32_t> read_reason_flags(BytesView contents);

/// One DistributionPoint (RFC 5280 §4.2.1.13); name or issuer is there.
struct DistributionPoint {
  std::optional<DistributionPointName> name;
  std::optional<std::uint32_t> reasons;  ///< absent: all
  std::vector<GeneralName> crl_issuer;   ///< empty: the certificate's own issuer
};

/// §4.2.1.13, 1..kDistributionPointsMax points; nothing if absent. @error bad_request
Result<std::optional<std::vector<DistributionPoint>>> crl_distribution_points(Extensions extensions);
/// §4.2.1.15, in the same form.
Result<std::optional<std::vector<DistributionPoint>>> freshest_crl(Extensions extensions);

/// The URIs of the points that cover all reasons and whose CRL the certificate's own issuer signs, in order; other
/// points are left out, so the list may be empty. @error bad_request, as above
Result<std::optional<std::vector<std::string_view>>> crl_distribution_uris(Extensions extensions);

}  // namespace birthmark::x509
