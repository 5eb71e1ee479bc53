// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "adapters/sqlite/connection.h"
#include "base/result.h"

namespace birthmark::sqlite {

inline constexpr int kSchemaVersion = 4;

/// Makes the registry's tables in an empty database, in one transaction; docs/wire/schema.md says what each is for.
/// @error storage: also where the database has another schema version, or is somebody else's.
Result<void> prepare_schema(Connection& connection);

}  // namespace birthmark::sqlite
