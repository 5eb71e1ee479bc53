// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/x509.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "adapters/http/server.h"
#include "codec/base64.h"
#include "codec/cbor.h"
#include "codec/json.h"
#include "pki/arc.h"
#include "support/tls_identity.h"

namespace birthmark::test {

/// What a certificate for a device says.
struct LeafWishes {
  long begins = -3600;  ///< seconds from now
  long ends = 24L * 3600;
  bool receipt = true;  ///< of the form of a registration receipt; signed by nobody
};

/// Adds what has the form of a registration receipt (docs/wire/certificates.md).
inline void add_receipt(X509* certificate) {
  Bytes oid{0x06, static_cast<std::uint8_t>(pki::arc::registration_receipt.size())};
  append(oid, pki::arc::registration_receipt);
  const unsigned char* cursor = oid.data();
  const std::unique_ptr<ASN1_OBJECT, decltype(&ASN1_OBJECT_free)> type{
      d2i_ASN1_OBJECT(nullptr, &cursor, static_cast<long>(oid.size())), ASN1_OBJECT_free};
  Bytes value(13 + 70, 1);  // version 1, key id, moment, signature
  std::fill_n(value.begin() + 5, 8, std::uint8_t{0});
  const std::unique_ptr<ASN1_OCTET_STRING, decltype(&ASN1_OCTET_STRING_free)> octets{ASN1_OCTET_STRING_new(),
                                                                                     ASN1_OCTET_STRING_free};
  ASN1_OCTET_STRING_set(octets.get(), value.data(), static_cast<int>(value.size()));
  const std::unique_ptr<X509_EXTENSION, decltype(&X509_EXTENSION_free)> extension{
      X509_EXTENSION_create_by_OBJ(nullptr, type.get(), 0, octets.get()), X509_EXTENSION_free};
  X509_add_ext(certificate, extension.get(), -1);
}

/// A certificate for a public key, made by OpenSSL.
inline Bytes certify(const crypto::PublicKey& key, const TlsIdentity& issuer, const LeafWishes& wishes = {}) {
  const std::unique_ptr<X509, decltype(&X509_free)> certificate{X509_new(), X509_free};
  const unsigned char* cursor = issuer.certificate.data();
  const std::unique_ptr<X509, decltype(&X509_free)> above{
      d2i_X509(nullptr, &cursor, static_cast<long>(issuer.certificate.size())), X509_free};
  cursor = key.spki().data();
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> half{
      d2i_PUBKEY(nullptr, &cursor, static_cast<long>(key.spki().size())), EVP_PKEY_free};
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 7);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), wishes.begins);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), wishes.ends);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>("device"), -1, -1, 0);
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(above.get()));
  X509_set_pubkey(certificate.get(), half.get());
  add_extension(certificate.get(), above.get(), NID_key_usage, "critical,digitalSignature");
  if (wishes.receipt) {
    add_receipt(certificate.get());
  }
  X509_sign(certificate.get(), crypto::native(issuer.key), EVP_sha256());
  unsigned char* encoded = nullptr;
  const int size = i2d_X509(certificate.get(), &encoded);
  Bytes der{encoded, encoded + size};
  OPENSSL_free(encoded);
  return der;
}

/// A server that a device may take for its registry: it signs time, and answers everything else by `script`, counting.
struct FakeRegistry {
  explicit FakeRegistry(const TlsIdentity& issuer, const std::string& names = "IP:127.0.0.1")
      : identity{make_identity({.common_name = "server", .alt_names = names}, &issuer)} {
    auto tls = tls::ServerContext::create({.chain = {identity.certificate},
                                           .key = &identity.key,
                                           .client = tls::ClientCertificate::wanted,
                                           .verify = [](BytesView) { return Result<std::uint64_t>{1}; }});
    http::Server::Options options;
    options.tls = tls.value();
    options.handler = [this](const http::Request& request) { return answer(request); };
    server = http::Server::start(std::move(options)).value();
  }

  http::Response answer(const http::Request& request) {
    if (request.path != "/v1/time") {
      ++other_requests;
      last_path = request.path;
      client_certificate_seen = !request.peer->certificate.empty();
      return script(request);
    }
    const auto nonce = stale_nonce ? Bytes(32, 9) : from_hex(request.query.substr(6)).value_or(Bytes{});
    cbor::Writer message;
    message.array(3).text("birthmark/time/v1").bytes(nonce).unsigned_int(static_cast<std::uint64_t>(to_ms(says)));
    const auto signature = statements->sign(message.finish()).value();
    return json_response(200, {{"ms", to_ms(says)}, {"signature", base64::encode(signature)}});
  }

  static http::Response json_response(int status, const boost::json::object& body) {
    return {
        .status = status, .headers = {{"Content-Type", "application/json"}}, .body = json::write(body), .close = false};
  }
  static http::Response refuse(int status, std::string_view code) {
    return json_response(status, {{"code", code}, {"detail", "as the test has it"}});
  }

  TlsIdentity identity;
  Instant says{std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now())};
  bool stale_nonce = false;
  const crypto::PrivateKey* statements = nullptr;
  std::function<http::Response(const http::Request&)> script = [](const http::Request&) {
    return refuse(503, "unavailable");
  };
  std::atomic<int> other_requests{0};
  std::string last_path;
  bool client_certificate_seen = false;
  std::unique_ptr<http::Server> server;
};

}  // namespace birthmark::test
