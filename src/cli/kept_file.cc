// SPDX-License-Identifier: Apache-2.0
#include "cli/kept_file.h"

namespace birthmark::cli {

Result<KeptFile> KeptFile::of(Files& files, std::filesystem::path file, std::size_t bytes_max) {
  BM_CHECK(files.make_directory(file.parent_path()));
  KeptFile kept{files, std::move(file)};
  BM_TRY(const bool there, files.exists(kept.file_));
  if (there) {
    BM_TRY(kept.content_, files.read(kept.file_, bytes_max));
  }
  return kept;
}

Result<void> KeptFile::keep(BytesView content) {
  BM_CHECK(write_atomically(*files_, file_, content));
  content_ = to_bytes(content);
  return {};
}

Result<void> KeptFile::forget() {
  content_.reset();
  if (auto removed = files_->remove(file_); !removed) {
    return removed.error().code == Code::not_found ? Result<void>{} : removed;
  }
  return files_->sync_directory(file_.parent_path());
}

}  // namespace birthmark::cli
