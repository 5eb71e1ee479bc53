// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/result.h"
#include "codec/x509.h"
#include "crypto/keys.h"
#include "pki/tbs.h"

namespace birthmark::pki {

/// A CA as the side that signs sees it: its certificate, read once, and what it contributes to others.
struct CaCertificate {
  x509::Certificate certificate;
  crypto::PublicKey key;
  Issuer issuer;
};

/// Reads one of our own CA certificates. @param crl_url where its CRL will be; may be empty.
/// @error bad_request: malformed, no CA, no key id. @error scope: the name is not of the form that our CAs have, or the
/// certificate not what the profile says.
Result<CaCertificate> ca_certificate(BytesView der, ProfileId profile, std::string crl_url);

/// Whether `leaf` was made by `issuer` and may be what it claims: names, key id, signature, profile and scope, validity
/// at `at`. One step of a path whose anchor is `issuer`; revocation and registration are not looked at.
/// @error credential_ended: outside its validity; scope: outside the issuer's scope or profile;
/// unauthenticated: names, key id or signature do not fit. `check` names the step (RFC 5280 §6.1.3).
Result<void> verify_issued(const x509::Certificate& leaf, const CaCertificate& issuer, ProfileId leaf_profile,
                           Instant at);

}  // namespace birthmark::pki
