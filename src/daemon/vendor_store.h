// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "app/ports/files.h"
#include "attest/vendor_trust.h"
#include "policy/policy.h"

namespace birthmark::daemon {

/// Reads the pinned silicon vendors from `<directory>/vendors.toml` and the PEM files that it names; none: nobody is
/// trusted. In production no simulated anchor may be configured (AC-03).
/// @error bad_request: TOML, an unknown key, an unreadable certificate; test_anchor: a simulated one in production;
/// storage
Result<attest::VendorTrust> read_vendors(Files& files, const std::filesystem::path& directory,
                                         policy::Environment environment);

}  // namespace birthmark::daemon
