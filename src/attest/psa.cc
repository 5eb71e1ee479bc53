// SPDX-License-Identifier: Apache-2.0
#include "attest/psa.h"

#include <array>

#include "attest/claim_checks.h"
#include "attest/signed_token.h"

namespace birthmark::attest {
namespace {

/// RFC 9783 §5.2: HMAC is the other half of its list, and refused.
constexpr std::array kAlgorithms{cose::Algorithm::es256, cose::Algorithm::es384, cose::Algorithm::es512};

/// What the steps look at and fill in.
struct Subject {
  SignedToken token;
  const Challenge& challenge;
  const EvidencePolicy& policy;
  const TokenRoots& roots;
  psa::Profiles profiles;
  std::optional<psa::Claims> said;
  std::optional<Claims> claims;
};

Failure structure(Subject& s) {
  return token_is_sign1(s.token, cose::Tags::sign1);
}

Failure algorithm(Subject& s) {
  return token_algorithm_is_allowed(s.token, kAlgorithms);
}

/// Before the signature, since the instance id chooses the key. Nothing of it is believed yet.
Failure form(Subject& s) {
  auto said = psa::read_claims(s.token.message->payload, s.profiles);
  if (!said) {
    return said.error().detail;
  }
  s.said = std::move(*said);
  return std::nullopt;
}

Failure key(Subject& s) {
  return token_key_is_trusted(s.token, s.said->instance_id, s.roots, s.challenge.now);
}

Failure signature(Subject& s) {
  return token_signature_holds(s.token);
}

Failure nonce(Subject& s) {
  return equal_constant_time(s.said->nonce, s.challenge.freshness.get())
             ? std::nullopt
             : Failure{"eat_nonce is not the freshness value of this session"};
}

TokenCaller caller_of(const psa::Claims& said) {
  return said.client_id > 0 ? TokenCaller::secure_world : TokenCaller::any;
}

Failure client(Subject& s) {
  return keys_are_secure(s.said->implementation_id, caller_of(*s.said), s.policy);
}

/// RFC 9783 §4.3.1: in the other states nobody vouches for what the root of trust says.
Failure lifecycle(Subject& s) {
  const auto state = static_cast<SecurityLifecycle>(s.said->lifecycle >> 8);
  return state == SecurityLifecycle::secured || state == SecurityLifecycle::non_rot_debug
             ? std::nullopt
             : Failure{"the device is neither secured nor in debug of its non-secure part"};
}

std::vector<Measurement> measurements_of(const psa::Claims& said) {
  std::vector<Measurement> out;
  for (std::size_t i = 0; i < said.components.size(); ++i) {
    const auto& component = said.components[i];
    out.push_back({.component = component.type.empty() ? "component " + std::to_string(i) : component.type,
                   .digest = component.measurement,
                   .version = component.version,
                   .signer = component.signer_id});
  }
  return out;
}

Failure requested(Subject& s) {
  auto asked = crypto::PublicKey::from_spki(s.challenge.requested_spki);
  if (!asked) {
    return asked.error().detail;
  }
  s.claims = Claims{.kind = EvidenceKind::psa,
                    .hardware = hardware_of(*s.token.signer, s.said->implementation_id, s.said->instance_id),
                    .key = std::move(*asked),
                    .binding = KeyBinding::freshness,
                    .lifecycle = static_cast<SecurityLifecycle>(s.said->lifecycle >> 8),
                    .measurements = measurements_of(*s.said),
                    .freshness = s.challenge.freshness};
  return std::nullopt;
}

Failure hardware(Subject& s) {
  return hardware_is_allowed(*s.claims, s.policy);
}
Failure debug(Subject& s) {
  return debug_gate_holds(*s.claims, s.policy);
}
Failure measurements(Subject& s) {
  return measurements_are_expected(*s.claims, s.said->implementation_id, s.policy);
}
Failure versions(Subject& s) {
  return versions_are_current(*s.claims, s.said->implementation_id, s.policy);
}

constexpr std::array kSteps{
    Step<Subject>{"psa.structure", "RFC 9783 §5.1.1; docs/wire/evidence.md PSA 1", Code::bad_evidence, structure},
    Step<Subject>{"psa.algorithm", "RFC 9783 §5.2; docs/wire/evidence.md PSA 2", Code::bad_evidence, algorithm},
    Step<Subject>{"psa.claims", "RFC 9783 §4; docs/wire/evidence.md PSA 3", Code::bad_evidence, form},
    Step<Subject>{"psa.key", "RFC 9783 §7; docs/wire/evidence.md PSA 4", Code::bad_evidence, key},
    Step<Subject>{"psa.signature", "RFC 9052 §4.4; docs/wire/evidence.md PSA 5", Code::bad_evidence, signature},
    Step<Subject>{"psa.nonce", "RFC 9783 §4.1.1; docs/wire/evidence.md PSA 6", Code::bad_evidence, nonce},
    Step<Subject>{"psa.client", "RFC 9783 §4.1.2; docs/wire/evidence.md PSA 7", Code::policy, client},
    Step<Subject>{"psa.lifecycle", "RFC 9783 §4.3.1; docs/wire/evidence.md PSA 8", Code::bad_evidence, lifecycle},
    Step<Subject>{"psa.requested_key", "docs/wire/evidence.md PSA 9", Code::key_not_attested, requested},
    Step<Subject>{"psa.hardware", "docs/wire/evidence.md PSA 10", Code::policy, hardware},
    Step<Subject>{"psa.debug", "RFC 9783 §4.3.1; docs/wire/evidence.md PSA 11", Code::not_sealed, debug},
    Step<Subject>{"psa.measurements", "RFC 9783 §4.4.1; docs/wire/evidence.md PSA 12", Code::bad_evidence,
                  measurements},
    Step<Subject>{"psa.versions", "docs/wire/evidence.md PSA 13", Code::fw_rollback, versions},
};

}  // namespace

Appraisal appraise_psa(BytesView token, const Challenge& challenge, const EvidencePolicy& policy,
                       const TokenRoots& roots, psa::Profiles profiles) {
  Subject subject{{.bytes = token}, challenge, policy, roots, profiles, {}, {}};
  Appraisal appraisal{walk(std::span<const Step<Subject>>{kSteps}, subject), std::nullopt};
  if (trusted(appraisal.findings)) {
    appraisal.claims = std::move(subject.claims);
  }
  return appraisal;
}

}  // namespace birthmark::attest
