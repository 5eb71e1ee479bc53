// SPDX-License-Identifier: Apache-2.0
#include "adapters/files/volatile_disk.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "adapters/files/volatile_node.h"

namespace birthmark {

namespace {

/// One spelling for one name, so that changes and syncs of a directory meet.
std::filesystem::path resolved(const std::filesystem::path& path) {
  std::error_code error;
  auto directory = std::filesystem::weakly_canonical(posix::directory_of(path), error);
  return (error ? posix::directory_of(path) : directory) / path.filename();
}

posix::Fd open_to_keep(const std::filesystem::path& path) {
  return posix::Fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)};
}

/// Gives the content of `old` the name `path` again.
void restore(const posix::Fd& old, const std::filesystem::path& path) {
  const posix::Fd copy{::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)};
  Bytes part(64UL * 1024);
  std::size_t got = 0;
  std::uint64_t offset = 0;
  while (posix::read_some(old.get(), offset, part, got) == 0 && got != 0) {
    static_cast<void>(posix::write_all(copy.get(), offset, BytesView{part}.first(got)));
    offset += got;
  }
}

}  // namespace

VolatileDisk::VolatileDisk(FaultPlan& plan) : plan_{plan} {}
VolatileDisk::~VolatileDisk() = default;

int VolatileDisk::attach(const std::filesystem::path& path, std::unique_ptr<Handle>& handle) {
  const std::lock_guard hold{mutex_};
  struct stat facts {};
  if (::stat(path.c_str(), &facts) != 0) {
    return errno;
  }
  auto& node = nodes_[{facts.st_dev, facts.st_ino}];
  if (!node) {
    posix::Fd fd{::open(path.c_str(), O_RDWR | O_CLOEXEC)};
    if (!fd.is_open()) {
      fd = posix::Fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
    }
    if (!fd.is_open()) {
      const int error = errno;
      nodes_.erase({facts.st_dev, facts.st_ino});
      return error;
    }
    const auto size = static_cast<std::uint64_t>(facts.st_size);
    node = std::make_unique<Node>();
    node->inode = {facts.st_dev, facts.st_ino};
    node->fd = std::move(fd);
    node->size = node->real_size = node->real_visible = size;
  }
  ++node->handles;
  handle = std::make_unique<Handle>(*this, *node);
  return 0;
}

std::optional<std::uint64_t> VolatileDisk::size_of(const std::filesystem::path& path) {
  const std::lock_guard hold{mutex_};
  struct stat facts {};
  if (::stat(path.c_str(), &facts) != 0) {
    return std::nullopt;
  }
  const auto found = nodes_.find({facts.st_dev, facts.st_ino});
  return found == nodes_.end() ? static_cast<std::uint64_t>(facts.st_size) : found->second->size;
}

int VolatileDisk::proceed(DurableOp op, bool& half) {
  const auto verdict = plan_.next(op);
  half = false;
  switch (verdict.kind) {
    case Verdict::Kind::proceed:
      return 0;
    case Verdict::Kind::refuse:
      return verdict.error;
    case Verdict::Kind::halve:
      half = true;
      return verdict.error;
    case Verdict::Kind::cut:
      power_cut(false);
    case Verdict::Kind::tear:
      power_cut(true);
  }
  return EIO;
}

void VolatileDisk::power_cut(bool torn) {
  if (torn) {
    for (const auto& [inode, node] : nodes_) {
      node->flush_some(plan_.operations());
    }
    die_now();
  }
  std::for_each(names_.rbegin(), names_.rend(), [this](const NameChange& change) { undo(change); });
  die_now();
}

void VolatileDisk::undo(const NameChange& change) {
  switch (change.kind) {
    case NameChange::Kind::created:
      ::unlink(change.from.c_str());
      return;
    case NameChange::Kind::renamed:
      static_cast<void>(std::rename(change.to.c_str(), change.from.c_str()));
      if (change.old.is_open()) {
        restore(change.old, change.to);
      }
      return;
    case NameChange::Kind::removed:
      restore(change.old, change.from);
      return;
  }
}

void VolatileDisk::created(const std::filesystem::path& path) {
  const std::lock_guard hold{mutex_};
  if (plan_.loses_unsynced()) {
    names_.push_back({NameChange::Kind::created, resolved(path), {}, {}});
  }
}

void VolatileDisk::settle(const std::filesystem::path& path) {
  const std::lock_guard hold{mutex_};
  const auto name = resolved(path);
  const bool is_new = std::ranges::any_of(names_, [&name](const NameChange& change) {
    return change.kind == NameChange::Kind::created && change.from == name;
  });
  if (is_new) {
    settle_directory(name.parent_path());
  }
}

void VolatileDisk::settle_directory(const std::filesystem::path& directory) {
  std::erase_if(names_, [&directory](const NameChange& change) {
    return change.from.parent_path() == directory || change.to.parent_path() == directory;
  });
}

int VolatileDisk::rename(const std::filesystem::path& from, const std::filesystem::path& to) {
  const std::lock_guard hold{mutex_};
  bool half = false;
  if (const int error = proceed(DurableOp::rename, half); error != 0) {
    return error;
  }
  auto old = open_to_keep(to);
  if (std::rename(from.c_str(), to.c_str()) != 0) {
    return errno;
  }
  drop_unnamed(old);
  if (plan_.loses_unsynced()) {
    names_.push_back({NameChange::Kind::renamed, resolved(from), resolved(to), std::move(old)});
  }
  return 0;
}

int VolatileDisk::remove(const std::filesystem::path& path) {
  const std::lock_guard hold{mutex_};
  struct stat facts {};
  if (::lstat(path.c_str(), &facts) != 0) {
    return errno;
  }
  bool half = false;
  if (const int error = proceed(DurableOp::rename, half); error != 0) {
    return error;
  }
  auto old = open_to_keep(path);
  if (::unlink(path.c_str()) != 0) {
    return errno;
  }
  drop_unnamed(old);
  if (plan_.loses_unsynced()) {
    names_.push_back({NameChange::Kind::removed, resolved(path), {}, std::move(old)});
  }
  return 0;
}

int VolatileDisk::sync_directory(const std::filesystem::path& directory) {
  const std::lock_guard hold{mutex_};
  bool half = false;
  if (const int error = proceed(DurableOp::fsync, half); error != 0) {
    return error;
  }
  struct stat facts {};
  if (::stat(directory.c_str(), &facts) != 0) {
    return errno;
  }
  if (!S_ISDIR(facts.st_mode)) {
    return ENOTDIR;
  }
  settle_directory(resolved(directory / "name").parent_path());
  return 0;
}

/// Forgets unsynced content of a file that has lost its name and that nobody has open.
void VolatileDisk::drop_unnamed(const posix::Fd& old) {
  struct stat facts {};
  if (!old.is_open() || ::fstat(old.get(), &facts) != 0) {
    return;
  }
  const auto found = nodes_.find({facts.st_dev, facts.st_ino});
  if (found != nodes_.end() && found->second->handles == 0) {
    nodes_.erase(found);
  }
}

void VolatileDisk::release(Node& node) {
  const std::lock_guard hold{mutex_};
  if (--node.handles != 0) {
    return;
  }
  if (!node.pending()) {
    nodes_.erase(Inode{node.inode});
    return;
  }
  std::erase_if(node.sectors, [](const auto& entry) { return entry.second.lost; });
}

VolatileDisk::Handle::~Handle() {
  disk_.release(node_);
}

int VolatileDisk::Handle::write(std::uint64_t offset, BytesView bytes) {
  const std::lock_guard hold{disk_.mutex_};
  bool half = false;
  const int fault = disk_.proceed(DurableOp::write, half);
  if (fault != 0 && !half) {
    return fault;
  }
  if (const int error = node_.write(offset, half ? bytes.first(bytes.size() / 2) : bytes); error != 0) {
    return error;
  }
  if (!disk_.plan_.loses_unsynced()) {
    if (const int error = node_.flush(); error != 0) {
      return error;
    }
  }
  return fault;
}

int VolatileDisk::Handle::read(std::uint64_t offset, std::span<std::uint8_t> out, std::size_t& got) {
  const std::lock_guard hold{disk_.mutex_};
  return node_.read(offset, out, got);
}

int VolatileDisk::Handle::truncate(std::uint64_t size) {
  const std::lock_guard hold{disk_.mutex_};
  bool half = false;
  if (const int fault = disk_.proceed(DurableOp::write, half); fault != 0) {
    return fault;
  }
  node_.truncate(size);
  return disk_.plan_.loses_unsynced() ? 0 : node_.flush();
}

int VolatileDisk::Handle::sync() {
  const std::lock_guard hold{disk_.mutex_};
  bool half = false;
  if (const int fault = disk_.proceed(DurableOp::fsync, half); fault != 0) {
    node_.lose_pending();
    return fault;
  }
  return node_.flush();
}

std::uint64_t VolatileDisk::Handle::size() {
  const std::lock_guard hold{disk_.mutex_};
  return node_.size;
}

}  // namespace birthmark
