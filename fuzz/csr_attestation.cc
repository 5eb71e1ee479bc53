// SPDX-License-Identifier: Apache-2.0
// Law: a bundle without certificates of another form has one encoding; each statement's parts come back as they were.
#include "codec/csr_attestation.h"

#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace csr = birthmark::csr_attestation;
  const birthmark::BytesView input{data, size};
  const auto bundle = csr::read(input);
  if (!bundle) {
    return 0;
  }
  if (bundle->statements.empty() || bundle->statements.size() > csr::kStatementsMax ||
      bundle->certificates.size() + bundle->other_certificates > csr::kCertificatesMax) {
    std::abort();
  }
  if (bundle->other_certificates == 0 && !birthmark::equal(csr::write(*bundle).value(), input)) {
    std::abort();
  }
  for (const auto& statement : bundle->statements) {
    const auto certify = csr::read_tpm_certify(statement.value);
    if (certify && !birthmark::equal(csr::write(*certify), statement.value)) {
      std::abort();
    }
    const auto identity = csr::read_tpm_identity(statement.value);
    if (identity && !birthmark::equal(csr::write(*identity), statement.value)) {
      std::abort();
    }
  }
  return 0;
}
