// SPDX-License-Identifier: Apache-2.0
#include "cli/log_verifier.h"

#include <algorithm>

#include "adapters/log/log_head.h"

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

/// The size that a checkpoint claims; 0 where it cannot be read, which the verification then finds.
std::uint64_t claimed_size(const Result<std::string>& note, const audit::CheckpointTrust& trust) {
  const auto opened =
      note ? audit::open_checkpoint(*note, trust) : Result<audit::TrustedCheckpoint>{fail(note.error())};
  return opened ? opened->checkpoint.size : 0;
}

/// What the log's own head claims; 0 where there is none to be read, as in a copy of what is published.
std::uint64_t head_size(Files& files, const LogVerification& what, const audit::CheckpointTrust& trust) {
  const auto head = read_head(files, what.log / kHeadFile);
  return head && *head ? claimed_size((*head)->checkpoint, trust) : 0;
}

/// Waits for files that are on their way. @return the head's size, if the directory is still behind it
std::optional<std::uint64_t> await_files(Files& files, DirectoryLog& log, const LogVerification& what,
                                         const audit::CheckpointTrust& trust) {
  const auto head = head_size(files, what, trust);
  while (true) {
    const auto size = claimed_size(log.checkpoint(), trust);
    if (size == 0 || size >= head) {
      return std::nullopt;
    }
    if (!what.wait()) {
      return head;
    }
  }
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
  const auto behind = await_files(files, log, what, trust);
  if (what.database) {
    BM_TRY(auto rows, sqlite::LogRows::open(*what.database));
    BM_CHECK(log.compare_with(std::move(rows), claimed_size(log.checkpoint(), trust)));
  }
  audit::LogCheckOptions options{.trust = trust, .witnessed = std::move(older)};
  if (what.progress) {
    const auto of = claimed_size(log.checkpoint(), trust);
    options.entry_check = [&what, of](std::uint64_t index, BytesView /*entry*/) -> Result<void> {
      what.progress(index + 1, of);
      return {};
    };
  }
  BM_TRY(auto report, audit::verify_log(log, options));
  if (report.finding && behind) {
    report.finding->words += "; the files are behind the log's head of " + std::to_string(*behind) +
                             " entries: a start of the server writes what they lack";
  }
  const auto compared = report.rows - std::min(report.rows, log.rows_from());
  return LogVerdict{std::move(report), compared};
}

}  // namespace birthmark::cli
