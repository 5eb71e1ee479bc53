// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace birthmark::csr_attrs {

inline constexpr std::size_t kMaxBytes = std::size_t{8} * 1024;
inline constexpr std::size_t kEntriesMax = 32;

/// AttrOrOID (RFC 7030 §4.5.2); aliases what it was read from.
struct Entry {
  BytesView type;                 ///< contents of the OID
  std::vector<BytesView> values;  ///< whole elements of the attribute; empty: it is an OID alone
};

/// Reads CsrAttrs, what an EST server wants to see in requests: 1..kMaxBytes bytes, at most kEntriesMax entries and as
/// many values in each; an extensionRequest is read with its extensions (RFC 9908 §3.2). RFC 7030 lets one type stand
/// there twice, so nothing is made of an order. @error bad_request
Result<std::vector<Entry>> read(BytesView der);

}  // namespace birthmark::csr_attrs
