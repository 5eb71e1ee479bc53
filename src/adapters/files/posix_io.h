// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>
#include <utility>

#include "app/ports/files.h"
#include "base/bytes.h"
#include "base/result.h"

/// System calls with their loops, for the file adapters only. Functions that return int give 0 or an errno value.
namespace birthmark::posix {

/// Owns a file descriptor.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_{fd} {}
  Fd(Fd&& other) noexcept : fd_{std::exchange(other.fd_, -1)} {}
  Fd& operator=(Fd&& other) noexcept;
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd() { close(); }

  [[nodiscard]] int get() const noexcept { return fd_; }
  [[nodiscard]] bool is_open() const noexcept { return fd_ >= 0; }
  void close() noexcept;

 private:
  int fd_ = -1;
};

/// open(2) for the mode, close-on-exec. @error not_found, conflict, storage
Result<Fd> open(const std::filesystem::path& path, OpenMode mode, Visibility visibility);

/// Writes everything, over short writes and interruptions.
int write_all(int fd, std::uint64_t offset, BytesView bytes);
/// Fills `out` from `offset` as far as the file reaches; `got` is how far.
int read_some(int fd, std::uint64_t offset, std::span<std::uint8_t> out, std::size_t& got);
int truncate(int fd, std::uint64_t size);
int file_size(int fd, std::uint64_t& size);

/// The refusal for errno `error` at `operation` on `path`: not_found for ENOENT, else storage.
tl::unexpected<Error> failure(std::string_view operation, const std::filesystem::path& path, int error);

/// The directory that holds the name `path`; "." for a bare name.
std::filesystem::path directory_of(const std::filesystem::path& path);

}  // namespace birthmark::posix
