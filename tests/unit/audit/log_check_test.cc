// SPDX-License-Identifier: Apache-2.0
#include "audit/log_check.h"

#include <gtest/gtest.h>

#include <functional>
#include <random>

#include "memory_log.h"
#include "support/spoil.h"

namespace birthmark::audit {
namespace {

using testing::Keys;
using testing::kOrigin;
using testing::MemoryLog;
using testing::must;
using testing::sample_bytes;

constexpr std::uint64_t kSize = 700;

class LogCheck : public ::testing::Test {
 protected:
  Keys keys;
  MemoryLog log;

  LogCheckOptions options(std::vector<Checkpoint> witnessed = {}) const { return {keys.trust(), std::move(witnessed)}; }
  LogReport check(std::vector<Checkpoint> witnessed = {}) {
    return must(verify_log(log, options(std::move(witnessed))));
  }
  // Grows the log through the sizes and returns the checkpoint at each.
  std::vector<Checkpoint> grow(const std::vector<std::uint64_t>& sizes) {
    std::vector<Checkpoint> heads;
    for (const auto size : sizes) {
      log.grow(size, keys);
      heads.push_back(log.head());
    }
    return heads;
  }
  // Another history: entry `index` is a different one, everything else, signatures included, is made anew.
  MemoryLog rewritten(std::uint64_t index, std::uint64_t size) const {
    MemoryLog other;
    for (std::uint64_t i = 0; i < size; ++i) {
      other.append(sample_bytes(i == index ? 9999 : i));
    }
    other.publish(0, keys);
    return other;
  }
};

TEST_F(LogCheck, a_sound_log_of_any_size_passes) {
  for (const std::uint64_t size : {0, 1, 2, 255, 256, 257, 511, 512, 700}) {
    MemoryLog grown;
    grown.grow(size, keys);
    const auto report = must(verify_log(grown, options()));
    ASSERT_TRUE(report.sound()) << size << ": " << report.finding->words;
    EXPECT_EQ(report.entries, size);
    EXPECT_EQ(report.rows, size);
    EXPECT_EQ(report.files, tiles_grown(0, size).size());
    EXPECT_EQ(report.head, grown.head());
    EXPECT_EQ(report.cosignatures.size(), 1U);
  }
}

TEST_F(LogCheck, three_tile_levels_pass) {
  log.with_rows = false;
  log.grow(66'000, keys);
  const auto report = check({log.head()});
  EXPECT_TRUE(report.sound());
  EXPECT_EQ(report.files, tiles_grown(0, 66'000).size());
  log.files["tile/2/000.p/1"][0] ^= 1;
  EXPECT_EQ(check().finding->file, "tile/2/000.p/1");
}

TEST_F(LogCheck, a_log_that_grew_in_steps_passes_with_all_its_heads) {
  auto heads = grow({0, 1, 3, 100, 256, 300, 512, 700});
  std::ranges::reverse(heads);
  const auto report = check(heads);
  EXPECT_TRUE(report.sound()) << report.finding->words;
}

TEST_F(LogCheck, without_rows_the_files_alone_are_checked) {
  log.grow(kSize, keys);
  log.with_rows = false;
  log.table.clear();
  EXPECT_TRUE(check().sound());
}

// One random change; false if it would change nothing.
using Change = std::function<bool(MemoryLog&, std::mt19937_64&)>;

using test::below;

/// Puts another one in its place; false if it is the same.
template <class Text>
bool exchange(Text& text, Text other) {
  const bool differs = text != other;
  text = std::move(other);
  return differs;
}
template <class Text>
bool spoil(Text& text, std::mt19937_64& random) {
  return exchange(text, test::spoilt(text, random));
}

Bytes& any_file(MemoryLog& log, std::mt19937_64& random) {
  return std::next(log.files.begin(), static_cast<std::ptrdiff_t>(below(log.files.size(), random)))->second;
}

bool change_lines(MemoryLog& log, std::mt19937_64& random) {
  return exchange(log.note, test::other_lines(log.note, random));
}

const Change kChanges[] = {
    [](MemoryLog& log, auto& random) { return spoil(any_file(log, random), random); },
    [](MemoryLog& log, auto& random) { return spoil(log.note, random); },
    [](MemoryLog& log, auto& random) { return spoil(log.table[below(kSize, random)].entry, random); },
    change_lines,
    [](MemoryLog& log, auto& random) {  // a file goes
      log.files.erase(std::next(log.files.begin(), static_cast<std::ptrdiff_t>(below(log.files.size(), random))));
      return true;
    },
    [](MemoryLog& log, auto& random) {  // two files change places
      auto& a = any_file(log, random);
      auto& b = any_file(log, random);
      std::swap(a, b);
      return a != b;
    },
    [](MemoryLog& log, auto& random) {  // a row goes
      log.table.erase(log.table.begin() + static_cast<std::ptrdiff_t>(below(kSize, random)));
      return true;
    },
    [](MemoryLog& log, auto& random) {  // the last rows go
      log.table.resize(below(kSize, random));
      return true;
    },
    [](MemoryLog& log, auto& random) {  // two rows change places, with or without their numbers
      const auto a = below(kSize, random);
      const auto b = below(kSize, random);
      std::swap(log.table[a], log.table[b]);
      if (below(2, random) == 0) {
        std::swap(log.table[a].index, log.table[b].index);
      }
      return a != b;
    },
    [](MemoryLog& log, auto& random) {  // a row is there twice
      const auto at = below(kSize, random);
      log.table.insert(log.table.begin() + static_cast<std::ptrdiff_t>(at), log.table[at]);
      return true;
    },
};

TEST_F(LogCheck, a_thousand_of_a_thousand_random_changes_are_found) {
  log.grow(kSize, keys);
  ASSERT_TRUE(check().sound());
  int missed = 0;
  std::map<std::string, int> found_in;
  for (std::uint64_t seed = 0, made = 0; made < 1000; ++seed) {
    std::mt19937_64 random{seed};
    auto changed = log;
    if (!kChanges[seed % std::size(kChanges)](changed, random)) {
      continue;
    }
    ++made;
    const auto report = must(verify_log(changed, options()));
    if (report.sound()) {
      ++missed;
      ADD_FAILURE() << "seed " << seed;
      continue;
    }
    EXPECT_FALSE(report.finding->words.empty());
    ++found_in[report.finding->file];
  }
  EXPECT_EQ(missed, 0);
  EXPECT_EQ(found_in.size(), tiles_grown(0, kSize).size() + 2) << "each file, the checkpoint and the rows";
}

TEST_F(LogCheck, signature_lines_stand_as_they_were_published) {
  log.grow(5, keys);
  const auto note = must(read_note(log.note));
  const auto with_lines = [&](std::vector<NoteSignature> lines) {
    auto changed = log;
    changed.note = write_note({note.text, std::move(lines)});
    return must(verify_log(changed, options())).sound();
  };
  const auto& by_log = note.signatures[0];
  const auto& by_witness = note.signatures[1];
  const NoteSignature unknown{"else.example", 1, Bytes(64)};
  EXPECT_TRUE(with_lines({by_log, by_witness}));
  EXPECT_TRUE(with_lines({unknown, by_log, unknown, by_witness, unknown}));
  EXPECT_FALSE(with_lines({by_witness, by_log}));
  EXPECT_FALSE(with_lines({by_log, by_log, by_witness}));
  EXPECT_FALSE(with_lines({by_log, by_witness, by_witness}));
  EXPECT_FALSE(with_lines({by_log}));
}

struct Spot {
  const char* what;
  std::function<void(MemoryLog&)> change;
  std::string file;
  std::optional<std::uint64_t> index;
};

TEST_F(LogCheck, the_first_bad_index_is_named) {
  log.grow(kSize, keys);
  const std::size_t row_bytes = sample_bytes(0).size() + 2;
  const std::vector<Spot> spots{
      {"row", [](MemoryLog& l) { l.table[413].entry[9] ^= 1; }, "rows", 413},
      {"rows_cut", [](MemoryLog& l) { l.table.resize(650); }, "rows", 650},
      {"row_gone", [](MemoryLog& l) { l.table.erase(l.table.begin() + 300); }, "rows", 300},
      {"rows_swapped", [](MemoryLog& l) { std::swap(l.table[10].entry, l.table[20].entry); }, "rows", 10},
      {"row_misnumbered", [](MemoryLog& l) { l.table[10].index = 11; }, "rows", 10},
      {"leaf_hash", [](MemoryLog& l) { l.files.at("tile/0/001")[32 * 7] ^= 1; }, "tile/0/001", 263},
      {"upper_hash", [](MemoryLog& l) { l.files.at("tile/1/000.p/2")[32] ^= 1; }, "tile/1/000.p/2", 256},
      {"tile_gone", [](MemoryLog& l) { l.files.erase("tile/0/002.p/188"); }, "tile/0/002.p/188", 512},
      {"tile_cut", [](MemoryLog& l) { l.files.at("tile/0/000").resize(8191); }, "tile/0/000", 0},
      {"bundle_gone", [](MemoryLog& l) { l.files.erase("tile/entries/001"); }, "tile/entries/001", 256},
      {"bundle_cut", [](MemoryLog& l) { l.files.at("tile/entries/001").pop_back(); }, "tile/entries/001", 256},
      {"bundle_against_row", [&](MemoryLog& l) { l.files.at("tile/entries/000")[row_bytes * 4 + 8] ^= 1; }, "rows", 4},
      {"bundle_alone",
       [&](MemoryLog& l) {
         l.with_rows = false;
         l.files.at("tile/entries/000")[row_bytes * 4 + 8] ^= 1;
       },
       "tile/0/000", 4},
      {"checkpoint_gone", [](MemoryLog& l) { l.note.clear(); }, "checkpoint", std::nullopt},
  };
  for (const auto& spot : spots) {
    auto changed = log;
    spot.change(changed);
    const auto report = must(verify_log(changed, options()));
    ASSERT_FALSE(report.sound()) << spot.what;
    EXPECT_EQ(report.finding->file, spot.file) << spot.what << ": " << report.finding->words;
    EXPECT_EQ(report.finding->index, spot.index) << spot.what << ": " << report.finding->words;
  }
}

TEST_F(LogCheck, tiles_made_anew_over_a_changed_entry_fail_at_the_root_and_at_the_row) {
  log.grow(kSize, keys);
  auto changed = rewritten(413, kSize);
  changed.note = log.note;
  changed.table = log.table;
  EXPECT_EQ(must(verify_log(changed, options())).finding->index, 413U);
  changed.with_rows = false;
  EXPECT_EQ(must(verify_log(changed, options())).finding->file, "checkpoint");
}

TEST_F(LogCheck, a_rewritten_and_resigned_history_fails_against_the_witnessed_heads) {
  const auto heads = grow({100, 256, 400, 500, 700});
  auto other = rewritten(413, kSize);
  other.with_rows = false;
  ASSERT_TRUE(must(verify_log(other, options())).sound()) << "it is consistent in itself";
  const auto report = must(verify_log(other, options(heads)));
  ASSERT_FALSE(report.sound());
  EXPECT_EQ(report.finding->file, "witness");
  EXPECT_EQ(report.finding->index, 400U) << "the last head on which both histories agree";
}

TEST_F(LogCheck, two_heads_of_one_size_are_two_histories) {
  log.grow(kSize, keys);
  const auto ours = log.head();
  EXPECT_FALSE(check({ours, rewritten(699, kSize).head()}).sound());
  EXPECT_TRUE(check({ours, ours}).sound());
}

TEST_F(LogCheck, a_log_that_was_cut_back_fails_against_the_witnessed_head) {
  const auto heads = grow({650, 700});
  MemoryLog old;
  old.grow(650, keys);
  const auto report = must(verify_log(old, options(heads)));
  ASSERT_FALSE(report.sound());
  EXPECT_EQ(report.finding->file, "witness");
  EXPECT_EQ(report.finding->index, 650U);
  EXPECT_TRUE(must(verify_log(old, options({heads[0]}))).sound());
}

TEST_F(LogCheck, a_head_of_the_empty_log_is_compared_too) {
  log.grow(3, keys);
  EXPECT_TRUE(check({{kOrigin, 0, empty_root(), {}}}).sound());
  EXPECT_FALSE(check({{kOrigin, 0, Digest{}, {}}}).sound());
}

TEST_F(LogCheck, a_head_of_another_log_is_refused) {
  log.grow(3, keys);
  auto head = log.head();
  head.origin = "other.example/log";
  EXPECT_EQ(check({head}).finding->file, "witness");
}

TEST_F(LogCheck, another_key_is_not_believed) {
  log.grow(3, keys);
  const Keys others;
  EXPECT_EQ(must(verify_log(log, {others.trust()})).finding->file, "checkpoint");
}

TEST_F(LogCheck, rows_that_wait_for_the_next_checkpoint_are_counted) {
  log.grow(300, keys);
  for (std::uint64_t i = 300; i < 900; ++i) {
    log.table.push_back({i, sample_bytes(i)});
  }
  const auto report = check();
  EXPECT_TRUE(report.sound());
  EXPECT_EQ(report.rows_after_head, 600U);
  log.table.erase(log.table.begin() + 700);
  EXPECT_EQ(check().finding->index, 700U);
}

TEST_F(LogCheck, a_log_that_grew_meanwhile_is_checked_up_to_its_head) {
  log.grow(200, keys);
  const auto note = log.note;
  log.grow(300, keys);
  log.note = note;
  log.files.erase("tile/0/000.p/200");
  log.files.erase("tile/entries/000.p/200");
  const auto report = check();
  EXPECT_TRUE(report.sound()) << report.finding->words;
  EXPECT_EQ(report.entries, 200U);
  EXPECT_EQ(report.rows_after_head, 100U);
}

TEST_F(LogCheck, an_entry_that_cannot_be_read_is_a_finding_where_that_is_asked) {
  log.grow(5, keys);
  log.append(to_bytes(as_bytes("no entry")));
  log.publish(5, keys);
  EXPECT_TRUE(check().sound());
  auto strict = options();
  strict.entry_check = [](std::uint64_t, BytesView entry) -> Result<void> {
    if (auto read = read_entry(entry); !read) {
      return fail(std::move(read).error());
    }
    return {};
  };
  EXPECT_EQ(must(verify_log(log, strict)).finding->index, 5U);
}

class BrokenLog : public MemoryLog {
 public:
  explicit BrokenLog(const MemoryLog& log) : MemoryLog{log} {}
  std::string broken;  // what fails: "checkpoint", "rows" or a path

  Result<std::string> checkpoint() override {
    return broken == "checkpoint" ? Result<std::string>{fail(Code::storage, "disk")} : MemoryLog::checkpoint();
  }
  Result<Bytes> tile(const TileName& name) override {
    return broken == path_of(name) ? Result<Bytes>{fail(Code::unavailable, "net")} : MemoryLog::tile(name);
  }
  Result<std::vector<LogRow>> rows(std::uint64_t first, std::size_t most) override {
    return broken == "rows" ? Result<std::vector<LogRow>>{fail(Code::storage, "disk")} : MemoryLog::rows(first, most);
  }
};

TEST_F(LogCheck, a_source_that_fails_is_no_verdict) {
  log.grow(kSize, keys);
  BrokenLog broken{log};
  EXPECT_TRUE(must(verify_log(broken, options())).sound());
  for (const auto* const what : {"checkpoint", "rows", "tile/0/000", "tile/1/000.p/2", "tile/entries/002.p/188"}) {
    broken.broken = what;
    const auto report = verify_log(broken, options());
    ASSERT_FALSE(report) << what;
    EXPECT_TRUE(report.error().code == Code::storage || report.error().code == Code::unavailable);
  }
}

class GreedyLog : public MemoryLog {
 public:
  explicit GreedyLog(const MemoryLog& log) : MemoryLog{log} {}
  Result<std::vector<LogRow>> rows(std::uint64_t first, std::size_t most) override {
    return MemoryLog::rows(first, most + 1);
  }
};

TEST_F(LogCheck, a_source_that_returns_more_than_asked_is_not_followed) {
  log.grow(kSize, keys);
  GreedyLog greedy{log};
  EXPECT_EQ(must(verify_log(greedy, options())).finding->file, "rows");
}

TEST_F(LogCheck, one_head_extends_another_by_a_proof_over_tiles) {
  const auto heads = grow({0, 1, 100, 256, 400, 512, 700});
  TileHashes tiles{kSize, [&](const TileName& name) { return log.tile(name); }};
  for (const auto& older : heads) {
    EXPECT_TRUE(verify_extends(older, heads.back(), tiles.reader())) << older.size;
  }
  const auto other = rewritten(413, 500).head();
  EXPECT_EQ(verify_extends(other, heads.back(), tiles.reader()).error().check, "log.consistency");
  EXPECT_EQ(verify_extends(heads.back(), heads[3], tiles.reader()).error().code, Code::behind_checkpoint);
  auto foreign = heads[2];
  foreign.origin = "other.example";
  EXPECT_EQ(verify_extends(foreign, heads.back(), tiles.reader()).error().check, "log.origin");
  EXPECT_FALSE(verify_extends({kOrigin, 0, Digest{}, {}}, heads.back(), tiles.reader()));
  EXPECT_FALSE(verify_extends(heads[0], {kOrigin, 0, Digest{}, {}}, tiles.reader()));
  EXPECT_FALSE(verify_extends({kOrigin, 700, other.root, {}}, heads.back(), tiles.reader()));
}

}  // namespace
}  // namespace birthmark::audit
