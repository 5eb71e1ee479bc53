// SPDX-License-Identifier: Apache-2.0
// Law: each value has one text. What a strict reader takes, the writer writes; the lax reader takes that text with its
// whitespace and gives the same value; every value comes back.
#include "codec/base64.h"

#include <cstdlib>

namespace {

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace base64 = birthmark::base64;
  const birthmark::BytesView bytes{data, size};
  const auto text = birthmark::as_text(bytes);
  const auto strict = base64::decode(text, size);
  const auto lax = base64::decode_lax_whitespace(text, size);
  const auto url = base64::decode_url(text, size);
  std::string squeezed{text};
  std::erase_if(squeezed, is_space);
  const bool holds = (!strict || base64::encode(*strict) == text) && (!url || base64::encode_url(*url) == text) &&
                     (!lax || base64::encode(*lax) == squeezed) &&
                     lax.has_value() == base64::decode(squeezed, size).has_value() &&
                     base64::decode(base64::encode(bytes), size).value() == birthmark::to_bytes(bytes) &&
                     base64::decode_url(base64::encode_url(bytes), size).value() == birthmark::to_bytes(bytes);
  if (!holds) {
    std::abort();
  }
  return 0;
}
