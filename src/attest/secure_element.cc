// SPDX-License-Identifier: Apache-2.0
#include "attest/secure_element.h"

#include <algorithm>
#include <array>

#include "attest/chain_link.h"
#include "attest/claim_checks.h"
#include "attest/slot_attestation.h"
#include "codec/cbor.h"
#include "codec/extensions.h"
#include "codec/oid.h"
#include "crypto/hash.h"
#include "crypto/rsa_checks.h"

namespace birthmark::attest {
namespace {

constexpr std::uint32_t kDigitalSignature = 1U << 0;

/// What both forms come to.
struct Concluded {
  const Challenge& challenge;
  const EvidencePolicy& policy;
  std::optional<crypto::PublicKey> key = {};  ///< of the slot
  HardwareIdentity hardware = {};
  std::optional<Claims> claims = {};
};

void conclude(Concluded& c, BytesView vendor_ca, BytesView chip_id, KeyBinding binding,
              const std::optional<KeyOrigin>& origin) {
  c.hardware.public_identity = element_identity(vendor_ca, chip_id);
  c.hardware.listed_as = crypto::sha256(c.hardware.public_identity);
  c.hardware.serial = to_hex(chip_id);
  c.claims = Claims{.kind = EvidenceKind::secure_element,
                    .hardware = std::move(c.hardware),
                    .key = *c.key,
                    .binding = binding,
                    .origin = origin,
                    .freshness = c.challenge.freshness};
}

Failure is_requested(const Concluded& c) {
  return equal(c.key->spki(), c.challenge.requested_spki)
             ? std::nullopt
             : Failure{"the request is for another key than the attested one"};
}

template <class Subject>
Failure debug(Subject& s) {
  return debug_gate_holds(*s.concluded.claims, s.concluded.policy);
}
template <class Subject>
Failure hardware(Subject& s) {
  return hardware_is_allowed(*s.concluded.claims, s.concluded.policy);
}

template <class Subject>
Appraisal finish(Findings findings, Subject& subject) {
  Appraisal appraisal{std::move(findings), std::nullopt};
  if (trusted(appraisal.findings)) {
    appraisal.claims = std::move(subject.concluded.claims);
  }
  return appraisal;
}

// --- listed ---

namespace listed {

struct Subject {
  const ListedElement& evidence;
  const ManifestSet& manifests;
  Concluded concluded;
  ManifestSet::Found found = {};
};

Failure is_listed(Subject& s) {
  const auto found = s.manifests.find(ComponentKind::chip, s.evidence.chip_id);
  if (!found) {
    return "no manifest lists this chip";
  }
  s.found = *found;
  s.concluded.hardware.vendor = found->manifest->supplier();
  s.concluded.hardware.anchor_class = found->manifest->anchor_class();
  s.concluded.hardware.model = found->component->part;
  return std::nullopt;
}

/// The request names the key; the manifest says whether it is one of this chip's.
Failure slot_key(Subject& s) {
  const auto& keys = s.found.component->keys;
  const auto key = std::ranges::find_if(
      keys, [&](const ListedKey& one) { return equal(one.key.spki(), s.concluded.challenge.requested_spki); });
  if (key == keys.end()) {
    return "the request is for a key that the manifest does not list for this chip";
  }
  s.concluded.key = key->key;
  return std::nullopt;
}

Failure signature(Subject& s) {
  if (auto failure = signed_freshness(*s.concluded.key, s.concluded.challenge.freshness, s.evidence.signature)) {
    return failure;
  }
  // The vendor made the key on the chip, or says so by listing it; the statement is the vendor's, not the chip's.
  conclude(s.concluded, s.found.manifest->vendor_ca(), s.evidence.chip_id, KeyBinding::possession, std::nullopt);
  return std::nullopt;
}

constexpr std::array kSteps{
    Step<Subject>{"se.listed", "docs/wire/evidence.md SECURE ELEMENT 1", Code::bad_evidence, is_listed},
    Step<Subject>{"se.requested_key", "docs/wire/evidence.md SECURE ELEMENT 2", Code::key_not_attested, slot_key},
    Step<Subject>{"se.signature", "docs/wire/evidence.md SECURE ELEMENT 5", Code::bad_evidence, signature},
    Step<Subject>{"se.debug", "docs/wire/evidence.md SECURE ELEMENT 9", Code::not_sealed, debug<Subject>},
    Step<Subject>{"se.hardware", "docs/wire/evidence.md SECURE ELEMENT 10", Code::policy, hardware<Subject>},
};

}  // namespace listed

// --- attested ---

namespace attested {

struct Subject {
  const AttestedElement& evidence;
  const ElementTrust& trust;
  Concluded concluded;
  std::optional<x509::Certificate> certificate = {};
  std::vector<x509::Certificate> hints = {};
  const VendorAnchor* root = nullptr;
  SlotFacts facts = {};
};

Failure structure(Subject& s) {
  if (s.evidence.certificates.empty() || s.evidence.certificates.size() > kHintsMax + 1) {
    return "no certificate, or more than " + std::to_string(kHintsMax) + " beside the slot's";
  }
  auto certificate = x509::Certificate::read(s.evidence.certificates.front());
  if (!certificate) {
    return certificate.error().detail;
  }
  auto key = crypto::PublicKey::from_spki(certificate->spki());
  if (!key) {
    return "key: " + key.error().detail;
  }
  for (std::size_t i = 1; i < s.evidence.certificates.size(); ++i) {
    if (auto hint = x509::Certificate::read(s.evidence.certificates[i])) {
      s.hints.push_back(std::move(*hint));
    }
  }
  s.certificate = std::move(*certificate);
  s.concluded.key = std::move(*key);
  return std::nullopt;
}

Failure requested(Subject& s) {
  return is_requested(s.concluded);
}

/// The slot's certificate, one that no extension makes a CA, and a root for which that is tolerated.
const VendorAnchor* unflagged_root(const Subject& s) {
  for (const auto& hint : s.hints) {
    const auto key = crypto::PublicKey::from_spki(hint.spki());
    if (!key || s.trust.vendors().denied(hint) || !valid_at(hint, s.concluded.challenge.now) ||
        criticals_are_known(hint.extensions()) || issued_by(*s.certificate, issuer_view(hint, *key))) {
      continue;
    }
    for (const auto& anchor : s.trust.vendors().anchors()) {
      const auto& root = anchor.certificate;
      if (s.trust.tolerates(anchor) && !s.trust.vendors().denied(root) && valid_at(root, s.concluded.challenge.now) &&
          !may_issue(root.extensions(), 0) && !issued_by(hint, issuer_view(root, anchor.key))) {
        return &anchor;
      }
    }
  }
  return nullptr;
}

Failure path(Subject& s) {
  SignatureBudget budget;
  const auto found = find_path(s.trust.vendors(), *s.certificate, s.hints, s.concluded.challenge.now, budget);
  s.root = found ? found->root : valid_at(*s.certificate, s.concluded.challenge.now) ? unflagged_root(s) : nullptr;
  if (s.root == nullptr) {
    return found.error().detail;
  }
  s.concluded.hardware.vendor = s.root->vendor;
  s.concluded.hardware.anchor_class = s.root->anchor_class;
  return std::nullopt;
}

/// Of whom a list is asked for: whoever is pinned. A key on a chip issues none.
bool lacks_crl(const Subject& s) {
  const auto lacks = [&](const x509::Certificate& one) {
    const bool by_pinned = std::ranges::any_of(s.trust.vendors().anchors(), [&](const VendorAnchor& anchor) {
      return equal(anchor.certificate.subject(), one.issuer());
    });
    return by_pinned && s.trust.vendors().lacks_crl(one, s.concluded.challenge.now);
  };
  return lacks(*s.certificate) || std::ranges::any_of(s.hints, lacks);
}

Failure not_denied(Subject& s) {
  if (s.trust.vendors().denied(*s.certificate)) {
    return "the certificate or its key is on the deny list or on the issuer's CRL";
  }
  if (lacks_crl(s)) {
    return "no CRL of the vendor that is in date";
  }
  return crypto::has_roca_fingerprint(*s.concluded.key)
             ? Failure{"the RSA key has the ROCA fingerprint (CVE-2017-15361)"}
             : std::nullopt;
}

Failure signature(Subject& s) {
  return signed_freshness(*s.concluded.key, s.concluded.challenge.freshness, s.evidence.signature);
}

/// A leaf for signatures. Makers leave basicConstraints and keyUsage out; they must not say anything else.
Failure usage(Subject& s) {
  const auto extensions = s.certificate->extensions();
  const auto constraints = x509::basic_constraints(extensions);
  const auto bits = x509::key_usage(extensions);
  if (!constraints || (*constraints && (*constraints)->is_ca) || !bits ||
      (*bits && (**bits & kDigitalSignature) == 0)) {
    return "the slot's certificate is a CA's, or not for signatures";
  }
  return criticals_are_known(extensions,
                             {oids::subject_alt_name, oids::extended_key_usage, oids::certificate_policies});
}

Failure chip(Subject& s) {
  auto facts = read_slot_facts(*s.certificate);
  if (!facts) {
    return facts.error().detail;
  }
  s.facts = std::move(*facts);
  return std::nullopt;
}

Failure origin(Subject& s) {
  if (s.facts.exportable) {
    return "a copy of the key may leave the chip";
  }
  if (s.facts.origin && *s.facts.origin != KeyOrigin::generated_inside) {
    return "the key was not generated on the chip";
  }
  s.concluded.hardware.version = s.facts.firmware;
  conclude(s.concluded, s.root->certificate.spki(), s.facts.chip_id, KeyBinding::chain, s.facts.origin);
  return std::nullopt;
}

constexpr std::array kSteps{
    Step<Subject>{"se.certificate", "RFC 5280 §4.1; docs/wire/evidence.md SECURE ELEMENT 1", Code::bad_evidence,
                  structure},
    Step<Subject>{"se.requested_key", "docs/wire/evidence.md SECURE ELEMENT 2", Code::key_not_attested, requested},
    Step<Subject>{"se.path", "RFC 5280 §6.1; docs/wire/evidence.md SECURE ELEMENT 3", Code::bad_evidence, path},
    Step<Subject>{"se.denied", "docs/wire/evidence.md SECURE ELEMENT 4", Code::bad_evidence, not_denied},
    Step<Subject>{"se.signature", "docs/wire/evidence.md SECURE ELEMENT 5", Code::bad_evidence, signature},
    Step<Subject>{"se.usage", "RFC 5280 §4.2.1.3, §4.2.1.9", Code::bad_evidence, usage},
    Step<Subject>{"se.chip", "docs/wire/evidence.md SECURE ELEMENT 7", Code::bad_evidence, chip},
    Step<Subject>{"se.origin", "docs/wire/evidence.md SECURE ELEMENT 8", Code::bad_evidence, origin},
    Step<Subject>{"se.debug", "docs/wire/evidence.md SECURE ELEMENT 9", Code::not_sealed, debug<Subject>},
    Step<Subject>{"se.hardware", "docs/wire/evidence.md SECURE ELEMENT 10", Code::policy, hardware<Subject>},
};

}  // namespace attested
}  // namespace

Result<void> ElementTrust::add_root(BytesView certificate, std::string vendor, AnchorClass anchor_class) {
  return vendors_.add(certificate, std::move(vendor), AnchorKind::root, anchor_class);
}

bool ElementTrust::tolerates(const VendorAnchor& root) const {
  return unflagged_.contains(crypto::sha256(root.certificate.der()));
}

Appraisal appraise_listed_element(const ListedElement& evidence, const ManifestSet& manifests,
                                  const Challenge& challenge, const EvidencePolicy& policy) {
  listed::Subject subject{evidence, manifests, {challenge, policy}};
  auto findings = walk(std::span<const Step<listed::Subject>>{listed::kSteps}, subject);
  return finish(std::move(findings), subject);
}

Appraisal appraise_attested_element(const AttestedElement& evidence, const ElementTrust& trust,
                                    const Challenge& challenge, const EvidencePolicy& policy) {
  attested::Subject subject{evidence, trust, {challenge, policy}};
  auto findings = walk(std::span<const Step<attested::Subject>>{attested::kSteps}, subject);
  return finish(std::move(findings), subject);
}

Bytes element_identity(BytesView vendor_ca_spki, BytesView chip_id) {
  cbor::Writer out;
  out.array(2).bytes(vendor_ca_spki).bytes(chip_id);
  return std::move(out).finish();
}

}  // namespace birthmark::attest
