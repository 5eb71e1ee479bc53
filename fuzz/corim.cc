// SPDX-License-Identifier: Apache-2.0
// Law: a reference value that is taken from a manifest always names its environment and component and demands
// something: whole digests or a security version. Nothing that was said becomes "any".
#include "codec/corim.h"

#include <cstdlib>

#include "attest/corim.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace corim = birthmark::corim;
  const birthmark::BytesView input{data, size};
  static_cast<void>(corim::read_signed(input));
  static_cast<void>(corim::read_comid(input));
  const auto rim = corim::read_rim(input);
  const auto content = rim ? birthmark::attest::content_of(*rim)
                           : birthmark::Result<birthmark::attest::RimContent>{birthmark::fail(rim.error())};
  if (!content) {
    return 0;
  }
  for (const auto& value : content->values) {
    bool holds = !value.environment.empty() && !value.component.empty() && (!value.digests.empty() || value.svn_min);
    for (const auto& digest : value.digests) {
      holds = holds && (digest.size() == 32 || digest.size() == 48 || digest.size() == 64);
    }
    if (!holds) {
      std::abort();
    }
  }
  return 0;
}
