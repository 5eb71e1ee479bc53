// SPDX-License-Identifier: Apache-2.0
#include "cli/verify_evidence.h"

#include <CLI/CLI.hpp>
#include <memory>

#include "adapters/clock/system_clock.h"
#include "cli/claim_words.h"
#include "cli/input_file.h"
#include "cli/output.h"
#include "codec/cose.h"
#include "codec/pkcs10.h"
#include "codec/psa_token.h"

namespace birthmark::cli {
namespace {

/// Evidence, and the key that it came with a request for.
struct Read {
  attest::Evidence evidence;
  Bytes spki;  ///< empty: no request stood around it
};

Result<Read> read_evidence(BytesView input) {
  BM_TRY(const auto der, der_of(input, {"CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"}));
  if (const auto request = pkcs10::Request::read(der)) {
    BM_TRY(auto evidence, attest::evidence_of(*request));
    return Read{std::move(evidence), to_bytes(request->spki())};
  }
  if (const auto bundle = csr_attestation::read(der)) {
    BM_TRY(auto evidence, attest::evidence_of(*bundle));
    return Read{std::move(evidence), {}};
  }
  // Both are COSE_Sign1; which one it is, its profile says.
  const auto message = cose::read_sign1(input, {.tags = cose::Tags::sign1_or_in_cwt});
  const bool is_psa = message && psa::read_claims(message->payload, psa::Profiles::legacy_too).has_value();
  return is_psa ? Read{attest::PsaEvidence{to_bytes(input)}, {}} : Read{attest::EatEvidence{to_bytes(input)}, {}};
}

void add_refusal(boost::json::object& out, const Error& error, std::string_view clause) {
  out["verdict"] = "reject";
  out["code"] = info(error.code).name;
  out["check"] = error.check.empty() ? "evidence" : error.check;
  out["clause"] = clause;
  out["detail"] = error.detail;
}

struct Flags {
  std::string file, trust, policy, fresh, key, time;
  bool development = false;
  bool as_json = false;
  [[nodiscard]] Form form() const { return as_json ? Form::json : Form::words; }
};

/// What stands in flags and files.
struct Case {
  Bytes input, spki;
  Digest fresh;
  Instant now;
  std::unique_ptr<EvidenceContext> context;
};

Result<Case> read_case(const Flags& flags, const Hooks& hooks) {
  Case out;
  BM_TRY(out.input, read_input(flags.file));
  if (!flags.key.empty()) {
    BM_TRY(const auto key, read_input(flags.key));
    BM_TRY(out.spki, der_of(key, {"PUBLIC KEY"}));
  }
  const auto fresh = from_hex(flags.fresh);
  const auto digest = fresh ? octets<32>(*fresh) : std::nullopt;
  if (!digest) {
    return fail(Code::bad_request, "--fresh is 64 hex digits: the freshness value of docs/wire/evidence.md");
  }
  out.fresh = Digest{*digest};
  out.now = SystemClock{}.now();
  if (!flags.time.empty()) {
    const auto time = from_rfc3339(flags.time);
    if (!time) {
      return fail(Code::bad_request, "--time is RFC 3339 in UTC, as 2027-06-01T00:00:00Z");
    }
    out.now = *time;
  }
  Bytes policy;
  if (!flags.policy.empty()) {
    BM_TRY(policy, read_input(flags.policy));
  }
  if (!hooks.read_context) {
    return fail(Code::unavailable, "this program reads no trust");
  }
  BM_TRY(out.context, hooks.read_context({.trust_directory = flags.trust,
                                          .policy_toml = as_text(policy),
                                          .development = flags.development,
                                          .now = out.now}));
  return out;
}

int run(const Flags& flags, const Hooks& hooks) {
  const auto asked = read_case(flags, hooks);
  if (!asked) {
    return complain(asked.error(), flags.form(), asked.error().code == Code::bad_request ? kUsage : kEnvironment);
  }
  const auto verdict = judge_evidence(asked->input, asked->spki, asked->fresh, asked->now, *asked->context);
  if (flags.as_json) {
    print_line(verdict.said);
  } else {
    print_members(verdict.said);
  }
  return verdict.accepted ? kDone : kRefused;
}

}  // namespace

EvidenceVerdict judge_evidence(BytesView input, BytesView spki, const Digest& fresh, Instant now,
                               const EvidenceContext& context) {
  EvidenceVerdict out;
  const auto read = read_evidence(input);
  if (!read) {
    add_refusal(out.said, read.error(), "docs/wire/evidence.md, BUNDLE");
    return out;
  }
  const auto kind = attest::kind_of(read->evidence);
  const auto appraisal = attest::appraise(
      read->evidence, {.freshness = fresh, .requested_spki = spki.empty() ? BytesView{read->spki} : spki, .now = now},
      context.policy, context.trust);
  const auto holds = attest::verdict(appraisal.findings);
  out.accepted = holds && appraisal.claims;
  out.said["verdict"] = "accept";
  out.said["kind"] = attest::name(kind);
  if (!holds) {
    const auto failed = std::ranges::find(appraisal.findings, attest::Outcome::failed, &attest::Finding::outcome);
    add_refusal(out.said, holds.error(), failed == appraisal.findings.end() ? "" : std::string_view{failed->clause});
  }
  out.said["steps"] = words_of(appraisal.findings);
  if (out.accepted) {
    out.said["claims"] = words_of(*appraisal.claims);
    out.said["not_judged"] = kind == attest::EvidenceKind::tpm
                                 ? boost::json::array{"activation: that the two keys live in one TPM, no file shows"}
                                 : boost::json::array{};
  }
  return out;
}

void add_verify_evidence(CLI::App& verify, int& exit_code, const Hooks& hooks) {
  auto* const command = verify.add_subcommand("evidence", "does this evidence prove its hardware and key?");
  const auto flags = std::make_shared<Flags>();
  command->add_option("--trust", flags->trust, "directory with vendors.toml")->required();
  command->add_option("--policy", flags->policy, "a product's policy, TOML; none: the default one");
  command->add_option("--fresh", flags->fresh, "the freshness value that was asked for, hex")->required();
  command->add_option("--key", flags->key, "public key that the evidence is for, PEM or DER; none: of the request");
  command->add_option("--time", flags->time, "when to verify, RFC 3339; none: now");
  command->add_flag("--dev", flags->development, "as a server in development would: simulated roots may be pinned");
  command->add_option("file", flags->file, "request or AttestationBundle (PEM, DER), PSA token or EAT; - for input")
      ->required();
  command->add_flag("--json", flags->as_json, "one JSON object on standard output");
  command->callback([flags, hooks, &exit_code] { exit_code = run(*flags, hooks); });
}

}  // namespace birthmark::cli
