// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <variant>

#include "attest/appraisal.h"
#include "attest/dice.h"
#include "attest/manifest.h"
#include "attest/matter.h"
#include "attest/secure_element.h"
#include "attest/software.h"
#include "attest/token_trust.h"
#include "attest/tpm_appraisal.h"
#include "codec/csr_attestation.h"
#include "codec/pkcs10.h"

namespace birthmark::attest {

/// A token as it came.
struct PsaEvidence {
  Bytes token;
};
struct EatEvidence {
  Bytes token;
};
/// A Matter attestation response, and the challenge of its session.
struct MatterAnswer {
  MatterEvidence evidence;
  Octets<16> session_challenge{};
};

/// Evidence of any kind, read but not believed.
using Evidence = std::variant<TpmEvidence, PsaEvidence, EatEvidence, DiceEvidence, ListedElement, AttestedElement,
                              SoftwareEvidence, MatterAnswer>;

/// Whom each kind is believed: what is pinned for one kind says nothing of another. Immutable once made.
struct Trust {
  VendorTrust tpm;
  TokenTrust token_instances;
  VendorTrust token_issuers;
  DiceTrust dice;
  ElementTrust elements;
  ManifestSet manifests;
  MatterTrust matter;
};

/// What a kind asks besides the policy.
struct KindRules {
  DiceRules dice = {};
  MatterRules matter = {};
};

/// Judges evidence of any kind by the steps of its own page of docs/wire/evidence.md; the claims are the same for all.
/// Of a TPM nothing is believed before its activation (ACTIVATION).
Appraisal appraise(const Evidence& evidence, const Challenge& challenge, const EvidencePolicy& policy,
                   const Trust& trust, const KindRules& rules = {});

EvidenceKind kind_of(const Evidence& evidence);

/// Media type of a token in a bundle that is no PSA token (RFC 9782 §3).
inline constexpr std::string_view kEatMediaType = "application/eat+cwt";

/// The evidence that stands in a bundle (docs/wire/evidence.md BUNDLE): one answer of one piece of hardware. A second
/// statement would be about another device, or about none that can be compared, so it is refused and not passed over.
/// @error bad_evidence with check "csr.attestation"
Result<Evidence> evidence_of(const csr_attestation::Bundle& bundle);
/// The evidence that stands in a request. @error as above; evidence_missing: it carries none
Result<Evidence> evidence_of(const pkcs10::Request& request);

}  // namespace birthmark::attest
