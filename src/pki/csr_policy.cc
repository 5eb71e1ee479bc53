// SPDX-License-Identifier: Apache-2.0
#include "pki/csr_policy.h"

#include <algorithm>

#include "codec/extensions.h"
#include "codec/oid.h"
#include "pki/profile.h"

namespace birthmark::pki {
namespace {

bool is(BytesView type, BytesView expected) {
  return equal(type, expected);
}

Result<void> judge_names(const pkcs10::Request& request, const CsrExpectation& expected) {
  const bool registered = equal(request.subject(), expected.subject);
  const bool empty = request.subject().size() == 2;  // SEQUENCE of nothing
  if (!registered && (!empty || expected.names == CsrExpectation::Names::exactly)) {
    return fail(Code::csr_policy, "the subject is not the registered one", "csr.subject");
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
  if (is(extension.type, oids::subject_alt_name) && expected.subject_alt_name &&
      equal(extension.value, *expected.subject_alt_name)) {
    return {};
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
  if (!key || key->type() != crypto::KeyType::p256) {
    return fail(Code::csr_policy, key ? "the key is not of P-256" : key.error().detail, "csr.key");
  }
  // Possession first: until it holds, the other fields are anybody's text (RFC 2986 §3).
  if (request.signature_algorithm() != x509::SignatureAlgorithm::ecdsa_sha256 ||
      !key->verify(crypto::SignatureScheme::ecdsa_sha256, request.info(), request.signature())) {
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
