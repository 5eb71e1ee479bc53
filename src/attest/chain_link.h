// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <initializer_list>

#include "attest/step.h"
#include "base/ids.h"
#include "base/instant.h"
#include "codec/x509.h"
#include "crypto/keys.h"

namespace birthmark::attest {

// One link of a chain that must be exactly this one: no search. Names are compared as DER.

/// Whoever may have signed a certificate; aliases what it was made of.
struct IssuerView {
  BytesView name;  ///< whole DER Name
  const crypto::PublicKey& key;
  x509::Extensions extensions;  ///< empty: of a bare key
};
inline IssuerView issuer_view(const x509::Certificate& certificate, const crypto::PublicKey& key) {
  return {certificate.subject(), key, certificate.extensions()};
}

/// The names chain, the key identifiers agree where both are there, and the issuer's key signed it, in that order
/// (RFC 5280 §6.1.3(a)(4), §4.2.1.1, §6.1.3(a)(1)).
Failure issued_by(const x509::Certificate& certificate, const IssuerView& issuer);

/// A CA that may sign certificates, with room for so many CAs below it (RFC 5280 §6.1.4(k), (m), (n); stricter: its own
/// certificates count too, and keyUsage must be there).
Failure may_issue(x509::Extensions extensions, std::size_t cas_below);

/// No critical extension but basicConstraints, keyUsage and these (RFC 5280 §6.1.4(o), §6.1.5(f)).
Failure criticals_are_known(x509::Extensions extensions, std::initializer_list<BytesView> known = {});

/// RFC 5280 §6.1.3(a)(2): both ends belong to it.
inline bool valid_at(const x509::Certificate& certificate, Instant at) {
  return at >= certificate.not_before() && at <= certificate.not_after();
}

/// The key signed the 32 octets of the freshness value, by its own scheme.
Failure signed_freshness(const crypto::PublicKey& key, const Digest& freshness, BytesView signature);

}  // namespace birthmark::attest
