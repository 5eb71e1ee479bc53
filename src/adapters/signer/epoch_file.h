// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "app/ports/files.h"
#include "base/ids.h"

namespace birthmark {

/// The highest epoch that a signer has seen: a file to which each epoch adds a line of 21 bytes. It stays open, so that
/// reading it before each signature costs one call, and what another process has added is seen; a cut leaves at most
/// an unfinished line, which does not count. Used by one thread at a time.
class EpochFile {
 public:
  /// @param files must outlive this. An empty file is made if there is none.
  /// @error key_attributes: it holds something else; storage
  static Result<EpochFile> open(Files& files, std::filesystem::path path);

  /// As any process last put it, 0 before; durable: what a failed put() left is put again. @error as open and put
  Result<Epoch> get();
  /// Durable on return. The file is locked meanwhile, so that of two that put none is written over.
  /// @error fenced: a higher epoch is there; unavailable: another process puts one at this moment; storage: either may
  /// stand.
  Result<void> put(Epoch epoch);

 private:
  struct Last {
    std::uint64_t end = 0;  // where the next line begins
    Epoch epoch{0};
    std::string line = {};  // that says so
  };
  EpochFile(Files& files, std::filesystem::path path) : files_{&files}, path_{std::move(path)} {}
  Result<File*> file();
  /// Brings seen_ up to what is there.
  Result<void> look();
  /// Whether nothing was added since. It reads the line and one octet more: one call, where read_last() makes two.
  Result<bool> still_ends_with(const Last& seen);
  Result<Last> read_last();
  [[nodiscard]] Error damaged() const;

  Files* files_;
  std::filesystem::path path_;
  std::unique_ptr<File> file_;  // null after an error
  Last seen_;
  std::optional<Epoch> owed_;  // written, and perhaps not durable
};

}  // namespace birthmark
