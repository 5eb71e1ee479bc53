// SPDX-License-Identifier: Apache-2.0
#pragma once

// Internal to codec: included by the readers of extensions.

#include <optional>

#include "codec/der.h"
#include "codec/extensions.h"

namespace birthmark::x509 {

/// A reader over the contents of the outer SEQUENCE of that extension's value; nothing if it is absent.
/// @error bad_request: not exactly one SEQUENCE.
inline Result<std::optional<der::Reader>> enter_extension(Extensions extensions, BytesView type) {
  const auto* found = find_extension(extensions, type);
  if (found == nullptr) {
    return std::optional<der::Reader>{};
  }
  BM_TRY(const auto fields, der::read_one(found->value, der::tag::sequence));
  return std::optional{fields};
}

}  // namespace birthmark::x509
