// SPDX-License-Identifier: Apache-2.0
#include "agent/hardware/evidence_bundle.h"

#include "codec/cmw.h"
#include "codec/csr_attestation.h"
#include "codec/der.h"
#include "codec/psa_token.h"
#include "pki/arc.h"

namespace birthmark::agent {
namespace {

Result<BundleProof> only_statement(BytesView type, BytesView value) {
  BM_TRY(auto bundle, csr_attestation::write({.statements = {{type, value}}, .certificates = {}}));
  return BundleProof{std::move(bundle)};
}

}  // namespace

Result<BundleProof> psa_bundle(BytesView token) {
  const auto record = cmw::write(cmw::Record{std::string{psa::kMediaType}, to_bytes(token)});
  der::Writer octets;
  octets.octet_string(record);
  return only_statement(csr_attestation::kPeCmw, std::move(octets).finish());
}

Result<BundleProof> dice_bundle(BytesView answer) {
  return only_statement(pki::arc::dice_evidence, answer);
}

Result<BundleProof> element_bundle(const hardware_answer::Element& answer) {
  return only_statement(pki::arc::element_evidence, hardware_answer::write(answer));
}

Result<BundleProof> listed_bundle(const hardware_answer::Listed& answer) {
  return only_statement(pki::arc::listed_evidence, hardware_answer::write(answer));
}

}  // namespace birthmark::agent
