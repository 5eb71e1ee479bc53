// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "adapters/sqlite/connection.h"
#include "base/result.h"

namespace birthmark::sqlite {

inline constexpr int kSchemaVersion = 1;

/// Makes the registry's tables in an empty database, or leads an older schema to this version; docs/wire/schema.md says
/// what each table is for. All in one transaction.
/// @error storage: also where the database was made by a newer version of birthmark, or is somebody else's.
Result<void> prepare_schema(Connection& connection);

}  // namespace birthmark::sqlite
