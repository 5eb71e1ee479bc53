// SPDX-License-Identifier: Apache-2.0
#include "attest/vendor_trust.h"

#include <algorithm>

#include "attest/vendor_crl.h"
#include "codec/extensions.h"
#include "codec/oid.h"
#include "crypto/hash.h"

namespace birthmark::attest {
namespace {

/// No vendor signs endorsement certificates with Ed25519: a chain that claims it is refused.
std::optional<crypto::SignatureScheme> vendor_scheme(x509::SignatureAlgorithm algorithm) {
  return algorithm == x509::SignatureAlgorithm::ed25519 ? std::nullopt : crypto::scheme_of(algorithm);
}

constexpr std::size_t kIntermediatesMax = 3;

bool valid_at(const x509::Certificate& certificate, Instant at) {
  return at >= certificate.not_before() && at <= certificate.not_after();
}

/// RFC 5280 §6.1.4(m), stricter: self-issued certificates count too.
bool path_length_allows(const x509::Certificate& issuer, std::size_t cas_below) {
  const auto constraints = x509::basic_constraints(issuer.extensions());
  return constraints && (!*constraints || !(*constraints)->path_length || *(*constraints)->path_length >= cas_below);
}

/// RFC 5280 §6.1.4(k), (n): a hint is an issuer only if it is a CA that may sign certificates; and (o): it says nothing
/// critical that is not processed here.
bool may_sign(const x509::Certificate& certificate) {
  const auto constraints = x509::basic_constraints(certificate.extensions());
  const auto usage = x509::key_usage(certificate.extensions());
  const bool ca =
      constraints && *constraints && (*constraints)->is_ca && usage && (!*usage || (**usage & (1U << 5)) != 0);
  return ca && std::ranges::all_of(certificate.extensions(), [](const x509::Extension& extension) {
           return !extension.critical || equal(extension.type, oids::basic_constraints) ||
                  equal(extension.type, oids::key_usage) || equal(extension.type, oids::certificate_policies);
         });
}

Bytes key_id_of(const x509::Certificate& certificate) {
  const auto id = x509::subject_key_identifier(certificate.extensions());
  if (id && *id) {
    return to_bytes(**id);
  }
  const auto digest = crypto::sha256(certificate.spki());
  return {digest.get().begin(), digest.get().end()};
}

/// One search, depth first. `cas_below` counts the CA certificates between the leaf and the issuer that is looked for.
class Search {
 public:
  Search(const VendorTrust& trust, std::span<const x509::Certificate> hints, Instant at, SignatureBudget& budget)
      : trust_{trust}, at_{at}, budget_{budget} {
    for (const auto& hint : hints) {
      auto key = crypto::PublicKey::from_spki(hint.spki());
      // No vendor has a P-521 key either, and 32 signatures of a stranger's would take longer than a refusal may
      // (AC-38).
      const bool usual = key && key->type() != crypto::KeyType::p521;
      if (usual && may_sign(hint) && !trust.denied(hint) && valid_at(hint, at)) {
        hints_.push_back({hint, std::move(*key), false});
      }
    }
  }

  /// @param pinned what `certificate` is the certificate of, if it is pinned: its signatures need no verifying any
  /// more.
  const VendorAnchor* to_root(const x509::Certificate& certificate, std::size_t cas_below,
                              const VendorAnchor* pinned = nullptr) {
    for (const auto& anchor : trust_.anchors()) {
      const auto& issuer = anchor.certificate;
      if (!may_be_issuer(issuer, certificate, cas_below) || trust_.denied(issuer) || !valid_at(issuer, at_) ||
          !(pinned != nullptr ? trust_.links(anchor, *pinned) : signed_by(certificate, anchor.key))) {
        continue;
      }
      const auto* const root = anchor.kind == AnchorKind::root ? &anchor : onwards(issuer, cas_below, &anchor);
      if (root != nullptr) {
        return found(root, issuer, cas_below);
      }
    }
    return cas_below < kIntermediatesMax ? through_hints(certificate, cas_below) : nullptr;
  }

  [[nodiscard]] Bytes issuer_key_id(const x509::Certificate& leaf) const {
    const auto id = x509::authority_key_identifier(leaf.extensions());
    return id && *id && (*id)->key_id ? to_bytes(*(*id)->key_id) : leaf_issuer_key_id_;
  }

 private:
  struct Hint {
    x509::Certificate certificate;
    crypto::PublicKey key;
    bool in_path;
  };

  static bool may_be_issuer(const x509::Certificate& issuer, const x509::Certificate& of, std::size_t cas_below) {
    return equal(of.issuer(), issuer.subject()) && path_length_allows(issuer, cas_below);
  }

  bool signed_by(const x509::Certificate& certificate, const crypto::PublicKey& key) {
    const auto scheme = vendor_scheme(certificate.signature_algorithm());
    return scheme && budget_.spend() && key.verify(*scheme, certificate.tbs(), certificate.signature());
  }

  const VendorAnchor* onwards(const x509::Certificate& issuer, std::size_t cas_below, const VendorAnchor* pinned) {
    return cas_below < kIntermediatesMax ? to_root(issuer, cas_below + 1, pinned) : nullptr;
  }

  const VendorAnchor* through_hints(const x509::Certificate& certificate, std::size_t cas_below) {
    for (auto& hint : hints_) {
      if (hint.in_path || !may_be_issuer(hint.certificate, certificate, cas_below) ||
          !signed_by(certificate, hint.key)) {
        continue;
      }
      hint.in_path = true;
      const auto* const root = onwards(hint.certificate, cas_below, nullptr);
      hint.in_path = false;
      if (root != nullptr) {
        return found(root, hint.certificate, cas_below);
      }
    }
    return nullptr;
  }

  const VendorAnchor* found(const VendorAnchor* root, const x509::Certificate& issuer, std::size_t cas_below) {
    if (cas_below == 0) {
      leaf_issuer_key_id_ = key_id_of(issuer);
    }
    return root;
  }

  const VendorTrust& trust_;
  Instant at_;
  SignatureBudget& budget_;
  std::vector<Hint> hints_;
  Bytes leaf_issuer_key_id_;
};

}  // namespace

Result<void> VendorTrust::add(BytesView certificate, std::string vendor, AnchorKind kind, AnchorClass anchor_class) {
  BM_TRY(auto read, x509::Certificate::read_anchor(certificate));
  BM_TRY(auto key, crypto::PublicKey::from_spki(read.spki()));
  anchors_.push_back({std::move(read), std::move(key), std::move(vendor), kind, anchor_class});
  const auto signed_by = [&](std::size_t below, std::size_t issuer) {
    const auto& one = anchors_[below].certificate;
    const auto scheme = vendor_scheme(one.signature_algorithm());
    if (scheme && equal(one.issuer(), anchors_[issuer].certificate.subject()) &&
        anchors_[issuer].key.verify(*scheme, one.tbs(), one.signature())) {
      links_.emplace(issuer, below);
    }
  };
  const std::size_t last = anchors_.size() - 1;
  for (std::size_t other = 0; other < last; ++other) {
    signed_by(last, other);
    signed_by(other, last);
  }
  return {};
}

bool VendorTrust::links(const VendorAnchor& issuer, const VendorAnchor& below) const {
  const auto place = [this](const VendorAnchor& anchor) { return static_cast<std::size_t>(&anchor - anchors_.data()); };
  return links_.contains({place(issuer), place(below)});
}

void VendorTrust::deny_model(std::string manufacturer, std::string model, std::string version) {
  denied_models_.insert({std::move(manufacturer), std::move(model), std::move(version)});
}

Result<void> VendorTrust::add_crl(BytesView der) {
  BM_TRY(const auto crl, read_vendor_crl(der));
  const auto scheme = vendor_scheme(crl.signature_algorithm());
  const bool signed_by_pinned = std::ranges::any_of(anchors_, [&](const VendorAnchor& anchor) {
    return equal(anchor.certificate.subject(), crl.issuer()) && scheme &&
           anchor.key.verify(*scheme, crl.tbs(), crl.signature());
  });
  if (!signed_by_pinned) {
    return fail(Code::ek_untrusted, "no pinned certificate signed this CRL");
  }
  const auto issuer = to_bytes(crl.issuer());
  for (const auto& entry : crl.entries()) {
    revoked_.emplace(issuer, to_bytes(entry.serial));
  }
  auto& next_update = crls_.try_emplace(issuer, *crl.next_update()).first->second;
  next_update = std::max(next_update, *crl.next_update());
  return {};
}

bool VendorTrust::denied(const x509::Certificate& certificate) const {
  return (!denied_.empty() && (denied_.contains(crypto::sha256(certificate.der())) ||
                               denied_.contains(crypto::sha256(certificate.spki())))) ||
         (!revoked_.empty() && revoked_.contains({to_bytes(certificate.issuer()), to_bytes(certificate.serial())}));
}

bool VendorTrust::denied_model(std::string_view manufacturer, std::string_view model, std::string_view version) const {
  return std::ranges::any_of(denied_models_, [&](const Model& denied) {
    return denied.manufacturer == manufacturer && denied.model == model &&
           (denied.version.empty() || denied.version == version);
  });
}

bool VendorTrust::lacks_crl(const x509::Certificate& certificate, Instant at) const {
  if (crl_rule_ == CrlRule::listed_only) {
    return false;
  }
  const auto known = crls_.find(to_bytes(certificate.issuer()));
  return known == crls_.end() || at > known->second;
}

crypto::KeyType VendorTrust::canonical_type(const std::string& model) const {
  const auto at = canonical_.find(model);
  return at == canonical_.end() ? crypto::KeyType::p256 : at->second;
}

Result<VendorPath> find_path(const VendorTrust& trust, const x509::Certificate& leaf,
                             std::span<const x509::Certificate> hints, Instant at, SignatureBudget& budget) {
  if (hints.size() > kHintsMax) {
    return fail(Code::ek_untrusted, "more than eight certificates beside the endorsement certificate");
  }
  Search search{trust, hints, at, budget};
  const auto* const root = valid_at(leaf, at) ? search.to_root(leaf, 0) : nullptr;
  if (root == nullptr) {
    return fail(Code::ek_untrusted, budget.used_up() ? "no path to a pinned vendor root within 32 signatures"
                                                     : "no valid path to a pinned vendor root");
  }
  return VendorPath{root, search.issuer_key_id(leaf)};
}

}  // namespace birthmark::attest
