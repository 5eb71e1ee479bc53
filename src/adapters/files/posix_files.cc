// SPDX-License-Identifier: Apache-2.0
#include "adapters/files/posix_files.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "adapters/files/posix_io.h"

namespace birthmark {

namespace {

class PosixFile final : public File {
 public:
  PosixFile(posix::Fd fd, std::filesystem::path path) : fd_{std::move(fd)}, path_{std::move(path)} {}

  Result<void> write_at(std::uint64_t offset, BytesView bytes) override {
    BM_CHECK(usable());
    return outcome("write", posix::write_all(fd_.get(), offset, bytes));
  }

  Result<Bytes> read_at(std::uint64_t offset, std::size_t max_bytes) override {
    Bytes content(max_bytes);
    std::size_t got = 0;
    BM_CHECK(outcome("read", posix::read_some(fd_.get(), offset, content, got)));
    content.resize(got);
    return content;
  }

  Result<void> datasync() override {
    BM_CHECK(usable());
    if (::fdatasync(fd_.get()) != 0) {
      // The kernel has marked the lost pages clean: a second sync would succeed and prove nothing.
      poisoned_ = true;
      return posix::failure("sync", path_, errno);
    }
    return {};
  }

  Result<void> truncate(std::uint64_t size) override {
    BM_CHECK(usable());
    return outcome("truncate", posix::truncate(fd_.get(), size));
  }

  Result<std::uint64_t> size() override {
    std::uint64_t bytes = 0;
    BM_CHECK(outcome("stat", posix::file_size(fd_.get(), bytes)));
    return bytes;
  }

 private:
  [[nodiscard]] Result<void> usable() const {
    if (poisoned_) {
      return fail(Code::storage, path_.string() + ": a sync failed; open it again");
    }
    return {};
  }
  [[nodiscard]] Result<void> outcome(std::string_view operation, int error) const {
    if (error != 0) {
      return posix::failure(operation, path_, error);
    }
    return {};
  }

  posix::Fd fd_;
  std::filesystem::path path_;
  bool poisoned_ = false;
};

class PosixLock final : public FileLock {
 public:
  explicit PosixLock(posix::Fd fd) : fd_{std::move(fd)} {}

 private:
  posix::Fd fd_;  // closing it releases the lock
};

}  // namespace

Result<std::unique_ptr<File>> PosixFiles::open(const std::filesystem::path& path, OpenMode mode,
                                               Visibility visibility) {
  BM_TRY(auto fd, posix::open(path, mode, visibility));
  return std::make_unique<PosixFile>(std::move(fd), path);
}

Result<void> PosixFiles::rename(const std::filesystem::path& from, const std::filesystem::path& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) {
    return posix::failure("rename", from, errno);
  }
  return {};
}

Result<void> PosixFiles::sync_directory(const std::filesystem::path& directory) {
  const posix::Fd fd{::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!fd.is_open() || ::fsync(fd.get()) != 0) {
    return posix::failure("sync", directory, errno);
  }
  return {};
}

Result<void> PosixFiles::remove(const std::filesystem::path& path) {
  if (::unlink(path.c_str()) != 0) {
    return posix::failure("remove", path, errno);
  }
  return {};
}

Result<std::vector<std::string>> PosixFiles::list(const std::filesystem::path& directory) {
  std::error_code error;
  std::vector<std::string> names;
  for (std::filesystem::directory_iterator entry{directory, error}, end; !error && entry != end;
       entry.increment(error)) {
    names.push_back(entry->path().filename().string());
  }
  if (error) {
    return posix::failure("list", directory, error.value());
  }
  std::ranges::sort(names);
  return names;
}

Result<void> PosixFiles::make_directory(const std::filesystem::path& directory) {
  if (::mkdir(directory.c_str(), 0700) == 0) {
    return sync_directory(posix::directory_of(directory));
  }
  const int error = errno;
  struct stat facts {};
  if (error == EEXIST && ::stat(directory.c_str(), &facts) == 0 && S_ISDIR(facts.st_mode)) {
    return {};
  }
  const auto parent = posix::directory_of(directory);
  if (error != ENOENT || parent == directory || parent == ".") {
    return fail(Code::storage, "make " + directory.string() + ": " + std::system_category().message(error));
  }
  BM_CHECK(make_directory(parent));
  if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) {
    return posix::failure("make", directory, errno);
  }
  return sync_directory(parent);
}

Result<bool> PosixFiles::exists(const std::filesystem::path& path) {
  struct stat facts {};
  if (::lstat(path.c_str(), &facts) == 0) {
    return true;
  }
  if (errno == ENOENT || errno == ENOTDIR) {
    return false;
  }
  return posix::failure("stat", path, errno);
}

Result<std::unique_ptr<FileLock>> PosixFiles::lock(const std::filesystem::path& path) {
  BM_TRY(auto fd, posix::open(path, OpenMode::update, Visibility::owner));
  // flock, not fcntl: it belongs to this open file, so another close() in the process cannot drop it.
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) {
      return fail(Code::unavailable, path.string() + ": locked by another process");
    }
    return posix::failure("lock", path, errno);
  }
  return std::make_unique<PosixLock>(std::move(fd));
}

}  // namespace birthmark
