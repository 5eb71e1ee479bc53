// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "base/bytes.h"
#include "base/instant.h"
#include "base/result.h"
#include "codec/algorithm.h"

namespace birthmark::attest {

inline constexpr std::size_t kVendorCrlMaxBytes = 1024 * 1024;

/// A silicon vendor's list of endorsement certificates that it took back (RFC 5280 §5.1). That it exists proves syntax
/// only: the signature is for the pinned issuer's key.
struct VendorCrl {
  Bytes tbs;  ///< what the signature is over
  x509::SignatureAlgorithm algorithm = x509::SignatureAlgorithm::unverifiable;
  Bytes signature;
  Bytes issuer;  ///< whole DER Name
  Instant this_update;
  Instant next_update;
  std::vector<Bytes> serials;  ///< magnitudes of 1..20 octets without a sign octet, as `x509::Certificate::serial`
};

/// Reads one complete CertificateList of version 2, 1..kVendorCrlMaxBytes bytes. Refused besides malformed DER: no
/// nextUpdate, a serial that is not positive or above 20 octets, and any critical extension of the list or an entry:
/// they make it a list of something else (of some reasons, of another issuer, of changes only). @error bad_request
Result<VendorCrl> read_vendor_crl(BytesView der);

}  // namespace birthmark::attest
