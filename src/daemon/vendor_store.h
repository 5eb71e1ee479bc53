// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "app/ports/files.h"
#include "attest/appraise.h"
#include "policy/policy.h"

namespace birthmark::daemon {

/// Reads the pinned silicon vendors of every kind of root, their CRLs, lists and keys, and our denials from
/// `<directory>/vendors.toml` and the files that it names (docs/wire/policy.md); none: nobody is trusted. In production
/// no simulated anchor may be configured (AC-03).
/// @param now what manifests must be in date at
/// @error bad_request: TOML, an unknown key, an unreadable certificate or CRL; ek_untrusted: a CRL of nobody pinned;
/// test_anchor: a simulated anchor in production; storage, not_found: a file
Result<attest::Trust> read_vendors(Files& files, const std::filesystem::path& directory,
                                   policy::Environment environment, Instant now);

}  // namespace birthmark::daemon
