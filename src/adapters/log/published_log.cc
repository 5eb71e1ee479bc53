// SPDX-License-Identifier: Apache-2.0
#include "adapters/log/published_log.h"

#include <algorithm>
#include <set>

#include "audit/proof.h"

namespace birthmark {
namespace {

using audit::kTileWidth;
using audit::TileName;

constexpr std::size_t kRowsAtOnce = 16 * kTileWidth;

/// Feeds the store's entries [from, to) to the tail, `after` after each helping.
Result<void> feed(const app::Store& store, LogTail& tail, std::uint64_t to,
                  const std::function<Result<void>(LogTail&)>& after) {
  while (tail.tree().size() < to) {
    const auto at = tail.tree().size();
    BM_TRY(const auto entries, store.entries(at, std::min<std::uint64_t>(kRowsAtOnce, to - at)));
    if (entries.empty()) {
      return fail(Code::storage, "the registry's audit entries end at " + std::to_string(at));
    }
    BM_CHECK(tail.add(entries));
    BM_CHECK(after(tail));
  }
  return {};
}

Result<void> forget_grown(LogTail& tail) {
  return tail.flush([](const TileName&, BytesView) { return Result<void>{}; });
}

TileName full(TileName name) {
  name.width = kTileWidth;
  return name;
}

}  // namespace

Result<std::unique_ptr<PublishedLog>> PublishedLog::open(PublishedLogOptions options) {
  std::unique_ptr<PublishedLog> log{new PublishedLog{std::move(options)}};
  BM_CHECK(log->load());
  return log;
}

PublishedLog::~PublishedLog() {
  follower_.request_stop();
  if (follower_.joinable()) {
    follower_.join();
  }
  const std::scoped_lock lock{writing_};
  static_cast<void>(write_files());
}

Result<void> PublishedLog::load() {
  const auto& directory = options_.directory;
  BM_CHECK(options_.files.make_directory(directory));
  BM_TRY(head_, HeadFile::open(options_.files, directory / kHeadFile));
  if (!head_->head()) {
    BM_TRY(const bool given_out, options_.files.exists(directory / audit::kCheckpointPath));
    return given_out ? fail(Code::storage, directory.string() + ": a checkpoint was given out, but the head is gone")
                     : Result<void>{};
  }
  const auto& head = *head_->head();
  BM_TRY(auto opened, audit::open_checkpoint(head.checkpoint, {.log = options_.key}));
  durable_head_ = std::move(opened.checkpoint);
  if (head.synced > durable_head_->size || head.synced % kTileWidth != 0) {
    return fail(Code::storage, directory.string() + ": the head contradicts its checkpoint");
  }
  published_.size = durable_head_->size;
  published_.synced = head.synced;
  published_.checkpoint = head.checkpoint;
  return {};
}

std::filesystem::path PublishedLog::path(const TileName& name) const {
  return options_.directory / audit::path_of(name);
}

PublishedLog::Published PublishedLog::published() const {
  const std::scoped_lock lock{state_mutex_};
  return published_;
}

std::uint64_t PublishedLog::durable_size() const {
  return published().synced;
}

std::uint64_t PublishedLog::size() const {
  return published().size;
}

std::string PublishedLog::checkpoint() const {
  return published().checkpoint;
}

// --- start ---

Result<void> PublishedLog::catch_up(const app::Store& store) {
  const std::scoped_lock lock{writing_};
  const auto before = published();
  BM_TRY(const auto span, store.log_span());
  if (span.size < before.size) {
    return fail(Code::behind_checkpoint, "the registry has " + std::to_string(span.size) + " audit entries, " +
                                             std::to_string(before.size) +
                                             " were published: it was set back, or is another one");
  }
  if (span.first > before.synced || span.first % kTileWidth != 0) {
    return fail(Code::storage, "audit entries before " + std::to_string(span.first) +
                                   " are neither in the registry nor durable in the log");
  }
  BM_TRY(const auto from, rewrite_from(span));
  BM_TRY(auto tail, verified_tail(store, span, from));
  // Only now, when the registry is known to be the right one, is anything written.
  if (from < before.synced) {
    BM_CHECK(head_->put({from, before.checkpoint}));
  }
  BM_CHECK(feed(store, tail, span.size, [this](LogTail& grown) { return write_grown(grown); }));
  if (durable_head_ && span.size == before.size && from == before.synced) {
    stand({before.size, before.synced, before.checkpoint, std::make_shared<const LogTail>(std::move(tail))});
  } else {
    BM_CHECK(publish(std::move(tail), from));
  }
  BM_CHECK(write_files());
  caught_up_ = true;
  if (options_.files_behind.count() != 0) {
    follower_ = std::jthread{[this](const std::stop_token& stop) { follow(stop); }};
  }
  return {};
}

/// Where tiles must be written again: behind what was synced, or at the store's first row where files are missing.
Result<std::uint64_t> PublishedLog::rewrite_from(const app::LogSpan& span) const {
  const auto synced = published().synced;
  for (const auto& name : audit::tiles_grown(span.first, synced)) {
    BM_TRY(bool there, options_.files.exists(path(name)));
    if (!there && name.width < kTileWidth) {
      BM_TRY(there, options_.files.exists(path(full(name))));
    }
    if (!there) {
      return span.first;
    }
  }
  return synced;
}

/// The tail at `from`, after the store's entries up to the durable checkpoint have been found to have its root.
Result<LogTail> PublishedLog::verified_tail(const app::Store& store, const app::LogSpan& span,
                                            std::uint64_t from) const {
  LogTail tail;
  if (span.first != 0) {
    // At the size that was synced: at that one the unfinished tiles of the upper levels are sure to be there.
    audit::TileHashes hashes{published().synced, [this](const TileName& name) { return read(name); }};
    BM_TRY(tail, LogTail::resume(span.first, hashes.reader()));
  }
  BM_CHECK(feed(store, tail, from, forget_grown));
  auto at_from = tail;
  if (!durable_head_) {
    return at_from;
  }
  BM_CHECK(feed(store, tail, durable_head_->size, forget_grown));
  if (tail.tree().root() != durable_head_->root) {
    return fail(Code::behind_checkpoint, "the registry's first " + std::to_string(durable_head_->size) +
                                             " audit entries are not those that were published");
  }
  return at_from;
}

// --- growth ---

Result<std::string> PublishedLog::append(std::uint64_t first_index, std::span<const Bytes> entries) {
  const std::scoped_lock lock{writing_};
  if (!caught_up_) {
    return fail(Code::unavailable, "the published log has not been compared with the registry yet");
  }
  if (files_failed_) {
    BM_CHECK(write_files());  // a directory that takes no files takes no entries
  }
  const auto before = published();
  if (first_index > before.size) {
    return fail(Code::conflict, "the log has " + std::to_string(before.size) + " entries, the next one is not " +
                                    std::to_string(first_index));
  }
  const auto known = static_cast<std::size_t>(std::min<std::uint64_t>(before.size - first_index, entries.size()));
  if (known < entries.size()) {
    auto grown = *before.tail;
    BM_CHECK(grown.add(entries.subspan(known)));
    BM_CHECK(publish(std::move(grown), before.synced));
  }
  if (options_.files_behind.count() == 0) {
    BM_CHECK(write_files());
  } else {
    behind_.notify_all();
  }
  return checkpoint();
}

/// Signs the checkpoint of a tail, makes it durable, and gives it out.
Result<void> PublishedLog::publish(LogTail grown, std::uint64_t synced) {
  const auto& tree = grown.tree();
  const audit::Checkpoint next{options_.key.name(), tree.size(), tree.root(), {}};
  BM_TRY(auto note, audit::sign_checkpoint(next, options_.key, options_.sign));
  options_.faults.reached("log.before_head");
  BM_CHECK(head_->put({synced, note}));
  options_.faults.reached("log.after_head");
  stand({next.size, synced, std::move(note), std::make_shared<const LogTail>(std::move(grown))});
  return {};
}

/// From here on this is the log; its files follow.
void PublishedLog::stand(Published next) {
  files_are_behind_ = true;
  const std::scoped_lock lock{state_mutex_};
  published_ = std::move(next);
}

// --- files, under writing_ ---

/// Brings the directory up to the newest checkpoint, and returns its size.
Result<std::uint64_t> PublishedLog::write_files() {
  auto now = published();
  if (!files_are_behind_) {
    return now.size;
  }
  files_failed_ = true;
  auto tail = *now.tail;
  BM_CHECK(write_grown(tail));
  BM_CHECK(write_checkpoint_file(now.checkpoint));
  files_failed_ = false;
  const auto size = now.size;
  now.tail = std::make_shared<const LogTail>(std::move(tail));
  stand(std::move(now));
  files_are_behind_ = false;
  return size;
}

/// What a commit has left to be written waits a little for what others add to it.
void PublishedLog::follow(const std::stop_token& stop) {
  std::unique_lock lock{writing_};
  while (behind_.wait(lock, stop, [this] { return files_are_behind_; })) {
    behind_.wait_for(lock, stop, options_.files_behind, [] { return false; });
    if (stop.stop_requested()) {
      return;
    }
    static_cast<void>(write_files());  // the next append() tells what failed
  }
}

Result<void> PublishedLog::write_grown(LogTail& tail) {
  return tail.flush([this](const TileName& name, BytesView bytes) { return write_tile(name, bytes); });
}

Result<void> PublishedLog::write_tile(const TileName& name, BytesView bytes) {
  const auto where = path(name);
  auto file = options_.files.open(where, OpenMode::replace, Visibility::everyone);
  if (!file && file.error().code == Code::not_found) {
    BM_CHECK(options_.files.make_directory(where.parent_path()));
    file = options_.files.open(where, OpenMode::replace, Visibility::everyone);
  }
  if (!file) {
    return fail(std::move(file).error());
  }
  return (*file)->write_at(0, bytes);
}

/// For readers of the directory; `head` is what counts, so nothing waits for a sync here.
Result<void> PublishedLog::write_checkpoint_file(const std::string& checkpoint) {
  const auto fresh = options_.directory / "checkpoint.new";
  {
    BM_TRY(auto file, options_.files.open(fresh, OpenMode::replace, Visibility::everyone));
    BM_CHECK(file->write_at(0, as_bytes(checkpoint)));
  }
  return options_.files.rename(fresh, options_.directory / audit::kCheckpointPath);
}

// --- keeping ---

Result<std::uint64_t> PublishedLog::make_durable() {
  const std::scoped_lock syncing{syncing_};
  std::uint64_t written = 0;
  {
    const std::scoped_lock lock{writing_};
    BM_TRY(written, write_files());
  }
  const auto synced = durable_size();
  const auto target = written / kTileWidth * kTileWidth;
  if (target == synced) {
    return target;
  }
  const auto names = audit::tiles_grown(synced, target);
  BM_CHECK(sync_tiles(names));
  {
    const std::scoped_lock lock{writing_};
    BM_CHECK(head_->put({target, checkpoint()}));
    const std::scoped_lock state{state_mutex_};
    published_.synced = target;
  }
  for (const auto& name : names) {
    if (name.width == kTileWidth) {
      BM_CHECK(drop_partial(name));
    }
  }
  return target;
}

Result<void> PublishedLog::sync_tiles(std::span<const TileName> names) {
  std::set<std::filesystem::path> directories;
  for (const auto& name : names) {
    auto where = path(name);
    BM_TRY(bool there, options_.files.exists(where));
    if (!there) {
      where = path(full(name));  // a partial one that has become full since
      BM_TRY(there, options_.files.exists(where));
    }
    if (!there) {
      return fail(Code::storage, where.string() + ": is missing; it is made again at the next start");
    }
    BM_TRY(auto file, options_.files.open(where, OpenMode::update, Visibility::everyone));
    BM_CHECK(file->datasync());
    directories.insert(where.parent_path());
  }
  for (const auto& directory : directories) {
    BM_CHECK(options_.files.sync_directory(directory));
  }
  return {};
}

Result<void> PublishedLog::drop_partial(const TileName& full) {
  const std::filesystem::path directory{path(full).string() + ".p"};
  const auto names = options_.files.list(directory);
  if (!names) {
    return names.error().code == Code::not_found ? Result<void>{} : fail(names.error());
  }
  for (const auto& name : *names) {
    BM_CHECK(options_.files.remove(directory / name));
  }
  return {};
}

// --- reading ---

Result<Bytes> PublishedLog::read(const TileName& name) const {
  constexpr std::size_t kTileMaxBytes = kTileWidth * (2 + audit::kBundledEntryMaxBytes);
  if (auto bytes = published().tail->find(name)) {
    return std::move(*bytes);
  }
  return options_.files.read(path(name), kTileMaxBytes);
}

Result<std::string> PublishedLog::proof(std::uint64_t index) const {
  const auto now = published();
  if (index >= now.size) {
    return fail(Code::not_found, "the log has " + std::to_string(now.size) + " entries");
  }
  audit::TileHashes stored{now.size, [this](const TileName& name) { return read(name); }};
  const auto hashes = [&](unsigned level, std::uint64_t at) -> Result<Digest> {
    const auto recent = now.tail->hash(level, at);
    return recent ? *recent : stored.at(level, at);
  };
  // Before catch_up, a tile may be one that it will write anew.
  const bool caught_up = now.tail->tree().size() == now.size;
  BM_TRY(auto path, audit::prove_inclusion(index, now.size, hashes, caught_up ? &subtrees_ : nullptr));
  return audit::write_proof({.index = index, .extra = {}, .path = std::move(path), .checkpoint = now.checkpoint});
}

}  // namespace birthmark
