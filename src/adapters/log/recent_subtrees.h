// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mutex>
#include <optional>
#include <vector>

#include "audit/merkle.h"

namespace birthmark {

/// The subtrees of one tile of each of four levels, 48 KiB; those of another tile take their places, one by one. Safe
/// from any thread.
class RecentSubtrees final : public audit::SubtreeMemo {
 public:
  [[nodiscard]] std::optional<Digest> find(unsigned height, std::uint64_t index) const override;
  void keep(unsigned height, std::uint64_t index, const Digest& root) override;

 private:
  struct Slot {
    unsigned height = 0;  // 0: empty; a leaf is never kept
    std::uint64_t index = 0;
    Digest root{};
  };
  static constexpr std::size_t kLevels = 4;
  static std::size_t place_of(unsigned height, std::uint64_t index);

  mutable std::mutex mutex_;
  std::vector<Slot> slots_ = std::vector<Slot>(kLevels << audit::kTileHeight);
};

}  // namespace birthmark
