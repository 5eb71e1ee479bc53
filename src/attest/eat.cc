// SPDX-License-Identifier: Apache-2.0
#include "attest/eat.h"

#include <algorithm>
#include <array>

#include "attest/claim_checks.h"
#include "attest/signed_token.h"
#include "codec/eat.h"
#include "codec/psa_token.h"
#include "crypto/hash.h"

namespace birthmark::attest {
namespace {

constexpr std::array kAlgorithms{cose::Algorithm::es256, cose::Algorithm::es384, cose::Algorithm::es512,
                                 cose::Algorithm::eddsa};

/// What the steps look at and fill in.
struct Subject {
  SignedToken token;
  const Challenge& challenge;
  const EvidencePolicy& policy;
  const TokenRoots& roots;
  std::optional<eat::Claims> said;
  std::optional<Claims> claims;
};

Failure structure(Subject& s) {
  return token_is_sign1(s.token, cose::Tags::sign1_or_in_cwt);
}

Failure algorithm(Subject& s) {
  return token_algorithm_is_allowed(s.token, kAlgorithms);
}

/// A PSA token is an EAT as well; judged as one, it would be judged by less.
bool is_psa(const eat::Claims& said) {
  const auto* const text = said.profile ? std::get_if<std::string>(&*said.profile) : nullptr;
  return text != nullptr && (*text == psa::name(psa::Profile::rfc9783) || *text == psa::name(psa::Profile::arm_2) ||
                             *text == psa::name(psa::Profile::iot_1));
}

/// RFC 9711 §4.2.9.4: of "disabled permanently" only a maker can make something else, and oemid says which; nothing is
/// inherited by a part.
bool hides_its_maker(const eat::Claims& said) {
  const auto permanently = static_cast<std::uint8_t>(DebugState::disabled_permanently);
  return (said.debug == permanently && !said.oemid) ||
         std::ranges::any_of(said.submodules, [](const eat::Submodule& submodule) {
           return submodule.claims() != nullptr && hides_its_maker(*submodule.claims());
         });
}

/// Before the signature, since the ueid chooses the key. Nothing of it is believed yet.
Failure form(Subject& s) {
  auto said = eat::read_claims(s.token.message->payload);
  if (!said) {
    return said.error().detail;
  }
  if (is_psa(*said)) {
    return "it is a PSA token";
  }
  if (!said->ueid) {
    return "no ueid";
  }
  if (hides_its_maker(*said)) {
    return "dbgstat 3 lets the maker debug, and no oemid says who that is";
  }
  s.said = std::move(*said);
  return std::nullopt;
}

Failure key(Subject& s) {
  return token_key_is_trusted(s.token, *s.said->ueid, s.roots, s.challenge.now);
}

Failure signature(Subject& s) {
  return token_signature_holds(s.token);
}

Failure nonce(Subject& s) {
  return s.said->nonces.size() == 1 && equal_constant_time(s.said->nonces.front(), s.challenge.freshness.get())
             ? std::nullopt
             : Failure{"eat_nonce is not the freshness value of this session, alone"};
}

Failure validity(Subject& s) {
  if (s.said->expires && s.challenge.now >= *s.said->expires) {
    return "the token has expired";
  }
  return s.said->not_before && s.challenge.now < *s.said->not_before ? Failure{"the token is not valid yet"}
                                                                     : std::nullopt;
}

BytesView environment_of(const eat::Claims& said) {
  return said.hardware_model ? BytesView{*said.hardware_model} : BytesView{};
}

/// An EAT does not say who asked for it.
Failure secure_keys(Subject& s) {
  return keys_are_secure(environment_of(*s.said), TokenCaller::any, s.policy);
}

/// What the device itself found wrong is wrong, in whichever part.
bool has_failed(const eat::Claims& said) {
  return std::ranges::any_of(said.results,
                             [](const eat::MeasurementResult& r) { return r.result == eat::Comparison::fail; }) ||
         std::ranges::any_of(said.submodules, [](const eat::Submodule& submodule) {
           return submodule.claims() != nullptr && has_failed(*submodule.claims());
         });
}

Failure results(Subject& s) {
  return has_failed(*s.said) ? Failure{"the device says itself that a measurement is not what it should be"}
                             : std::nullopt;
}

/// The least closed state of all parts that report one.
std::uint8_t lowest(std::uint8_t debug, const std::vector<eat::Submodule>& submodules) {
  for (const auto& submodule : submodules) {
    if (const auto* const claims = submodule.claims()) {
      debug = lowest(std::min(debug, claims->debug.value_or(debug)), claims->submodules);
    }
  }
  return debug;
}

/// RFC 9711 §4.2.9: nothing is inherited. A part that the policy names and that does not report its own state leaves
/// the whole unreported.
Claim<DebugState> debug_of(const eat::Claims& said, const EvidencePolicy& policy) {
  const bool all_report = std::ranges::all_of(policy.submodules, [&](const std::string& name) {
    const auto* const submodule = said.submodule(name);
    return submodule != nullptr && submodule->claims() != nullptr && submodule->claims()->debug;
  });
  if (!said.debug || !all_report) {
    return std::nullopt;
  }
  return static_cast<DebugState>(lowest(*said.debug, said.submodules));
}

/// The digest, where it is of an algorithm that is known by this number of COSE (RFC 9054 §2.1).
bool is_known_digest(const eat::DetachedDigest& detached) {
  const auto* const number = std::get_if<std::int64_t>(&detached.algorithm);
  constexpr std::int64_t kSha256 = -16, kSha384 = -43, kSha512 = -44;
  return number != nullptr &&
         ((*number == kSha256 && detached.digest.size() == 32) ||
          (*number == kSha384 && detached.digest.size() == 48) || (*number == kSha512 && detached.digest.size() == 64));
}

/// Documents by their SHA-256, detached claims sets by their digest; a submodule's under its own name.
void add_measurements(const eat::Claims& said, const std::string& prefix, std::vector<Measurement>& out) {
  for (std::size_t i = 0; i < said.measurements.size(); ++i) {
    const auto digest = crypto::sha256(said.measurements[i].document);
    out.push_back({.component = prefix + "measurements[" + std::to_string(i) + "]",
                   .digest = to_bytes(digest.get()),
                   .version = said.software_version.value_or("")});
  }
  for (const auto& submodule : said.submodules) {
    const auto* const detached = std::get_if<eat::DetachedDigest>(&submodule.content);
    if (detached != nullptr && is_known_digest(*detached)) {
      out.push_back({.component = prefix + submodule.name, .digest = detached->digest});
    } else if (const auto* const claims = submodule.claims()) {
      add_measurements(*claims, prefix + submodule.name + "/", out);
    }
  }
}

Claim<std::vector<Measurement>> measurements_of(const eat::Claims& said) {
  std::vector<Measurement> out;
  add_measurements(said, "", out);
  return out.empty() ? std::nullopt : Claim<std::vector<Measurement>>{std::move(out)};
}

Failure requested(Subject& s) {
  auto asked = crypto::PublicKey::from_spki(s.challenge.requested_spki);
  if (!asked) {
    return asked.error().detail;
  }
  auto hardware = hardware_of(*s.token.signer, environment_of(*s.said), *s.said->ueid);
  hardware.version = s.said->hardware_version.value_or("");
  s.claims = Claims{.kind = EvidenceKind::eat,
                    .hardware = std::move(hardware),
                    .key = std::move(*asked),
                    .binding = KeyBinding::freshness,
                    .debug = debug_of(*s.said, s.policy),
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
  return measurements_are_expected(*s.claims, environment_of(*s.said), s.policy);
}
Failure versions(Subject& s) {
  return versions_are_current(*s.claims, environment_of(*s.said), s.policy);
}

constexpr std::array kSteps{
    Step<Subject>{"eat.structure", "RFC 9711 §6.3; docs/wire/evidence.md EAT 1", Code::bad_evidence, structure},
    Step<Subject>{"eat.algorithm", "RFC 9053 §2; docs/wire/evidence.md EAT 2", Code::bad_evidence, algorithm},
    Step<Subject>{"eat.claims", "RFC 9711 §4; docs/wire/evidence.md EAT 3", Code::bad_evidence, form},
    Step<Subject>{"eat.key", "RFC 9711 §6.3.9; docs/wire/evidence.md EAT 4", Code::bad_evidence, key},
    Step<Subject>{"eat.signature", "RFC 9052 §4.4; docs/wire/evidence.md EAT 5", Code::bad_evidence, signature},
    Step<Subject>{"eat.nonce", "RFC 9711 §4.1; docs/wire/evidence.md EAT 6", Code::bad_evidence, nonce},
    Step<Subject>{"eat.validity", "RFC 8392 §3.1; docs/wire/evidence.md EAT 7", Code::bad_evidence, validity},
    Step<Subject>{"eat.secure_keys", "docs/wire/evidence.md EAT 8", Code::policy, secure_keys},
    Step<Subject>{"eat.results", "RFC 9711 §4.2.17; docs/wire/evidence.md EAT 9", Code::bad_evidence, results},
    Step<Subject>{"eat.requested_key", "docs/wire/evidence.md EAT 10", Code::key_not_attested, requested},
    Step<Subject>{"eat.hardware", "docs/wire/evidence.md EAT 11", Code::policy, hardware},
    Step<Subject>{"eat.debug", "RFC 9711 §4.2.9; docs/wire/evidence.md EAT 12", Code::not_sealed, debug},
    Step<Subject>{"eat.measurements", "RFC 9711 §4.2.16; docs/wire/evidence.md EAT 13", Code::bad_evidence,
                  measurements},
    Step<Subject>{"eat.versions", "docs/wire/evidence.md EAT 14", Code::fw_rollback, versions},
};

}  // namespace

Appraisal appraise_eat(BytesView token, const Challenge& challenge, const EvidencePolicy& policy,
                       const TokenRoots& roots) {
  Subject subject{{.bytes = token}, challenge, policy, roots, {}, {}};
  Appraisal appraisal{walk(std::span<const Step<Subject>>{kSteps}, subject), std::nullopt};
  if (trusted(appraisal.findings)) {
    appraisal.claims = std::move(subject.claims);
  }
  return appraisal;
}

}  // namespace birthmark::attest
