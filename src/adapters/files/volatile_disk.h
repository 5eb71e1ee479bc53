// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "adapters/files/fault_plan.h"
#include "adapters/files/posix_io.h"

namespace birthmark {

/// The model of a disk that forgets: what is written lives in memory until its file is synced, so that the death of the
/// process is a power cut. Shared by PowercutFiles and PowercutVfs; safe from any thread; test builds only.
///
/// Content: an overlay of 512-byte sectors for each inode; reads see it; only sync() moves it into the real file. After
/// a sync that was told to fail, the sectors of that moment are still read but never written any more, as the kernel
/// treats pages it could not write; they are gone when the file is closed.
/// Names: the real directory shows creations, renames and removals at once; those whose directory was not synced are
/// undone at the cut. (When the process dies otherwise they stay, which a real disk may do as well.)
/// Not modelled: other processes that write the same files; the wal-index, which SQLite rebuilds.
/// With a plan that does not lose_unsynced(), everything goes through at once and only the faults remain.
///
/// Functions that return int give 0 or an errno value.
class VolatileDisk {
 public:
  struct Node;
  /// One opening of a file. Must not outlive the disk.
  class Handle {
   public:
    Handle(VolatileDisk& disk, Node& node) : disk_{disk}, node_{node} {}
    Handle(const Handle&) = delete;
    Handle& operator=(const Handle&) = delete;
    ~Handle();

    int write(std::uint64_t offset, BytesView bytes);
    /// Fills `out` as far as the file reaches; `got` is how far.
    int read(std::uint64_t offset, std::span<std::uint8_t> out, std::size_t& got);
    int truncate(std::uint64_t size);
    int sync();
    [[nodiscard]] std::uint64_t size();

   private:
    VolatileDisk& disk_;
    Node& node_;
  };

  explicit VolatileDisk(FaultPlan& plan);
  VolatileDisk(const VolatileDisk&) = delete;
  VolatileDisk& operator=(const VolatileDisk&) = delete;
  ~VolatileDisk();

  /// Opens what is there. @param handle set when 0 is returned.
  int attach(const std::filesystem::path& path, std::unique_ptr<Handle>& handle);
  /// The size of the file at `path` as the process sees it; nothing if there is none.
  std::optional<std::uint64_t> size_of(const std::filesystem::path& path);

  /// The caller has made the file `path`: the name is not durable yet.
  void created(const std::filesystem::path& path);
  /// If the name `path` is new, its directory is synced now, uncounted: SQLite does so with the first sync of a file.
  void settle(const std::filesystem::path& path);
  int rename(const std::filesystem::path& from, const std::filesystem::path& to);
  int remove(const std::filesystem::path& path);
  int sync_directory(const std::filesystem::path& directory);

 private:
  using Inode = std::pair<std::uint64_t, std::uint64_t>;  // device, number
  struct NameChange {
    enum class Kind : std::uint8_t { created, renamed, removed };
    Kind kind;
    std::filesystem::path from;  // the only name, but for a rename
    std::filesystem::path to;
    posix::Fd old;  // the file that lost its name
  };

  int proceed(DurableOp op, bool& half);
  [[noreturn]] void power_cut(bool torn);
  void undo(const NameChange& change);
  void settle_directory(const std::filesystem::path& directory);
  void release(Node& node);
  void drop_unnamed(const posix::Fd& old);

  FaultPlan& plan_;
  std::mutex mutex_;
  std::map<Inode, std::unique_ptr<Node>> nodes_;
  std::vector<NameChange> names_;  // not durable yet, oldest first
};

}  // namespace birthmark
