// SPDX-License-Identifier: Apache-2.0
#include "agent/device/certificates.h"

#include <optional>

#include "crypto/keys.h"

namespace birthmark::agent {
namespace {

Result<void> check_issued(const x509::Certificate& child, const x509::Certificate& issuer) {
  if (!equal(child.issuer(), issuer.subject())) {
    return fail(Code::bad_request, "issued under another name than the next one's");
  }
  BM_TRY(const auto constraints, x509::basic_constraints(issuer.extensions()));
  if (!constraints || !constraints->is_ca) {
    return fail(Code::bad_request, "issued by a certificate that is no CA's");
  }
  const auto scheme = crypto::scheme_of(child.signature_algorithm());
  BM_TRY(const auto key, crypto::PublicKey::from_spki(issuer.spki()));
  return scheme && key.verify(*scheme, child.tbs(), child.signature())
             ? Result<void>{}
             : fail(Code::bad_request, "its signature does not verify by the next one's key");
}

}  // namespace

Result<std::vector<x509::Certificate>> read_certificates(std::span<const Bytes> ders) {
  std::vector<x509::Certificate> out;
  for (const auto& der : ders) {
    BM_TRY(auto certificate, x509::Certificate::read(der));
    out.push_back(std::move(certificate));
  }
  return out;
}

Result<void> check_issued_in_order(std::span<const x509::Certificate> path) {
  for (std::size_t i = 0; i + 1 < path.size(); ++i) {
    if (const auto done = check_issued(path[i], path[i + 1]); !done) {
      return fail(done.error().code, "certificate " + std::to_string(i) + " of the path: " + done.error().detail);
    }
  }
  return {};
}

}  // namespace birthmark::agent
