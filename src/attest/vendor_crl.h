// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "codec/crl.h"

namespace birthmark::attest {

/// Reads a silicon vendor's list of endorsement certificates that it took back: a `x509::Crl` of version 2 that is
/// complete and its issuer's own. Refused besides what that reader refuses: no nextUpdate, and whatever makes it a list
/// of something else: a scope, changes only, entries of another issuer, anything critical that is not known.
/// @error bad_request
Result<x509::Crl> read_vendor_crl(BytesView der);

}  // namespace birthmark::attest
