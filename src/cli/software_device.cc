// SPDX-License-Identifier: Apache-2.0
#include "cli/software_device.h"

#include "codec/base64.h"
#include "codec/pem.h"
#include "codec/pkcs10.h"
#include "codec/x509.h"

namespace birthmark::cli {
namespace {

Result<Bytes> request_in(BytesView file) {
  if (!as_text(file).starts_with("-----BEGIN ")) {
    return to_bytes(file);
  }
  BM_TRY(const auto blocks, pem::read(as_text(file), "CERTIFICATE REQUEST", {.blocks_max = 1}));
  return blocks.front();
}

}  // namespace

Result<boost::json::value> import_software(ApiClient& client, Files& files, const SoftwareDeviceOrder& order) {
  BM_TRY(const auto csr, request_in(order.csr));
  BM_TRY(const auto request, pkcs10::Request::read(csr));
  BM_TRY(auto answer, client.order("/v1/software-devices", {{"batch", order.batch}, {"csr", base64::encode(csr)}}));
  BM_TRY(auto in, json::Object::of(answer));
  BM_TRY(const auto der, in.base64("certificate", x509::kCertificateMaxBytes));
  BM_TRY(const auto certificate, x509::Certificate::read(der));
  if (!equal(certificate.spki(), request.spki())) {
    return fail(Code::bad_evidence, "the server certified another key than the request's", "software.key");
  }
  if (!order.out.empty()) {
    const auto text = pem::write("CERTIFICATE", der);
    BM_CHECK(write_atomically(files, order.out, as_bytes(text), Visibility::everyone));
    answer.as_object()["file"] = order.out.string();
  }
  return answer;
}

}  // namespace birthmark::cli
