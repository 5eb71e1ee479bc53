// SPDX-License-Identifier: Apache-2.0
#include "attest/vendor_trust.h"

#include "codec/extensions.h"
#include "codec/oid.h"
#include "crypto/hash.h"

namespace birthmark::attest {
namespace {

constexpr int kIntermediatesMax = 3;
constexpr std::size_t kHintsMax = 8;

std::optional<crypto::SignatureScheme> scheme_of(x509::SignatureAlgorithm algorithm) {
  switch (algorithm) {
    case x509::SignatureAlgorithm::ecdsa_sha256:
      return crypto::SignatureScheme::ecdsa_sha256;
    case x509::SignatureAlgorithm::ecdsa_sha384:
      return crypto::SignatureScheme::ecdsa_sha384;
    case x509::SignatureAlgorithm::rsa_pkcs1_sha256:
      return crypto::SignatureScheme::rsa_pkcs1_sha256;
    case x509::SignatureAlgorithm::rsa_pkcs1_sha384:
      return crypto::SignatureScheme::rsa_pkcs1_sha384;
    case x509::SignatureAlgorithm::rsa_pkcs1_sha512:
    case x509::SignatureAlgorithm::ed25519:
    case x509::SignatureAlgorithm::unverifiable:
      return std::nullopt;
  }
  return std::nullopt;
}

bool valid_at(const x509::Certificate& certificate, Instant at) {
  return at >= certificate.not_before() && at <= certificate.not_after();
}

bool signed_by(const x509::Certificate& certificate, const crypto::PublicKey& key) {
  const auto scheme = scheme_of(certificate.signature_algorithm());
  return scheme && key.verify(*scheme, certificate.tbs(), certificate.signature());
}

/// RFC 5280 §6.1.4(k), (n): an issuer is a CA that may sign certificates.
bool may_sign(const x509::Certificate& certificate) {
  const auto constraints = x509::basic_constraints(certificate.extensions());
  const auto usage = x509::key_usage(certificate.extensions());
  return constraints && *constraints && (*constraints)->is_ca && usage && (!*usage || (**usage & (1U << 5)) != 0);
}

Bytes key_id_of(const x509::Certificate& certificate) {
  const auto id = x509::subject_key_identifier(certificate.extensions());
  if (id && *id) {
    return to_bytes(**id);
  }
  const auto digest = crypto::sha256(certificate.spki());
  return {digest.get().begin(), digest.get().end()};
}

struct Search {
  const VendorTrust& trust;
  std::span<const x509::Certificate> hints;
  Instant at;

  const VendorAnchor* to_root(const x509::Certificate& certificate, int intermediates) const {
    for (const auto& anchor : trust.anchors()) {
      const auto& issuer = anchor.certificate;
      if (!equal(certificate.issuer(), issuer.subject()) || trust.denied(issuer) || !valid_at(issuer, at) ||
          !signed_by(certificate, anchor.key)) {
        continue;
      }
      if (anchor.kind == AnchorKind::root) {
        return &anchor;
      }
      if (const auto* const root = intermediates > 0 ? to_root(issuer, intermediates - 1) : nullptr; root != nullptr) {
        return root;
      }
    }
    return intermediates > 0 ? through_hints(certificate, intermediates) : nullptr;
  }

  const VendorAnchor* through_hints(const x509::Certificate& certificate, int intermediates) const {
    for (const auto& hint : hints) {
      if (!equal(certificate.issuer(), hint.subject()) || trust.denied(hint) || !valid_at(hint, at) ||
          !may_sign(hint)) {
        continue;
      }
      const auto key = crypto::PublicKey::from_spki(hint.spki());
      if (!key || !signed_by(certificate, *key)) {
        continue;
      }
      if (const auto* const root = to_root(hint, intermediates - 1); root != nullptr) {
        return root;
      }
    }
    return nullptr;
  }

  [[nodiscard]] Bytes issuer_key_id(const x509::Certificate& leaf) const {
    const auto id = x509::authority_key_identifier(leaf.extensions());
    if (id && *id && (*id)->key_id) {
      return to_bytes(*(*id)->key_id);
    }
    for (const auto& anchor : trust.anchors()) {
      if (equal(leaf.issuer(), anchor.certificate.subject())) {
        return key_id_of(anchor.certificate);
      }
    }
    return {};
  }
};

}  // namespace

Result<void> VendorTrust::add(BytesView certificate, std::string vendor, AnchorKind kind, AnchorClass anchor_class) {
  BM_TRY(auto read, x509::Certificate::read_anchor(certificate));
  BM_TRY(auto key, crypto::PublicKey::from_spki(read.spki()));
  anchors_.push_back({std::move(read), std::move(key), std::move(vendor), kind, anchor_class});
  return {};
}

bool VendorTrust::denied(const x509::Certificate& certificate) const {
  return denied_.contains(crypto::sha256(certificate.der())) || denied_.contains(crypto::sha256(certificate.spki()));
}

std::optional<crypto::KeyType> VendorTrust::canonical_type(const std::string& model) const {
  const auto at = canonical_.find(model);
  return at == canonical_.end() ? std::nullopt : std::optional{at->second};
}

Result<VendorPath> find_path(const VendorTrust& trust, const x509::Certificate& leaf,
                             std::span<const x509::Certificate> hints, Instant at) {
  if (hints.size() > kHintsMax) {
    return fail(Code::ek_untrusted, "more than eight certificates beside the endorsement certificate");
  }
  const Search search{trust, hints, at};
  const auto* const root = valid_at(leaf, at) ? search.to_root(leaf, kIntermediatesMax) : nullptr;
  if (root == nullptr) {
    return fail(Code::ek_untrusted, "no valid path to a pinned vendor root");
  }
  return VendorPath{root, search.issuer_key_id(leaf)};
}

}  // namespace birthmark::attest
