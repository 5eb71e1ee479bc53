// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "codec/x509.h"

namespace birthmark::cms {

inline constexpr std::size_t kCertificatesMax = 16;
/// Room for that many of the largest certificates and the frame around them.
inline constexpr std::size_t kCertsOnlyMaxBytes = kCertificatesMax * x509::kCertificateMaxBytes + 256;

/// Writes a degenerate SignedData without signers and content (RFC 5652 §5.1, RFC 7030 §4.1.3), with the certificates
/// in DER order: readers must find theirs by its key.
/// @param certificates 1..kCertificatesMax whole certificates, copied unchecked.
/// @error bad_request: none, or too many.
Result<Bytes> certs_only(std::span<const Bytes> certificates);

/// Reads a certs-only answer of at most kCertsOnlyMaxBytes: DER; version 1; no digest algorithm, no signer, no CRL;
/// content absent or, as some peers write it, an empty OCTET STRING; X.509 certificates only, each read as by
/// `x509::Certificate::read`, in the order sent.
/// It proves nothing of any of them: nobody signed the bundle.
/// @error bad_request
Result<std::vector<x509::Certificate>> read_certs_only(BytesView der);

}  // namespace birthmark::cms
