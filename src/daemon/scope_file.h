// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>

#include "app/hierarchy.h"
#include "app/ports/files.h"

namespace birthmark::daemon {

/// How far one manufacturing CA reaches in this registry, as `init` wrote it into `<data>/scope`, for ever: with
/// another one it would issue from CAs that were made to issue nothing. Where nothing is written, what is asked for, or
/// batch.
/// @error scope: something else is asked for; bad_request: the file names none; storage
Result<app::Scope> settled_scope(Files& files, const std::filesystem::path& data, std::optional<app::Scope> asked);
/// Durable on return. @error storage
Result<void> keep_scope(Files& files, const std::filesystem::path& data, app::Scope scope);

}  // namespace birthmark::daemon
