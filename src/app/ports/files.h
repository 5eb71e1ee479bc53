// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace birthmark {

/// How a file is opened.
enum class OpenMode : std::uint8_t {
  read,        ///< must exist; a symbolic link is followed (mounted secrets are links)
  update,      ///< read and write; made empty if there is none; a symbolic link is refused, as in all modes that write
  create_new,  ///< read and write; must not exist
  replace,     ///< read and write; emptied, or made
};

/// Who may read a file that is made, before the process's umask.
enum class Visibility : std::uint8_t {
  owner,     ///< 0600
  everyone,  ///< 0644: for what is published anyway
};

/// One open file. Used by one thread at a time; closed when destroyed, without a sync.
/// After a failed datasync the file is poisoned: what the disk holds is unknown, so every later call that writes or
/// syncs fails `storage` until the file is opened again and recovered (AC-30).
class File {
 public:
  virtual ~File() = default;
  /// Writes all bytes at `offset`; a gap reads as zeros. Not durable before datasync().
  /// @error storage: disk full, I/O error, not opened for writing; a part may have been written.
  virtual Result<void> write_at(std::uint64_t offset, BytesView bytes) = 0;
  /// Writes all bytes at the present end. @error as write_at.
  Result<void> append(BytesView bytes);
  /// At most `max_bytes` bytes from `offset`; fewer only at the end of the file. @error storage
  virtual Result<Bytes> read_at(std::uint64_t offset, std::size_t max_bytes) = 0;
  /// Makes content and size durable; the name is made durable by Files::sync_directory. @error storage
  virtual Result<void> datasync() = 0;
  /// Cuts or extends (with zeros) to `size` bytes. @error storage
  virtual Result<void> truncate(std::uint64_t size) = 0;
  /// In bytes. @error storage
  virtual Result<std::uint64_t> size() = 0;
};

/// An exclusive lock; released when destroyed or when the process ends in any way.
class FileLock {
 public:
  virtual ~FileLock() = default;
};

/// The file layer: every write, sync and rename of the product goes through it (design §8). Safe from any thread.
/// @error of every function: storage, with the operating system's words in `detail`; not_found where said.
class Files {
 public:
  virtual ~Files() = default;
  /// @error not_found; conflict: create_new and the name is taken.
  virtual Result<std::unique_ptr<File>> open(const std::filesystem::path& path, OpenMode mode,
                                             Visibility visibility = Visibility::owner) = 0;
  /// Gives `from` the name `to`, replacing a file of that name in one step. Durable after sync_directory of the
  /// parents. @error not_found
  virtual Result<void> rename(const std::filesystem::path& from, const std::filesystem::path& to) = 0;
  /// Makes creations, renames and removals in `directory` durable.
  virtual Result<void> sync_directory(const std::filesystem::path& directory) = 0;
  /// Removes one file. @error not_found
  virtual Result<void> remove(const std::filesystem::path& path) = 0;
  /// The names in `directory`, sorted, without "." and "..". @error not_found
  virtual Result<std::vector<std::string>> list(const std::filesystem::path& directory) = 0;
  /// Makes a directory (0700) and its missing parents, durable on return; nothing to do if it is there.
  virtual Result<void> make_directory(const std::filesystem::path& directory) = 0;
  virtual Result<bool> exists(const std::filesystem::path& path) = 0;
  /// Locks `path` (made if missing; its content does not matter) against every other lock() on this machine.
  /// @error unavailable: someone else holds it.
  virtual Result<std::unique_ptr<FileLock>> lock(const std::filesystem::path& path) = 0;

  /// The whole file. @error not_found; too_large: longer than `max_bytes`.
  Result<Bytes> read(const std::filesystem::path& path, std::size_t max_bytes);
};

/// Puts `bytes` under the name `path` so that after a crash at any moment the old or the new content is there, whole:
/// temporary file beside it, sync, rename, sync of the directory. One writer a path at a time.
/// @return durable. On an error the old content stands, or (the last sync failed) either may.
/// @error storage; not_found: the directory is missing.
Result<void> write_atomically(Files& files, const std::filesystem::path& path, BytesView bytes,
                              Visibility visibility = Visibility::owner);

}  // namespace birthmark
