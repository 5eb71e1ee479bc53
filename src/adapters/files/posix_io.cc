// SPDX-License-Identifier: Apache-2.0
#include "adapters/files/posix_io.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace birthmark::posix {

Fd& Fd::operator=(Fd&& other) noexcept {
  if (this != &other) {
    close();
    fd_ = std::exchange(other.fd_, -1);
  }
  return *this;
}

void Fd::close() noexcept {
  if (fd_ >= 0) {
    ::close(std::exchange(fd_, -1));
  }
}

tl::unexpected<Error> failure(std::string_view operation, const std::filesystem::path& path, int error) {
  return fail(error == ENOENT ? Code::not_found : Code::storage,
              std::string{operation} + " " + path.string() + ": " + std::system_category().message(error));
}

std::filesystem::path directory_of(const std::filesystem::path& path) {
  return path.has_parent_path() ? path.parent_path() : std::filesystem::path{"."};
}

namespace {

int flags_of(OpenMode mode) {
  switch (mode) {
    case OpenMode::read:
      return O_RDONLY;
    case OpenMode::update:
      return O_RDWR | O_CREAT | O_NOFOLLOW;
    case OpenMode::create_new:
      return O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW;
    case OpenMode::replace:
      return O_RDWR | O_CREAT | O_TRUNC | O_NOFOLLOW;
  }
  return O_RDONLY;
}

}  // namespace

Result<Fd> open(const std::filesystem::path& path, OpenMode mode, Visibility visibility) {
  const mode_t permissions = visibility == Visibility::everyone ? 0644 : 0600;
  int fd = -1;
  do {
    fd = ::open(path.c_str(), flags_of(mode) | O_CLOEXEC, permissions);
  } while (fd < 0 && errno == EINTR);
  if (fd >= 0) {
    return Fd{fd};
  }
  if (errno == EEXIST) {
    return fail(Code::conflict, "create " + path.string() + ": there is such a file");
  }
  return failure("open", path, errno);
}

int write_all(int fd, std::uint64_t offset, BytesView bytes) {
  while (!bytes.empty()) {
    const auto wrote = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (wrote < 0 && errno == EINTR) {
      continue;
    }
    if (wrote < 0) {
      return errno;
    }
    if (wrote == 0) {
      return ENOSPC;  // no progress and no reason: the disk takes no more
    }
    offset += static_cast<std::uint64_t>(wrote);
    bytes = bytes.subspan(static_cast<std::size_t>(wrote));
  }
  return 0;
}

int read_some(int fd, std::uint64_t offset, std::span<std::uint8_t> out, std::size_t& got) {
  got = 0;
  while (got < out.size()) {
    const auto n = ::pread(fd, out.data() + got, out.size() - got, static_cast<off_t>(offset + got));
    if (n < 0 && errno == EINTR) {
      continue;
    }
    if (n < 0) {
      return errno;
    }
    if (n == 0) {
      return 0;
    }
    got += static_cast<std::size_t>(n);
  }
  return 0;
}

int truncate(int fd, std::uint64_t size) {
  while (::ftruncate(fd, static_cast<off_t>(size)) != 0) {
    if (errno != EINTR) {
      return errno;
    }
  }
  return 0;
}

int file_size(int fd, std::uint64_t& size) {
  struct stat facts {};
  if (::fstat(fd, &facts) != 0) {
    return errno;
  }
  size = static_cast<std::uint64_t>(facts.st_size);
  return 0;
}

}  // namespace birthmark::posix
