// SPDX-License-Identifier: Apache-2.0
#include "openssl_samples.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pkcs7.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <array>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <string>

namespace birthmark::openssl_samples {
namespace {

template <auto Free>
struct Delete {
  template <class T>
  void operator()(T* p) const noexcept {
    Free(p);
  }
};
using Certificate = std::unique_ptr<X509, Delete<X509_free>>;
using Request = std::unique_ptr<X509_REQ, Delete<X509_REQ_free>>;
using Pkcs7 = std::unique_ptr<PKCS7, Delete<PKCS7_free>>;
using Key = std::unique_ptr<EVP_PKEY, Delete<EVP_PKEY_free>>;
using ExtensionPtr = std::unique_ptr<X509_EXTENSION, Delete<X509_EXTENSION_free>>;

/// The samples cannot be made: nothing that follows would mean anything.
void require(bool holds) {
  if (!holds) {
    ERR_print_errors_fp(stderr);
    std::abort();
  }
}

template <class T, class Encode>
Bytes encoded(const T* object, Encode encode) {
  unsigned char* out = nullptr;
  const int size = encode(object, &out);
  require(size > 0);
  Bytes bytes{out, out + size};
  OPENSSL_free(out);
  return bytes;
}

struct Shape {
  const char* name;
  const char* key;  ///< as EVP_PKEY_Q_keygen names it
  const char* curve;
  std::size_t serial_octets;
  const char* not_after;
  bool extensions;
};

Key make_key(const Shape& shape) {
  if (shape.curve != nullptr) {
    return Key{EVP_PKEY_Q_keygen(nullptr, nullptr, shape.key, shape.curve)};
  }
  return Key{std::string_view{shape.key} == "RSA" ? EVP_PKEY_Q_keygen(nullptr, nullptr, shape.key, std::size_t{2048})
                                                  : EVP_PKEY_Q_keygen(nullptr, nullptr, shape.key)};
}

const EVP_MD* digest_of(const Shape& shape) {
  const std::string_view key{shape.key};
  if (key == "ED25519") {
    return nullptr;
  }
  return shape.curve != nullptr && std::string_view{shape.curve} == "P-384" ? EVP_sha384() : EVP_sha256();
}

void add_name(X509_NAME* name, const char* type, int tag, const char* text, int set) {
  require(X509_NAME_add_entry_by_txt(name, type, tag, reinterpret_cast<const unsigned char*>(text), -1, -1, set) == 1);
}

void add_extension(X509* certificate, int type, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  const ExtensionPtr extension{X509V3_EXT_conf_nid(nullptr, &context, type, value)};
  require(extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1);
}

void add_extensions(X509* certificate) {
  add_extension(certificate, NID_basic_constraints, "critical,CA:TRUE,pathlen:3");
  add_extension(certificate, NID_key_usage, "critical,keyCertSign,cRLSign");
  add_extension(certificate, NID_ext_key_usage, "clientAuth,serverAuth");
  add_extension(certificate, NID_subject_key_identifier, "hash");
  add_extension(certificate, NID_authority_key_identifier, "keyid:always");
  add_extension(certificate, NID_subject_alt_name,
                "DNS:a.example,email:a@b.example,URI:urn:x:1,IP:10.0.0.1,IP:::1,RID:1.2.3,otherName:1.2.3.4;UTF8:x");
  add_extension(certificate, NID_crl_distribution_points, "URI:http://crl.example/1.crl");
  add_extension(certificate, NID_name_constraints, "critical,permitted;DNS:.example,excluded;IP:10.0.0.0/255.0.0.0");
}

Certificate make_certificate(const Shape& shape, EVP_PKEY* key) {
  Certificate certificate{X509_new()};
  Bytes serial(shape.serial_octets, 0x7B);
  auto* number = X509_get_serialNumber(certificate.get());
  require(X509_set_version(certificate.get(), X509_VERSION_3) == 1 &&
          ASN1_STRING_set(number, serial.data(), static_cast<int>(serial.size())) == 1);
  auto* name = X509_get_subject_name(certificate.get());
  add_name(name, "O", V_ASN1_UTF8STRING, "Gerätewerk, GmbH", 0);
  add_name(name, "CN", V_ASN1_PRINTABLESTRING, "device 1", 0);
  add_name(name, "serialNumber", V_ASN1_PRINTABLESTRING, "BM-01", -1);
  require(X509_set_issuer_name(certificate.get(), name) == 1 && X509_set_pubkey(certificate.get(), key) == 1 &&
          ASN1_TIME_set_string_X509(X509_getm_notBefore(certificate.get()), "260101000000Z") == 1 &&
          ASN1_TIME_set_string_X509(X509_getm_notAfter(certificate.get()), shape.not_after) == 1);
  if (shape.extensions) {
    add_extensions(certificate.get());
  }
  require(X509_sign(certificate.get(), key, digest_of(shape)) > 0);
  return certificate;
}

std::int64_t seconds_of(const ASN1_TIME* time) {
  tm parts{};
  require(ASN1_TIME_to_tm(time, &parts) == 1);
  return static_cast<std::int64_t>(timegm(&parts));
}

Expected describe(const char* name, X509* certificate) {
  Expected expected;
  expected.name = name;
  expected.der = encoded(certificate, i2d_X509);
  const ASN1_BIT_STRING* signature = nullptr;
  X509_get0_signature(&signature, nullptr, certificate);
  const auto* serial = X509_get0_serialNumber(certificate);
  expected.tbs = encoded(certificate,
                         [](const X509* c, unsigned char** out) { return i2d_re_X509_tbs(const_cast<X509*>(c), out); });
  expected.serial = Bytes{serial->data, serial->data + serial->length};
  expected.issuer = encoded(X509_get_issuer_name(certificate), i2d_X509_NAME);
  expected.subject = encoded(X509_get_subject_name(certificate), i2d_X509_NAME);
  expected.spki = encoded(X509_get_X509_PUBKEY(certificate), i2d_X509_PUBKEY);
  expected.signature = Bytes{signature->data, signature->data + signature->length};
  expected.not_before_s = seconds_of(X509_get0_notBefore(certificate));
  expected.not_after_s = seconds_of(X509_get0_notAfter(certificate));
  expected.extensions = static_cast<std::size_t>(std::max(0, X509_get_ext_count(certificate)));
  return expected;
}

/// Reads one object that fills `der`, leaving no error behind.
template <class Pointer, class Decode>
Pointer decoded(BytesView der, Decode decode) {
  const unsigned char* cursor = der.data();
  Pointer object{decode(nullptr, &cursor, static_cast<long>(der.size()))};
  ERR_clear_error();
  return cursor == der.data() + der.size() ? std::move(object) : Pointer{};
}

void add_request_parts(X509_REQ* request) {
  const std::string_view text = "AbCdEfGh+/=";
  require(X509_REQ_add1_attr_by_NID(request, NID_pkcs9_challengePassword, MBSTRING_ASC,
                                    reinterpret_cast<const unsigned char*>(text.data()),
                                    static_cast<int>(text.size())) == 1);
  X509V3_CTX context;
  X509V3_set_ctx(&context, nullptr, nullptr, request, nullptr, 0);
  STACK_OF(X509_EXTENSION)* list = sk_X509_EXTENSION_new_null();
  sk_X509_EXTENSION_push(list, X509V3_EXT_conf_nid(nullptr, &context, NID_key_usage, "critical,digitalSignature"));
  sk_X509_EXTENSION_push(list, X509V3_EXT_conf_nid(nullptr, &context, NID_subject_alt_name, "DNS:a.example"));
  require(X509_REQ_add_extensions(request, list) == 1);
  sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
}

Bytes make_request(const Shape& shape) {
  const auto key = make_key(shape);
  const Request request{X509_REQ_new()};
  add_name(X509_REQ_get_subject_name(request.get()), "CN", V_ASN1_UTF8STRING, "BM-01", 0);
  require(X509_REQ_set_pubkey(request.get(), key.get()) == 1);
  if (shape.extensions) {
    add_request_parts(request.get());
  }
  require(X509_REQ_sign(request.get(), key.get(), digest_of(shape)) > 0);
  return encoded(request.get(), i2d_X509_REQ);
}

}  // namespace

std::vector<Expected> certificates() {
  constexpr std::array kShapes{
      Shape{"p256", "EC", "P-256", 16, "99991231235959Z", true},
      Shape{"p256_plain", "EC", "P-256", 1, "491231235959Z", false},
      Shape{"p384", "EC", "P-384", 20, "20500101000000Z", true},
      Shape{"rsa", "RSA", nullptr, 8, "360101000000Z", true},
      Shape{"ed25519", "ED25519", nullptr, 4, "360101000000Z", true},
  };
  std::vector<Expected> all;
  for (const auto& shape : kShapes) {
    const auto key = make_key(shape);
    require(key != nullptr);
    all.push_back(describe(shape.name, make_certificate(shape, key.get()).get()));
  }
  return all;
}

std::vector<Bytes> requests() {
  return {make_request({"p256", "EC", "P-256", 0, nullptr, true}),
          make_request({"rsa", "RSA", nullptr, 0, nullptr, false})};
}

bool takes_certificate(BytesView der) {
  return decoded<Certificate>(der, d2i_X509) != nullptr;
}

bool takes_request(BytesView der) {
  return decoded<Request>(der, d2i_X509_REQ) != nullptr;
}

bool proves_possession(BytesView der) {
  const auto request = decoded<Request>(der, d2i_X509_REQ);
  return request && X509_REQ_verify(request.get(), X509_REQ_get0_pubkey(request.get())) == 1;
}

int certificates_in_pkcs7(BytesView der) {
  const auto bundle = decoded<Pkcs7>(der, d2i_PKCS7);
  if (!bundle || !PKCS7_type_is_signed(bundle.get())) {
    return -1;
  }
  return std::max(0, sk_X509_num(bundle->d.sign->cert));
}

Bytes pkcs7_of(const std::vector<Expected>& certificates) {
  const Pkcs7 bundle{PKCS7_new()};
  require(PKCS7_set_type(bundle.get(), NID_pkcs7_signed) == 1 && PKCS7_content_new(bundle.get(), NID_pkcs7_data) == 1);
  for (const auto& one : certificates) {
    require(PKCS7_add_certificate(bundle.get(), decoded<Certificate>(one.der, d2i_X509).get()) == 1);
  }
  PKCS7_set_detached(bundle.get(), 1);
  return encoded(bundle.get(), i2d_PKCS7);
}

}  // namespace birthmark::openssl_samples
