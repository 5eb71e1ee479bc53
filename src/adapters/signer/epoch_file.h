// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>

#include "app/ports/files.h"
#include "base/ids.h"

namespace birthmark {

/// The highest epoch that a signer has seen: a file to which each epoch adds a line of 21 bytes. It stays open, so that
/// reading it before each signature costs two calls, and what another process has added is seen; a cut leaves at most
/// an unfinished line, which does not count. Used by one thread at a time.
class EpochFile {
 public:
  /// @param files must outlive this. An empty file is made if there is none.
  /// @error key_attributes: it holds something else; storage
  static Result<EpochFile> open(Files& files, std::filesystem::path path);

  /// As any process last put it, 0 before. @error as open
  Result<Epoch> get();
  /// Durable on return. @param epoch above get(). @error storage: either may stand.
  Result<void> put(Epoch epoch);

 private:
  struct Last {
    std::uint64_t end = 0;  // where the next line begins
    Epoch epoch{0};
  };
  EpochFile(Files& files, std::filesystem::path path) : files_{&files}, path_{std::move(path)} {}
  Result<File*> file();
  Result<Last> last();
  [[nodiscard]] Error damaged() const;

  Files* files_;
  std::filesystem::path path_;
  std::unique_ptr<File> file_;  // null after an error
};

}  // namespace birthmark
