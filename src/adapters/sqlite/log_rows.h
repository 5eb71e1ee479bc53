// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "audit/log_check.h"
#include "base/result.h"

namespace birthmark::sqlite {

/// The log's rows of a registry, read only: for `birthmark audit verify`, beside a server that runs or without one.
class LogRows {
 public:
  /// @param database registry.db. @error not_found, storage
  static Result<std::unique_ptr<LogRows>> open(const std::filesystem::path& database);
  virtual ~LogRows() = default;
  /// Rows with an index of at least `first`, at most `most`, by index. @error storage
  virtual Result<std::vector<audit::LogRow>> read(std::uint64_t first, std::size_t most) = 0;
};

}  // namespace birthmark::sqlite
