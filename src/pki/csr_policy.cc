// SPDX-License-Identifier: Apache-2.0
#include "pki/csr_policy.h"

#include <algorithm>

#include "codec/extensions.h"
#include "codec/oid.h"
#include "pki/profile.h"

namespace birthmark::pki {
namespace {

constexpr std::string_view kUrn = "urn:birthmark:";

bool is(BytesView type, BytesView expected) {
  return equal(type, expected);
}

/// Curves of the device profile, each with the hashes that requests for it are signed with.
bool is_device_scheme(crypto::KeyType key, x509::SignatureAlgorithm algorithm) {
  const bool sha256 = algorithm == x509::SignatureAlgorithm::ecdsa_sha256;
  switch (key) {
    case crypto::KeyType::p256:
      return sha256;
    case crypto::KeyType::p384:
      return sha256 || algorithm == x509::SignatureAlgorithm::ecdsa_sha384;
    case crypto::KeyType::p521:
    case crypto::KeyType::rsa:
    case crypto::KeyType::ed25519:
      return false;
  }
  return false;
}

bool spells(std::span<const x509::NameAttribute> name, std::string_view identifier) {
  return !name.empty() && std::ranges::all_of(name, [&](const x509::NameAttribute& attribute) {
    return (is(attribute.type, oids::common_name) || is(attribute.type, oids::serial_number)) &&
           as_text(attribute.value) == identifier;
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

/// A request may repeat what the profile gives anyway; everything else is more than a device gets.
Result<void> judge_extension(const x509::Extension& extension, x509::Extensions all, const CsrExpectation& expected) {
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
    return {};  // many tools add it; it is not taken over
  }
  return fail(Code::csr_policy, "asks for the extension " + oid_text(extension.type), "csr.extensions");
}

Result<void> judge_attributes(const pkcs10::Request& request) {
  for (const auto& attribute : request.attributes()) {
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
  auto key = crypto::PublicKey::from_spki(request.spki());
  if (!key && key.error().check != crypto::kOtherAlgorithm) {  // AC-20: no key at all is not a key too many
    return fail(Code::bad_request, key.error().detail, "csr.key");
  }
  if (!key || !is_device_scheme(key->type(), request.signature_algorithm())) {
    return fail(Code::csr_policy, key ? "key or signature algorithm are not a device's" : key.error().detail,
                "csr.key");
  }
  // Possession first: until it holds, the other fields are anybody's text (RFC 2986 §3).
  const auto scheme = request.signature_algorithm() == x509::SignatureAlgorithm::ecdsa_sha256
                          ? crypto::SignatureScheme::ecdsa_sha256
                          : crypto::SignatureScheme::ecdsa_sha384;
  if (!key->verify(scheme, request.info(), request.signature())) {
    return fail(Code::bad_request, "the request's signature does not verify", "csr.signature");
  }
  const auto password = request.challenge_password();
  if (password &&
      (!expected.channel_binding || !equal_constant_time(as_bytes(*password), as_bytes(*expected.channel_binding)))) {
    return fail(Code::binding, "challengePassword is not this channel's", "csr.challenge_password");
  }
  BM_CHECK(judge_names(request, expected));
  BM_CHECK(judge_attributes(request));
  for (const auto& extension : request.extensions()) {
    BM_CHECK(judge_extension(extension, request.extensions(), expected));
  }
  return key;
}

}  // namespace birthmark::pki
