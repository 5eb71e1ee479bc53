// SPDX-License-Identifier: Apache-2.0
// Law: claims that are read are written as one deterministic document, which is read as the same; and what is taken
// without the older profiles is taken with them, as the same.
#include "codec/psa_token.h"

#include <cstdlib>

#include "codec/cbor.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace psa = birthmark::psa;
  const birthmark::BytesView input{data, size};
  const auto strict = psa::read_claims(input);
  const auto claims = psa::read_claims(input, psa::Profiles::legacy_too);
  if (strict && (!claims || *claims != *strict || strict->profile != psa::Profile::rfc9783)) {
    std::abort();
  }
  if (!claims) {
    return 0;
  }
  const auto written = psa::write(*claims);
  const auto again = psa::read_claims(written, psa::Profiles::legacy_too);
  birthmark::cbor::Reader deterministic{written};
  if (!again || *again != *claims || !deterministic.skip() || !deterministic.finish()) {
    std::abort();
  }
  return 0;
}
