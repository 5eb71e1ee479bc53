// SPDX-License-Identifier: Apache-2.0
// A signature that we read has exactly one encoding, and OpenSSL reads the same numbers.
#include <openssl/ec.h>

#include <cstdlib>

#include "crypto/ecdsa_signature.h"
#include "crypto/openssl.h"

using namespace birthmark;
using namespace birthmark::crypto;

namespace {

using EcdsaSigPtr = OpensslPtr<ECDSA_SIG, ECDSA_SIG_free>;

/// Whether OpenSSL reads these bytes to the end and writes the same again.
bool openssl_agrees(BytesView der) {
  const unsigned char* cursor = der.data();
  const EcdsaSigPtr read{d2i_ECDSA_SIG(nullptr, &cursor, static_cast<long>(der.size()))};
  unsigned char* written = nullptr;
  const int size = read ? i2d_ECDSA_SIG(read.get(), &written) : -1;
  const bool same = size >= 0 && equal(der, {written, static_cast<std::size_t>(size)});
  OPENSSL_free(written);
  return same;
}

void check(KeyType curve, BytesView input) {
  const auto signature = read_ecdsa_signature(curve, input);
  const auto raw = ecdsa_der_to_raw(curve, input);
  if (signature.has_value() != raw.has_value()) {
    std::abort();
  }
  if (!signature) {
    return;
  }
  const auto from_numbers = ecdsa_to_der(curve, signature->r, signature->s);
  const auto from_raw = ecdsa_raw_to_der(curve, *raw);
  if (!from_numbers || !from_raw || !equal(*from_numbers, input) || !equal(*from_raw, input) ||
      !openssl_agrees(input)) {
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  check(KeyType::p256, {data, size});
  check(KeyType::p384, {data, size});
  check(KeyType::p521, {data, size});
  return 0;
}
