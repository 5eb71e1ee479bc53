// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "adapters/files/volatile_disk.h"

namespace birthmark {

inline constexpr std::size_t kSectorBytes = 512;

/// The content of one inode: the real file, and over it what is not durable. Guarded by the disk's mutex.
struct VolatileDisk::Node {
  struct Sector {
    std::array<std::uint8_t, kSectorBytes> bytes{};
    bool lost = false;  // a sync of it failed: still read, never written
  };

  Inode inode;
  posix::Fd fd;  // closed only when nobody has the file open: closing drops SQLite's locks on the inode
  std::uint64_t size = 0;
  std::uint64_t real_size = 0;     // of the real file
  std::uint64_t real_visible = 0;  // so much of the real file shows through; the rest was truncated away
  std::map<std::uint64_t, Sector> sectors;
  int handles = 0;

  int read(std::uint64_t offset, std::span<std::uint8_t> out, std::size_t& got) const;
  int write(std::uint64_t offset, BytesView bytes);
  void truncate(std::uint64_t to);
  /// Moves everything that is not lost into the real file.
  int flush();
  /// What a sync that fails does.
  void lose_pending();
  /// Writes every other pending sector, chosen by `seed`: what a disk may have done by itself before the cut.
  void flush_some(std::uint64_t seed);
  [[nodiscard]] bool pending() const;

 private:
  int write_sector(std::uint64_t number, const Sector& sector) const;
};

}  // namespace birthmark
