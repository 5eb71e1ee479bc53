// SPDX-License-Identifier: Apache-2.0
#include "adapters/files/volatile_node.h"

#include <algorithm>

namespace birthmark {

int VolatileDisk::Node::read(std::uint64_t offset, std::span<std::uint8_t> out, std::size_t& got) const {
  got = offset >= size ? 0 : static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), size - offset));
  const auto wanted = out.first(got);
  std::ranges::fill(wanted, std::uint8_t{0});
  if (offset < real_visible) {
    const auto visible = static_cast<std::size_t>(std::min<std::uint64_t>(got, real_visible - offset));
    std::size_t read_bytes = 0;
    if (const int error = posix::read_some(fd.get(), offset, wanted.first(visible), read_bytes); error != 0) {
      return error;
    }
  }
  for (auto it = sectors.lower_bound(offset / kSectorBytes); it != sectors.end(); ++it) {
    const auto begin = std::max(offset, it->first * kSectorBytes);
    const auto end = std::min(offset + got, (it->first + 1) * kSectorBytes);
    if (begin >= end) {
      break;
    }
    std::ranges::copy(std::span{it->second.bytes}.subspan(begin - it->first * kSectorBytes, end - begin),
                      wanted.begin() + static_cast<std::ptrdiff_t>(begin - offset));
  }
  return 0;
}

int VolatileDisk::Node::write(std::uint64_t offset, BytesView bytes) {
  while (!bytes.empty()) {
    const auto number = offset / kSectorBytes;
    const auto within = static_cast<std::size_t>(offset % kSectorBytes);
    const auto count = std::min(bytes.size(), kSectorBytes - within);
    Sector sector;
    std::size_t got = 0;
    if (const int error = read(number * kSectorBytes, sector.bytes, got); error != 0) {
      return error;
    }
    std::ranges::copy(bytes.first(count), sector.bytes.begin() + static_cast<std::ptrdiff_t>(within));
    sectors.insert_or_assign(number, sector);
    offset += count;
    bytes = bytes.subspan(count);
    size = std::max(size, offset);
  }
  return 0;
}

void VolatileDisk::Node::truncate(std::uint64_t to) {
  const auto first_gone = (to + kSectorBytes - 1) / kSectorBytes;
  sectors.erase(sectors.lower_bound(first_gone), sectors.end());
  if (const auto last = sectors.find(to / kSectorBytes); last != sectors.end()) {
    std::ranges::fill(std::span{last->second.bytes}.subspan(to % kSectorBytes), std::uint8_t{0});
  }
  real_visible = std::min(real_visible, to);
  size = to;
}

int VolatileDisk::Node::write_sector(std::uint64_t number, const Sector& sector) const {
  const auto offset = number * kSectorBytes;
  const auto count = offset >= size ? 0 : std::min<std::uint64_t>(kSectorBytes, size - offset);
  return posix::write_all(fd.get(), offset, BytesView{sector.bytes}.first(static_cast<std::size_t>(count)));
}

int VolatileDisk::Node::flush() {
  // The kernel keeps what a killed process wrote, so a write is enough here: no sync of the real file.
  if (real_visible < real_size) {
    if (const int error = posix::truncate(fd.get(), real_visible); error != 0) {
      return error;
    }
  }
  for (auto it = sectors.begin(); it != sectors.end();) {
    if (it->second.lost) {
      ++it;
      continue;
    }
    if (const int error = write_sector(it->first, it->second); error != 0) {
      return error;
    }
    it = sectors.erase(it);
  }
  if (const int error = posix::truncate(fd.get(), size); error != 0) {
    return error;
  }
  real_size = real_visible = size;
  return 0;
}

void VolatileDisk::Node::lose_pending() {
  for (auto& [number, sector] : sectors) {
    sector.lost = true;
  }
}

void VolatileDisk::Node::flush_some(std::uint64_t seed) {
  for (const auto& [number, sector] : sectors) {
    auto mixed = (seed * 0x9E3779B97F4A7C15ULL) ^ ((number + 1) * 0xC2B2AE3D27D4EB4FULL);
    mixed ^= mixed >> 29;
    if (!sector.lost && (mixed & 1) != 0) {
      static_cast<void>(write_sector(number, sector));
    }
  }
}

bool VolatileDisk::Node::pending() const {
  return size != real_size || real_visible != real_size ||
         std::ranges::any_of(sectors, [](const auto& entry) { return !entry.second.lost; });
}

}  // namespace birthmark
