// SPDX-License-Identifier: Apache-2.0
// Law: TPMS_CREATION_DATA that are read are written byte for byte.
#include "codec/tpm_attest.h"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const birthmark::BytesView input{data, size};
  const auto read = birthmark::tpm::read_creation_data(input);
  if (read && !birthmark::equal(birthmark::tpm::write(*read), input)) {
    std::abort();
  }
  return 0;
}
