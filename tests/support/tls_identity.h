// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>
#include <vector>

#include "crypto/keys.h"
#include "crypto/native.h"

namespace birthmark::test {

/// A key with a certificate that OpenSSL made, not our builder: for what only needs TLS to run.
struct TlsIdentity {
  crypto::PrivateKey key;
  Bytes certificate;
};

/// What a certificate of a test says.
struct TlsWishes {
  std::string common_name = "test";
  std::string alt_names = {};  ///< as OpenSSL's configuration has them: "DNS:a,IP:127.0.0.1"; empty: none
  bool ca = false;
  crypto::KeyType type = crypto::KeyType::p256;
  const char* digest = "SHA256";
};

inline void add_extension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const std::unique_ptr<X509_EXTENSION, decltype(&X509_EXTENSION_free)> extension{
      X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()), X509_EXTENSION_free};
  X509_add_ext(certificate, extension.get(), -1);
}

/// Signed by `issuer`, or by itself if there is none.
inline TlsIdentity make_identity(const TlsWishes& wishes, const TlsIdentity* issuer = nullptr) {
  using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
  auto key = crypto::PrivateKey::generate(wishes.type).value();
  const Certificate certificate{X509_new(), X509_free};
  Certificate above{nullptr, X509_free};
  if (issuer != nullptr) {
    const unsigned char* cursor = issuer->certificate.data();
    above.reset(d2i_X509(nullptr, &cursor, static_cast<long>(issuer->certificate.size())));
  }
  X509* const signer = above ? above.get() : certificate.get();
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 24 * 3600);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(wishes.common_name.c_str()), -1, -1, 0);
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(signer));
  X509_set_pubkey(certificate.get(), crypto::native(key));
  add_extension(certificate.get(), signer, NID_basic_constraints, wishes.ca ? "critical,CA:TRUE" : "critical,CA:FALSE");
  if (wishes.ca) {
    add_extension(certificate.get(), signer, NID_key_usage, "critical,keyCertSign,cRLSign");
  }
  if (!wishes.alt_names.empty()) {
    add_extension(certificate.get(), signer, NID_subject_alt_name, wishes.alt_names);
  }
  const EVP_MD* const digest = wishes.type == crypto::KeyType::ed25519 ? nullptr : EVP_get_digestbyname(wishes.digest);
  X509_sign(certificate.get(), crypto::native(issuer != nullptr ? issuer->key : key), digest);
  unsigned char* encoded = nullptr;
  const int size = i2d_X509(certificate.get(), &encoded);
  Bytes der{encoded, encoded + size};
  OPENSSL_free(encoded);
  return {std::move(key), std::move(der)};
}

}  // namespace birthmark::test
