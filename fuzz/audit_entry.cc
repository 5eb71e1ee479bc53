// SPDX-License-Identifier: Apache-2.0
// What reads as an audit entry is the one spelling of that entry.
#include <cstdint>
#include <cstdlib>

#include "audit/entry.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const birthmark::BytesView input{data, size};
  if (const auto entry = birthmark::audit::read_entry(input)) {
    const auto again = birthmark::audit::write_entry(*entry);
    if (!again || !birthmark::equal(*again, input)) {
      std::abort();
    }
  }
  return 0;
}
