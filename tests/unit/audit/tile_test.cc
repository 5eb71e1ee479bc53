// SPDX-License-Identifier: Apache-2.0
#include "audit/tile.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>

#include "memory_log.h"

namespace birthmark::audit {
namespace {

using testing::must;

struct PathCase {
  TileName name;
  const char* path;
};
// C2SP tlog-tiles, Merkle Tree and Log entries.
const PathCase kPaths[] = {
    {{TileKind::hashes, 0, 0, 256}, "tile/0/000"},
    {{TileKind::hashes, 0, 999, 256}, "tile/0/999"},
    {{TileKind::hashes, 0, 1000, 256}, "tile/0/x001/000"},
    {{TileKind::hashes, 3, 1'234'067, 256}, "tile/3/x001/x234/067"},
    {{TileKind::hashes, 63, 0, 1}, "tile/63/000.p/1"},
    {{TileKind::hashes, 1, 1'234'067, 255}, "tile/1/x001/x234/067.p/255"},
    {{TileKind::entries, 0, 0, 17}, "tile/entries/000.p/17"},
    {{TileKind::entries, 0, 1'000'000, 256}, "tile/entries/x001/x000/000"},
    {{TileKind::entries, 0, ~std::uint64_t{0}, 256}, "tile/entries/x018/x446/x744/x073/x709/x551/615"},
};

TEST(TilePath, is_written_and_read_as_the_specification_says) {
  for (const auto& test : kPaths) {
    EXPECT_EQ(path_of(test.name), test.path);
    const auto name = read_tile_path(test.path);
    ASSERT_TRUE(name) << test.path;
    EXPECT_EQ(*name, test.name) << test.path;
  }
}

TEST(TilePath, anything_else_is_refused) {
  for (const auto* const bad : {"",
                                "tile",
                                "tile/",
                                "tile/0",
                                "tile/0/",
                                "tile/00/000",
                                "tile/64/000",
                                "tile/-1/000",
                                "tile/x/000",
                                "tile/0/0",
                                "tile/0/00",
                                "tile/0/0000",
                                "tile/0/x000/000",
                                "tile/0/x001",
                                "tile/0/x001/",
                                "tile/0/001/002",
                                "tile/0/x001/x002",
                                "tile/0/000/",
                                "/tile/0/000",
                                "tile//000",
                                "tile/0/000.p",
                                "tile/0/000.p/",
                                "tile/0/000.p/0",
                                "tile/0/000.p/256",
                                "tile/0/000.p/01",
                                "tile/0/000.p/1/2",
                                "tile/0/000.p/-1",
                                "tile/0/0 0",
                                "tile/0/+00",
                                "tile/0/-00",
                                "tile/entries",
                                "tile/entries/1",
                                "tile/Entries/000",
                                "tile/0/../000",
                                "tile/0/000\n",
                                "tile/entries/x018/x446/x744/x073/x709/x551/616",
                                "tile/0/x999/x999/x999/x999/x999/x999/x999/999",
                                "checkpoint"}) {
    EXPECT_FALSE(read_tile_path(bad)) << bad;
  }
  EXPECT_FALSE(read_tile_path("tile/0/" + std::string(1'000'000, 'x')));
  EXPECT_FALSE(read_tile_path(std::string_view{"tile/0/000\0", 11}));
}

TEST(TilePath, every_name_comes_back) {
  ASSERT_TRUE(rc::check([] {
    const TileName name{TileKind::hashes, *rc::gen::inRange(0U, 64U), *rc::gen::arbitrary<std::uint64_t>(),
                        *rc::gen::inRange(1U, 257U)};
    RC_ASSERT(must(read_tile_path(path_of(name))) == name);
  }));
}

TEST(TileGrowth, seventy_thousand_entries_make_the_tiles_of_the_specification) {
  const auto names = tiles_grown(0, 70'000);
  const auto count = [&](TileKind kind, unsigned level, unsigned width) {
    return std::ranges::count_if(
        names, [&](const TileName& n) { return n.kind == kind && n.level == level && n.width == width; });
  };
  EXPECT_EQ(count(TileKind::hashes, 0, 256), 273);
  EXPECT_EQ(count(TileKind::hashes, 0, 112), 1);
  EXPECT_EQ(count(TileKind::hashes, 1, 256), 1);
  EXPECT_EQ(count(TileKind::hashes, 1, 17), 1);
  EXPECT_EQ(count(TileKind::hashes, 2, 1), 1);
  EXPECT_EQ(count(TileKind::entries, 0, 256), 273);
  EXPECT_EQ(count(TileKind::entries, 0, 112), 1);
  EXPECT_EQ(names.size(), 551U);
}

TEST(TileGrowth, a_full_tile_has_one_hash_above_it) {
  const std::vector<TileName> expected{
      {TileKind::entries, 0, 0, 256}, {TileKind::hashes, 0, 0, 256}, {TileKind::hashes, 1, 0, 1}};
  EXPECT_EQ(tiles_grown(255, 256), expected);
  EXPECT_EQ(tiles_grown(0, 256), expected);
}

TEST(TileGrowth, only_what_changed_is_written) {
  EXPECT_TRUE(tiles_grown(5, 5).empty());
  EXPECT_TRUE(tiles_grown(6, 5).empty());
  EXPECT_TRUE(tiles_grown(0, 0).empty());
  const std::vector<TileName> expected{{TileKind::entries, 0, 1, 2}, {TileKind::hashes, 0, 1, 2}};
  EXPECT_EQ(tiles_grown(257, 258), expected);
}

TEST(TileGrowth, steps_make_the_same_tiles_as_one_leap) {
  ASSERT_TRUE(rc::check([] {
    const auto a = *rc::gen::inRange<std::uint64_t>(0, 70'000);
    const auto b = *rc::gen::inRange<std::uint64_t>(a, 140'000);
    const auto before = tiles_grown(0, a);
    const auto step = tiles_grown(a, b);
    std::map<std::string, int> known;
    for (const auto& name : before) {
      known[path_of(name)] |= 1;
    }
    for (const auto& name : step) {
      known[path_of(name)] |= 2;
    }
    for (const auto& name : tiles_grown(0, b)) {
      const auto seen = known[path_of(name)];
      RC_ASSERT(seen == 1 || seen == 2);  // made before or now, and never twice
    }
  }));
}

TEST(Tile, the_tile_of_a_position_is_one_of_the_logs) {
  const auto names = tiles_grown(0, 70'000);
  for (const std::uint64_t position : {0, 255, 256, 69'887, 69'888, 69'999}) {
    const auto name = must(tile_at(TileKind::hashes, 0, position, 70'000));
    EXPECT_NE(std::ranges::find(names, name), names.end());
    EXPECT_LT(position - name.index * kTileWidth, name.width);
  }
  EXPECT_EQ(must(tile_at(TileKind::hashes, 2, 0, 70'000)), (TileName{TileKind::hashes, 2, 0, 1}));
  EXPECT_FALSE(tile_at(TileKind::hashes, 0, 70'000, 70'000));
  EXPECT_FALSE(tile_at(TileKind::hashes, 1, 273, 70'000));
  EXPECT_FALSE(tile_at(TileKind::hashes, 2, 1, 70'000));
  EXPECT_FALSE(tile_at(TileKind::hashes, 8, 0, ~std::uint64_t{0})) << "a shift by 64 bits";
}

TEST(HashTile, has_exactly_its_width) {
  const std::vector<Digest> hashes{empty_root(), leaf_hash({}), Digest{}};
  const auto bytes = write_hash_tile(hashes);
  EXPECT_EQ(bytes.size(), 96U);
  EXPECT_EQ(must(read_hash_tile(bytes, 3)), hashes);
  for (const unsigned width : {0U, 1U, 2U, 4U, 256U, 257U}) {
    EXPECT_FALSE(read_hash_tile(bytes, width)) << width;
  }
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(read_hash_tile(BytesView{bytes}.first(size), 3)) << size;
  }
  EXPECT_FALSE(read_hash_tile(Bytes(257 * 32), 257));
  EXPECT_FALSE(read_hash_tile({}, 0));
}

TEST(EntryBundle, comes_back_whole) {
  const std::vector<Bytes> entries{{}, {1}, Bytes(65'535, 7), {0, 0}};
  const auto bytes = must(write_entry_bundle(entries));
  const auto read = must(read_entry_bundle(bytes, 4));
  ASSERT_EQ(read.size(), 4U);
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_TRUE(equal(read[i], entries[i]));
  }
  EXPECT_EQ(to_hex(BytesView{bytes}.first(5)), "0000000101");
}

TEST(EntryBundle, wrong_lengths_are_refused) {
  const auto bytes = must(write_entry_bundle(std::vector<Bytes>{{1, 2}, {}, {3}}));
  for (const unsigned width : {0U, 1U, 2U, 4U, 256U, 257U}) {
    EXPECT_FALSE(read_entry_bundle(bytes, width)) << width;
  }
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(read_entry_bundle(BytesView{bytes}.first(size), 3)) << size;
  }
  auto longer = bytes;
  longer.push_back(0);
  EXPECT_FALSE(read_entry_bundle(longer, 3));
  EXPECT_FALSE(read_entry_bundle(Bytes{0xFF, 0xFF}, 1));
}

TEST(EntryBundle, what_does_not_fit_is_not_written) {
  EXPECT_EQ(write_entry_bundle({}).error().code, Code::bad_request);
  EXPECT_EQ(write_entry_bundle(std::vector<Bytes>(257, Bytes{1})).error().code, Code::too_large);
  EXPECT_EQ(write_entry_bundle(std::vector<Bytes>{Bytes(65'536)}).error().code, Code::too_large);
}

TEST(TileHashes, give_the_proofs_that_memory_gives) {
  const testing::Keys keys;
  testing::MemoryLog log;
  log.grow(700, keys);
  TileHashes tiles{700, [&](const TileName& name) { return log.tile(name); }};
  const auto head = log.head();
  EXPECT_EQ(must(root_at(700, tiles.reader())), head.root);
  for (std::uint64_t i = 0; i < 700; i += 13) {
    EXPECT_EQ(must(prove_inclusion(i, 700, tiles.reader())), must(prove_inclusion(i, 700, log.hashes().reader())));
  }
}

TEST(TileHashes, a_full_tile_replaces_a_partial_one_that_is_gone) {
  const testing::Keys keys;
  testing::MemoryLog log;
  log.grow(200, keys);
  const auto old = log.head();
  log.grow(300, keys);
  log.files.erase("tile/0/000.p/200");
  TileHashes tiles{200, [&](const TileName& name) { return log.tile(name); }};
  EXPECT_EQ(must(root_at(200, tiles.reader())), old.root);
}

TEST(TileHashes, each_tile_is_read_once) {
  const testing::Keys keys;
  testing::MemoryLog log;
  log.grow(700, keys);
  int reads = 0;
  TileHashes tiles{700, [&](const TileName& name) {
                     ++reads;
                     return log.tile(name);
                   }};
  for (std::uint64_t i = 0; i < 700; ++i) {
    EXPECT_TRUE(prove_inclusion(i, 700, tiles.reader()));
  }
  EXPECT_EQ(reads, 4);
}

TEST(TileHashes, errors_keep_their_cause) {
  TileHashes missing{700, [](const TileName&) -> Result<Bytes> { return fail(Code::not_found, "gone"); }};
  EXPECT_EQ(missing.at(0, 600).error().code, Code::not_found);
  TileHashes broken{700, [](const TileName&) -> Result<Bytes> { return fail(Code::storage, "disk"); }};
  EXPECT_EQ(broken.at(0, 600).error().code, Code::storage);
  TileHashes shorter{700, [](const TileName&) -> Result<Bytes> { return Bytes(31); }};
  EXPECT_EQ(shorter.at(0, 0).error().code, Code::bad_request);
  EXPECT_EQ(shorter.at(0, 700).error().code, Code::bad_request);
}

}  // namespace
}  // namespace birthmark::audit
