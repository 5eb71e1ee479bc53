// SPDX-License-Identifier: Apache-2.0
#include "audit/tile.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>

#include "audit/text.h"

namespace birthmark::audit {
namespace {

constexpr unsigned kLevelMax = 63;

std::string three_digits(std::uint64_t group) {
  std::string out = std::to_string(group);
  return std::string(3 - out.size(), '0') + out;
}

std::string index_path(std::uint64_t index) {
  std::string out = three_digits(index % 1000);
  for (index /= 1000; index != 0; index /= 1000) {
    out.insert(0, "x" + three_digits(index % 1000) + "/");
  }
  return out;
}

// Takes the part of `rest` up to the next '/', or all of it.
std::string_view take_element(std::string_view& rest) {
  const auto element = rest.substr(0, rest.find('/'));
  rest.remove_prefix(std::min(rest.size(), element.size() + 1));
  return element;
}

std::optional<std::uint64_t> read_group(std::string_view digits) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (digits.size() != 3 || error != std::errc{} || end != digits.data() + digits.size()) {
    return std::nullopt;
  }
  return value;
}

// How many hashes a level holds in a log of `size` entries: one for each subtree that is complete.
std::uint64_t hashes_at(unsigned level, std::uint64_t size) {
  return level * kTileHeight >= 64 ? 0 : size >> (level * kTileHeight);
}

TileName tile_of(TileKind kind, unsigned level, std::uint64_t index, std::uint64_t hashes) {
  return {kind, level, index, static_cast<unsigned>(std::min(kTileWidth, hashes - index * kTileWidth))};
}

void add_grown(std::vector<TileName>& out, TileKind kind, unsigned level, std::uint64_t from, std::uint64_t to) {
  const auto before = hashes_at(level, from);
  const auto after = hashes_at(level, to);
  for (auto index = before / kTileWidth; before < after && index <= (after - 1) / kTileWidth; ++index) {
    out.push_back(tile_of(kind, level, index, after));
  }
}

tl::unexpected<Error> bad_path() {
  return fail(Code::bad_request, "not the path of a tile");
}

}  // namespace

std::string path_of(const TileName& name) {
  std::string out = "tile/";
  out += name.kind == TileKind::entries ? "entries" : std::to_string(name.level);
  out += "/" + index_path(name.index);
  if (name.width < kTileWidth) {
    out += ".p/" + std::to_string(name.width);
  }
  return out;
}

Result<TileName> read_tile_path(std::string_view path) {
  constexpr std::size_t kPathMaxBytes = 64;
  if (path.size() > kPathMaxBytes) {
    return bad_path();
  }
  auto rest = path;
  TileName name;
  if (take_element(rest) != "tile") {
    return bad_path();
  }
  if (const auto level_text = take_element(rest); level_text == "entries") {
    name.kind = TileKind::entries;
  } else {
    const auto level = read_decimal(level_text);
    if (!level || *level > kLevelMax) {
      return bad_path();
    }
    name.level = static_cast<unsigned>(*level);
  }
  if (const auto suffix = rest.find(".p/"); suffix != std::string_view::npos) {
    const auto width = read_decimal(rest.substr(suffix + 3));
    if (!width || *width == 0 || *width >= kTileWidth) {
      return bad_path();
    }
    name.width = static_cast<unsigned>(*width);
    rest = rest.substr(0, suffix);
  }
  while (!rest.empty()) {
    auto element = take_element(rest);
    const bool last = !element.starts_with('x');
    const auto group = read_group(element.substr(last ? 0 : 1));
    if (!group || name.index > (std::numeric_limits<std::uint64_t>::max() - *group) / 1000) {
      return bad_path();
    }
    name.index = name.index * 1000 + *group;
  }
  // Leading zero groups, a missing last group and a trailing slash have been let through so far.
  if (path_of(name) != path) {
    return bad_path();
  }
  return name;
}

std::vector<TileName> tiles_grown(std::uint64_t from, std::uint64_t to) {
  std::vector<TileName> out;
  add_grown(out, TileKind::entries, 0, from, to);
  for (unsigned level = 0; hashes_at(level, to) != 0; ++level) {
    add_grown(out, TileKind::hashes, level, from, to);
  }
  return out;
}

Result<TileName> tile_at(TileKind kind, unsigned level, std::uint64_t position, std::uint64_t size) {
  if (position >= hashes_at(level, size)) {
    return fail(Code::bad_request, "position " + std::to_string(position) + " of level " + std::to_string(level) +
                                       " is not in a log of " + std::to_string(size) + " entries");
  }
  return tile_of(kind, level, position / kTileWidth, hashes_at(level, size));
}

Bytes write_hash_tile(std::span<const Digest> hashes) {
  Bytes out;
  out.reserve(hashes.size() * kHashBytes);
  for (const auto& hash : hashes) {
    append(out, hash.get());
  }
  return out;
}

Result<std::vector<Digest>> read_hash_tile(BytesView bytes, unsigned width) {
  if (width == 0 || width > kTileWidth || bytes.size() != width * kHashBytes) {
    return fail(Code::bad_request,
                "a tile of " + std::to_string(width) + " hashes has " + std::to_string(bytes.size()) + " bytes");
  }
  std::vector<Digest> out;
  out.reserve(width);
  for (; !bytes.empty(); bytes = bytes.subspan(kHashBytes)) {
    out.emplace_back(*octets<kHashBytes>(bytes.first(kHashBytes)));
  }
  return out;
}

Result<Bytes> write_entry_bundle(std::span<const Bytes> entries) {
  if (entries.empty()) {
    return fail(Code::bad_request, "a bundle without entries");
  }
  if (entries.size() > kTileWidth) {
    return fail(Code::too_large, "more than 256 entries in a bundle");
  }
  Bytes out;
  for (const auto& entry : entries) {
    if (entry.size() > kBundledEntryMaxBytes) {
      return fail(Code::too_large, "an entry of " + std::to_string(entry.size()) + " bytes");
    }
    out.push_back(static_cast<std::uint8_t>(entry.size() >> 8));
    out.push_back(static_cast<std::uint8_t>(entry.size() & 0xFF));
    append(out, entry);
  }
  return out;
}

Result<std::vector<BytesView>> read_entry_bundle(BytesView bytes, unsigned width) {
  if (width == 0 || width > kTileWidth) {
    return fail(Code::bad_request, "a bundle of " + std::to_string(width) + " entries");
  }
  std::vector<BytesView> out;
  out.reserve(width);
  while (out.size() < width) {
    if (bytes.size() < 2) {
      return fail(Code::bad_request, "the bundle ends before entry " + std::to_string(out.size()));
    }
    const std::size_t length = static_cast<std::size_t>(bytes[0]) << 8 | bytes[1];
    if (bytes.size() - 2 < length) {
      return fail(Code::bad_request, "the bundle ends within entry " + std::to_string(out.size()));
    }
    out.push_back(bytes.subspan(2, length));
    bytes = bytes.subspan(2 + length);
  }
  if (!bytes.empty()) {
    return fail(Code::bad_request, std::to_string(bytes.size()) + " bytes are left behind the bundle's entries");
  }
  return out;
}

Result<FetchedTile> fetch_tile(const TileReader& read, const TileName& name) {
  auto bytes = read(name);
  if (bytes) {
    return FetchedTile{std::move(*bytes), name.width};
  }
  if (bytes.error().code != Code::not_found || name.width == kTileWidth) {
    return fail(std::move(bytes).error());
  }
  auto full = name;
  full.width = kTileWidth;
  auto grown = read(full);
  if (!grown) {
    // The tile that was asked for is the one to name, unless the storage itself has failed.
    return fail(grown.error().code == Code::not_found ? bytes.error() : grown.error());
  }
  return FetchedTile{std::move(*grown), full.width};
}

Result<Digest> TileHashes::at(unsigned level, std::uint64_t index) {
  BM_TRY(const auto name, tile_at(TileKind::hashes, level, index, size_));
  auto found = tiles_.find({level, name.index});
  if (found == tiles_.end()) {
    BM_TRY(const auto tile, fetch_tile(read_, name));
    BM_TRY(auto hashes, read_hash_tile(tile.bytes, tile.width));
    found = tiles_.emplace(std::pair{level, name.index}, std::move(hashes)).first;
  }
  return found->second[index % kTileWidth];
}

}  // namespace birthmark::audit
