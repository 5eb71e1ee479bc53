// SPDX-License-Identifier: Apache-2.0
#include "attest/appraise.h"

#include "attest/eat.h"
#include "attest/psa.h"

namespace birthmark::attest {
namespace {

/// Calls the appraisal of each kind.
struct Judge {
  const Challenge& challenge;
  const EvidencePolicy& policy;
  const Trust& trust;
  const KindRules& rules;

  [[nodiscard]] TokenRoots token_roots() const { return {trust.token_instances, trust.token_issuers}; }

  Appraisal operator()(const TpmEvidence& evidence) const {
    return appraise_tpm(evidence, challenge, policy, trust.tpm);
  }
  Appraisal operator()(const PsaEvidence& evidence) const {
    return appraise_psa(evidence.token, challenge, policy, token_roots());
  }
  Appraisal operator()(const EatEvidence& evidence) const {
    return appraise_eat(evidence.token, challenge, policy, token_roots());
  }
  Appraisal operator()(const DiceEvidence& evidence) const {
    return appraise_dice(evidence, trust.dice, challenge, policy, rules.dice);
  }
  Appraisal operator()(const ListedElement& evidence) const {
    return appraise_listed_element(evidence, trust.manifests, challenge, policy);
  }
  Appraisal operator()(const AttestedElement& evidence) const {
    return appraise_attested_element(evidence, trust.elements, challenge, policy);
  }
  Appraisal operator()(const SoftwareEvidence& evidence) const {
    return appraise_software(evidence, challenge, policy);
  }
  Appraisal operator()(const MatterAnswer& answer) const {
    return appraise_matter(answer.evidence, answer.session_challenge, trust.matter, challenge, policy, rules.matter);
  }
};

struct KindOf {
  EvidenceKind operator()(const TpmEvidence&) const { return EvidenceKind::tpm; }
  EvidenceKind operator()(const PsaEvidence&) const { return EvidenceKind::psa; }
  EvidenceKind operator()(const EatEvidence&) const { return EvidenceKind::eat; }
  EvidenceKind operator()(const DiceEvidence&) const { return EvidenceKind::dice; }
  EvidenceKind operator()(const ListedElement&) const { return EvidenceKind::secure_element; }
  EvidenceKind operator()(const AttestedElement&) const { return EvidenceKind::secure_element; }
  EvidenceKind operator()(const SoftwareEvidence&) const { return EvidenceKind::software; }
  EvidenceKind operator()(const MatterAnswer&) const { return EvidenceKind::matter; }
};

}  // namespace

Appraisal appraise(const Evidence& evidence, const Challenge& challenge, const EvidencePolicy& policy,
                   const Trust& trust, const KindRules& rules) {
  return std::visit(Judge{challenge, policy, trust, rules}, evidence);
}

EvidenceKind kind_of(const Evidence& evidence) {
  return std::visit(KindOf{}, evidence);
}

}  // namespace birthmark::attest
