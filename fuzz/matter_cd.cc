// SPDX-License-Identifier: Apache-2.0
// Law: a certification declaration, its content and attestation elements that are read are read again as the same after
// they were written.
#include <cstdlib>

#include "codec/cms_signed.h"
#include "codec/matter.h"

namespace {

namespace matter = birthmark::matter;
using birthmark::BytesView;

void check_declaration(BytesView tlv) {
  if (const auto declaration = matter::read_declaration(tlv)) {
    const auto again = matter::read_declaration(matter::write(*declaration));
    if (!again || *again != *declaration || declaration->products.size() > matter::kProductsMax) {
      std::abort();
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const BytesView input{data, size};
  check_declaration(input);
  if (const auto elements = matter::read_elements(input)) {
    const auto again = matter::read_elements(matter::write(*elements));
    if (!again || *again != *elements) {
      std::abort();
    }
  }
  const auto parts = birthmark::cms::read_signed_content(input);
  if (!parts) {
    return 0;
  }
  const auto written = birthmark::cms::write_signed_content(*parts);
  const auto again = birthmark::cms::read_signed_content(written);
  if (!again || !birthmark::equal(again->content, parts->content) || !birthmark::equal(again->key_id, parts->key_id) ||
      !birthmark::equal(again->signature, parts->signature)) {
    std::abort();
  }
  check_declaration(parts->content);
  return 0;
}
