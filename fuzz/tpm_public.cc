// SPDX-License-Identifier: Apache-2.0
// Law: a TPMT_PUBLIC that is read is written byte for byte, and a point or modulus taken from it has its full size.
#include "codec/tpm_public.h"

#include <cstdlib>

#include "codec/tpm_template.h"

namespace {

bool full_size(const birthmark::tpm::Public& key) {
  namespace tpm = birthmark::tpm;
  if (const auto* ecc = key.ecc()) {
    const auto point = tpm::uncompressed_point(*ecc);
    return !point || point->size() == 1 + 2 * tpm::coordinate_size(ecc->curve);
  }
  const auto modulus = tpm::rsa_modulus(*key.rsa());
  return !modulus || modulus->size() * 8 == static_cast<std::size_t>(key.rsa()->bits);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace tpm = birthmark::tpm;
  const birthmark::BytesView input{data, size};
  const auto key = tpm::read_public(input);
  if (!key) {
    return 0;
  }
  const auto which = tpm::template_of(*key);
  if (!birthmark::equal(tpm::write(*key), input) || !full_size(*key) || (which && !tpm::made_of(*key, *which))) {
    std::abort();
  }
  return 0;
}
