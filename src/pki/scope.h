// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "base/bytes.h"
#include "base/result.h"
#include "codec/name.h"
#include "pki/tbs.h"

namespace birthmark::pki {

/// What a name of our form says of its place: the organization and its units, without commonName and serialNumber.
/// @param attributes in the order of the name: one organization, units, then commonName and serialNumber at most once
/// each; every one a UTF8String in an RDN of its own, but the serialNumber a PrintableString.
/// @error scope: a name of another form.
Result<Name> place_of(std::span<const x509::NameAttribute> attributes);

/// Whether `subject` lies below `base` as a directory-name constraint means it (RFC 5280 §4.2.1.10): the RDNs of `base`
/// are the first ones of `subject`. Compared as bytes: our names have one encoding, and one that is spelt otherwise is
/// outside. Both are whole DER Names that a reader took.
bool lies_below(BytesView base, BytesView subject);

}  // namespace birthmark::pki
