// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "codec/der.h"
#include "codec/oid.h"
#include "pki/path/host.h"
#include "pki/path/steps.h"

namespace birthmark::pki::path {
namespace {

using x509::GeneralName;
using x509::GeneralNameKind;

/// An extension of which the standard says that it is, or is not, critical.
struct Criticality {
  BytesView type;
  bool critical;
  const char* words;
};
/// RFC 5280 §4.2.1.1, .2, .8, .11, .14, .15, §4.2.2.1, .2.
const std::array<Criticality, 8> kCriticality{{
    {oids::authority_key_identifier, false, "authorityKeyIdentifier is critical"},
    {oids::subject_key_identifier, false, "subjectKeyIdentifier is critical"},
    {oids::subject_directory_attributes, false, "subjectDirectoryAttributes is critical"},
    {oids::policy_constraints, true, "policyConstraints is not critical"},
    {oids::inhibit_any_policy, true, "inhibitAnyPolicy is not critical"},
    {oids::freshest_crl, false, "freshestCRL is critical"},
    {oids::authority_info_access, false, "authorityInfoAccess is critical"},
    {oids::subject_info_access, false, "subjectInfoAccess is critical"},
}};

/// RFC 5280 §4.2.1.6: the preferred syntax of hosts, mailboxes, absolute URIs.
bool is_well_formed(const GeneralName& name) {
  const auto text = as_text(name.value);
  switch (name.kind) {
    case GeneralNameKind::dns:
      return is_dns_pattern(text);
    case GeneralNameKind::rfc822:
      return is_mailbox(text);
    case GeneralNameKind::uri:
      return is_absolute_uri(text);
    case GeneralNameKind::other_name:
    case GeneralNameKind::x400:
    case GeneralNameKind::directory:
    case GeneralNameKind::edi_party:
    case GeneralNameKind::ip:
    case GeneralNameKind::registered_id:
      break;
  }
  return true;
}

Failure ca_is_allowed(const Member& certificate) {
  if (certificate.subject.empty()) {
    return "a CA without a name";
  }
  return certificate.is_critical(oids::basic_constraints) ? std::nullopt
                                                          : Failure{"basicConstraints of a CA is not critical"};
}

/// §4.2.1.3, §4.2.1.9, §4.2.1.10.
Failure end_entity_is_allowed(const Member& certificate) {
  if (certificate.key_usage && (*certificate.key_usage & usage::key_cert_sign) != 0) {
    return "keyCertSign in a certificate of no CA";
  }
  return certificate.certificate.extension(oids::name_constraints) == nullptr
             ? std::nullopt
             : Failure{"nameConstraints in a certificate of no CA"};
}

/// RFC 5280 §4.1.2.5: UTCTime through 2049, GeneralizedTime from 2050.
bool has_time_types_of_profile(const x509::Certificate& certificate) {
  auto tbs = der::read_one(certificate.tbs(), der::tag::sequence);
  constexpr int kBefore = 4;  // version, serial, algorithm, issuer
  for (int i = 0; tbs && i < kBefore; ++i) {
    if (!tbs->any()) {
      return false;
    }
  }
  if (!tbs) {
    return false;
  }
  auto validity = tbs->enter(der::tag::sequence);
  return validity && validity->time() && validity->time();
}

}  // namespace

Failure form_is_allowed(Walk& w) {
  const auto& certificate = w.certificate();
  for (const auto& [type, critical, words] : kCriticality) {
    const auto* const found = certificate.certificate.extension(type);
    if (found != nullptr && found->critical != critical) {
      return words;
    }
  }
  // §4.1.2.2: 20 octets, and a sign octet is one of them.
  const auto serial = certificate.certificate.serial();
  if (serial.size() == x509::kSerialMaxOctets && (serial.front() & 0x80) != 0) {
    return "a serial of more than 20 octets";
  }
  if (certificate.subject.empty() && !certificate.is_critical(oids::subject_alt_name)) {
    return "neither a subject nor a critical subjectAltName";
  }
  const auto maps_any = [](const x509::PolicyMapping& one) {
    return equal(one.issuer_domain, oids::any_policy) || equal(one.subject_domain, oids::any_policy);
  };
  if (certificate.policy_mappings && std::ranges::any_of(*certificate.policy_mappings, maps_any)) {
    return "anyPolicy is mapped";  // §4.2.1.5, also where nothing is issued any more
  }
  if (const auto bad = std::ranges::find_if_not(certificate.alt_names, is_well_formed);
      bad != certificate.alt_names.end()) {
    return "subjectAltName: " + std::string{as_text(bad->value)};
  }
  return certificate.is_ca() ? ca_is_allowed(certificate) : end_entity_is_allowed(certificate);
}

Failure issuer_conforms(Walk& w) {
  if (w.options.conformance == Conformance::path) {
    return std::nullopt;
  }
  const auto& certificate = w.certificate();
  if (!has_time_types_of_profile(certificate.certificate)) {
    return "time in the type of other years";
  }
  if (!w.is_anchor() && !(certificate.authority_key_id && certificate.authority_key_id->key_id)) {
    return "no key identifier of the authority";
  }
  if (certificate.is_ca() && !w.is_leaf() && !certificate.subject_key_id) {
    return "a CA without subjectKeyIdentifier";
  }
  return certificate.is_ca() && !w.is_anchor() && !certificate.key_usage ? Failure{"a CA without keyUsage"}
                                                                         : std::nullopt;
}

}  // namespace birthmark::pki::path
