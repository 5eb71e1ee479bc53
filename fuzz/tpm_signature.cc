// SPDX-License-Identifier: Apache-2.0
// Law: a TPMT_SIGNATURE that is read is written byte for byte. Its DER for the widest curve is one SEQUENCE of exactly
// its length, in the shortest form; for a narrower one it is the same, or refused because r or s is too long.
#include "codec/tpm_signature.h"

#include <cstdlib>

namespace {

bool is_one_sequence(birthmark::BytesView der) {
  const bool short_form = der[1] < 0x80;
  const std::size_t header = short_form ? 2 : 3;
  const std::size_t length = short_form ? der[1] : der[2];
  return der[0] == 0x30 && (short_form || (der[1] == 0x81 && length >= 0x80)) && der.size() == header + length;
}

}  // namespace

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
    const auto widest = tpm::to_der(*ecdsa, tpm::Curve::p521);
    const auto narrower = tpm::to_der(*ecdsa, tpm::Curve::p384);
    if (!widest || !is_one_sequence(*widest) || (narrower && *narrower != *widest)) {
      std::abort();
    }
  }
  return 0;
}
