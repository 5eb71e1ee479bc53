// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace birthmark::pki::path {

/// A distinguished name in the form in which names are compared (RFC 5280 §7.1, of RFC 4518 what is needed for it):
/// character strings as UTF-8 whatever their type was, ASCII letters in lower case, white space at the ends dropped and
/// inside made one blank; the attributes of one RDN sorted. Letters outside ASCII are compared as they are: two names
/// that differ in those are two names, which can only refuse.
class MatchName {
 public:
  /// The empty name.
  MatchName() = default;
  /// @param whole a Name that `x509::read_name` takes. @error bad_request: any other
  static Result<MatchName> of(BytesView whole);
  /// One RDN, contents of the SET, put below this name (RFC 5280 §4.2.1.13, nameRelativeToCRLIssuer). @error
  /// bad_request
  [[nodiscard]] Result<MatchName> with(BytesView rdn) const;

  [[nodiscard]] bool empty() const { return rdns_.empty(); }
  /// Whether the first RDNs of this name are those of `base` (RFC 5280 §7.1, for subtrees).
  [[nodiscard]] bool is_within(const MatchName& base) const;
  /// Something to look names up by: equal names have equal keys, and names of equal keys are equal.
  [[nodiscard]] std::string key() const;

  friend bool operator==(const MatchName&, const MatchName&) = default;

 private:
  std::vector<std::string> rdns_;
};

}  // namespace birthmark::pki::path
