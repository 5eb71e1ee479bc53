// SPDX-License-Identifier: Apache-2.0
#include "attest/csr_evidence.h"

#include "pki/arc.h"

namespace birthmark::attest {
namespace {

constexpr std::string_view kCheck = "csr.attestation";

tl::unexpected<Error> refuse(std::string why) {
  return fail(Code::bad_evidence, std::move(why), "csr.attestation");
}

/// The only statement of a type.
Result<BytesView> only(const csr_attestation::Bundle& bundle, BytesView type) {
  BytesView found;
  for (const auto& statement : bundle.statements) {
    if (equal(statement.type, type)) {
      if (!found.empty()) {
        return refuse("two statements of one type: they may be of two devices");
      }
      found = statement.value;
    }
  }
  return found.empty() ? Result<BytesView>{refuse("a statement is missing")} : Result<BytesView>{found};
}

/// What a reader of src/codec refused, as a refusal of this evidence.
template <class T>
Result<T> as_evidence(Result<T> read) {
  return read ? std::move(read) : Result<T>{refuse(read.error().detail)};
}

Result<TpmEvidence> evidence_in(const pkcs10::Request& request) {
  BM_TRY(const auto bundle, as_evidence(csr_attestation::of(request)));
  if (!bundle) {
    return fail(Code::evidence_missing, "the request carries no evidence", "csr.attestation");
  }
  return tpm_evidence_of(*bundle);
}

}  // namespace

Result<TpmEvidence> tpm_evidence_of(const csr_attestation::Bundle& bundle) {
  for (const auto& statement : bundle.statements) {
    if (!equal(statement.type, pki::arc::tpm_evidence) && !equal(statement.type, csr_attestation::kTpmCertify)) {
      return refuse("a statement of another kind beside those of a TPM: " + oid_text(statement.type));
    }
  }
  BM_TRY(const auto identity_value, only(bundle, pki::arc::tpm_evidence));
  BM_TRY(const auto certify_value, only(bundle, csr_attestation::kTpmCertify));
  BM_TRY(const auto identity, as_evidence(csr_attestation::read_tpm_identity(identity_value)));
  BM_TRY(const auto certify, as_evidence(csr_attestation::read_tpm_certify(certify_value)));
  if (certify.key_public.empty()) {
    return refuse("the public area of the certified key is missing");
  }
  TpmEvidence out{.ek_certificate = to_bytes(identity.ek_certificate),
                  .ek_public = to_bytes(identity.ek_public),
                  .ak_public = to_bytes(identity.ak_public),
                  .key_public = to_bytes(certify.key_public),
                  .parent_public = to_bytes(identity.parent_public),
                  .statement = {to_bytes(certify.attest), to_bytes(certify.signature)},
                  .creation_data = to_bytes(identity.creation_data)};
  for (const auto certificate : bundle.certificates) {
    out.chain.push_back(to_bytes(certificate));
  }
  return out;
}

Appraisal appraise_csr(const pkcs10::Request& request, const Digest& fresh, Instant now, const EvidencePolicy& policy,
                       const VendorTrust& trust) {
  const auto evidence = evidence_in(request);
  if (!evidence) {
    return {.findings = {{.check = std::string{kCheck},
                          .clause = "draft-ietf-lamps-csr-attestation §4",
                          .outcome = Outcome::failed,
                          .code = evidence.error().code,
                          .detail = evidence.error().detail}},
            .claims = {}};
  }
  auto out = appraise_tpm(*evidence, {.freshness = fresh, .requested_spki = request.spki(), .now = now}, policy, trust);
  out.findings.insert(out.findings.begin(), held(kCheck, "draft-ietf-lamps-csr-attestation §4", Code::bad_evidence));
  return out;
}

}  // namespace birthmark::attest
