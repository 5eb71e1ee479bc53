// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "adapters/files/posix_files.h"
#include "adapters/sqlite/log_rows.h"
#include "audit/log_check.h"

namespace birthmark::cli {

/// A published log in a directory, and optionally the rows of the database behind it.
class DirectoryLog final : public audit::LogSource {
 public:
  DirectoryLog(Files& files, std::filesystem::path directory) : files_{files}, directory_{std::move(directory)} {}
  /// From here on the rows are compared as well. The registry drops rows whose bundles are durable, always whole
  /// bundles from the front: those are taken from the bundle, and `rows_from` says where the comparison begins.
  /// @param size of the log. @error storage
  Result<void> compare_with(std::unique_ptr<sqlite::LogRows> rows, std::uint64_t size);
  [[nodiscard]] std::uint64_t rows_from() const { return rows_from_; }

  Result<std::string> checkpoint() override;
  Result<Bytes> tile(const audit::TileName& name) override;
  [[nodiscard]] bool has_rows() const override { return rows_ != nullptr; }
  Result<std::vector<audit::LogRow>> rows(std::uint64_t first, std::size_t most) override;

 private:
  Files& files_;
  const std::filesystem::path directory_;
  std::unique_ptr<sqlite::LogRows> rows_;
  std::uint64_t rows_from_ = 0;
  std::uint64_t size_ = 0;
};

struct LogVerification {
  std::filesystem::path log;
  audit::VerifierKey key;
  std::optional<std::filesystem::path> database;  ///< registry.db
  std::vector<std::filesystem::path> witnesses;   ///< checkpoints that were kept elsewhere, as signed notes
  /// Lets a little time go by for a directory that is behind the log's own head; false: it was waited for long enough.
  std::function<bool()> wait = [] { return false; };
  /// Told of each entry that was hashed, out of how many the checkpoint claims.
  std::function<void(std::uint64_t entries, std::uint64_t of)> progress = {};
};

struct LogVerdict {
  audit::LogReport report;
  std::uint64_t rows_compared = 0;
};

/// Recomputes every hash of a log, compares the database's rows, and the checkpoints that somebody else kept: without
/// those a log that was cut back or rewritten as a whole, and signed again, is not seen.
/// A directory that is behind its own head, as a running registry's is for a moment, is waited for; one that stays
/// behind (its registry was killed) is judged as it is, and the words about a larger witness say so.
/// @return the verdict, also where the log is wrong. @error not_found, storage: a file is not there to be read;
/// bad_evidence, bad_request: a witness's file is no checkpoint of this log's key
Result<LogVerdict> verify_log_directory(Files& files, const LogVerification& what);

}  // namespace birthmark::cli
