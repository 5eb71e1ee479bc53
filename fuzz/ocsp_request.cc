// SPDX-License-Identifier: Apache-2.0
// Law: what was read of a request is within its bounds, and comes back from what is written of it.
#include <cstdlib>

#include "codec/ocsp.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace ocsp = birthmark::ocsp;
  auto request = ocsp::read_request({data, size});
  if (!request) {
    return 0;
  }
  if (request->certificates.empty() || request->certificates.size() > ocsp::kRequestsMax ||
      (request->nonce && (request->nonce->empty() || request->nonce->size() > ocsp::kNonceMaxBytes))) {
    std::abort();
  }
  for (const auto& id : request->certificates) {
    if (id.serial.empty() || id.serial.front() == 0 || id.serial.size() > ocsp::kSerialMaxOctets ||
        id.issuer_name_hash.size() != ocsp::digest_size(id.hash)) {
      std::abort();
    }
  }
  request->is_signed = false;
  const auto written = ocsp::write(*request);
  const auto again = written ? ocsp::read_request(*written) : birthmark::fail(written.error());
  if (!again || *again != *request) {
    std::abort();
  }
  return 0;
}
