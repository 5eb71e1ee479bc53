// SPDX-License-Identifier: Apache-2.0
#include "app/ports/files.h"

#include <utility>

namespace birthmark {

Result<void> File::append(BytesView bytes) {
  BM_TRY(const auto end, size());
  return write_at(end, bytes);
}

Result<Bytes> Files::read(const std::filesystem::path& path, std::size_t max_bytes) {
  BM_TRY(const auto file, open(path, OpenMode::read));
  // The size is not asked for: a file of /proc has none, and any other may grow meanwhile.
  Bytes content;
  constexpr std::size_t kChunkBytes = 64UL * 1024;
  while (content.size() <= max_bytes) {
    BM_TRY(const auto part, file->read_at(content.size(), kChunkBytes));
    if (part.empty()) {
      return content;
    }
    append(content, part);
  }
  return fail(Code::too_large, path.string() + ": longer than " + std::to_string(max_bytes) + " bytes");
}

namespace {

Result<void> write_and_name(Files& files, const std::filesystem::path& temporary, const std::filesystem::path& path,
                            BytesView bytes, Visibility visibility) {
  {
    BM_TRY(const auto file, files.open(temporary, OpenMode::replace, visibility));
    BM_CHECK(file->write_at(0, bytes));
    BM_CHECK(file->datasync());
  }
  return files.rename(temporary, path);
}

}  // namespace

Result<void> write_atomically(Files& files, const std::filesystem::path& path, BytesView bytes, Visibility visibility) {
  // A fixed name: what a crash leaves behind is overwritten by the next attempt and does not pile up.
  const auto directory = path.has_parent_path() ? path.parent_path() : std::filesystem::path{"."};
  const auto temporary = directory / ("." + path.filename().string() + ".new");
  if (auto named = write_and_name(files, temporary, path, bytes, visibility); !named) {
    static_cast<void>(files.remove(temporary));  // the first error is the one that matters
    return named;
  }
  return files.sync_directory(directory);
}

}  // namespace birthmark
