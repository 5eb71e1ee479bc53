// SPDX-License-Identifier: Apache-2.0
#include "attest/vendor_crl.h"

#include <algorithm>

namespace birthmark::attest {

Result<x509::Crl> read_vendor_crl(BytesView der) {
  BM_TRY(auto crl, x509::Crl::read(der));
  const bool of_another = std::ranges::any_of(
      crl.entries(), [](const x509::RevokedCertificate& entry) { return !entry.certificate_issuer.empty(); });
  const bool critical = std::ranges::any_of(crl.extensions(), &x509::Extension::critical);
  if (!crl.next_update() || crl.scope() || crl.base_number() || critical || of_another || crl.has_unknown_critical()) {
    return fail(Code::bad_request, "CRL: no nextUpdate, or not the whole list of one issuer");
  }
  return crl;
}

}  // namespace birthmark::attest
