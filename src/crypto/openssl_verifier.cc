// SPDX-License-Identifier: Apache-2.0
#include "crypto/openssl_verifier.h"

#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "codec/oid.h"
#include "crypto/openssl.h"

namespace birthmark::crypto {
namespace {

using X509Ptr = OpensslPtr<X509, X509_free>;
using X509CrlPtr = OpensslPtr<X509_CRL, X509_CRL_free>;
using StorePtr = OpensslPtr<X509_STORE, X509_STORE_free>;
using StoreCtxPtr = OpensslPtr<X509_STORE_CTX, X509_STORE_CTX_free>;
using ObjectPtr = OpensslPtr<ASN1_OBJECT, ASN1_OBJECT_free>;
using CertificatesPtr = OpensslPtr<STACK_OF(X509), [](STACK_OF(X509) * s) { sk_X509_pop_free(s, X509_free); }>;
using CrlsPtr = OpensslPtr<STACK_OF(X509_CRL), [](STACK_OF(X509_CRL) * s) { sk_X509_CRL_pop_free(s, X509_CRL_free); }>;

constexpr int kAuthLevel = 2;  // 112 bits: RSA of 2048, no SHA-1

template <class Ptr, auto Decode>
Ptr read(BytesView der) {
  const unsigned char* cursor = der.data();
  Ptr read{Decode(nullptr, &cursor, static_cast<long>(der.size()))};
  return read && cursor == der.data() + der.size() ? std::move(read) : nullptr;
}

X509Ptr read_certificate(BytesView der) {
  return read<X509Ptr, d2i_X509>(der);
}

OpensslAnswer no(std::string reason) {
  return {.accepted = false, .error = 0, .reason = std::move(reason), .depth = 0};
}

/// The stack takes what it is given over when the push succeeds.
template <class Stack, class Ptr, class Push>
bool push_all(Stack& stack, std::span<const BytesView> all, Ptr (*decode)(BytesView), Push push) {
  for (const auto der : all) {
    auto one = decode(der);
    if (!one || push(stack.get(), one.get()) <= 0) {
      return false;
    }
    static_cast<void>(one.release());
  }
  return true;
}

unsigned long flags_of(const OpensslQuestion& question) {
  using enum OpensslQuestion::CrlCheck;
  unsigned long flags = X509_V_FLAG_TRUSTED_FIRST | X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_POLICY_CHECK;
  const auto put = [&](bool condition, unsigned long flag) { flags |= condition ? flag : 0; };
  put(question.strict, X509_V_FLAG_X509_STRICT);
  put(question.crl_check != none, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_EXTENDED_CRL_SUPPORT | X509_V_FLAG_USE_DELTAS);
  put(question.crl_check == all, X509_V_FLAG_CRL_CHECK_ALL);
  put(question.explicit_policy, X509_V_FLAG_EXPLICIT_POLICY);
  put(question.inhibit_any_policy, X509_V_FLAG_INHIBIT_ANY);
  put(question.inhibit_policy_mapping, X509_V_FLAG_INHIBIT_MAP);
  return flags;
}

int purpose_of(OpensslQuestion::Purpose purpose) {
  switch (purpose) {
    case OpensslQuestion::Purpose::any:
      return X509_PURPOSE_ANY;
    case OpensslQuestion::Purpose::server:
      return X509_PURPOSE_SSL_SERVER;
    case OpensslQuestion::Purpose::client:
      break;
  }
  return X509_PURPOSE_SSL_CLIENT;
}

/// An empty set is none to OpenSSL where a policy is required, so "any" is said by its name.
bool add_policies(X509_VERIFY_PARAM* param, const std::optional<std::vector<Bytes>>& policies) {
  for (const auto& policy : policies.value_or(std::vector<Bytes>{to_bytes(oids::any_policy)})) {
    Bytes der{V_ASN1_OBJECT, static_cast<std::uint8_t>(policy.size())};
    append(der, policy);
    auto object = policy.size() < 0x80 ? read<ObjectPtr, d2i_ASN1_OBJECT>(der) : nullptr;
    if (!object || X509_VERIFY_PARAM_add0_policy(param, object.get()) != 1) {
      return false;
    }
    static_cast<void>(object.release());
  }
  return true;
}

bool set_parameters(X509_VERIFY_PARAM* param, const OpensslQuestion& question) {
  const auto at = std::chrono::floor<std::chrono::seconds>(question.at).time_since_epoch().count();
  X509_VERIFY_PARAM_set_time(param, static_cast<time_t>(at));
  X509_VERIFY_PARAM_set_depth(param, question.intermediates_max);
  X509_VERIFY_PARAM_set_auth_level(param, kAuthLevel);
  X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
  const bool hosts =
      (!question.dns_name ||
       X509_VERIFY_PARAM_set1_host(param, question.dns_name->data(), question.dns_name->size()) == 1) &&
      (!question.email || X509_VERIFY_PARAM_set1_email(param, question.email->data(), question.email->size()) == 1) &&
      (!question.ip_address ||
       X509_VERIFY_PARAM_set1_ip(param, question.ip_address->data(), question.ip_address->size()) == 1);
  return hosts && X509_VERIFY_PARAM_set_flags(param, flags_of(question)) == 1 &&
         X509_VERIFY_PARAM_set_purpose(param, purpose_of(question.purpose)) == 1 &&
         add_policies(param, question.policies);
}

}  // namespace

OpensslAnswer ask_openssl(const OpensslQuestion& question) {
  const KeepErrorQueue quiet;
  if (question.trusted.size() + question.untrusted.size() > kOpensslCertificatesMax ||
      question.crls.size() > kOpensslCrlsMax) {
    return no("more certificates or lists than are handed to OpenSSL");
  }
  const StorePtr store{X509_STORE_new()};
  const StoreCtxPtr context{X509_STORE_CTX_new()};
  const CertificatesPtr untrusted{sk_X509_new_null()};
  const CrlsPtr crls{sk_X509_CRL_new_null()};
  const auto leaf = read_certificate(question.leaf);
  if (!store || !context || !untrusted || !crls || !leaf) {
    return no("the leaf cannot be read");
  }
  for (const auto der : question.trusted) {
    const auto anchor = read_certificate(der);
    if (!anchor || X509_STORE_add_cert(store.get(), anchor.get()) != 1) {
      return no("an anchor cannot be read");
    }
  }
  if (!push_all(untrusted, question.untrusted, read_certificate,
                [](STACK_OF(X509) * s, X509 * one) { return sk_X509_push(s, one); }) ||
      !push_all(crls, question.crls, read<X509CrlPtr, d2i_X509_CRL>,
                [](STACK_OF(X509_CRL) * s, X509_CRL * one) { return sk_X509_CRL_push(s, one); })) {
    return no("an intermediate or a list cannot be read");
  }
  if (X509_STORE_CTX_init(context.get(), store.get(), leaf.get(), untrusted.get()) != 1 ||
      !set_parameters(X509_STORE_CTX_get0_param(context.get()), question)) {
    return no("the library cannot be asked");
  }
  X509_STORE_CTX_set0_crls(context.get(), crls.get());
  const bool accepted = X509_verify_cert(context.get()) == 1;
  const int error = X509_STORE_CTX_get_error(context.get());
  return {.accepted = accepted && error == X509_V_OK,
          .error = error,
          .reason = X509_verify_cert_error_string(error),
          .depth = X509_STORE_CTX_get_error_depth(context.get())};
}

std::optional<std::size_t> openssl_crl_entries(BytesView der) {
  const KeepErrorQueue quiet;
  const auto crl = read<X509CrlPtr, d2i_X509_CRL>(der);
  if (!crl) {
    return std::nullopt;
  }
  const auto* const revoked = X509_CRL_get_REVOKED(crl.get());
  return revoked == nullptr ? 0 : static_cast<std::size_t>(sk_X509_REVOKED_num(revoked));
}

}  // namespace birthmark::crypto
