// SPDX-License-Identifier: Apache-2.0
#include "adapters/entropy/generated_ephemerals.h"

namespace birthmark {

Result<crypto::PrivateKey> GeneratedEphemerals::key(crypto::KeyType curve) {
  return crypto::PrivateKey::generate(curve);
}

Result<Secret> GeneratedEphemerals::seed(std::size_t size_bytes) {
  Bytes out(size_bytes);
  entropy_.fill(out);
  return Secret{std::move(out)};
}

}  // namespace birthmark
