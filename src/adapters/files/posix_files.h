// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "app/ports/files.h"

namespace birthmark {

/// The file layer on the machine's own file system.
class PosixFiles : public Files {
 public:
  Result<std::unique_ptr<File>> open(const std::filesystem::path& path, OpenMode mode,
                                     Visibility visibility = Visibility::owner) override;
  Result<void> rename(const std::filesystem::path& from, const std::filesystem::path& to) override;
  Result<void> sync_directory(const std::filesystem::path& directory) override;
  Result<void> remove(const std::filesystem::path& path) override;
  Result<std::vector<std::string>> list(const std::filesystem::path& directory) override;
  Result<void> make_directory(const std::filesystem::path& directory) override;
  Result<bool> exists(const std::filesystem::path& path) override;
  Result<std::unique_ptr<FileLock>> lock(const std::filesystem::path& path) override;
};

}  // namespace birthmark
