// SPDX-License-Identifier: Apache-2.0
#include "adapters/signer/epoch_file.h"

#include <algorithm>
#include <charconv>

namespace birthmark {
namespace {

constexpr std::size_t kDigits = 20;  // of the largest u64
constexpr std::size_t kLineBytes = kDigits + 1;

/// What a cut may leave of a line: its beginning, or its place alone.
bool unfinished(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; }) ||
         std::ranges::all_of(text, [](char c) { return c == '\0'; });
}

std::string line_of(Epoch epoch) {
  auto line = std::to_string(epoch.get()) + "\n";
  line.insert(0, kLineBytes - line.size(), '0');
  return line;
}

}  // namespace

Result<EpochFile> EpochFile::open(Files& files, std::filesystem::path path) {
  EpochFile out{files, std::move(path)};
  BM_CHECK(out.look());
  BM_CHECK(files.sync_directory(out.path_.parent_path()));
  return out;
}

Result<File*> EpochFile::file() {
  if (!file_) {
    BM_TRY(file_, files_->open(path_, OpenMode::update));
  }
  return file_.get();
}

Error EpochFile::damaged() const {
  return {Code::key_attributes, path_.string() + ": holds something else than epochs"};
}

Result<bool> EpochFile::still_ends_with(const Last& seen) {
  if (seen.end == 0) {
    return false;
  }
  BM_TRY(auto* const opened, file());
  BM_TRY(const auto bytes, opened->read_at(seen.end - kLineBytes, kLineBytes + 1));
  return as_text(bytes) == seen.line;
}

Result<void> EpochFile::look() {
  BM_TRY(const bool unchanged, still_ends_with(seen_));
  if (!unchanged) {
    BM_TRY(seen_, read_last());
  }
  return {};
}

Result<EpochFile::Last> EpochFile::read_last() {
  BM_TRY(auto* const opened, file());
  BM_TRY(const auto size, opened->size());
  Last out{.end = size / kLineBytes * kLineBytes};
  if (out.end != size) {
    BM_TRY(const auto rest, opened->read_at(out.end, kLineBytes));
    BM_CHECK(unfinished(as_text(rest)) ? Result<void>{} : fail(damaged()));
  }
  for (; out.end != 0; out.end -= kLineBytes) {
    BM_TRY(const auto bytes, opened->read_at(out.end - kLineBytes, kLineBytes));
    const auto line = as_text(bytes);
    if (unfinished(line)) {
      continue;
    }
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), value);
    if (error != std::errc{} || end != line.data() + kDigits || line.back() != '\n') {
      return fail(damaged());
    }
    out.epoch = Epoch{value};
    out.line = line;
    break;
  }
  return out;
}

Result<Epoch> EpochFile::get() {
  if (owed_) {
    // It is read as if it were there, out of the system's memory: only a line that was synced counts.
    if (auto again = put(*owed_); !again && again.error().code != Code::fenced) {
      return fail(again.error());
    }
  }
  BM_CHECK(look());
  return seen_.epoch;
}

Result<void> EpochFile::put(Epoch epoch) {
  BM_TRY(const auto lock, files_->lock(path_));
  BM_CHECK(look());
  if (seen_.epoch > epoch) {
    owed_.reset();
    return fail(Code::fenced, "the signer has seen epoch " + std::to_string(seen_.epoch.get()));
  }
  BM_TRY(auto* const opened, file());
  owed_ = epoch;
  auto written = opened->write_at(seen_.end, as_bytes(line_of(epoch)));
  if (written) {
    written = opened->datasync();
  }
  if (!written) {
    file_.reset();
    return written;
  }
  owed_.reset();
  return {};
}

}  // namespace birthmark
