// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "codec/extensions.h"
#include "pki/path/match.h"

namespace birthmark::pki::path {

/// A name that is subject to constraints: a general name, and of a distinguished name its form for comparison.
struct ConstrainedName {
  x509::GeneralName name;
  MatchName directory;  ///< of directory names only
};

/// The constraints of one CA certificate, made ready (RFC 5280 §4.2.1.10). Aliases the extension.
class Subtrees {
 public:
  /// @error bad_request: a base that its form does not allow: a host with a wildcard or a leading dot where the clause
  ///     has none, a mailbox that is none.
  static Result<Subtrees> of(const x509::NameConstraints& constraints);

  /// Why a certificate with these names may not stand below, or nothing. Names of a form that is constrained here and
  /// cannot be compared are refused, as §4.2.1.10 asks for critical constraints, and the others are no different.
  /// @param comparisons counted up by each comparison, so that the caller can put an end to them.
  [[nodiscard]] std::optional<std::string> refuse(const std::vector<ConstrainedName>& names,
                                                  std::size_t& comparisons) const;

 private:
  struct Base {
    x509::GeneralName name;
    MatchName directory;
  };
  static Result<std::vector<Base>> bases_of(const std::vector<x509::GeneralName>& bases);

  std::vector<Base> permitted_, excluded_;
};

}  // namespace birthmark::pki::path
