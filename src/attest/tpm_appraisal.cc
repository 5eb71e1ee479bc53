// SPDX-License-Identifier: Apache-2.0
#include "attest/tpm_appraisal.h"

#include <array>
#include <iterator>

#include "attest/claim_checks.h"
#include "attest/endorsement.h"

namespace birthmark::attest {
namespace {

/// What the last steps look at: PCRs stand for the whole machine, so no reference value is of an environment.
struct Subject {
  const Claims& claims;
  const EvidencePolicy& policy;
};

Failure hardware(Subject& s) {
  return hardware_is_allowed(s.claims, s.policy);
}
Failure measurements(Subject& s) {
  return measurements_are_expected(s.claims, {}, s.policy);
}
Failure debug(Subject& s) {
  return debug_gate_holds(s.claims, s.policy);
}

constexpr std::array kSteps{
    Step<Subject>{"tpm.hardware", "attestation policy: vendors, models", Code::policy, hardware},
    Step<Subject>{"tpm.measurements", "RFC 9334 §8.5; attestation policy: reference values", Code::bad_evidence,
                  measurements},
    Step<Subject>{"tpm.debug", "attestation policy: debug", Code::not_sealed, debug},
};

/// Findings of one part after those of another. @return whether all of the part passed
bool go_on(Findings& all, Findings part) {
  const bool good = trusted(part);
  std::ranges::move(part, std::back_inserter(all));
  return good;
}

/// What a reader refused, as a finding.
Finding unreadable(const Error& error) {
  return {.check = error.check,
          .clause = "docs/wire/evidence.md EK",
          .outcome = Outcome::failed,
          .code = error.code,
          .detail = error.detail};
}

/// "pcr 7" of the first bank that is selected, with the bank's name in front for any other.
std::vector<Measurement> measured(const tpm::PcrSelection& selection, const std::vector<Bytes>& values) {
  std::vector<Measurement> out;
  for (const auto& bank : selection) {
    const auto bits = std::to_string(8 * tpm::digest_size(bank.hash));
    for (std::size_t pcr = 0; pcr < tpm::kPcrCount; ++pcr) {
      if ((bank.pcrs >> pcr & 1U) != 0) {
        const auto name = "pcr " + std::to_string(pcr);
        out.push_back({&bank == &selection.front() ? name : "sha" + bits + " " + name, values[out.size()]});
      }
    }
  }
  return out;
}

Claims claims_of(EndorsedChip chip, StatementAppraisal statement, const Challenge& challenge) {
  return {.kind = EvidenceKind::tpm,
          .hardware = {.public_identity = std::move(chip.spki),
                       .listed_as = chip.certificate_hash,
                       .vendor = std::move(chip.vendor),
                       .anchor_class = chip.anchor_class,
                       .model = std::move(chip.model),
                       .version = std::move(chip.version),
                       .serial = std::move(chip.hardware_serial)},
          .key = std::move(*statement.certified),
          .binding = KeyBinding::statement,
          .origin = KeyOrigin::generated_inside,
          .freshness = challenge.freshness,
          .boots = BootCounters{statement.claims->clock.reset_count, statement.claims->clock.restart_count}};
}

StatementAppraisal appraise_statement(const TpmEvidence& evidence, const Challenge& challenge) {
  return appraise_key_statement(evidence.statement, {.ak_public = evidence.ak_public,
                                                     .key_public = evidence.key_public,
                                                     .parent_public = evidence.parent_public,
                                                     .freshness = challenge.freshness,
                                                     .requested_spki = challenge.requested_spki,
                                                     .creation_data = evidence.creation_data});
}

/// An absent quote fails as one that cannot be read.
StatementAppraisal appraise_asked(const TpmEvidence& evidence, const Challenge& challenge,
                                  const tpm::PcrSelection& asked) {
  static const TpmQuote nothing;
  const auto& quote = evidence.quote ? *evidence.quote : nothing;
  return appraise_quote(quote.statement, evidence.ak_public, challenge.freshness,
                        {.selection = asked, .values = quote.pcr_values, .event_log = quote.event_log});
}

}  // namespace

Appraisal appraise_tpm(const TpmEvidence& evidence, const Challenge& challenge, const EvidencePolicy& policy,
                       const VendorTrust& trust, const tpm::PcrSelection& asked) {
  Appraisal out;
  const auto endorsement = read_endorsement(evidence.ek_certificate, evidence.chain, evidence.ek_public);
  if (!endorsement) {
    out.findings.push_back(unreadable(endorsement.error()));
    return out;
  }
  auto chip = appraise_endorsement(*endorsement, trust, challenge.now);
  if (!go_on(out.findings, std::move(chip.findings))) {
    return out;
  }
  auto statement = appraise_statement(evidence, challenge);
  if (!go_on(out.findings, std::move(statement.findings))) {
    return out;
  }
  auto claims = claims_of(std::move(*chip.chip), std::move(statement), challenge);
  if (!asked.empty()) {
    auto quote = appraise_asked(evidence, challenge, asked);
    if (!go_on(out.findings, std::move(quote.findings))) {
      return out;
    }
    claims.measurements = measured(asked, evidence.quote->pcr_values);
  }
  Subject subject{claims, policy};
  if (go_on(out.findings, walk(std::span<const Step<Subject>>{kSteps}, subject))) {
    out.claims = std::move(claims);
  }
  return out;
}

}  // namespace birthmark::attest
