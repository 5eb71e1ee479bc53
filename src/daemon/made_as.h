// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>

#include "app/hierarchy.h"
#include "app/ports/files.h"
#include "policy/policy.h"

namespace birthmark::daemon {

/// What a registry was made as, for ever, in `<data>/scope` and `<data>/environment`: the environment from the first
/// start on, before any key is made, the scope from `init` on.
struct MadeAs {
  app::Scope scope = app::Scope::batch;  ///< with another one it would issue from CAs that were made to issue nothing
  /// Keys and devices of a development are no production's (AC-03), and simulated roots get into no registry of it.
  policy::Environment environment = policy::Environment::production;
};

/// What the registry was made as; where nothing is written, what is asked for, or scope batch.
/// @error scope: another scope is asked for; test_anchor: made in development, and asked for in production; conflict:
/// the other way round; bad_request: a file names nothing known; storage
Result<MadeAs> made_as(Files& files, const std::filesystem::path& data, std::optional<app::Scope> scope,
                       policy::Environment environment);
/// Each durable on return. @error storage
Result<void> keep_environment(Files& files, const std::filesystem::path& data, policy::Environment environment);
Result<void> keep_scope(Files& files, const std::filesystem::path& data, app::Scope scope);

}  // namespace birthmark::daemon
