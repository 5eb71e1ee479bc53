// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "codec/x509.h"
#include "pki/tbs.h"

namespace birthmark::pki {

/// What a lint looks at: the certificate read back from the bytes that are to be signed, and what was meant.
struct LintInput {
  const x509::Certificate& certificate;  ///< with a placeholder in place of the signature
  const Profile& profile;
  const Issuer& issuer;
  const std::vector<x509::NameAttribute> subject = certificate.subject_attributes();
};

/// One house rule for certificates. `holds` is pure.
struct Lint {
  std::string_view name;
  std::string_view clause;
  bool (*holds)(const LintInput&);
};

std::span<const Lint> lints();

/// Reads the to-be-signed bytes back with our strict reader and runs every lint; nothing unlinted is signed.
/// @error scope: a rule does not hold; `check` names it. bad_request: our own reader refuses our own bytes.
Result<void> lint(BytesView tbs, const Issuer& issuer, ProfileId profile);

}  // namespace birthmark::pki
