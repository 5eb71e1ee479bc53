// SPDX-License-Identifier: Apache-2.0
#include "attest/software.h"

#include <algorithm>
#include <array>

#include "attest/chain_link.h"
#include "attest/claim_checks.h"

namespace birthmark::attest {
namespace {

struct Subject {
  const SoftwareEvidence& evidence;
  const Challenge& challenge;
  const EvidencePolicy& policy;
  std::optional<crypto::PublicKey> key = {};
  std::optional<Claims> claims = {};
};

/// An empty list allows every pinned vendor; for a software root nothing is pinned, so it must be named.
Failure named(Subject& s) {
  return std::ranges::find(s.policy.vendors, kSoftwareVendor) != s.policy.vendors.end()
             ? std::nullopt
             : Failure{"a software root, and the policy does not name it"};
}

Failure key(Subject& s) {
  auto key = crypto::PublicKey::from_spki(s.evidence.spki);
  if (!key) {
    return key.error().detail;
  }
  s.key = std::move(*key);
  return std::nullopt;
}

Failure requested(Subject& s) {
  return equal(s.key->spki(), s.challenge.requested_spki)
             ? std::nullopt
             : Failure{"the request is for another key than the one that answers"};
}

Failure signature(Subject& s) {
  if (auto failure = signed_freshness(*s.key, s.challenge.freshness, s.evidence.signature)) {
    return failure;
  }
  s.claims = Claims{.kind = EvidenceKind::software,
                    .hardware = {.public_identity = to_bytes(s.key->spki()),
                                 .listed_as = s.key->spki_sha256(),
                                 .vendor = std::string{kSoftwareVendor},
                                 .anchor_class = AnchorClass::simulated},
                    .key = *s.key,
                    .binding = KeyBinding::possession,
                    .freshness = s.challenge.freshness};
  return std::nullopt;
}

Failure debug(Subject& s) {
  return debug_gate_holds(*s.claims, s.policy);
}

constexpr std::array kSteps{
    Step<Subject>{"software.named", "design rule 2; docs/wire/evidence.md SOFTWARE 1", Code::policy, named},
    Step<Subject>{"software.public", "docs/wire/evidence.md SOFTWARE 2", Code::bad_evidence, key},
    Step<Subject>{"software.requested_key", "docs/wire/evidence.md SOFTWARE 3", Code::key_not_attested, requested},
    Step<Subject>{"software.signature", "docs/wire/evidence.md SOFTWARE 4", Code::bad_evidence, signature},
    Step<Subject>{"software.debug", "docs/wire/evidence.md SOFTWARE 5", Code::not_sealed, debug},
};

}  // namespace

Appraisal appraise_software(const SoftwareEvidence& evidence, const Challenge& challenge,
                            const EvidencePolicy& policy) {
  Subject subject{evidence, challenge, policy};
  Appraisal appraisal{walk(std::span<const Step<Subject>>{kSteps}, subject), std::nullopt};
  if (trusted(appraisal.findings)) {
    appraisal.claims = std::move(subject.claims);
  }
  return appraisal;
}

}  // namespace birthmark::attest
