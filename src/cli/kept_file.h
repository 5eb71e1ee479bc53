// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>

#include "adapters/files/posix_files.h"
#include "base/bytes.h"
#include "base/result.h"

namespace birthmark::cli {

/// What a station keeps of one unit until that is finished: a small file, durable when `keep` returns.
class KeptFile {
 public:
  /// Reads the file if it is there; its directory is made if it is missing. @param files outlives this. @error storage
  static Result<KeptFile> of(Files& files, std::filesystem::path file, std::size_t bytes_max);

  [[nodiscard]] const std::optional<Bytes>& content() const { return content_; }
  /// Replaces what was kept. @error storage: either may stand
  Result<void> keep(BytesView content);
  /// Durable on return. A file that is gone is no error. @error storage: it may be back after a cut
  Result<void> forget();
  /// That the content is not what it should be. @param what "holds no request id"
  [[nodiscard]] Error damaged(const std::string& what) const { return {Code::storage, file_.string() + " " + what}; }

 private:
  KeptFile(Files& files, std::filesystem::path file) : files_{&files}, file_{std::move(file)} {}

  Files* files_;
  std::filesystem::path file_;
  std::optional<Bytes> content_;
};

}  // namespace birthmark::cli
