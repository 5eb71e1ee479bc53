// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "base/result.h"
#include "policy/policy.h"

namespace birthmark::daemon {

/// A product's policy from TOML (docs/wire/policy.md), strictly; an empty text is the default policy.
/// @error bad_request: TOML, an unknown key or name; policy, test_anchor: as policy::check
Result<policy::ProductPolicy> read_policy(std::string_view toml, policy::Environment environment);

}  // namespace birthmark::daemon
