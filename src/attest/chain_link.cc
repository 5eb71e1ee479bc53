// SPDX-License-Identifier: Apache-2.0
#include "attest/chain_link.h"

#include <algorithm>

#include "codec/extensions.h"
#include "codec/oid.h"
#include "crypto/own_scheme.h"

namespace birthmark::attest {
namespace {

constexpr std::uint32_t kKeyCertSign = 1U << 5;

/// RFC 5280 §4.2.1.1: the authority's key identifier is the subject's one of the issuer. An issuer or a certificate
/// that gives none contradicts nothing.
Failure key_ids_agree(x509::Extensions below, x509::Extensions issuer) {
  const auto authority = x509::authority_key_identifier(below);
  const auto subject = x509::subject_key_identifier(issuer);
  if (!authority || !subject) {
    return "a key identifier that cannot be read";
  }
  const bool both = *authority && (*authority)->key_id && *subject;
  return both && !equal(*(*authority)->key_id, **subject) ? Failure{"issued by another key"} : std::nullopt;
}

}  // namespace

Failure issued_by(const x509::Certificate& certificate, const IssuerView& issuer) {
  if (!equal(certificate.issuer(), issuer.name)) {
    return "issued under another name";
  }
  if (auto failure = key_ids_agree(certificate.extensions(), issuer.extensions)) {
    return failure;
  }
  const auto scheme = crypto::scheme_of(certificate.signature_algorithm());
  return scheme && issuer.key.verify(*scheme, certificate.tbs(), certificate.signature())
             ? std::nullopt
             : Failure{"the issuer's signature does not verify"};
}

Failure may_issue(x509::Extensions extensions, std::size_t cas_below) {
  const auto constraints = x509::basic_constraints(extensions);
  if (!constraints || !*constraints || !(*constraints)->is_ca) {
    return "an issuer is no CA";
  }
  const auto usage = x509::key_usage(extensions);
  if (!usage || !*usage || (**usage & kKeyCertSign) == 0) {
    return "an issuer may not sign certificates";
  }
  const auto room = (*constraints)->path_length;
  return room && *room < cas_below ? Failure{"more CAs than pathLen allows"} : std::nullopt;
}

Failure criticals_are_known(x509::Extensions extensions, std::initializer_list<BytesView> known) {
  for (const auto& extension : extensions) {
    const bool is_known = equal(extension.type, oids::basic_constraints) || equal(extension.type, oids::key_usage) ||
                          std::ranges::any_of(known, [&](BytesView type) { return equal(extension.type, type); });
    if (extension.critical && !is_known) {
      return "unknown critical extension " + oid_text(extension.type);
    }
  }
  return std::nullopt;
}

Failure signed_freshness(const crypto::PublicKey& key, const Digest& freshness, BytesView signature) {
  return key.verify(crypto::own_scheme(key.type()), freshness.get(), signature)
             ? std::nullopt
             : Failure{"the key did not sign the freshness value of this session"};
}

}  // namespace birthmark::attest
