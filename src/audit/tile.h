// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "audit/merkle.h"
#include "base/bytes.h"
#include "base/result.h"

namespace birthmark::audit {

inline constexpr std::uint64_t kTileWidth = std::uint64_t{1} << kTileHeight;  ///< hashes or entries of a full tile
inline constexpr std::size_t kHashBytes = 32;
inline constexpr std::size_t kBundledEntryMaxBytes = 65'535;  ///< what a u16 length can say
inline constexpr std::string_view kCheckpointPath = "checkpoint";

enum class TileKind : std::uint8_t { hashes, entries };

/// One resource of a tiled log (C2SP tlog-tiles): a tile of hashes, or a bundle of entries.
struct TileName {
  TileKind kind = TileKind::hashes;
  unsigned level = 0;       ///< 0..63; 0 for entries
  std::uint64_t index = 0;  ///< of the tile within its level
  unsigned width = 256;     ///< 1..256 hashes or entries; below 256 the tile is partial

  friend bool operator==(const TileName&, const TileName&) = default;
};

/// The path below the log's prefix: "tile/0/x001/x234/067", "tile/1/000.p/17", "tile/entries/000.p/188".
std::string path_of(const TileName& name);
/// Reads such a path; whatever is not exactly as `path_of` writes it is refused.
/// @error bad_request
Result<TileName> read_tile_path(std::string_view path);

/// The tiles that a log's growth from `from` to `to` entries makes or extends, as they stand afterwards: entries first,
/// then hashes from level 0 up, each by index. Empty unless from < to. Its length grows with (to - from) / 256.
std::vector<TileName> tiles_grown(std::uint64_t from, std::uint64_t to);
/// The one tile that holds hash or entry `position` of a level in a log of `size` entries.
/// @error bad_request: the position is not in the log.
Result<TileName> tile_at(TileKind kind, unsigned level, std::uint64_t position, std::uint64_t size);

/// The bytes of a tile: its hashes one after the other.
Bytes write_hash_tile(std::span<const Digest> hashes);
/// @error bad_request: not exactly `width` times 32 bytes, or a width outside 1..256.
Result<std::vector<Digest>> read_hash_tile(BytesView bytes, unsigned width);

/// The bytes of an entry bundle: each entry behind its length as a big-endian u16.
/// @error too_large: an entry above 65,535 bytes, or more than 256 entries; bad_request: none.
Result<Bytes> write_entry_bundle(std::span<const Bytes> entries);
/// The entries of a bundle; they alias `bytes`.
/// @error bad_request: not exactly `width` entries (1..256) with nothing left over.
Result<std::vector<BytesView>> read_entry_bundle(BytesView bytes, unsigned width);

/// Reads one resource of a log. @error not_found; storage, unavailable
using TileReader = std::function<Result<Bytes>(const TileName&)>;

/// Fetches the tile `name`, or, where a partial tile is gone because the log has grown since, the beginning of the full
/// one (C2SP tlog-tiles, Partial Tiles): `width` then is 256. @error the reader's
struct FetchedTile {
  Bytes bytes;
  unsigned width;
};
Result<FetchedTile> fetch_tile(const TileReader& read, const TileName& name);

/// The stored hashes of a log of fixed size, read out of its tiles; keeps each tile it has read. Not for use by two
/// threads at once. What it returns is unverified: check every proof made from it against a trusted root.
class TileHashes {
 public:
  TileHashes(std::uint64_t size, TileReader read) : size_{size}, read_{std::move(read)} {}
  /// @error bad_request: outside the log, or a tile of wrong length; else the reader's.
  Result<Digest> at(unsigned level, std::uint64_t index);
  /// A view of this object for the proof functions; must not outlive it.
  HashReader reader() {
    return [this](unsigned level, std::uint64_t index) { return at(level, index); };
  }

 private:
  std::uint64_t size_;
  TileReader read_;
  std::map<std::pair<unsigned, std::uint64_t>, std::vector<Digest>> tiles_;
};

}  // namespace birthmark::audit
