// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "attest/appraise.h"
#include "cli/commands.h"
#include "codec/json.h"

namespace birthmark::cli {

/// Whom an installation trusts, and what a product asks: against these a file is judged as a server would.
struct EvidenceContext {
  attest::Trust trust;
  attest::EvidencePolicy policy;
};

/// A verdict on evidence, for people and programs.
struct EvidenceVerdict {
  bool accepted = false;
  /// verdict, kind, steps (check, clause, outcome, detail); of a refusal: code, check, clause, detail; else claims, and
  /// under `not_judged` what a file cannot show.
  boost::json::object said;
};

/// @param input a request with evidence in it (PEM or DER), an AttestationBundle, a PSA token or another EAT.
/// @param spki of the key that the evidence is for; empty: of the request
EvidenceVerdict judge_evidence(BytesView input, BytesView spki, const Digest& fresh, Instant now,
                               const EvidenceContext& context);

/// `birthmark verify evidence`.
void add_verify_evidence(CLI::App& verify, int& exit_code, const Hooks& hooks);

}  // namespace birthmark::cli
