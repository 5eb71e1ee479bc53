// SPDX-License-Identifier: Apache-2.0
// Law: claims that are read are written as one deterministic document, which is read and written as itself.
#include "codec/eat.h"

#include <cstdlib>

#include "codec/cbor.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace eat = birthmark::eat;
  const auto claims = eat::read_claims({data, size});
  if (!claims) {
    return 0;
  }
  const auto written = eat::write(*claims);
  const auto again = eat::read_claims(written);
  birthmark::cbor::Reader deterministic{written, {.bytes_max = written.size() + 1}};
  if (!again || eat::write(*again) != written || !deterministic.skip() || !deterministic.finish()) {
    std::abort();
  }
  return 0;
}
