// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "adapters/files/volatile_disk.h"
#include "base/result.h"

struct sqlite3_vfs;

namespace birthmark::sqlite {

struct VfsContext;

/// A SQLite VFS over a disk that forgets; test builds only. Databases, journals and write-ahead logs go through the
/// VolatileDisk; temporary files, locks and the wal-index are those of SQLite's own VFS. Registered under name() while
/// this lives, which must be longer than any connection that uses it.
class PowercutVfs {
 public:
  /// @param name must not be registered yet.
  /// @error storage: SQLite will not have it.
  static Result<std::unique_ptr<PowercutVfs>> install(VolatileDisk& disk, std::string name = "powercut");
  PowercutVfs(const PowercutVfs&) = delete;
  PowercutVfs& operator=(const PowercutVfs&) = delete;
  ~PowercutVfs();

  /// What sqlite::OpenOptions::vfs takes.
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  PowercutVfs(std::unique_ptr<VfsContext> context, std::string name);

  std::string name_;
  std::unique_ptr<VfsContext> context_;
  std::unique_ptr<sqlite3_vfs> vfs_;
};

}  // namespace birthmark::sqlite
