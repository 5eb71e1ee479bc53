// SPDX-License-Identifier: Apache-2.0
#include "attest/matter.h"

#include <algorithm>
#include <array>

#include "attest/chain_link.h"
#include "attest/claim_checks.h"
#include "codec/cms_signed.h"
#include "codec/extensions.h"
#include "codec/oid.h"
#include "crypto/ecdsa_signature.h"
#include "crypto/hash.h"

namespace birthmark::attest {
namespace {

constexpr std::uint32_t kDigitalSignature = 1U << 0, kKeyCertSign = 1U << 5, kCrlSign = 1U << 6;
constexpr matter::Id kTestVendorsFirst = 0xFFF1, kTestVendorsLast = 0xFFF4;  // §2.5.2

bool is_test_vendor(const std::optional<matter::Id>& vendor) {
  return vendor && *vendor >= kTestVendorsFirst && *vendor <= kTestVendorsLast;
}

/// A certificate of the chain with all that is asked of it.
struct Member {
  x509::Certificate certificate;
  crypto::PublicKey key;
  matter::VendorProduct ids;
};

Result<Member> read_member(BytesView der) {
  BM_TRY(auto certificate, x509::Certificate::read(der));
  BM_TRY(auto key, crypto::PublicKey::from_spki(certificate.spki()));
  BM_TRY(const auto ids, matter::vendor_product(certificate.subject_attributes()));
  return Member{std::move(certificate), std::move(key), ids};
}

struct Subject {
  const MatterEvidence& evidence;
  const Octets<16>& session_challenge;
  const MatterTrust& trust;
  const Challenge& challenge;
  const EvidencePolicy& policy;
  const MatterRules& rules;
  std::optional<Member> dac = {}, pai = {};
  const VendorAnchor* paa = nullptr;
  std::optional<matter::AttestationElements> elements = {};
  std::optional<matter::Declaration> declaration = {};
  AnchorClass declaration_class = AnchorClass::simulated;
  std::optional<Claims> claims = {};
};

// --- the form of certificates (§6.2.2.3 to §6.2.2.5) ---

enum class Role : std::uint8_t { paa, pai, dac };

Failure key_ids_are_there(const x509::Certificate& certificate, Role role) {
  const auto subject = x509::subject_key_identifier(certificate.extensions());
  const auto authority = x509::authority_key_identifier(certificate.extensions());
  const bool has_subject = subject && *subject;
  const bool has_authority = authority && ((*authority && (*authority)->key_id) || (!*authority && role == Role::paa));
  return has_subject && has_authority ? std::nullopt : Failure{"key identifiers are missing"};
}

/// DAC: no CA, digitalSignature and nothing else. PAI: room for no CA; PAA: for one. Both sign certificates and lists.
Failure constraints_fit(const x509::Certificate& certificate, Role role) {
  const auto extensions = certificate.extensions();
  const auto constraints = x509::basic_constraints(extensions);
  const auto usage = x509::key_usage(extensions);
  const auto* const constraints_extension = certificate.extension(oids::basic_constraints);
  const auto* const usage_extension = certificate.extension(oids::key_usage);
  if (!constraints || !*constraints || !usage || !*usage || !constraints_extension->critical ||
      !usage_extension->critical) {
    return "basicConstraints or keyUsage are missing, or not critical";
  }
  const auto bits = **usage;
  if (role == Role::dac) {
    return !(*constraints)->is_ca && bits == kDigitalSignature ? std::nullopt : Failure{"a DAC that may do more"};
  }
  const auto wanted = role == Role::pai ? std::uint32_t{0} : std::uint32_t{1};
  const auto room = (*constraints)->path_length;
  const bool fits = (*constraints)->is_ca && (room ? *room == wanted : role == Role::paa);
  const bool signs = (bits & (kKeyCertSign | kCrlSign)) == (kKeyCertSign | kCrlSign) &&
                     (bits & ~(kKeyCertSign | kCrlSign | kDigitalSignature)) == 0;
  return fits && signs ? std::nullopt : Failure{"pathLen or keyUsage are not a CA's of this place"};
}

Failure form_fits(const Member& member, Role role) {
  if (member.key.type() != crypto::KeyType::p256 ||
      member.certificate.signature_algorithm() != x509::SignatureAlgorithm::ecdsa_sha256) {
    return "another key or signature than P-256 with SHA-256";
  }
  const bool ids_fit = role == Role::paa   ? !member.ids.product
                       : role == Role::pai ? member.ids.vendor.has_value()
                                           : member.ids.vendor && member.ids.product;
  if (!ids_fit) {
    return "vendor or product id are missing, or stand where none may";
  }
  if (auto failure = constraints_fit(member.certificate, role)) {
    return failure;
  }
  if (auto failure = key_ids_are_there(member.certificate, role)) {
    return failure;
  }
  return criticals_are_known(member.certificate.extensions());
}

// --- steps ---

Failure certificates(Subject& s) {
  auto dac = read_member(s.evidence.dac);
  if (!dac) {
    return "DAC: " + dac.error().detail;
  }
  auto pai = read_member(s.evidence.pai);
  if (!pai) {
    return "PAI: " + pai.error().detail;
  }
  if (auto failure = form_fits(*dac, Role::dac)) {
    return "DAC: " + *failure;
  }
  if (auto failure = form_fits(*pai, Role::pai)) {
    return "PAI: " + *failure;
  }
  s.dac = std::move(*dac);
  s.pai = std::move(*pai);
  return std::nullopt;
}

Failure requested(Subject& s) {
  return equal(s.dac->key.spki(), s.challenge.requested_spki)
             ? std::nullopt
             : Failure{"the request is for another key than the attested one"};
}

Failure chain(Subject& s) {
  if (auto failure = issued_by(s.dac->certificate, issuer_view(s.pai->certificate, s.pai->key))) {
    return "DAC: " + *failure;
  }
  for (const auto& anchor : s.trust.paas().anchors()) {
    if (equal(anchor.certificate.subject(), s.pai->certificate.issuer()) &&
        !s.trust.paas().denied(anchor.certificate) &&
        !issued_by(s.pai->certificate, issuer_view(anchor.certificate, anchor.key))) {
      s.paa = &anchor;
      return std::nullopt;
    }
  }
  return "no pinned PAA issued the PAI";
}

/// §6.2.3.1: a chain is judged as of the moment when the device was made; what has an end of its own may have met it
/// since. The DAC itself must still be good.
Failure validity(Subject& s) {
  const auto made_at = s.dac->certificate.not_before();
  if (!valid_at(s.pai->certificate, made_at) || !valid_at(s.paa->certificate, made_at)) {
    return "PAI or PAA were outside their validity when the DAC was made";
  }
  return valid_at(s.dac->certificate, s.challenge.now) ? std::nullopt : Failure{"the DAC is outside its validity"};
}

Failure ids(Subject& s) {
  const auto paa = matter::vendor_product(s.paa->certificate.subject_attributes());
  if (!paa) {
    return paa.error().detail;
  }
  if (s.dac->ids.vendor != s.pai->ids.vendor || (paa->vendor && paa->vendor != s.pai->ids.vendor)) {
    return "the vendor ids of DAC, PAI and PAA differ";
  }
  return s.pai->ids.product && s.pai->ids.product != s.dac->ids.product
             ? Failure{"the product ids of DAC and PAI differ"}
             : std::nullopt;
}

Failure revocation(Subject& s) {
  for (const auto* const member : {&s.dac, &s.pai}) {
    const auto& certificate = (*member)->certificate;
    if (s.trust.revoked(certificate) || s.trust.paas().denied(certificate)) {
      return "DAC or PAI were revoked, or are on the deny list";
    }
  }
  return std::nullopt;
}

Failure signature(Subject& s) {
  const auto der = crypto::ecdsa_raw_to_der(crypto::KeyType::p256, s.evidence.signature);
  auto message = s.evidence.elements;
  append(message, s.session_challenge);
  return s.evidence.elements.size() <= matter::kElementsMaxBytes && der &&
                 s.dac->key.verify(crypto::SignatureScheme::ecdsa_sha256, message, *der)
             ? std::nullopt
             : Failure{"the DAC's key did not sign these elements for this session"};
}

Failure elements(Subject& s) {
  auto elements = matter::read_elements(s.evidence.elements);
  if (!elements) {
    return elements.error().detail;
  }
  s.elements = std::move(*elements);
  return std::nullopt;
}

Failure nonce(Subject& s) {
  return equal_constant_time(s.elements->nonce, s.challenge.freshness.get())
             ? std::nullopt
             : Failure{"the attestation nonce is not this challenge's"};
}

Failure declaration_signature(Subject& s) {
  const auto signed_content = cms::read_signed_content(s.elements->certification_declaration);
  if (!signed_content) {
    return signed_content.error().detail;
  }
  const auto* const signer = s.trust.declaration_signer(signed_content->key_id);
  if (signer == nullptr) {
    return "nobody who is pinned signed the declaration";
  }
  if (!signer->key.verify(crypto::SignatureScheme::ecdsa_sha256, signed_content->content, signed_content->signature)) {
    return "the signature of the declaration does not verify";
  }
  auto declaration = matter::read_declaration(signed_content->content);
  if (!declaration) {
    return declaration.error().detail;
  }
  s.declaration = std::move(*declaration);
  s.declaration_class = signer->anchor_class;
  return std::nullopt;
}

bool lists(const matter::Declaration& declaration, matter::Id product) {
  return std::ranges::find(declaration.products, product) != declaration.products.end();
}

/// §6.3.2: with an origin, DAC and PAI are of that; without, of the declared vendor and one of its products.
Failure ids_are_declared(const Subject& s) {
  const auto& declared = *s.declaration;
  if (declared.dac_origin) {
    const bool same = s.dac->ids == *declared.dac_origin && s.pai->ids.vendor == declared.dac_origin->vendor &&
                      (!s.pai->ids.product || s.pai->ids.product == declared.dac_origin->product);
    return same ? std::nullopt : Failure{"DAC or PAI are not of the declared origin"};
  }
  return s.dac->ids.vendor == declared.vendor && lists(declared, *s.dac->ids.product)
             ? std::nullopt
             : Failure{"the DAC is for another vendor or product than declared"};
}

Failure declaration(Subject& s) {
  const auto& declared = *s.declaration;
  if (auto failure = ids_are_declared(s)) {
    return failure;
  }
  if ((s.rules.vendor && *s.rules.vendor != declared.vendor) ||
      (s.rules.product && !lists(declared, *s.rules.product))) {
    return "another vendor or product than was planned";
  }
  const auto paa = x509::subject_key_identifier(s.paa->certificate.extensions());
  const auto paa_id = paa && *paa ? octets<20>(**paa) : std::nullopt;
  if (!declared.authorized_paas.empty() &&
      (!paa_id || std::ranges::find(declared.authorized_paas, *paa_id) == declared.authorized_paas.end())) {
    return "the PAA is not among the authorized ones";
  }
  const auto& known = s.rules.certificate_ids;
  return known.empty() || std::ranges::find(known, declared.certificate_id) != known.end()
             ? std::nullopt
             : Failure{"nobody gave out this certificate id"};
}

Failure declaration_type(Subject& s) {
  const auto& declared = *s.declaration;
  const bool is_test = declared.type == matter::CertificationType::test;
  if (is_test && s.rules.test_declarations == TestDeclarations::refused) {
    return "the declaration is of type test";
  }
  const bool genuine = !is_test && s.paa->anchor_class == AnchorClass::genuine &&
                       s.declaration_class == AnchorClass::genuine && !is_test_vendor(s.dac->ids.vendor);
  s.claims =
      Claims{.kind = EvidenceKind::matter,
             .hardware = {.public_identity = to_bytes(s.dac->key.spki()),
                          .listed_as = s.dac->key.spki_sha256(),
                          .vendor = s.paa->vendor,
                          .anchor_class = genuine ? AnchorClass::genuine : AnchorClass::simulated,
                          .model = matter::id_text(*s.dac->ids.vendor) + ":" + matter::id_text(*s.dac->ids.product),
                          .version = std::to_string(declared.version_number),
                          .serial = to_hex(s.dac->certificate.serial())},
             .key = s.dac->key,
             .binding = KeyBinding::chain,
             .freshness = s.challenge.freshness};
  return std::nullopt;
}

Failure debug(Subject& s) {
  return debug_gate_holds(*s.claims, s.policy);
}
Failure hardware(Subject& s) {
  return hardware_is_allowed(*s.claims, s.policy);
}

constexpr std::array kSteps{
    Step<Subject>{"matter.certificates", "Matter Core §6.2.2", Code::bad_evidence, certificates},
    Step<Subject>{"matter.requested_key", "docs/wire/evidence.md MATTER 2", Code::key_not_attested, requested},
    Step<Subject>{"matter.chain", "Matter Core §6.2.3.1", Code::bad_evidence, chain},
    Step<Subject>{"matter.validity", "Matter Core §6.2.3.1", Code::bad_evidence, validity},
    Step<Subject>{"matter.ids", "Matter Core §6.2.3.1", Code::bad_evidence, ids},
    Step<Subject>{"matter.revocation", "Matter Core §6.2.4", Code::bad_evidence, revocation},
    Step<Subject>{"matter.signature", "Matter Core §11.18.4.7", Code::bad_evidence, signature},
    Step<Subject>{"matter.elements", "Matter Core §11.18.4.7", Code::bad_evidence, elements},
    Step<Subject>{"matter.nonce", "Matter Core §6.2.3.1", Code::bad_evidence, nonce},
    Step<Subject>{"matter.declaration_signature", "Matter Core §6.3.1", Code::bad_evidence, declaration_signature},
    Step<Subject>{"matter.declaration", "Matter Core §6.3.2", Code::bad_evidence, declaration},
    Step<Subject>{"matter.declaration_type", "Matter Core §6.3.1; AC-03", Code::test_anchor, declaration_type},
    Step<Subject>{"matter.debug", "docs/wire/evidence.md MATTER 13", Code::not_sealed, debug},
    Step<Subject>{"matter.hardware", "docs/wire/evidence.md MATTER 14", Code::policy, hardware},
};

}  // namespace

Result<void> MatterTrust::add_paa(BytesView der, std::string vendor, AnchorClass anchor_class) {
  const auto paa = read_member(der);
  if (!paa) {
    return fail(Code::bad_request, "PAA: " + paa.error().detail);
  }
  if (const auto failure = form_fits(*paa, Role::paa)) {
    return fail(Code::bad_request, "PAA: " + *failure);
  }
  return paas_.add(der, std::move(vendor), AnchorKind::root,
                   is_test_vendor(paa->ids.vendor) ? AnchorClass::simulated : anchor_class);
}

Result<void> MatterTrust::add_declaration_signer(BytesView der, AnchorClass anchor_class) {
  BM_TRY(const auto certificate, x509::Certificate::read_anchor(der));
  BM_TRY(auto key, crypto::PublicKey::from_spki(certificate.spki()));
  BM_TRY(const auto key_id, x509::subject_key_identifier(certificate.extensions()));
  if (key.type() != crypto::KeyType::p256 || !key_id) {
    return fail(Code::bad_request, "a signer of declarations has a P-256 key and a subjectKeyIdentifier");
  }
  const bool is_new = signers_.try_emplace(to_bytes(*key_id), Signer{std::move(key), anchor_class}).second;
  return is_new ? Result<void>{} : fail(Code::conflict, "another signer of declarations has this key identifier");
}

const MatterTrust::Signer* MatterTrust::declaration_signer(BytesView key_id) const {
  const auto found = signers_.find(to_bytes(key_id));
  return found == signers_.end() ? nullptr : &found->second;
}

bool MatterTrust::revoked(const x509::Certificate& certificate) const {
  const auto authority = x509::authority_key_identifier(certificate.extensions());
  const bool named = authority && *authority && (*authority)->key_id;
  return named && revoked_.contains({to_bytes(*(*authority)->key_id), to_bytes(certificate.issuer()),
                                     to_bytes(certificate.serial())});
}

Appraisal appraise_matter(const MatterEvidence& evidence, const Octets<16>& session_challenge, const MatterTrust& trust,
                          const Challenge& challenge, const EvidencePolicy& policy, const MatterRules& rules) {
  Subject subject{evidence, session_challenge, trust, challenge, policy, rules};
  Appraisal appraisal{walk(std::span<const Step<Subject>>{kSteps}, subject), std::nullopt};
  if (trusted(appraisal.findings)) {
    appraisal.claims = std::move(subject.claims);
  }
  return appraisal;
}

}  // namespace birthmark::attest
