// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "adapters/files/posix_files.h"
#include "adapters/files/volatile_disk.h"
#include "app/ports/files.h"

namespace birthmark {

/// The file layer over a disk that forgets; test builds only. Directories and locks are the real ones.
class PowercutFiles final : public Files {
 public:
  /// @param disk must outlive this and every file opened by it.
  explicit PowercutFiles(VolatileDisk& disk) : disk_{disk} {}

  Result<std::unique_ptr<File>> open(const std::filesystem::path& path, OpenMode mode,
                                     Visibility visibility = Visibility::owner) override;
  Result<void> rename(const std::filesystem::path& from, const std::filesystem::path& to) override;
  Result<void> sync_directory(const std::filesystem::path& directory) override;
  Result<void> remove(const std::filesystem::path& path) override;
  Result<std::vector<std::string>> list(const std::filesystem::path& directory) override;
  Result<void> make_directory(const std::filesystem::path& directory) override;
  Result<bool> exists(const std::filesystem::path& path) override;
  Result<std::unique_ptr<FileLock>> lock(const std::filesystem::path& path) override;

 private:
  VolatileDisk& disk_;
  PosixFiles real_;
};

}  // namespace birthmark
