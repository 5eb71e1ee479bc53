// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "audit/merkle.h"
#include "audit/tile.h"
#include "base/result.h"

namespace birthmark {

/// The growing end of a tiled log: the frontier, and the tiles and the bundle that are not full yet. A value: copy it,
/// grow the copy, and keep it only once everything is written.
class LogTail {
 public:
  /// The end of the empty log.
  LogTail() = default;
  /// The end of a log of `size` entries, a multiple of 256, whose hashes are stored. @error the reader's; bad_request
  static Result<LogTail> resume(std::uint64_t size, const audit::HashReader& read);

  /// Adds entries. @error too_large: one above 65,535 bytes; nothing may be kept then.
  Result<void> add(std::span<const Bytes> entries);

  /// Gives each tile and bundle that has grown since `resume` or the last call, bundles first; then forgets the full
  /// ones. @error `write`'s
  Result<void> flush(const std::function<Result<void>(const audit::TileName&, BytesView)>& write);

  /// The bytes of a tile or bundle that is not full yet, at any width that it had, or that flush() has yet to give.
  [[nodiscard]] std::optional<Bytes> find(const audit::TileName& name) const;

  /// A hash of a tile that is not full yet. @param level, index as audit::HashReader has them
  [[nodiscard]] std::optional<Digest> hash(unsigned level, std::uint64_t index) const;

  [[nodiscard]] const audit::Tree& tree() const { return tree_; }

 private:
  struct Tile {
    audit::TileName name;
    Bytes bytes;
  };
  struct Level {
    std::vector<Digest> hashes;  // of the unfinished tile
    std::uint64_t tile = 0;
    bool grown = false;
  };

  void put(unsigned level, std::uint64_t index, const Digest& hash);
  [[nodiscard]] std::optional<Bytes> unfinished(const audit::TileName& name) const;
  Result<void> put_entry(BytesView entry);

  audit::Tree tree_;
  Bytes bundle_;                          // of the unfinished bundle
  std::vector<std::size_t> bundle_ends_;  // where each of its entries ends
  bool bundle_grown_ = false;
  std::vector<Level> levels_;
  std::vector<Tile> full_;
};

}  // namespace birthmark
