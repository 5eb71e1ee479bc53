// SPDX-License-Identifier: Apache-2.0
// Law: what was read of a response stands in it, byte for byte, and it has a body exactly where it is successful.
#include <algorithm>
#include <cstdlib>

#include "codec/ocsp.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace ocsp = birthmark::ocsp;
  const birthmark::BytesView input{data, size};
  const auto response = ocsp::read_response(input);
  if (!response) {
    return 0;
  }
  if (response->basic.has_value() != (response->status == ocsp::ResponseStatus::successful)) {
    std::abort();
  }
  if (!response->basic) {
    return 0;
  }
  const auto& basic = *response->basic;
  const auto stands_in = [](birthmark::BytesView part, birthmark::BytesView whole) {
    return part.empty() || !std::ranges::search(whole, part).empty();
  };
  if (!stands_in(basic.tbs, input) || !stands_in(basic.signature, input) ||
      !stands_in(basic.responder_name, basic.tbs) || !stands_in(basic.responder_key_hash, basic.tbs) ||
      basic.responder_name.empty() == basic.responder_key_hash.empty() || basic.responses.empty() ||
      basic.responses.size() > ocsp::kResponsesMax || basic.certificates.size() > ocsp::kCertificatesMax) {
    std::abort();
  }
  for (const auto& single : basic.responses) {
    if (single.revoked_at.has_value() != (single.status == ocsp::CertStatus::revoked) ||
        !stands_in(single.certificate.serial, basic.tbs)) {
      std::abort();
    }
  }
  return 0;
}
