// SPDX-License-Identifier: Apache-2.0
// Law: a receipt that was taken off and is put on again gives the same to-be-signed bytes, and none is left below it.
#include <cstdlib>

#include "pki/receipt.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const birthmark::BytesView input{data, size};
  const auto taken = birthmark::pki::take_receipt(input);
  if (!taken) {
    return 0;
  }
  const auto again = birthmark::pki::append_receipt(taken->tbs_without_receipt, taken->receipt);
  if (!again || !birthmark::equal(*again, input) || birthmark::pki::take_receipt(taken->tbs_without_receipt)) {
    std::abort();
  }
  return 0;
}
