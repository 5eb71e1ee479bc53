// SPDX-License-Identifier: Apache-2.0
#include "pki/csr_policy.h"

#include <algorithm>
#include <array>

#include "codec/csr_attestation.h"
#include "codec/der.h"
#include "codec/extensions.h"
#include "codec/oid.h"
#include "crypto/hash.h"
#include "crypto/rsa_checks.h"
#include "crypto/sha1.h"
#include "pki/profile.h"

namespace birthmark::pki {
namespace {

constexpr std::string_view kUrn = "urn:birthmark:";

bool is(BytesView type, BytesView expected) {
  return equal(type, expected);
}

/// Curves of the device profile, each with the hashes that requests for it are signed with.
bool is_device_scheme(crypto::KeyType key, crypto::SignatureScheme scheme) {
  const bool sha256 = scheme == crypto::SignatureScheme::ecdsa_sha256;
  return key == crypto::KeyType::p256
             ? sha256
             : key == crypto::KeyType::p384 && (sha256 || scheme == crypto::SignatureScheme::ecdsa_sha384);
}

/// The key and the scheme that the request is signed with, both of those that are taken. @error bad_request, csr_policy
Result<std::pair<crypto::PublicKey, crypto::SignatureScheme>> read_key(const pkcs10::Request& request,
                                                                       CsrExpectation::Keys keys) {
  auto key = crypto::PublicKey::from_spki(request.spki());
  if (!key) {  // AC-20: no key at all is not a key too many
    const bool other = key.error().check == crypto::kOtherAlgorithm;
    return fail(other ? Code::csr_policy : Code::bad_request, key.error().detail, "csr.key");
  }
  const auto scheme = crypto::scheme_of(request.signature_algorithm());
  if (!scheme || (keys == CsrExpectation::Keys::device && !is_device_scheme(key->type(), *scheme))) {
    return fail(Code::csr_policy, "key or signature algorithm are not a device's", "csr.key");
  }
  if (crypto::has_roca_fingerprint(*key)) {
    return fail(Code::bad_request, "the RSA key has the ROCA fingerprint (CVE-2017-15361)", "csr.key");
  }
  if (crypto::is_easily_factored(*key)) {
    return fail(Code::bad_request, "anybody finds a factor of the RSA modulus", "csr.key");
  }
  return std::pair{std::move(*key), *scheme};
}

/// A name may say the identifier once as commonName and once as serialNumber, which is a PrintableString (X.520).
bool spells(std::span<const x509::NameAttribute> name, std::string_view identifier) {
  constexpr std::size_t kUpperBound = 64;  // ub-common-name, ub-serial-number (RFC 5280 appendix A.1)
  return !name.empty() && identifier.size() <= kUpperBound &&
         std::ranges::all_of(name, [&](const x509::NameAttribute& attribute) {
           const bool printable = attribute.tag == der::tag::printable_string;
           const bool known =
               is(attribute.type, oids::serial_number)
                   ? printable
                   : is(attribute.type, oids::common_name) && (printable || attribute.tag == der::tag::utf8_string);
           return known && as_text(attribute.value) == identifier && x509::find_only_attribute(name, attribute.type);
         });
}

bool is_registered(BytesView subject, const CsrExpectation& expected) {
  if (equal(subject, expected.subject)) {
    return true;
  }
  const auto name = x509::read_name(subject);
  return expected.identifier && name && spells(*name, *expected.identifier);
}

/// The SAN that the device has in the registry, or that names it by its identifier alone.
bool is_registered_alt_name(const x509::Extension& extension, x509::Extensions all, const CsrExpectation& expected) {
  if (expected.subject_alt_name && !expected.subject_alt_name->empty() &&
      equal(extension.value, *expected.subject_alt_name)) {
    return true;
  }
  const auto names = x509::subject_alt_name(all);
  return expected.identifier && names && *names && std::ranges::all_of(**names, [&](const x509::GeneralName& name) {
           return name.kind == x509::GeneralNameKind::uri &&
                  as_text(name.value) == std::string{kUrn} + std::string{*expected.identifier};
         });
}

Result<void> judge_channel(const pkcs10::Request& request, const CsrExpectation& expected) {
  const auto password = request.challenge_password();
  const bool this_channels =
      !password || expected.channel == CsrExpectation::Channel::not_judged ||
      (expected.channel_binding && equal_constant_time(as_bytes(*password), as_bytes(*expected.channel_binding)));
  return this_channels ? Result<void>{}
                       : fail(Code::binding, "challengePassword is not this channel's", "csr.challenge_password");
}

Result<void> judge_names(const pkcs10::Request& request, const CsrExpectation& expected) {
  const bool registered = is_registered(request.subject(), expected);
  const bool empty = request.subject().size() == 2;  // SEQUENCE of nothing
  if (!registered && (!empty || expected.names != CsrExpectation::Names::registered_or_empty)) {
    return fail(Code::csr_policy, "the subject is not the registered one", "csr.subject");
  }
  const bool alt_name_expected = expected.subject_alt_name && !expected.subject_alt_name->empty();
  if (expected.names == CsrExpectation::Names::exactly && alt_name_expected &&
      x509::find_extension(request.extensions(), oids::subject_alt_name) == nullptr) {
    return fail(Code::csr_policy, "the subjectAltName of the presented certificate is missing", "csr.subject_alt_name");
  }
  return {};
}

/// Many tools add it. It is not taken over; but one of another key is a request to be mistaken for that key's holder.
/// RFC 5280 §4.2.1.2(1), RFC 7093 §2(1).
Result<void> judge_key_identifier(const pkcs10::Request& request) {
  BM_TRY(const auto id, x509::subject_key_identifier(request.extensions()));
  BM_TRY(const auto spki, x509::read_spki(request.spki()));
  const auto sha256 = crypto::sha256(spki.key).get();
  const bool own = equal(*id, crypto::sha1_identifier(spki.key)) || equal(*id, BytesView{sha256}.first(20));
  return own ? Result<void>{}
             : fail(Code::csr_policy, "asks for a key identifier of another key", "csr.subject_key_identifier");
}

/// A request may repeat what the profile gives anyway; everything else is more than a device gets.
Result<void> judge_extension(const x509::Extension& extension, const pkcs10::Request& request,
                             const CsrExpectation& expected) {
  const auto all = request.extensions();
  if (is(extension.type, oids::basic_constraints)) {
    BM_TRY(const auto constraints, x509::basic_constraints(all));
    return constraints->is_ca ? fail(Code::csr_policy, "asks to be a CA", "csr.basic_constraints") : Result<void>{};
  }
  if (is(extension.type, oids::key_usage)) {
    BM_TRY(const auto usage, x509::key_usage(all));
    return *usage == key_usage::digital_signature
               ? Result<void>{}
               : fail(Code::csr_policy, "asks for another key usage than digitalSignature", "csr.key_usage");
  }
  if (is(extension.type, oids::extended_key_usage)) {
    BM_TRY(const auto usages, x509::extended_key_usage(all));
    const bool client_only = std::ranges::all_of(*usages, [](BytesView usage) { return is(usage, oids::client_auth); });
    return client_only ? Result<void>{}
                       : fail(Code::csr_policy, "asks for more than clientAuth", "csr.extended_key_usage");
  }
  if (is(extension.type, oids::subject_alt_name)) {
    return is_registered_alt_name(extension, all, expected)
               ? Result<void>{}
               : fail(Code::csr_policy, "asks for a subjectAltName that is not registered", "csr.subject_alt_name");
  }
  if (is(extension.type, oids::subject_key_identifier)) {
    return judge_key_identifier(request);
  }
  return fail(Code::csr_policy, "asks for the extension " + oid_text(extension.type), "csr.extensions");
}

Result<void> judge_attributes(const pkcs10::Request& request, CsrExpectation::Evidence evidence) {
  for (const auto& attribute : request.attributes()) {
    if (is(attribute.type, csr_attestation::kAttribute) && evidence == CsrExpectation::Evidence::passed_over) {
      BM_CHECK(csr_attestation::read(attribute.value));
      continue;
    }
    if (is(attribute.type, oids::change_subject_name)) {
      return fail(Code::csr_policy, "asks to change its name", "csr.change_subject_name");
    }
    if (!is(attribute.type, oids::challenge_password) && !is(attribute.type, oids::extension_request)) {
      return fail(Code::csr_policy, "holds the attribute " + oid_text(attribute.type), "csr.attributes");
    }
  }
  return {};
}

}  // namespace

Result<crypto::PublicKey> judge_csr(const pkcs10::Request& request, const CsrExpectation& expected) {
  BM_TRY(auto asked, read_key(request, expected.keys));
  auto& [key, scheme] = asked;
  // Possession first: until it holds, the other fields are anybody's text (RFC 2986 §3).
  if (!key.verify(scheme, request.info(), request.signature())) {
    return fail(Code::bad_request, "the request's signature does not verify", "csr.signature");
  }
  BM_CHECK(judge_channel(request, expected));
  BM_CHECK(judge_names(request, expected));
  BM_CHECK(judge_attributes(request, expected.evidence));
  for (const auto& extension : request.extensions()) {
    BM_CHECK(judge_extension(extension, request, expected));
  }
  return key;
}

std::string_view csr_clause(std::string_view check) {
  struct Row {
    std::string_view check, clause;
  };
  constexpr std::array kRows{Row{"csr.key", "RFC 5280 §4.1.2.7; device profile: key"},
                             Row{"csr.signature", "RFC 2986 §3, §4.2"},
                             Row{"csr.challenge_password", "RFC 7030 §3.5"},
                             Row{"csr.subject", "RFC 2986 §4.1; device profile: registered name"},
                             Row{"csr.subject_alt_name", "RFC 5280 §4.2.1.6; device profile: registered name"},
                             Row{"csr.change_subject_name", "RFC 6402 §2.8"},
                             Row{"csr.attributes", "RFC 2985 §5.4; device profile: attributes"},
                             Row{"csr.basic_constraints", "RFC 5280 §4.2.1.9"},
                             Row{"csr.key_usage", "RFC 5280 §4.2.1.3"},
                             Row{"csr.extended_key_usage", "RFC 5280 §4.2.1.12"},
                             Row{"csr.subject_key_identifier", "RFC 5280 §4.2.1.2"},
                             Row{"csr.extensions", "RFC 2985 §5.4.2; device profile: extensions"}};
  const auto* const row = std::ranges::find(kRows, check, &Row::check);
  return row == kRows.end() ? "RFC 2986 §4" : row->clause;
}

}  // namespace birthmark::pki
