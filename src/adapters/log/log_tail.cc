// SPDX-License-Identifier: Apache-2.0
#include "adapters/log/log_tail.h"

#include <algorithm>

namespace birthmark {

using audit::kTileWidth;
using audit::TileKind;

Result<LogTail> LogTail::resume(std::uint64_t size, const audit::HashReader& read) {
  LogTail tail;
  if (size % kTileWidth != 0) {
    return fail(Code::bad_request, "a log is resumed between two bundles");
  }
  BM_TRY(tail.tree_, audit::Tree::resume(size, read));
  unsigned level = 0;
  for (auto hashes = size; hashes != 0; hashes /= kTileWidth, ++level) {
    auto& at = tail.levels_.emplace_back();
    at.tile = hashes / kTileWidth;
    for (auto index = at.tile * kTileWidth; index < hashes; ++index) {
      BM_TRY(const auto hash, read(level, index));
      at.hashes.push_back(hash);
    }
  }
  return tail;
}

void LogTail::put(unsigned level, std::uint64_t index, const Digest& hash) {
  if (levels_.size() <= level) {
    levels_.resize(level + 1);
  }
  auto& at = levels_[level];
  at.tile = index / kTileWidth;
  at.hashes.push_back(hash);
  at.grown = true;
  if (at.hashes.size() == kTileWidth) {
    full_.push_back({{.level = level, .index = at.tile}, audit::write_hash_tile(at.hashes)});
    at = {.hashes = {}, .tile = at.tile + 1, .grown = false};
  }
}

Result<void> LogTail::put_entry(BytesView entry) {
  const Bytes copy = to_bytes(entry);
  BM_TRY(const auto encoded, audit::write_entry_bundle(std::span{&copy, 1}));
  append(bundle_, encoded);
  bundle_ends_.push_back(bundle_.size());
  bundle_grown_ = true;
  if (bundle_ends_.size() == kTileWidth) {
    full_.push_back({{.kind = TileKind::entries, .index = tree_.size() / kTileWidth}, std::move(bundle_)});
    bundle_.clear();
    bundle_ends_.clear();
    bundle_grown_ = false;
  }
  return {};
}

Result<void> LogTail::add(std::span<const Bytes> entries) {
  for (const auto& entry : entries) {
    BM_CHECK(put_entry(entry));
    tree_.append(audit::leaf_hash(entry),
                 [this](unsigned level, std::uint64_t index, const Digest& hash) { put(level, index, hash); });
  }
  return {};
}

Result<void> LogTail::flush(const std::function<Result<void>(const audit::TileName&, BytesView)>& write) {
  for (const auto& tile : full_) {
    BM_CHECK(write(tile.name, tile.bytes));
  }
  full_.clear();
  if (bundle_grown_) {
    const auto width = static_cast<unsigned>(bundle_ends_.size());
    BM_CHECK(write({.kind = TileKind::entries, .index = tree_.size() / kTileWidth, .width = width}, bundle_));
    bundle_grown_ = false;
  }
  for (unsigned level = 0; level < levels_.size(); ++level) {
    auto& at = levels_[level];
    if (at.grown) {
      const auto width = static_cast<unsigned>(at.hashes.size());
      BM_CHECK(write({.level = level, .index = at.tile, .width = width}, audit::write_hash_tile(at.hashes)));
      at.grown = false;
    }
  }
  return {};
}

std::optional<Bytes> LogTail::find(const audit::TileName& name) const {
  const auto finished = std::ranges::find(full_, name, &Tile::name);
  return finished != full_.end() ? std::optional{finished->bytes} : unfinished(name);
}

std::optional<Digest> LogTail::hash(unsigned level, std::uint64_t index) const {
  if (level >= levels_.size()) {
    return std::nullopt;
  }
  const auto& at = levels_[level];
  const auto place = index % kTileWidth;
  return index / kTileWidth == at.tile && place < at.hashes.size() ? std::optional{at.hashes[place]} : std::nullopt;
}

std::optional<Bytes> LogTail::unfinished(const audit::TileName& name) const {
  if (name.kind == TileKind::entries) {
    const bool here = name.index == tree_.size() / kTileWidth && name.width <= bundle_ends_.size();
    return here ? std::optional{to_bytes(BytesView{bundle_}.first(bundle_ends_[name.width - 1]))} : std::nullopt;
  }
  if (name.level >= levels_.size()) {
    return std::nullopt;
  }
  const auto& at = levels_[name.level];
  const bool here = name.index == at.tile && name.width <= at.hashes.size();
  return here ? std::optional{audit::write_hash_tile(std::span{at.hashes}.first(name.width))} : std::nullopt;
}

}  // namespace birthmark
