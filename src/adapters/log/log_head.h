// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "app/ports/files.h"
#include "base/result.h"

namespace birthmark {

/// What a log remembers of itself for certain.
struct LogHead {
  std::uint64_t synced = 0;  ///< entries whose full tiles and bundles were synced; a multiple of 256
  std::string checkpoint;    ///< the signed note

  friend bool operator==(const LogHead&, const LogHead&) = default;
};

/// Its name in the log's directory.
inline constexpr std::string_view kHeadFile = "head";
inline constexpr std::size_t kHeadSlotBytes = 4096;
inline constexpr std::size_t kHeadCheckpointMaxBytes = kHeadSlotBytes - 64;

/// The newest head in such a file, without a lock: for others than the log's writer. @return none: there is none yet,
/// or no slot is intact. @error storage, not_found
Result<std::optional<LogHead>> read_head(Files& files, const std::filesystem::path& path);

/// One small file of two slots, written in turn and in place, so that a head is durable after a single sync that moves
/// no metadata. A cut spoils at most the slot that was being written; the other one holds the head before it.
/// Layout: docs/wire/schema.md. Used by one thread at a time.
class HeadFile {
 public:
  /// @param files must outlive this. The file is made if there is none.
  /// @error storage: also where both slots were used and neither is intact: what was published is not known then.
  static Result<std::unique_ptr<HeadFile>> open(Files& files, std::filesystem::path path);

  /// The newest head, or none yet.
  [[nodiscard]] const std::optional<LogHead>& head() const { return head_; }
  /// Durable on return. After an error the old head stands or (a sync failed) either may; the next call opens the file
  /// anew and writes the same slot again. @error storage; too_large: the checkpoint
  Result<void> put(const LogHead& head);

 private:
  HeadFile(Files& files, std::filesystem::path path) : files_{files}, path_{std::move(path)} {}
  Result<void> load();

  Files& files_;
  std::filesystem::path path_;
  std::unique_ptr<File> file_;  // null after an error
  std::uint64_t sequence_ = 0;  // of `head_`; 0: none
  std::optional<LogHead> head_;
};

}  // namespace birthmark
