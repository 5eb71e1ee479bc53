// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>

#include "app/hierarchy.h"
#include "app/ports/files.h"

namespace birthmark::daemon {

/// How far one manufacturing CA reaches in a registry: a file `scope` in its data directory, from `init` on for ever.
/// A registry that continued with another one would issue from CAs that were made to issue nothing.

/// As `init` wrote it down; where nothing is written, what is asked for, or batch.
/// @error scope: something else is asked for; bad_request: the file names none; storage
Result<app::Scope> settled_scope(Files& files, const std::filesystem::path& data, std::optional<app::Scope> asked);
/// Durable on return. @error storage
Result<void> keep_scope(Files& files, const std::filesystem::path& data, app::Scope scope);

}  // namespace birthmark::daemon
