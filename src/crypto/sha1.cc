// SPDX-License-Identifier: Apache-2.0
#include "crypto/sha1.h"

#include "crypto/openssl.h"

namespace birthmark::crypto {

Octets<20> sha1_identifier(BytesView bytes) {
  Octets<20> out{};
  std::size_t size = 0;
  if (EVP_Q_digest(nullptr, "SHA1", nullptr, bytes.data(), bytes.size(), out.data(), &size) != 1 ||
      size != out.size()) {
    library_broken("SHA-1");
  }
  return out;
}

}  // namespace birthmark::crypto
