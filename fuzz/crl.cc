// SPDX-License-Identifier: Apache-2.0
// Laws: OpenSSL reads every list that we read, and sees as many entries; each of them is found by its serial and stands
// in the list byte for byte.
#include <algorithm>
#include <cstdlib>

#include "codec/crl.h"
#include "codec/x509.h"
#include "crypto/openssl_verifier.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const birthmark::BytesView input{data, size};
  const auto crl = birthmark::x509::Crl::read(input);
  if (!crl) {
    return 0;
  }
  const auto inside = [&](birthmark::BytesView part) {
    return part.data() >= crl->der().data() && part.data() + part.size() <= crl->der().data() + crl->der().size();
  };
  if (birthmark::crypto::openssl_crl_entries(input) != crl->entries().size() || !inside(crl->tbs()) ||
      !inside(crl->issuer())) {
    std::abort();
  }
  for (const auto& entry : crl->entries()) {
    const auto found = crl->find(entry.serial);
    const bool there = std::ranges::any_of(found, [&](const auto& one) { return &one == &entry; });
    if (entry.serial.empty() || entry.serial.front() == 0 || entry.serial.size() > birthmark::x509::kSerialMaxOctets ||
        !inside(entry.serial) || !there) {
      std::abort();
    }
  }
  return 0;
}
