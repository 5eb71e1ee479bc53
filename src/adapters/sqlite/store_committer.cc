// SPDX-License-Identifier: Apache-2.0
// The one thread that writes.
#include <algorithm>
#include <exception>
#include <iterator>

#include "adapters/sqlite/store.h"
#include "adapters/sqlite/tx.h"

namespace birthmark::sqlite {

/// A caller's work, and what it came to. Shared with the caller, who may leave before it is done.
struct SqliteStore::Job {
  explicit Job(Work asked) : work{std::move(asked)} {}

  const Work work;
  Result<void> outcome = {};
  bool finished = false;
  std::condition_variable done = {};
};

/// What one commit makes durable.
struct SqliteStore::Group {
  std::vector<std::shared_ptr<Job>> jobs;
  std::uint64_t succeeded = 0;
  std::uint64_t commit_number = 0;
  app::Committed committed;
};

SqliteStore::~SqliteStore() {
  {
    const std::scoped_lock lock{mutex_};
    closing_ = true;
    work_waits_.notify_all();
  }
  if (thread_.joinable()) {
    thread_.join();
  }
}

/// With the lock held.
Result<void> SqliteStore::enqueue(std::shared_ptr<Job> job) {
  if (std::this_thread::get_id() == thread_.get_id()) {
    return fail(Code::unavailable, "a write inside a write would wait for itself");
  }
  if (closing_ || queue_.size() >= options_.queue_max) {
    return fail(Code::unavailable, closing_ ? "the registry is closing" : "too many writes wait");
  }
  queue_.push_back(std::move(job));
  work_waits_.notify_one();
  return {};
}

Result<void> SqliteStore::write(const Work& work) {
  const auto job = std::make_shared<Job>([&work](app::Tx& tx) { return work(tx); });
  std::unique_lock lock{mutex_};
  BM_CHECK(enqueue(job));
  job->done.wait(lock, [&job] { return job->finished; });
  return std::move(job->outcome);
}

Result<void> SqliteStore::write_within(std::chrono::milliseconds patience, Work work) {
  const auto job = std::make_shared<Job>(std::move(work));
  std::unique_lock lock{mutex_};
  if (late_) {
    return fail(Code::unavailable, "the store does not answer");
  }
  BM_CHECK(enqueue(job));
  if (job->done.wait_for(lock, patience, [&job] { return job->finished; })) {
    return std::move(job->outcome);
  }
  late_ = busy_;
  std::erase(queue_, job);
  return fail(Code::unavailable, "the store has not answered in time");
}

void SqliteStore::run() {
  std::unique_lock lock{mutex_};
  while (true) {
    work_waits_.wait(lock, [this] { return closing_ || !queue_.empty(); });
    if (closing_) {
      break;
    }
    auto first = std::move(queue_.front());
    queue_.pop_front();
    busy_ = true;
    lock.unlock();
    serve(std::move(first));
    lock.lock();
  }
  for (const auto& job : queue_) {
    job->outcome = fail(Code::unavailable, "the registry is closing");
    job->finished = true;
    job->done.notify_one();
  }
  queue_.clear();
}

/// The next work, or null if none came in this time.
std::shared_ptr<SqliteStore::Job> SqliteStore::take_one(std::chrono::nanoseconds patience) {
  std::unique_lock lock{mutex_};
  if (queue_.empty() && patience.count() > 0) {
    ++counters_.waits;
    work_waits_.wait_for(lock, patience, [this] { return closing_ || !queue_.empty(); });
  }
  if (queue_.empty()) {
    return nullptr;
  }
  auto job = std::move(queue_.front());
  queue_.pop_front();
  return job;
}

void SqliteStore::serve(std::shared_ptr<Job> first) {
  if (options_.clock.ticks() - ended_ > kIdleAfter) {
    expected_ = 1;
  }
  Group group;
  group.jobs.push_back(std::move(first));
  const auto outcome = commit(group);
  if (!outcome && outcome.error().code == Code::unavailable) {
    turn_away(group);
  }
  expected_ = group.jobs.size();
  ended_ = options_.clock.ticks();
  finish(group, outcome);
}

/// Another process writes: whoever came meanwhile has waited for it as well, and does not wait again.
void SqliteStore::turn_away(Group& group) {
  const std::scoped_lock lock{mutex_};
  ++counters_.turned_away;
  std::ranges::move(queue_, std::back_inserter(group.jobs));
  queue_.clear();
}

void SqliteStore::finish(const Group& group, const Result<void>& outcome) {
  const std::scoped_lock lock{mutex_};
  busy_ = late_ = false;
  for (const auto& job : group.jobs) {
    if (!outcome) {
      job->outcome = outcome;
    }
    job->finished = true;
    job->done.notify_one();
  }
}

Result<void> SqliteStore::commit(Group& group) {
  if (!connection_ || connection_->is_poisoned()) {
    BM_CHECK(reopen());
  }
  BM_CHECK(deliver_owed());
  const auto begun = options_.clock.ticks();
  const auto written = write_group(group);
  if (!written) {
    if (connection_->is_poisoned()) {
      doubt_ = Doubt{group.commit_number, std::move(group.committed)};
      // Where this fails, the next group tries it again before anything else.
      static_cast<void>(reopen());
    }
    return written;
  }
  if (group.succeeded == 0) {
    return {};
  }
  {
    const std::scoped_lock lock{mutex_};
    counters_.works += group.succeeded;
    ++counters_.commits;
    counters_.commit_time += options_.clock.ticks() - begun;
  }
  options_.faults.reached("store.after_commit");
  owed_ = std::move(group.committed);
  BM_CHECK(deliver_owed());
  options_.faults.reached("store.after_publish");
  return {};
}

Result<void> SqliteStore::write_group(Group& group) {
  BM_TRY(auto transaction, connection_->begin());
  BM_CHECK(open_group(group));
  BM_CHECK(run_works(group));
  if (group.succeeded == 0) {
    return {};  // rolled back
  }
  BM_CHECK(connection_->run("UPDATE meta SET commits = commits + 1"));
  options_.faults.reached("store.before_commit");
  auto committed = transaction.release();
  if (committed) {
    announced_ = true;
    return {};
  }
  return fail(Code::storage, "commit: " + committed.error().detail);
}

Result<void> SqliteStore::open_group(Group& group) {
  BM_TRY(const auto epoch, number("SELECT epoch FROM meta"));
  if (Epoch{epoch} != epoch_) {
    return fail(Code::fenced, "epoch " + std::to_string(epoch) + " writes, this is " + std::to_string(epoch_.get()));
  }
  BM_TRY(const auto commits, number("SELECT commits FROM meta"));
  group.commit_number = commits + 1;
  BM_TRY(group.committed.first_log_index, number("SELECT coalesce((SELECT max(idx) FROM log) + 1, 0)"));
  if (announced_) {
    return {};
  }
  return run_work(group, [this](app::Tx& tx) {
    return without_value(tx.audit({.kind = audit::EntryKind::epoch_started,
                                   .at = options_.clock.now(),
                                   .epoch = epoch_.get(),
                                   .actor = "server:store"}));
  });
}

Result<void> SqliteStore::run_works(Group& group) {
  const auto since = options_.clock.ticks();
  auto job = group.jobs.front();
  while (true) {
    job->outcome = run_work(group, job->work);
    group.succeeded += job->outcome ? 1 : 0;
    // A full disk or an I/O error may have ended the whole transaction: nothing may run outside of it.
    if (connection_->is_poisoned() || !connection_->in_transaction()) {
      return fail(Code::storage, job->outcome ? "the transaction has ended" : job->outcome.error().detail);
    }
    const auto left = kGroupWindowMax - (options_.clock.ticks() - since);
    if (group.jobs.size() >= kGroupMax || left.count() <= 0) {
      return {};
    }
    // Whoever shared the last commit is likely to come again: a commit costs the more the fewer share it.
    job = take_one(group.jobs.size() < expected_ ? left : std::chrono::nanoseconds{0});
    if (job == nullptr) {
      return {};
    }
    group.jobs.push_back(job);
  }
}

Result<void> SqliteStore::run_work(Group& group, const Work& work) {
  auto& committed = group.committed;
  BM_TRY(auto savepoint, connection_->begin());
  SqliteTx tx{*connection_,
              {.epoch = epoch_,
               .access = Access::write,
               .next_log_index = committed.first_log_index + committed.entries.size()}};
  try {
    BM_CHECK(work(tx));
  } catch (const std::exception& e) {
    return fail(Code::storage, std::string{"write: "} + e.what());
  }
  BM_CHECK(savepoint.release());
  std::ranges::move(tx.entries, std::back_inserter(committed.entries));
  std::ranges::move(tx.publications, std::back_inserter(committed.publications));
  committed.services |= tx.services;
  return {};
}

Result<void> SqliteStore::deliver_owed() {
  if (!owed_) {
    return {};
  }
  const std::scoped_lock lock{listener_mutex_};
  if (listener_) {
    try {
      BM_CHECK(listener_(*owed_));
    } catch (const std::exception& e) {
      return fail(Code::storage, std::string{"listener: "} + e.what());
    }
  }
  owed_.reset();
  return {};
}

Result<void> SqliteStore::reopen() {
  connection_.reset();
  std::unique_ptr<Connection> fresh;
  BM_CHECK(readers_.closed([&]() -> Result<void> {
    BM_CHECK(drop_cached_pages(options_.database.path));
    BM_TRY(fresh, Connection::open(options_.database));
    return {};
  }));
  connection_ = std::move(fresh);
  {
    const std::scoped_lock lock{mutex_};
    ++counters_.recoveries;
  }
  if (!doubt_) {
    return {};
  }
  const auto settle = [&]() -> Result<void> {
    BM_TRY(const auto epoch, number("SELECT epoch FROM meta"));
    BM_TRY(const auto commits, number("SELECT commits FROM meta"));
    if (Epoch{epoch} == epoch_ && commits == doubt_->commit_number) {
      // It reached the disk after all. Its callers were told that it failed, but the log must not miss it.
      announced_ = true;
      owed_ = std::move(doubt_->committed);
    }
    doubt_.reset();
    return {};
  };
  if (auto settled = settle(); !settled) {
    connection_.reset();
    return settled;
  }
  return deliver_owed();
}

}  // namespace birthmark::sqlite
