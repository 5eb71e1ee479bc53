// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <span>
#include <stop_token>
#include <string>
#include <thread>

#include "adapters/log/log_head.h"
#include "adapters/log/log_tail.h"
#include "adapters/log/recent_subtrees.h"
#include "app/ports/faults.h"
#include "app/ports/files.h"
#include "app/ports/store.h"
#include "audit/checkpoint.h"
#include "audit/tile.h"

namespace birthmark {

/// A commit's small files, a tile of each level among them, cost more than the commit: so they are written for all
/// commits of this time at once (docs/benchmarks.md, Whole system).
inline constexpr std::chrono::milliseconds kFilesBehind{100};

/// The ports must outlive the log.
struct PublishedLogOptions {
  std::filesystem::path directory;  ///< made if missing; the log's prefix (C2SP tlog-tiles)
  Files& files;
  Faults& faults;
  audit::VerifierKey key;  ///< of type ed25519; its name is the log's origin
  audit::NoteSigner sign;
  /// How far the files of the directory may stay behind checkpoint() and read(); zero: append() writes them itself.
  std::chrono::milliseconds files_behind = kFilesBehind;
};

/// The audit log as everybody may read it: a directory of tiles, entry bundles and a signed checkpoint.
///
/// A checkpoint that was once given out outlives the database that it was made from (design rule 10): it is in the file
/// `head` before append() returns, so that a database which was set back is found at the next start (AC-28). What
/// checkpoint(), proof() and read() give is always the newest; the directory follows within `files_behind`, tiles
/// before the checkpoint that needs them. Tiles and bundles are not synced at each append; catch_up() writes again,
/// from the store's rows, whatever was not synced.
///
/// append() and catch_up() are called by one thread at a time (the store's committer); everything else from any thread.
class PublishedLog {
 public:
  /// Reads the newest durable checkpoint. Nothing can be appended before catch_up().
  /// @error storage: also a head that was lost or damaged; bad_evidence: the checkpoint is not of this key.
  static Result<std::unique_ptr<PublishedLog>> open(PublishedLogOptions options);
  /// Writes what the directory lacks.
  ~PublishedLog();
  PublishedLog(const PublishedLog&) = delete;
  PublishedLog& operator=(const PublishedLog&) = delete;

  /// Compares the store with the durable checkpoint and brings the log up to the store: called at start, before the
  /// store has a listener. Also makes the checkpoint of the empty log. Time: linear in the rows that the store has.
  /// @error behind_checkpoint: the store has fewer entries than were published, or others: nothing may be issued
  /// (AC-28); storage, and the signer's.
  Result<void> catch_up(const app::Store& store);

  /// Adds entries and returns the new checkpoint, which is durable then. Entries that the log has are skipped, so that
  /// an append that failed may come again.
  /// @param first_index of entries.front() @error conflict: entries in between are missing; storage, and the signer's:
  /// the log is as before, or (a sync failed) may be as after.
  Result<std::string> append(std::uint64_t first_index, std::span<const Bytes> entries);

  /// Makes every full tile and bundle durable, records that, and drops partial ones that became full.
  /// @return durable_size(): rows below it may be pruned. @error storage
  Result<std::uint64_t> make_durable();
  /// Entries whose full bundles are durable; a multiple of 256.
  [[nodiscard]] std::uint64_t durable_size() const;
  [[nodiscard]] std::uint64_t size() const;
  /// The newest signed checkpoint; empty before catch_up() of a new log.
  [[nodiscard]] std::string checkpoint() const;
  /// That the entry is in the log, under the newest checkpoint (C2SP tlog-proof@v1).
  /// @error not_found: the log has no such entry; storage
  [[nodiscard]] Result<std::string> proof(std::uint64_t index) const;
  /// The bytes of one tile or bundle. @error not_found; storage
  [[nodiscard]] Result<Bytes> read(const audit::TileName& name) const;

 private:
  struct Published {
    std::uint64_t size = 0;
    std::uint64_t synced = 0;
    std::string checkpoint;
    std::shared_ptr<const LogTail> tail = std::make_shared<const LogTail>();
  };

  explicit PublishedLog(PublishedLogOptions options) : options_{std::move(options)} {}
  Result<void> load();
  [[nodiscard]] Published published() const;
  Result<LogTail> verified_tail(const app::Store& store, const app::LogSpan& span, std::uint64_t from) const;
  Result<std::uint64_t> rewrite_from(const app::LogSpan& span) const;
  Result<void> publish(LogTail grown, std::uint64_t synced);
  void stand(Published next);
  Result<std::uint64_t> write_files();
  void follow(const std::stop_token& stop);
  Result<void> write_grown(LogTail& tail);
  Result<void> write_tile(const audit::TileName& name, BytesView bytes);
  Result<void> write_checkpoint_file(const std::string& checkpoint);
  Result<void> sync_tiles(std::span<const audit::TileName> names);
  Result<void> drop_partial(const audit::TileName& full);
  [[nodiscard]] std::filesystem::path path(const audit::TileName& name) const;

  PublishedLogOptions options_;
  mutable RecentSubtrees subtrees_;
  std::unique_ptr<HeadFile> head_;                 // guarded by writing_
  std::optional<audit::Checkpoint> durable_head_;  // as found at start
  bool caught_up_ = false;                         // guarded by writing_
  bool files_are_behind_ = false;                  // guarded by writing_
  bool files_failed_ = false;                      // guarded by writing_
  std::condition_variable_any behind_;             // with writing_
  std::mutex syncing_;                             // taken before writing_
  std::mutex writing_;                             // taken before state_mutex_
  mutable std::mutex state_mutex_;
  Published published_;    // guarded by state_mutex_
  std::jthread follower_;  // ends before all above
};

}  // namespace birthmark
