// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "codec/der.h"
#include "codec/ocsp.h"
#include "codec/oid.h"

/// What requests and responses of OCSP are both made of. Private to src/codec.
namespace birthmark::ocsp::parts {

inline constexpr auto kNonce = oid<1, 3, 6, 1, 5, 5, 7, 48, 1, 2>;

/// The next element, a CertID. @error bad_request
Result<CertId> read_cert_id(der::Reader& in);
void write_cert_id(der::Writer& out, const CertId& id);

/// The nonce of some Extensions, where they have one; every other extension must not be critical (RFC 6960 §4.4).
/// @param whole the SEQUENCE with its header. @error bad_request
Result<std::optional<Bytes>> read_nonce(BytesView whole);

/// Checks Extensions of which none is known. @error bad_request: malformed, or one is critical
Result<void> pass_over_extensions(BytesView whole);

/// `[0] EXPLICIT SEQUENCE OF Certificate`, at the end of what is signed; nothing if it is not there. @error bad_request
Result<std::vector<Bytes>> read_certificates(der::Reader& in);

/// The one element inside `[number] EXPLICIT`, where that comes next. @error bad_request
Result<std::optional<BytesView>> optional_explicit(der::Reader& in, std::uint8_t number);

}  // namespace birthmark::ocsp::parts
