// SPDX-License-Identifier: Apache-2.0
// What `birthmark audit verify` stands for: no change of a log that a registry published goes unseen.
#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <map>
#include <random>

#include "adapters/clock/system_clock.h"
#include "adapters/files/posix_files.h"
#include "adapters/sqlite/connection.h"
#include "cli/log_verifier.h"
#include "contract/store_registry.h"
#include "support/fake_store.h"
#include "support/temp_dir.h"

namespace birthmark::cli {
namespace {

namespace fs = std::filesystem;
using Random = std::mt19937_64;

constexpr std::uint32_t kWitnessedAt = 300;
constexpr std::uint32_t kSize = 700;
constexpr std::size_t kFileMax = std::size_t{1} << 20;

std::size_t below(std::size_t bound, Random& random) {
  return static_cast<std::size_t>(random() % bound);
}

/// Puts a file back as it was when it goes.
class Kept {
 public:
  Kept(Files& files, fs::path path)
      : files_{files}, path_{std::move(path)}, bytes_{files.read(path_, kFileMax).value()} {}
  Kept(const Kept&) = delete;
  Kept& operator=(const Kept&) = delete;
  ~Kept() { write(bytes_); }
  [[nodiscard]] const Bytes& bytes() const { return bytes_; }
  void write(BytesView bytes) {
    auto file = files_.open(path_, OpenMode::replace).value();
    static_cast<void>(file->append(bytes));
  }

 private:
  Files& files_;
  fs::path path_;
  Bytes bytes_;
};

/// One byte other, gone, more or moved; or the end cut off.
Bytes spoilt(Bytes bytes, Random& random) {
  const auto at = below(bytes.size(), random);
  const auto where = bytes.begin() + static_cast<std::ptrdiff_t>(at);
  switch (below(5, random)) {
    case 0:
      bytes.erase(where);
      break;
    case 1:
      bytes.resize(at);
      break;
    case 2:
      bytes.insert(where, static_cast<std::uint8_t>(random()));
      break;
    case 3:
      std::iter_swap(where, bytes.begin() + static_cast<std::ptrdiff_t>(below(bytes.size(), random)));
      break;
    default:
      *where = static_cast<std::uint8_t>(*where ^ (1 + below(255, random)));
  }
  return bytes;
}

/// A line of the note dropped, doubled or exchanged with another one.
Bytes other_lines(const Bytes& note, Random& random) {
  std::vector<std::string> lines;
  const auto text = as_text(note);
  for (std::size_t begin = 0; begin < text.size();) {
    const auto end = text.find('\n', begin) + 1;
    lines.emplace_back(text.substr(begin, end - begin));
    begin = end;
  }
  auto& line = lines[below(lines.size(), random)];
  switch (below(3, random)) {
    case 0:
      line.clear();
      break;
    case 1:
      line += line;
      break;
    default:
      std::swap(line, lines[below(lines.size(), random)]);
  }
  Bytes out;
  for (const auto& kept : lines) {
    append(out, as_bytes(kept));
  }
  return out;
}

class AuditChanges : public testing::Test {
 public:
  void SetUp() override {
    auto registry = test::Registry::open(directory_.path(), key_, {files_, faults_, clock_}).value();
    ASSERT_TRUE(registry.write(1, kWitnessedAt));
    witness_at(*registry.log, kWitnessedAt);
    ASSERT_TRUE(registry.write(2, kSize - 2 - kWitnessedAt));
    ASSERT_TRUE(registry.write(3, 1));
    size_ = registry.log->size();
    ASSERT_GE(size_, kSize - 2U);
    witness_at(*registry.log, size_);
    for (const auto& tile : audit::tiles_grown(0, size_)) {
      tiles_.push_back(path_of(log_, tile));
    }
  }

  static fs::path path_of(const fs::path& log, const audit::TileName& tile) { return log / audit::path_of(tile); }

  void witness_at(const PublishedLog& log, std::uint64_t size) {
    const auto file = directory_ / ("witness-" + std::to_string(size));
    ASSERT_TRUE(write_atomically(files_, file, as_bytes(log.checkpoint())));
    witnesses_.push_back(file);
  }

  [[nodiscard]] LogVerification what() const {
    return {.log = log_, .key = key_.verifier, .database = database_, .witnesses = {}};
  }
  /// "" if the verifier is content, else what it found.
  std::string found(const LogVerification& verification) {
    const auto verdict = verify_log_directory(files_, verification);
    if (!verdict) {
      return "error: " + verdict.error().detail;
    }
    return verdict->report.finding ? verdict->report.finding->file + ": " + verdict->report.finding->words : "";
  }

  std::optional<std::string> change_of_file(Random& random) {
    Kept file{files_, tiles_[below(tiles_.size(), random)]};
    return changed(file, spoilt(file.bytes(), random));
  }
  std::optional<std::string> change_of_checkpoint(Random& random) {
    Kept file{files_, log_ / audit::kCheckpointPath};
    return changed(file, below(2, random) == 0 ? spoilt(file.bytes(), random) : other_lines(file.bytes(), random));
  }
  std::optional<std::string> changed(Kept& file, const Bytes& bytes) {
    if (bytes == file.bytes()) {
      return std::nullopt;
    }
    file.write(bytes);
    return found(what());
  }
  std::optional<std::string> exchange_of_files(Random& random) {
    Kept a{files_, tiles_[below(tiles_.size(), random)]};
    Kept b{files_, tiles_[below(tiles_.size(), random)]};
    if (a.bytes() == b.bytes()) {
      return std::nullopt;
    }
    a.write(b.bytes());
    b.write(a.bytes());
    return found(what());
  }
  std::optional<std::string> loss_of_file(Random& random) {
    const auto& path = tiles_[below(tiles_.size(), random)];
    fs::rename(path, directory_ / "away");
    const auto out = found(what());
    fs::rename(directory_ / "away", path);
    return out;
  }

  /// A row other, gone, or with the entry of another one.
  std::optional<std::string> change_of_row(Random& random) {
    auto rows = sqlite::Connection::open({.path = database_, .synchronous = sqlite::Synchronous::off}).value();
    const auto at = below(size_, random);
    const auto entry = entry_of(*rows, at);
    Bytes other;
    const auto kind = below(3, random);
    if (kind == 0) {
      other = spoilt(entry, random);
    } else if (kind == 1) {
      other = entry_of(*rows, below(size_, random));
    }
    if (other == entry) {
      return std::nullopt;
    }
    set(*rows, at, kind == 2 ? nullptr : &other);
    const auto out = found(what());
    set(*rows, at, &entry);
    return out;
  }
  static Bytes entry_of(sqlite::Connection& rows, std::size_t at) {
    auto query = rows.prepare("SELECT entry FROM log WHERE idx = ?1").value();
    query.bind(1, static_cast<std::int64_t>(at));
    EXPECT_TRUE(query.step().value());
    return to_bytes(query.blob(0));
  }
  static void set(sqlite::Connection& rows, std::size_t at, const Bytes* entry) {
    {
      auto remove = rows.prepare("DELETE FROM log WHERE idx = ?1").value();
      EXPECT_TRUE(remove.bind(1, static_cast<std::int64_t>(at)).run());
    }
    if (entry != nullptr) {
      auto insert = rows.prepare("INSERT INTO log(idx, entry) VALUES(?1, ?2)").value();
      EXPECT_TRUE(insert.bind(1, static_cast<std::int64_t>(at)).bind(2, BytesView{*entry}).run());
    }
  }

  /// The whole log as it was before, or with another history, signed by the log's own key: a witness alone sees it.
  std::optional<std::string> another_log(Random& random) {
    const bool cut = below(2, random) == 0;
    const auto size = cut ? below(size_, random) : size_ + below(20, random);
    const auto other_at = cut ? size : below(size_, random);
    const auto directory = directory_ / "other";
    const auto published = publish(directory, size, other_at);
    EXPECT_TRUE(published) << published.error().detail;
    auto verification = what();
    verification.log = directory;
    verification.database.reset();
    EXPECT_EQ(found(verification), "") << "in itself it is sound";
    verification.witnesses = witnesses_;
    auto out = found(verification);
    fs::remove_all(directory);
    return out;
  }
  Result<void> publish(const fs::path& directory, std::size_t size, std::size_t other_at) {
    const auto rows = sqlite::Connection::open({.path = database_, .access = sqlite::Access::read}).value();
    std::vector<Bytes> entries;
    for (std::size_t at = 0; at < size; ++at) {
      entries.push_back(at < size_ && at != other_at ? entry_of(*rows, at)
                                                     : audit::write_entry(test::sample_entry(90'000)).value());
    }
    BM_TRY(
        const auto log,
        PublishedLog::open(
            {.directory = directory, .files = files_, .faults = faults_, .key = key_.verifier, .sign = key_.signer()}));
    const test::FakeStore empty;
    BM_CHECK(log->catch_up(empty));
    return size == 0 ? Result<void>{} : without_value(log->append(0, entries));
  }

  test::TempDir directory_;
  PosixFiles files_;
  NoFaults faults_;
  SystemClock clock_;
  test::LogKey key_ = test::LogKey::make().value();
  const fs::path log_ = directory_ / "log";
  const fs::path database_ = directory_ / "registry" / "registry.db";
  std::vector<fs::path> witnesses_;
  std::vector<fs::path> tiles_;
  std::uint64_t size_ = 0;
};

TEST_F(AuditChanges, an_untouched_log_is_sound_with_its_rows_and_its_witnesses) {
  auto verification = what();
  verification.witnesses = witnesses_;
  std::vector<std::uint64_t> told;
  verification.progress = [&](std::uint64_t entries, std::uint64_t of) {
    told.push_back(entries);
    EXPECT_EQ(of, size_);
  };
  const auto verdict = verify_log_directory(files_, verification);
  ASSERT_TRUE(verdict) << verdict.error().detail;
  EXPECT_TRUE(verdict->report.sound()) << verdict->report.finding->words;
  EXPECT_EQ(verdict->report.entries, size_);
  ASSERT_EQ(told.size(), size_) << "each entry, in order";
  EXPECT_EQ(told.back(), size_);
  EXPECT_EQ(verdict->rows_compared, size_);
}

TEST_F(AuditChanges, rows_that_the_registry_dropped_in_whole_bundles_are_not_missed) {
  auto rows = sqlite::Connection::open({.path = database_, .synchronous = sqlite::Synchronous::off}).value();
  ASSERT_TRUE(rows->execute("DELETE FROM log WHERE idx < 256"));
  const auto verdict = verify_log_directory(files_, what());
  ASSERT_TRUE(verdict) << verdict.error().detail;
  EXPECT_TRUE(verdict->report.sound()) << verdict->report.finding->words;
  EXPECT_EQ(verdict->rows_compared, size_ - 256);
  ASSERT_TRUE(rows->execute("DELETE FROM log WHERE idx < 300"));
  EXPECT_NE(found(what()), "") << "a bundle that is cut is no pruning";
  ASSERT_TRUE(rows->execute("DELETE FROM log"));
  EXPECT_NE(found(what()), "") << "the last bundle is never pruned before it is full";
}

// Its files follow a log within a moment: a witness may have seen more than they hold.
TEST_F(AuditChanges, files_that_are_on_their_way_are_waited_for) {
  auto registry =
      test::Registry::open(directory_.path(), key_, {files_, faults_, clock_}, {}, std::chrono::hours{1}).value();
  ASSERT_TRUE(registry.write(4, 1));
  witness_at(*registry.log, registry.log->size());
  auto verification = what();
  verification.witnesses = witnesses_;
  const auto behind = found(verification);
  EXPECT_NE(behind.find("the files are behind the log's head of " + std::to_string(size_ + 2) + " entries"),
            std::string::npos)
      << behind;

  int waited = 0;
  verification.wait = [&] {
    if (++waited == 2) {
      registry.store.reset();
      registry.log.reset();  // which writes what is left
    }
    return waited < 100;
  };
  EXPECT_EQ(found(verification), "");
  EXPECT_EQ(waited, 2);
}

TEST_F(AuditChanges, a_thousand_of_a_thousand_random_changes_are_found) {
  const auto seed = std::random_device{}();
  std::printf("seed %u\n", seed);
  Random random{seed};
  using Change = std::optional<std::string> (AuditChanges::*)(Random&);
  const std::array<std::pair<const char*, Change>, 12> changes{{
      {"file", &AuditChanges::change_of_file},
      {"file", &AuditChanges::change_of_file},
      {"file", &AuditChanges::change_of_file},
      {"checkpoint", &AuditChanges::change_of_checkpoint},
      {"checkpoint", &AuditChanges::change_of_checkpoint},
      {"exchange", &AuditChanges::exchange_of_files},
      {"loss", &AuditChanges::loss_of_file},
      {"row", &AuditChanges::change_of_row},
      {"row", &AuditChanges::change_of_row},
      {"row", &AuditChanges::change_of_row},
      {"row", &AuditChanges::change_of_row},
      {"other log", &AuditChanges::another_log},
  }};
  int made = 0, missed = 0;
  std::map<std::string, int> by_kind;
  while (made < 1000) {
    const auto& [name, change] = changes[below(changes.size(), random)];
    const auto said = (this->*change)(random);
    if (!said) {
      continue;  // it would have changed nothing
    }
    ++made;
    ++by_kind[name];
    if (said->empty()) {
      ++missed;
      ADD_FAILURE() << "change " << made << " of kind " << name << " was not found; seed " << seed;
    }
    EXPECT_FALSE(said->starts_with("error: ")) << *said;
  }
  EXPECT_EQ(missed, 0);
  EXPECT_EQ(by_kind.size(), 6U);
  EXPECT_EQ(found(what()), "") << "all is as it was";
}

}  // namespace
}  // namespace birthmark::cli
