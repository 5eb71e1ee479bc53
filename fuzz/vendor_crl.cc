// SPDX-License-Identifier: Apache-2.0
// Law: what was read of a vendor's list stands in it, byte for byte, and every serial is a certificate's.
#include <algorithm>
#include <cstdlib>

#include "attest/vendor_crl.h"
#include "codec/x509.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const birthmark::BytesView input{data, size};
  const auto crl = birthmark::attest::read_vendor_crl(input);
  if (!crl) {
    return 0;
  }
  const auto stands_in = [](birthmark::BytesView part, birthmark::BytesView whole) {
    return !std::ranges::search(whole, part).empty();
  };
  if (!stands_in(crl->tbs, input) || !stands_in(crl->issuer, crl->tbs)) {
    std::abort();
  }
  for (const auto& serial : crl->serials) {
    if (serial.empty() || serial.front() == 0 || serial.size() > birthmark::x509::kSerialMaxOctets ||
        !stands_in(serial, crl->tbs)) {
      std::abort();
    }
  }
  return 0;
}
