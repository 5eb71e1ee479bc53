// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "codec/tpm_types.h"
#include "crypto/hash.h"

namespace birthmark::attest {

/// The hash that a TPM names.
inline crypto::HashAlgorithm algorithm_of(tpm::Hash hash) {
  switch (hash) {
    case tpm::Hash::sha256:
      return crypto::HashAlgorithm::sha256;
    case tpm::Hash::sha384:
      return crypto::HashAlgorithm::sha384;
    case tpm::Hash::sha512:
      break;
  }
  return crypto::HashAlgorithm::sha512;
}

}  // namespace birthmark::attest
