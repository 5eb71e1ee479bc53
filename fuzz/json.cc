// SPDX-License-Identifier: Apache-2.0
// Law: what is read, written and read again is the same value, and nothing may stand behind it.
#include "codec/json.h"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace json = birthmark::json;
  const auto value = json::read(birthmark::BytesView{data, size});
  if (!value) {
    return 0;
  }
  const auto text = json::write(*value);
  // Escapes and exponents may make the text longer than what was read.
  const auto again = json::read(text, {.bytes_max = text.size()});
  if (!again || *again != *value || json::read(text + "{}", {.bytes_max = text.size() + 2})) {
    std::abort();
  }
  return 0;
}
