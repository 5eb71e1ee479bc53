// SPDX-License-Identifier: Apache-2.0
// A SubjectPublicKeyInfo that we read, OpenSSL reads as the same key, and the key writes the same bytes again.
#include <cstdlib>

#include "crypto/ecdsa_signature.h"
#include "crypto/native.h"
#include "crypto/rsa_checks.h"

using namespace birthmark;
using namespace birthmark::crypto;

namespace {

bool same_from_parts(const PublicKey& key) {
  const auto size = field_size(key.type());
  if (size != 0) {
    const auto again = PublicKey::from_point(key.type(), key.point().subspan(1, size), key.point().last(size));
    return again && *again == key;
  }
  if (key.type() == KeyType::ed25519) {
    const auto again = PublicKey::from_ed25519(key.point());
    return again && *again == key;
  }
  return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const BytesView input{data, size};
  const auto key = PublicKey::from_spki(input);
  if (ERR_peek_error() != 0) {
    std::abort();
  }
  if (!key) {
    return 0;
  }
  const unsigned char* cursor = data;
  const EvpPkeyPtr second{d2i_PUBKEY(nullptr, &cursor, static_cast<long>(size))};
  const auto copy = native_copy(*key);
  if (!second || cursor != data + size || !copy || EVP_PKEY_eq(second.get(), copy->get()) != 1 ||
      !equal(key->spki(), input) || !same_from_parts(*key)) {
    std::abort();
  }
  static_cast<void>(has_roca_fingerprint(*key));
  return 0;
}
