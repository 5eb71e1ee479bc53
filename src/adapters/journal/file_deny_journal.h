// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>

#include "app/ports/deny_journal.h"
#include "app/ports/files.h"

namespace birthmark {

/// The emergency denies of one registry in one file whose space was written when it was made, so that an append takes
/// no new space and is durable after a single sync. Layout: docs/wire/schema.md. Safe from any thread.
class FileDenyJournal final : public app::DenyJournal {
 public:
  static constexpr const char* kFileName = "denies";
  static constexpr const char* kLockName = "lock";
  static constexpr std::size_t kRecordBytes = 256;
  static constexpr std::size_t kRecordsMax = 4096;

  /// @param directory not the store's: made with its file if there is none. @param files outlives this.
  /// @error storage: unreadable, of another size, or damaged before its last record; unavailable: another registry has
  /// it, whose replay would lay out anew a file that holds denies of this one
  static Result<std::unique_ptr<FileDenyJournal>> open(Files& files, const std::filesystem::path& directory);

  Result<void> append(const app::EmergencyDeny& deny) override;
  Result<std::vector<app::EmergencyDeny>> pending() override;
  Result<void> clear() override;

 private:
  FileDenyJournal(Files& files, std::filesystem::path path, std::unique_ptr<FileLock> lock)
      : files_{files}, path_{std::move(path)}, lock_{std::move(lock)} {}
  Result<void> lay_out();
  Result<std::vector<app::EmergencyDeny>> load();

  Files& files_;
  const std::filesystem::path path_;
  const std::unique_ptr<FileLock> lock_;
  std::mutex mutex_;
  std::unique_ptr<File> file_;  ///< null after an error: the next call opens and reads it anew
  std::size_t used_ = 0;
};

}  // namespace birthmark
