// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "attest/tpm_appraisal.h"
#include "codec/csr_attestation.h"
#include "codec/pkcs10.h"

namespace birthmark::attest {

/// The evidence of a TPM that stands in a bundle: exactly one statement that identifies the TPM (birthmark's type), and
/// exactly one of TPM2_Certify. A second of either, or a statement of another root, would be about another device or
/// about none that can be compared, so it is refused rather than passed over.
/// @error bad_evidence with check "csr.attestation"
Result<TpmEvidence> tpm_evidence_of(const csr_attestation::Bundle& bundle);

/// Appraises the evidence of a request, about the key of that request and no other. The request's own signature is for
/// `pki::judge_csr`.
/// @param fresh the value that was given out for this request
Appraisal appraise_csr(const pkcs10::Request& request, const Digest& fresh, Instant now, const EvidencePolicy& policy,
                       const VendorTrust& trust);

}  // namespace birthmark::attest
