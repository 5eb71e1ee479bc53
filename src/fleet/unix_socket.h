// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "base/result.h"
#include "fleet/process.h"

namespace birthmark::fleet {

/// A Unix socket that listens at `path`, in place of one that was there: clients need not wait for whoever serves it.
/// @error unavailable: the path is too long, or cannot be used
Result<Descriptor> listen_at(const std::filesystem::path& path, int backlog);

}  // namespace birthmark::fleet
