// SPDX-License-Identifier: Apache-2.0
#include "adapters/log/recent_subtrees.h"

namespace birthmark {

// Within one tile the subtrees of height h begin at 2^(8-h), as in a heap: all have different places below 256.
std::size_t RecentSubtrees::place_of(unsigned height, std::uint64_t index) {
  const auto first = std::size_t{1} << (audit::kTileHeight - height % audit::kTileHeight);
  return height / audit::kTileHeight % kLevels << audit::kTileHeight | first | (index & (first - 1));
}

std::optional<Digest> RecentSubtrees::find(unsigned height, std::uint64_t index) const {
  const std::scoped_lock lock{mutex_};
  const auto& slot = slots_[place_of(height, index)];
  return slot.height == height && slot.index == index ? std::optional{slot.root} : std::nullopt;
}

void RecentSubtrees::keep(unsigned height, std::uint64_t index, const Digest& root) {
  const std::scoped_lock lock{mutex_};
  slots_[place_of(height, index)] = {height, index, root};
}

}  // namespace birthmark
