// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>

#include "adapters/sqlite/connection.h"
#include "adapters/sqlite/store_readers.h"
#include "app/ports/clock.h"
#include "app/ports/faults.h"
#include "app/ports/files.h"
#include "app/ports/store.h"

namespace birthmark::sqlite {

inline constexpr std::size_t kGroupMax = 512;                   ///< works in one commit
inline constexpr std::chrono::milliseconds kGroupWindowMax{2};  ///< longest gathering of one commit
inline constexpr std::chrono::milliseconds kIdleAfter{10};      ///< without a work; then company is not waited for

/// The ports must outlive the store.
struct StoreOptions {
  std::filesystem::path directory;  ///< made if missing; the database is registry.db in it
  Files& files;
  Faults& faults;
  Clock& clock;
  OpenOptions database = {};             ///< VFS, synchronous, checkpoint_frames; path and access are set by open()
  std::filesystem::path lock_file = {};  ///< empty: "lock" in the directory
  std::size_t queue_max = 4096;          ///< works waiting; one more is refused `unavailable`
  std::size_t readers_max = 4;           ///< connections that read at the same time
};

/// What has happened since open().
struct StoreCounters {
  std::uint64_t works = 0;                 ///< that succeeded
  std::uint64_t commits = 0;               ///< that were durable
  std::uint64_t waits = 0;                 ///< for company that shared the last commit
  std::uint64_t turned_away = 0;           ///< groups that found another process writing
  std::uint64_t recoveries = 0;            ///< connections opened anew after an I/O error
  std::chrono::nanoseconds commit_time{};  ///< of all commits: the works and the sync, not the wait for a turn
};

/// The registry in one SQLite database (docs/wire/schema.md). One thread commits: it takes what waits, runs each work
/// in a savepoint of one transaction, commits, calls the listener, and only then lets the callers go on. Idle, a work
/// is committed at once; where several shared the last commit, as many are waited for, for at most kGroupWindowMax;
/// under load a group is gathered for that long, or for kGroupMax works.
///
/// Epoch: open() makes the next epoch durable, which fences whoever had the database before. The first group of an
/// epoch begins with its audit entry `epoch_started`, so that an epoch which writes anything has said so first.
///
/// Listener: what it refuses is owed to it. Its group's callers get its error, and nothing else is run before it has
/// taken what it is owed, so that it misses nothing.
///
/// Failures (AC-30): a commit that fails fails its whole group with `storage`, also works that had been refused, since
/// they were judged after changes that are gone. After an I/O error every connection is closed, the kernel's cached
/// pages are dropped, and the database is opened anew, which recovers; the group is not tried again. Where recovery
/// finds it durable after all, the listener gets it before anything else.
class SqliteStore final : public app::Store {
 public:
  /// @error storage: also a newer schema; unavailable: another process holds the lock.
  static Result<std::unique_ptr<SqliteStore>> open(StoreOptions options);
  SqliteStore(const SqliteStore&) = delete;
  SqliteStore& operator=(const SqliteStore&) = delete;
  /// Refuses what still waits with `unavailable`.
  ~SqliteStore() override;

  /// @error also unavailable: the queue is full, the store is closing, another process writes, or the caller
  /// is a work or the listener itself. Must not be called from within read().
  Result<void> write(const Work& work) override;
  /// What has not been begun in that time is taken back, and nothing of it happens. While a commit that kept somebody
  /// waiting has not ended, nobody waits for it again: `unavailable` at once.
  Result<void> write_within(std::chrono::milliseconds patience, Work work) override;
  Result<void> read(const Work& work) const override;
  Result<void> each_publication(const std::function<void(const app::Publication&)>& row) const override;
  /// @error not_found: pruned; the published bundles hold them.
  Result<std::vector<Bytes>> entries(std::uint64_t first, std::size_t limit) const override;
  Result<app::LogSpan> log_span() const override;
  [[nodiscard]] Epoch epoch() const override { return epoch_; }
  void set_listener(Listener listener) override;

  /// Drops the log rows of all full bundles below `durable_size`, but the newest row, which tells the next index.
  /// @param durable_size entries whose bundles are durable elsewhere (PublishedLog::make_durable).
  /// @return the rows dropped. @error as write
  Result<std::uint64_t> prune_log(std::uint64_t durable_size);
  /// Forgets requests and unused appraisals from before `before`, in steps that let others write between. Reads all
  /// requests: 0.3 s a million.
  /// @return the requests dropped. @error as write
  Result<std::uint64_t> prune_requests(Instant before);

  [[nodiscard]] StoreCounters counters() const;
  /// Works that wait to be run.
  [[nodiscard]] std::size_t waiting() const;

 private:
  struct Job;
  struct Group;
  /// A group whose commit failed in a way that leaves open what the disk holds.
  struct Doubt {
    std::uint64_t commit_number;
    app::Committed committed;
  };

  explicit SqliteStore(StoreOptions options);
  Result<void> start();
  Result<void> begin_epoch();

  // The committer's thread; store_committer.cc.
  void run();
  Result<void> enqueue(std::shared_ptr<Job> job);
  void serve(std::shared_ptr<Job> first);
  Result<void> commit(Group& group);
  Result<void> write_group(Group& group);
  Result<void> open_group(Group& group);
  Result<void> run_works(Group& group);
  Result<void> run_work(Group& group, const Work& work);
  Result<void> deliver_owed();
  Result<void> reopen();
  std::shared_ptr<Job> take_one(std::chrono::nanoseconds patience);
  void finish(const Group& group, const Result<void>& outcome);
  void turn_away(Group& group);
  /// The number that a query gives. @error storage
  Result<std::uint64_t> number(std::string_view sql);
  /// Runs a statement that deletes rows up to `limit`. @return how many
  Result<std::uint64_t> drop_rows(std::string_view sql, std::int64_t limit);
  Result<void> prune_appraisals(Instant before);

  StoreOptions options_;
  Epoch epoch_;
  std::unique_ptr<FileLock> lock_;
  mutable ReaderPool readers_;

  mutable std::mutex mutex_;  // guards the six below
  std::condition_variable work_waits_;
  std::deque<std::shared_ptr<Job>> queue_;
  bool busy_ = false;  // with a group
  bool late_ = false;  // that group has kept somebody waiting too long, and has not ended
  bool closing_ = false;
  StoreCounters counters_;

  std::mutex listener_mutex_;
  Listener listener_;

  // Of the committer's thread only.
  std::unique_ptr<Connection> connection_;  // null after a recovery that failed
  std::optional<app::Committed> owed_;      // committed, and not taken by the listener yet
  std::optional<Doubt> doubt_;
  bool announced_ = false;
  std::size_t expected_ = 1;  // works of the last group
  Ticks ended_{};             // when it was done

  std::jthread thread_;
};

}  // namespace birthmark::sqlite
