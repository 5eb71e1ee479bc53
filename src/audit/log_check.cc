// SPDX-License-Identifier: Apache-2.0
#include "audit/log_check.h"

#include <algorithm>
#include <map>
#include <utility>

namespace birthmark::audit {
namespace {

/// Either a finding, which ends the check, or nothing.
using Verdict = Result<std::optional<LogFinding>>;

Verdict found(std::string file, std::optional<std::uint64_t> index, std::string words) {
  return LogFinding{std::move(file), index, std::move(words)};
}

// What the source lacks or garbles is a finding; that it cannot be asked is not.
bool speaks_of_the_log(const Error& error) {
  return error.code == Code::not_found || error.code == Code::bad_request || error.code == Code::too_large;
}

#define BM_STEP(expression)   \
  do {                        \
    auto step = (expression); \
    if (!step || *step) {     \
      return step;            \
    }                         \
  } while (false)

/// One run over a log: bundle by bundle, each followed by the tiles that it completes.
class Check {
 public:
  Check(LogSource& source, const LogCheckOptions& options, LogReport& report)
      : source_{source}, options_{options}, report_{report}, witnessed_{options.witnessed} {
    std::ranges::sort(witnessed_, {}, &Checkpoint::size);
  }

  Verdict run() {
    BM_STEP(head());
    BM_STEP(heads_of_size(0));
    for (std::uint64_t first = 0; first < size(); first += kTileWidth) {
      BM_STEP(bundle(first));
    }
    BM_STEP(unfinished_tiles());
    BM_STEP(root());
    return rows_after_head();
  }

 private:
  [[nodiscard]] std::uint64_t size() const { return report_.head.size; }

  Verdict head() {
    const auto text = source_.checkpoint();
    if (!text) {
      if (!speaks_of_the_log(text.error())) {
        return fail(text.error());
      }
      return found(std::string{kCheckpointPath}, std::nullopt, text.error().detail);
    }
    auto opened = open_checkpoint(*text, options_.trust);
    if (!opened) {
      return found(std::string{kCheckpointPath}, std::nullopt, opened.error().detail);
    }
    if (!as_published(*text)) {
      return found(std::string{kCheckpointPath}, std::nullopt, "the signature lines are not as a log publishes them");
    }
    report_.head = std::move(opened->checkpoint);
    report_.cosignatures = std::move(opened->cosignatures);
    for (const auto& old : witnessed_) {
      if (old.origin != report_.head.origin) {
        return found("witness", std::nullopt, "a witnessed checkpoint is of another log: " + old.origin);
      }
      if (old.size > size()) {
        return found("witness", size(),
                     "the log was cut back: a witness saw " + std::to_string(old.size) +
                         " entries, the checkpoint commits to " + std::to_string(size()));
      }
    }
    return std::nullopt;
  }

  // The log signs first and nobody twice. A note stays valid with its lines exchanged or repeated, but this file then
  // is not the one that was published. Lines of unknown keys may stand anywhere.
  [[nodiscard]] bool as_published(std::string_view text) const {
    std::vector<VerifierKey> known{options_.trust.log};
    known.insert(known.end(), options_.trust.witnesses.begin(), options_.trust.witnesses.end());
    std::vector<bool> seen(known.size(), false);
    const auto note = read_note(text);
    for (const auto& line : note ? note->signatures : std::vector<NoteSignature>{}) {
      const auto key = std::ranges::find_if(
          known, [&](const VerifierKey& k) { return k.id() == line.key_id && k.name() == line.name; });
      if (key == known.end()) {
        continue;
      }
      const auto at = static_cast<std::size_t>(key - known.begin());
      if (seen[at] || (at != 0 && !seen[0])) {
        return false;
      }
      seen[at] = true;
    }
    return seen[0];
  }

  // The witnessed checkpoints of exactly this size against the tree as it was then.
  Verdict heads_of_size(std::uint64_t entries) {
    for (; next_head_ < witnessed_.size() && witnessed_[next_head_].size == entries; ++next_head_) {
      if (witnessed_[next_head_].root != tree_.root()) {
        return found("witness", agreed_,
                     "two histories: a witness saw another root over the first " + std::to_string(entries) +
                         " entries; they agree on the first " + std::to_string(agreed_));
      }
    }
    // Only a head that was compared moves the bound.
    if (next_head_ != 0 && witnessed_[next_head_ - 1].size == entries) {
      agreed_ = entries;
    }
    return std::nullopt;
  }

  Verdict bundle(std::uint64_t first) {
    const auto width = static_cast<unsigned>(std::min(kTileWidth, size() - first));
    const TileName name{TileKind::entries, 0, first / kTileWidth, width};
    const auto file = fetch_tile([this](const TileName& tile) { return source_.tile(tile); }, name);
    if (!file) {
      return missing(name, first, file.error());
    }
    const auto entries = read_entry_bundle(file->bytes, file->width);
    if (!entries) {
      return found(path_of(name), first, entries.error().detail);
    }
    ++report_.files;
    // A full bundle in place of a partial one may hold entries that the checkpoint does not cover.
    const auto covered = std::span{*entries}.first(width);
    BM_STEP(compare_rows(first, covered));
    for (const auto entry : covered) {
      BM_STEP(add(name, entry));
    }
    return finished_tiles();
  }

  Verdict add(const TileName& bundle_name, BytesView entry) {
    const auto index = tree_.size();
    if (options_.entry_check) {
      if (const auto readable = options_.entry_check(index, entry); !readable) {
        return found(path_of(bundle_name), index, readable.error().detail);
      }
    }
    tree_.append(leaf_hash(entry),
                 [this](unsigned level, std::uint64_t, const Digest& hash) { open_[level].hashes.push_back(hash); });
    ++report_.entries;
    return heads_of_size(tree_.size());
  }

  Verdict finished_tiles() {
    for (auto& [level, tile] : open_) {
      if (tile.hashes.size() == kTileWidth) {
        BM_STEP(compare_tile(level, tile.index, tile.hashes));
        tile.hashes.clear();
        ++tile.index;
      }
    }
    return std::nullopt;
  }

  Verdict unfinished_tiles() {
    for (const auto& [level, tile] : open_) {
      if (!tile.hashes.empty()) {
        BM_STEP(compare_tile(level, tile.index, tile.hashes));
      }
    }
    return std::nullopt;
  }

  Verdict compare_tile(unsigned level, std::uint64_t index, std::span<const Digest> computed) {
    const TileName name{TileKind::hashes, level, index, static_cast<unsigned>(computed.size())};
    // The first entry below hash number `at` of this tile.
    const auto entry_below = [&](std::size_t at) { return (index * kTileWidth + at) << (level * kTileHeight); };
    const auto file = fetch_tile([this](const TileName& tile) { return source_.tile(tile); }, name);
    if (!file) {
      return missing(name, entry_below(0), file.error());
    }
    const auto stored = read_hash_tile(file->bytes, file->width);
    if (!stored) {
      return found(path_of(name), entry_below(0), stored.error().detail);
    }
    ++report_.files;
    const auto [ours, theirs] = std::ranges::mismatch(computed, std::span{*stored}.first(computed.size()));
    if (ours == computed.end()) {
      return std::nullopt;
    }
    const auto at = static_cast<std::size_t>(ours - computed.begin());
    return found(path_of(name), entry_below(at),
                 "hash " + std::to_string(at) + " of the tile is not the one of the entries below it");
  }

  Verdict compare_rows(std::uint64_t first, std::span<const BytesView> entries) {
    if (!source_.has_rows()) {
      return std::nullopt;
    }
    BM_TRY(const auto rows, source_.rows(first, entries.size()));
    for (std::size_t i = 0; i < entries.size(); ++i) {
      if (i >= rows.size() || rows[i].index != first + i) {
        return found("rows", first + i, "the row is missing or out of order");
      }
      if (!equal(rows[i].entry, entries[i])) {
        return found("rows", first + i, "the row is not the entry that the log holds");
      }
      ++report_.rows;
    }
    if (rows.size() > entries.size()) {
      return found("rows", first + entries.size(), "more rows than were asked for");
    }
    return std::nullopt;
  }

  Verdict root() {
    if (tree_.root() == report_.head.root) {
      return std::nullopt;
    }
    return found(std::string{kCheckpointPath}, agreed_ == 0 ? std::nullopt : std::optional{agreed_},
                 "the root over the " + std::to_string(size()) + " entries is not the one that is signed");
  }

  // Entries that wait for the next checkpoint are no fault, a gap among them is one.
  Verdict rows_after_head() {
    for (auto first = size(); source_.has_rows();) {
      BM_TRY(const auto rows, source_.rows(first, kTileWidth));
      for (const auto& row : rows) {
        if (row.index != first) {
          return found("rows", first, "the row is missing or out of order");
        }
        ++first;
        ++report_.rows_after_head;
      }
      if (rows.size() < kTileWidth) {
        break;
      }
    }
    return std::nullopt;
  }

  static Verdict missing(const TileName& name, std::uint64_t index, const Error& error) {
    if (!speaks_of_the_log(error)) {
      return fail(error);
    }
    return found(path_of(name), index, "the file is missing or unreadable: " + error.detail);
  }

  struct OpenTile {
    std::uint64_t index = 0;
    std::vector<Digest> hashes;
  };
  LogSource& source_;
  const LogCheckOptions& options_;
  LogReport& report_;
  Tree tree_;
  std::map<unsigned, OpenTile> open_;  ///< by level, the hashes that wait for their tile to be complete
  std::vector<Checkpoint> witnessed_;
  std::size_t next_head_ = 0;
  std::uint64_t agreed_ = 0;  ///< the largest witnessed size with the same root
};

#undef BM_STEP

}  // namespace

Result<std::vector<LogRow>> LogSource::rows(std::uint64_t, std::size_t) {
  return std::vector<LogRow>{};
}

Result<LogReport> verify_log(LogSource& source, const LogCheckOptions& options) {
  LogReport report;
  BM_TRY(report.finding, Check(source, options, report).run());
  return report;
}

Result<void> verify_extends(const Checkpoint& older, const Checkpoint& newer, const HashReader& read) {
  if (older.origin != newer.origin) {
    return fail(Code::bad_evidence, "checkpoints of two logs", "log.origin");
  }
  if (older.size > newer.size) {
    return fail(Code::behind_checkpoint, "the log was cut back from " + std::to_string(older.size) + " to " +
                                             std::to_string(newer.size) + " entries");
  }
  if (older.size == 0) {
    if (older.root != empty_root() || (newer.size == 0 && newer.root != older.root)) {
      return fail(Code::bad_evidence, "a tree without entries has another root", "log.consistency");
    }
    return {};
  }
  BM_TRY(const auto proof, prove_consistency(older.size, newer.size, read));
  return verify_consistency(older.size, newer.size, proof, older.root, newer.root);
}

}  // namespace birthmark::audit
