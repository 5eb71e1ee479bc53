// SPDX-License-Identifier: Apache-2.0
#include "cli/log_verifier.h"

#include <algorithm>

namespace birthmark::cli {
namespace {

constexpr std::size_t kTileMax = std::size_t{20} * 1024 * 1024;

Result<std::vector<audit::Checkpoint>> witnessed(Files& files, const LogVerification& what,
                                                 const audit::CheckpointTrust& trust) {
  std::vector<audit::Checkpoint> out;
  for (const auto& path : what.witnesses) {
    const auto bytes = files.read(path, audit::kNoteMaxBytes);
    if (!bytes) {
      return fail(bytes.error().code, path.string() + ": " + bytes.error().detail);
    }
    BM_TRY(const auto opened, audit::open_checkpoint(as_text(*bytes), trust));
    out.push_back(opened.checkpoint);
  }
  return out;
}

/// The size that the checkpoint claims; 0 where it cannot be read, which the verification then finds.
std::uint64_t claimed_size(DirectoryLog& log, const audit::CheckpointTrust& trust) {
  const auto note = log.checkpoint();
  const auto opened =
      note ? audit::open_checkpoint(*note, trust) : Result<audit::TrustedCheckpoint>{fail(note.error())};
  return opened ? opened->checkpoint.size : 0;
}

}  // namespace

Result<void> DirectoryLog::compare_with(std::unique_ptr<sqlite::LogRows> rows, std::uint64_t size) {
  BM_TRY(const auto first, rows->read(0, 1));
  const auto lowest = first.empty() ? size / audit::kTileWidth * audit::kTileWidth : first.front().index;
  const bool whole_bundles = lowest % audit::kTileWidth == 0 && lowest <= size;
  rows_from_ = whole_bundles ? lowest : 0;
  size_ = size;
  rows_ = std::move(rows);
  return {};
}

Result<std::string> DirectoryLog::checkpoint() {
  BM_TRY(const auto bytes, files_.read(directory_ / audit::kCheckpointPath, audit::kNoteMaxBytes));
  return std::string{as_text(bytes)};
}

Result<Bytes> DirectoryLog::tile(const audit::TileName& name) {
  return files_.read(directory_ / audit::path_of(name), kTileMax);
}

Result<std::vector<audit::LogRow>> DirectoryLog::rows(std::uint64_t first, std::size_t most) {
  if (first >= rows_from_) {
    return rows_->read(first, most);
  }
  BM_TRY(const auto name, audit::tile_at(audit::TileKind::entries, 0, first, size_));
  BM_TRY(const auto bundle, tile(name));
  BM_TRY(const auto entries, audit::read_entry_bundle(bundle, name.width));
  std::vector<audit::LogRow> out;
  for (const auto& entry : std::span{entries}.first(std::min(most, entries.size()))) {
    out.push_back({first + out.size(), to_bytes(entry)});
  }
  return out;
}

Result<LogVerdict> verify_log_directory(Files& files, const LogVerification& what) {
  const audit::CheckpointTrust trust{what.key};
  BM_TRY(auto older, witnessed(files, what, trust));
  DirectoryLog log{files, what.log};
  if (what.database) {
    BM_TRY(auto rows, sqlite::LogRows::open(*what.database));
    BM_CHECK(log.compare_with(std::move(rows), claimed_size(log, trust)));
  }
  BM_TRY(auto report, audit::verify_log(log, {.trust = trust, .witnessed = std::move(older)}));
  const auto compared = report.rows - std::min(report.rows, log.rows_from());
  return LogVerdict{std::move(report), compared};
}

}  // namespace birthmark::cli
