// SPDX-License-Identifier: Apache-2.0
#include "attest/endorsement.h"

#include <algorithm>
#include <array>

#include "codec/der.h"
#include "codec/extensions.h"
#include "codec/name.h"
#include "codec/oid.h"
#include "codec/tpm_template.h"
#include "crypto/hash.h"
#include "crypto/rsa_checks.h"

namespace birthmark::attest {
namespace {

constexpr std::uint32_t kKeyEncipherment = 1U << 2, kKeyAgreement = 1U << 4;
constexpr std::uint8_t kBmpString = 0x1E;
constexpr std::uint32_t kSigningBits = 1U << 0 | 1U << 1 | 1U << 5 | 1U << 6;

/// What the steps look at and fill in.
struct Subject {
  const EndorsementEvidence& evidence;
  const VendorTrust& trust;
  Instant now;
  EndorsedChip chip;
  std::optional<crypto::PublicKey> ek;
};

bool is(BytesView type, BytesView expected) {
  return equal(type, expected);
}

std::string upper_hex(BytesView bytes) {
  auto text = to_hex(bytes);
  std::ranges::transform(text, text.begin(),
                         [](char c) { return c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c; });
  return text;
}

crypto::KeyType type_of(tpm::Curve curve) {
  switch (curve) {
    case tpm::Curve::p256:
      return crypto::KeyType::p256;
    case tpm::Curve::p384:
      return crypto::KeyType::p384;
    case tpm::Curve::p521:
      break;
  }
  return crypto::KeyType::p521;
}

Failure path(Subject& s) {
  SignatureBudget budget;
  const auto found = find_path(s.trust, s.evidence.certificate, s.evidence.hints, s.now, budget);
  if (!found) {
    return found.error().detail;
  }
  s.chip.vendor = found->root->vendor;
  s.chip.anchor_class = found->root->anchor_class;
  s.chip.hardware_serial = upper_hex(found->issuer_key_id);  // completed by `names`
  return std::nullopt;
}

Failure not_denied(Subject& s) {
  const auto& certificate = s.evidence.certificate;
  if (s.trust.denied(certificate)) {
    return "the certificate or its key is on the deny list or on the issuer's CRL";
  }
  if (s.trust.lacks_crl(certificate, s.now)) {
    return "no CRL of its issuer that is in date, and the rule asks for one";
  }
  const auto key = crypto::PublicKey::from_spki(certificate.spki());
  if (!key) {
    return "key: " + key.error().detail;
  }
  return crypto::has_roca_fingerprint(*key) ? Failure{"the RSA key has the ROCA fingerprint (CVE-2017-15361)"}
                                            : std::nullopt;
}

Failure no_ca(Subject& s) {
  const auto constraints = x509::basic_constraints(s.evidence.certificate.extensions());
  return constraints && !(*constraints && (*constraints)->is_ca) ? std::nullopt : Failure{"basicConstraints: a CA"};
}

Failure usage(Subject& s) {
  const auto bits = x509::key_usage(s.evidence.certificate.extensions());
  const auto wanted = s.evidence.ek.ecc() != nullptr ? kKeyAgreement : kKeyEncipherment;
  if (!bits || !*bits || (**bits & wanted) == 0 || (**bits & kSigningBits) != 0) {
    return "keyUsage is not that of an endorsement key";
  }
  return std::nullopt;
}

Failure extended_usage(Subject& s) {
  const auto usages = x509::extended_key_usage(s.evidence.certificate.extensions());
  const bool there =
      usages && *usages && std::ranges::any_of(**usages, [](BytesView u) { return is(u, oids::tcg_ek_certificate); });
  return there ? std::nullopt : Failure{"extKeyUsage lacks tcg-kp-EKCertificate"};
}

Failure names(Subject& s) {
  const auto& certificate = s.evidence.certificate;
  const auto alternatives = x509::subject_alt_name(certificate.extensions());
  if (!alternatives || !*alternatives) {
    return "no subjectAltName";
  }
  const auto directory =
      std::ranges::find((*alternatives).value(), x509::GeneralNameKind::directory, &x509::GeneralName::kind);
  if (directory == (*alternatives)->end()) {
    return "subjectAltName has no directoryName";
  }
  const auto attributes = x509::read_name(directory->value);
  if (!attributes) {
    return attributes.error().detail;
  }
  // Every string type that the reader takes is UTF-8 as it stands, but for BMPString.
  const auto text = [&](BytesView type) {
    const auto found = x509::find_only_attribute(*attributes, type);
    return found && found->tag != kBmpString ? std::string{as_text(found->value)} : std::string{};
  };
  const auto manufacturer = text(oids::tcg_manufacturer);
  s.chip.model = text(oids::tcg_model);
  s.chip.version = text(oids::tcg_version);
  const auto vendor_id = manufacturer.starts_with("id:") ? from_hex(manufacturer.substr(3)) : std::nullopt;
  if (!vendor_id || vendor_id->size() != 4 || s.chip.model.empty() || s.chip.version.empty()) {
    return "manufacturer, model or version missing or of another form";
  }
  s.chip.manufacturer = upper_hex(*vendor_id);
  const auto* const extension = certificate.extension(oids::subject_alt_name);
  if (certificate.subject_attributes().empty() && !extension->critical) {
    return "the subject is empty and subjectAltName is not critical";
  }
  s.chip.hardware_serial = s.chip.manufacturer + ":" + s.chip.hardware_serial + ":" + upper_hex(certificate.serial());
  return std::nullopt;
}

Failure not_denied_model(Subject& s) {
  return s.trust.denied_model(s.chip.manufacturer, s.chip.model, s.chip.version)
             ? Failure{"this chip model and firmware is on the deny list"}
             : std::nullopt;
}

/// TPMSpecification ::= SEQUENCE { family UTF8String, level INTEGER, revision INTEGER }.
Result<void> read_specification(BytesView values) {
  BM_TRY(auto fields, der::read_one(values, der::tag::sequence));
  BM_TRY(const auto family, fields.expect(der::tag::utf8_string));
  BM_CHECK(fields.small_unsigned());
  BM_CHECK(fields.small_unsigned());
  BM_CHECK(fields.finish());
  return as_text(family) == "2.0" ? Result<void>{} : fail(Code::ek_untrusted, "no TPM of family 2.0");
}

Failure specification(Subject& s) {
  const auto value =
      x509::subject_directory_attribute(s.evidence.certificate.extensions(), oids::tcg_tpm_specification);
  if (!value) {
    return "subjectDirectoryAttributes: " + value.error().detail;
  }
  if (!*value) {
    return std::nullopt;  // several makers leave it out; that nothing is said is no contradiction
  }
  const auto read = read_specification(**value);
  return read ? std::nullopt : Failure{"TPM specification: " + read.error().detail};
}

Failure critical_extensions(Subject& s) {
  const std::array<BytesView, 6> known{
      oids::key_usage,          oids::basic_constraints,    oids::subject_alt_name,
      oids::extended_key_usage, oids::certificate_policies, oids::subject_directory_attributes};
  for (const auto& extension : s.evidence.certificate.extensions()) {
    const bool understood = std::ranges::any_of(known, [&](BytesView type) { return is(extension.type, type); });
    if (extension.critical && !understood) {
      return "unknown critical extension " + oid_text(extension.type);
    }
  }
  return std::nullopt;
}

Failure public_area(Subject& s) {
  const auto used = tpm::template_of(s.evidence.ek);
  if (!used || tpm::use_of(*used) != tpm::TemplateUse::endorsement) {
    return "the endorsement key is made of no allowed template";
  }
  auto key = public_key(s.evidence.ek);
  if (!key) {
    return key.error().detail;
  }
  if (!equal(key->spki(), s.evidence.certificate.spki())) {
    return "the certificate is of another key than the TPM shows";
  }
  s.chip.spki = to_bytes(key->spki());
  s.ek = std::move(*key);
  return std::nullopt;
}

Failure canonical(Subject& s) {
  const auto wanted = s.trust.canonical_type(s.chip.model);
  return s.ek->type() == wanted ? std::nullopt
                                : Failure{"another endorsement key type is the identity of " + s.chip.model};
}

constexpr std::array kSteps{
    Step<Subject>{"ek.path", "RFC 5280 §6.1; docs/wire/evidence.md EK 3", Code::ek_untrusted, path},
    Step<Subject>{"ek.denied", "docs/wire/evidence.md EK 4", Code::ek_untrusted, not_denied},
    Step<Subject>{"ek.basic_constraints", "RFC 5280 §4.2.1.9; docs/wire/evidence.md EK 5", Code::ek_untrusted, no_ca},
    Step<Subject>{"ek.key_usage", "RFC 5280 §4.2.1.3; docs/wire/evidence.md EK 6", Code::ek_untrusted, usage},
    Step<Subject>{"ek.extended_key_usage", "docs/wire/evidence.md EK 7", Code::ek_untrusted, extended_usage},
    Step<Subject>{"ek.names", "docs/wire/evidence.md EK 8", Code::ek_untrusted, names},
    Step<Subject>{"ek.model", "docs/wire/evidence.md EK 9", Code::ek_untrusted, not_denied_model},
    Step<Subject>{"ek.specification", "docs/wire/evidence.md EK 10", Code::ek_untrusted, specification},
    Step<Subject>{"ek.critical", "RFC 5280 §4.2; docs/wire/evidence.md EK 11", Code::ek_untrusted, critical_extensions},
    Step<Subject>{"ek.public", "docs/wire/evidence.md EK 12", Code::ek_untrusted, public_area},
    Step<Subject>{"ek.canonical", "docs/wire/evidence.md EK 13", Code::ek_not_canonical, canonical},
};

}  // namespace

Result<crypto::PublicKey> public_key(const tpm::Public& key) {
  if (const auto* const ecc = key.ecc(); ecc != nullptr) {
    const auto type = type_of(ecc->curve);
    BM_TRY(const auto point, tpm::uncompressed_point(*ecc));
    const auto coordinates = BytesView{point}.subspan(1);
    return crypto::PublicKey::from_point(type, coordinates.first(coordinates.size() / 2),
                                         coordinates.subspan(coordinates.size() / 2));
  }
  BM_TRY(const auto modulus, tpm::rsa_modulus(*key.rsa()));
  return crypto::PublicKey::from_rsa(modulus, 65537);
}

Result<crypto::EndorsementKey> endorsement_key(const tpm::Public& ek) {
  BM_TRY(auto key, public_key(ek));
  if (!ek.symmetric || ek.name_hash == tpm::Hash::sha512) {
    return fail(Code::ek_untrusted, "no storage key of a known hash", "ek.public");
  }
  return crypto::EndorsementKey{
      .key = std::move(key),
      .name_alg = ek.name_hash == tpm::Hash::sha256 ? crypto::HashAlgorithm::sha256 : crypto::HashAlgorithm::sha384,
      .symmetric = *ek.symmetric == tpm::AesKeyBits::aes128 ? crypto::AesKeyBits::aes128 : crypto::AesKeyBits::aes256};
}

Result<EndorsementEvidence> read_endorsement(BytesView certificate, std::span<const Bytes> chain, BytesView ek_public) {
  if (chain.size() > kHintsMax) {
    return fail(Code::ek_untrusted, "more than eight certificates beside the endorsement certificate", "ek.path");
  }
  auto leaf = x509::Certificate::read(certificate);
  if (!leaf) {
    return fail(Code::ek_untrusted, leaf.error().detail, "ek.certificate");
  }
  std::vector<x509::Certificate> hints;
  for (const auto& der : chain) {
    // A hint that cannot be read helps nobody; it is not evidence.
    if (auto hint = x509::Certificate::read(der)) {
      hints.push_back(std::move(*hint));
    }
  }
  auto ek = tpm::read_public(ek_public);
  if (!ek) {
    return fail(Code::ek_untrusted, ek.error().detail, "ek.public");
  }
  return EndorsementEvidence{std::move(*leaf), std::move(hints), std::move(*ek)};
}

EndorsementAppraisal appraise_endorsement(const EndorsementEvidence& evidence, const VendorTrust& trust, Instant now) {
  Subject subject{evidence, trust, now, {}, {}};
  auto findings = walk(std::span<const Step<Subject>>{kSteps}, subject);
  EndorsementAppraisal appraisal{std::move(findings), std::nullopt};
  if (trusted(appraisal.findings)) {
    subject.chip.certificate_hash = crypto::sha256(evidence.certificate.der());
    if (const auto* const rsa = evidence.ek.rsa()) {
      subject.chip.rsa_modulus = to_bytes(tpm::rsa_modulus(*rsa).value_or(BytesView{}));
    }
    appraisal.chip = std::move(subject.chip);
  }
  return appraisal;
}

}  // namespace birthmark::attest
