// SPDX-License-Identifier: Apache-2.0
#include "adapters/files/powercut_files.h"

#include <cerrno>

namespace birthmark {

namespace {

class PowercutFile final : public File {
 public:
  PowercutFile(std::unique_ptr<VolatileDisk::Handle> handle, std::filesystem::path path, bool writable)
      : handle_{std::move(handle)}, path_{std::move(path)}, writable_{writable} {}

  Result<void> write_at(std::uint64_t offset, BytesView bytes) override {
    BM_CHECK(usable());
    return outcome("write", handle_->write(offset, bytes));
  }

  Result<Bytes> read_at(std::uint64_t offset, std::size_t max_bytes) override {
    Bytes content(max_bytes);
    std::size_t got = 0;
    BM_CHECK(outcome("read", handle_->read(offset, content, got)));
    content.resize(got);
    return content;
  }

  Result<void> datasync() override {
    BM_CHECK(not_poisoned());
    const int error = handle_->sync();
    poisoned_ = error != 0;
    return outcome("sync", error);
  }

  Result<void> truncate(std::uint64_t size) override {
    BM_CHECK(usable());
    return outcome("truncate", handle_->truncate(size));
  }

  Result<std::uint64_t> size() override { return handle_->size(); }

 private:
  [[nodiscard]] Result<void> not_poisoned() const {
    if (poisoned_) {
      return fail(Code::storage, path_.string() + ": a sync failed; open it again");
    }
    return {};
  }
  [[nodiscard]] Result<void> usable() const {
    BM_CHECK(not_poisoned());
    return outcome("write", writable_ ? 0 : EBADF);
  }
  [[nodiscard]] Result<void> outcome(std::string_view operation, int error) const {
    if (error != 0) {
      return posix::failure(operation, path_, error);
    }
    return {};
  }

  std::unique_ptr<VolatileDisk::Handle> handle_;
  std::filesystem::path path_;
  bool writable_;
  bool poisoned_ = false;
};

}  // namespace

Result<std::unique_ptr<File>> PowercutFiles::open(const std::filesystem::path& path, OpenMode mode,
                                                  Visibility visibility) {
  BM_TRY(const bool existed, real_.exists(path));
  {
    // Emptying is a write that can be lost: it must not happen to the real file here.
    const auto real_mode = mode == OpenMode::replace ? OpenMode::update : mode;
    BM_TRY(const auto checked, posix::open(path, real_mode, visibility));
  }
  if (!existed) {
    disk_.created(path);
  }
  std::unique_ptr<VolatileDisk::Handle> handle;
  if (const int error = disk_.attach(path, handle); error != 0) {
    return posix::failure("open", path, error);
  }
  if (mode == OpenMode::replace && handle->size() != 0) {
    if (const int error = handle->truncate(0); error != 0) {
      return posix::failure("truncate", path, error);
    }
  }
  return std::make_unique<PowercutFile>(std::move(handle), path, mode != OpenMode::read);
}

Result<void> PowercutFiles::rename(const std::filesystem::path& from, const std::filesystem::path& to) {
  if (const int error = disk_.rename(from, to); error != 0) {
    return posix::failure("rename", from, error);
  }
  return {};
}

Result<void> PowercutFiles::sync_directory(const std::filesystem::path& directory) {
  if (const int error = disk_.sync_directory(directory); error != 0) {
    return posix::failure("sync", directory, error);
  }
  return {};
}

Result<void> PowercutFiles::remove(const std::filesystem::path& path) {
  if (const int error = disk_.remove(path); error != 0) {
    return posix::failure("remove", path, error);
  }
  return {};
}

Result<std::vector<std::string>> PowercutFiles::list(const std::filesystem::path& directory) {
  return real_.list(directory);
}

Result<void> PowercutFiles::make_directory(const std::filesystem::path& directory) {
  return real_.make_directory(directory);
}

Result<bool> PowercutFiles::exists(const std::filesystem::path& path) {
  return real_.exists(path);
}

Result<std::unique_ptr<FileLock>> PowercutFiles::lock(const std::filesystem::path& path) {
  return real_.lock(path);
}

}  // namespace birthmark
