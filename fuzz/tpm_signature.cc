// SPDX-License-Identifier: Apache-2.0
// Law: a TPMT_SIGNATURE that is read is written byte for byte, and its DER is one SEQUENCE of exactly its length.
#include "codec/tpm_signature.h"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace tpm = birthmark::tpm;
  const birthmark::BytesView input{data, size};
  const auto signature = tpm::read_signature(input);
  if (!signature) {
    return 0;
  }
  if (!birthmark::equal(tpm::write(*signature), input)) {
    std::abort();
  }
  if (const auto* ecdsa = std::get_if<tpm::EcdsaSignature>(&*signature)) {
    const auto der = tpm::to_der(*ecdsa, tpm::Curve::p384);
    if (!der || der->at(0) != 0x30 || der->at(1) != der->size() - 2) {
      std::abort();
    }
  }
  return 0;
}
