// SPDX-License-Identifier: Apache-2.0
// Law: the certificates of a bundle, written as a bundle of ours, are read again as the same certificates.
#include <algorithm>
#include <cstdlib>

#include "codec/cms.h"

namespace {

std::vector<birthmark::Bytes> sorted_der(const std::vector<birthmark::x509::Certificate>& certificates) {
  std::vector<birthmark::Bytes> all;
  for (const auto& one : certificates) {
    all.push_back(birthmark::to_bytes(one.der()));
  }
  std::ranges::sort(all);
  return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto read = birthmark::cms::read_certs_only({data, size});
  if (!read) {
    return 0;
  }
  const auto certificates = sorted_der(*read);
  const auto written = birthmark::cms::certs_only(certificates);
  if (!written) {
    std::abort();
  }
  const auto again = birthmark::cms::read_certs_only(*written);
  if (!again || sorted_der(*again) != certificates) {
    std::abort();
  }
  return 0;
}
