// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "codec/extensions.h"

// The extensions that carry certificate policies. As in extensions.h: nothing if absent, bad_request if the value is
// not exactly what the clause says, results alias the extension's bytes, and none looks at `critical`.
namespace birthmark::x509 {

inline constexpr std::size_t kPoliciesMax = 64;
inline constexpr std::size_t kPolicyQualifiersMax = 8;

/// RFC 5280 §4.2.1.4.
struct PolicyInformation {
  BytesView policy;  ///< contents of the OID
  /// A qualifier that is neither a pointer to a practice statement nor a user notice: whoever must understand the
  /// extension, since it is critical, does not.
  bool has_unknown_qualifier = false;
};

/// 1..kPoliciesMax of them, none twice.
Result<std::optional<std::vector<PolicyInformation>>> certificate_policies(Extensions extensions);

/// RFC 5280 §4.2.1.5: contents of the OIDs. That neither is anyPolicy is for the path to judge (§6.1.4(a)).
struct PolicyMapping {
  BytesView issuer_domain;
  BytesView subject_domain;
};

/// 1..kPoliciesMax of them.
Result<std::optional<std::vector<PolicyMapping>>> policy_mappings(Extensions extensions);

/// RFC 5280 §4.2.1.11: how many further certificates may stand in the path before the rule begins; at least one of the
/// two is there. Numbers above 2^32-1 are held as that.
struct PolicyConstraints {
  std::optional<std::uint32_t> require_explicit_policy;
  std::optional<std::uint32_t> inhibit_policy_mapping;
};
Result<std::optional<PolicyConstraints>> policy_constraints(Extensions extensions);

/// RFC 5280 §4.2.1.14: as the numbers above.
Result<std::optional<std::uint32_t>> inhibit_any_policy(Extensions extensions);

}  // namespace birthmark::x509
