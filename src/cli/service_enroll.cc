// SPDX-License-Identifier: Apache-2.0
#include "cli/service_enroll.h"

#include "cli/next_credential.h"
#include "codec/base64.h"
#include "codec/pem.h"
#include "codec/pkcs10.h"
#include "codec/x509.h"

namespace birthmark::cli {
namespace {

constexpr std::size_t kFileMax = std::size_t{64} * 1024;

/// A request without a name: the server certifies the name in the order, nobody else may choose one.
Result<Bytes> certification_request(const crypto::PrivateKey& key) {
  static const Bytes kEmptyName{0x30, 0x00};
  return pkcs10::write_request(kEmptyName, key.public_key().spki(), {}, x509::SignatureAlgorithm::ecdsa_sha256,
                               [&](BytesView info) { return key.sign(info); });
}

struct Answer {
  std::string certificates;  ///< PEM, leaf first
  std::string serial;
  std::string not_after;
};

Result<Answer> read_answer(const boost::json::value& value, BytesView spki) {
  BM_TRY(auto object, json::Object::of(value));
  BM_TRY(const auto leaf, object.base64("certificate", x509::kCertificateMaxBytes));
  BM_TRY(const auto certificate, x509::Certificate::read(leaf));
  if (!equal(certificate.spki(), spki)) {
    return fail(Code::bad_evidence, "the server certified another key than the one that asked", "service.key");
  }
  Answer out{.certificates = pem::write("CERTIFICATE", leaf), .serial = {}, .not_after = {}};
  BM_TRY(const auto* const chain, object.array("chain"));
  for (const auto& item : *chain) {
    if (!item.is_string()) {
      return fail(Code::bad_json, "chain holds base64 texts");
    }
    BM_TRY(const auto der, base64::decode(std::string_view{item.as_string()}, x509::kCertificateMaxBytes));
    out.certificates += pem::write("CERTIFICATE", der);
  }
  BM_TRY(out.serial, object.text("serial"));
  BM_TRY(out.not_after, object.text("not_after"));
  return out;
}

/// Where the same roots lie already nothing is written: the server's own directory may be another user's.
Result<void> store_anchors(Files& files, const CredentialFiles& where, const std::vector<Bytes>& anchors) {
  std::string roots;
  for (const auto& anchor : anchors) {
    roots += pem::write("CERTIFICATE", anchor);
  }
  const auto present = files.read(where.service_root, kFileMax);
  return present && equal(*present, as_bytes(roots))
             ? Result<void>{}
             : write_atomically(files, where.service_root, as_bytes(roots), Visibility::everyone);
}

/// The request of somebody who keeps his key to himself.
Result<Bytes> given_request(Files& files, const std::string& path) {
  const auto bytes = files.read(path, kFileMax);
  if (!bytes) {
    return fail(bytes.error().code, path + ": " + bytes.error().detail);
  }
  const auto blocks = pem::read(as_text(*bytes), "CERTIFICATE REQUEST");
  return blocks ? blocks->front() : *bytes;
}

}  // namespace

Result<boost::json::object> enroll_service(ApiClient& client, Files& files, const ServiceOrder& order,
                                           const std::vector<Bytes>& anchors) {
  const auto& where = order.files;
  const auto file = [&](const char* ending) { return where.directory / (where.name + ending); };
  BM_CHECK(files.make_directory(where.directory));
  NextCredential next{files, where};
  BM_CHECK(next.settle());
  BM_TRY(const bool certified, files.exists(file(".pem")));
  if (certified && !order.anew) {
    return fail(Code::conflict, where.name + " has a certificate: --anew makes another key and another one");
  }
  const bool made_here = order.csr_file.empty();
  BM_TRY(const bool has_key, files.exists(file(".key")));
  if (!made_here && has_key) {
    return fail(Code::conflict, "the key of " + where.name +
                                    " was made here: a certificate for another one needs a "
                                    "directory of its own");
  }
  Bytes csr;
  if (made_here) {
    BM_TRY(const auto key, next.key());
    BM_TRY(csr, certification_request(key));
  } else {
    BM_TRY(csr, given_request(files, order.csr_file));
  }
  BM_TRY(const auto request, pkcs10::Request::read(csr));
  auto body = order.body;
  body["csr"] = base64::encode(csr);
  BM_TRY(const auto value, client.order(order.target, body));
  BM_TRY(const auto answer, read_answer(value, request.spki()));
  BM_CHECK(store_anchors(files, where, anchors));
  BM_CHECK(made_here ? next.adopt(answer.certificates)
                     : write_atomically(files, file(".pem"), as_bytes(answer.certificates), Visibility::everyone));
  return boost::json::object{
      {"serial", answer.serial}, {"not_after", answer.not_after}, {"directory", where.directory.string()}};
}

}  // namespace birthmark::cli
