// SPDX-License-Identifier: Apache-2.0
// What `birthmark audit verify` stands for, asked of the program itself: no change of what a registry published, and of
// the rows behind it, goes unseen. A thousand random ones, each of them one run of the command.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <fstream>
#include <future>
#include <map>
#include <random>
#include <set>

#include "adapters/clock/system_clock.h"
#include "adapters/files/posix_files.h"
#include "adapters/sqlite/connection.h"
#include "contract/store_registry.h"
#include "flow/traffic.h"
#include "support/fake_store.h"
#include "support/paths.h"
#include "support/server.h"
#include "support/spoil.h"

namespace birthmark::test {
namespace {

namespace fs = std::filesystem;
using Random = std::mt19937_64;

constexpr int kChanges = 1000;
constexpr std::size_t kProcessors = 2;
constexpr std::uint32_t kWitnessedAt = 300;
constexpr std::uint32_t kSize = 700;
constexpr std::size_t kFileMax = std::size_t{1} << 20;
constexpr std::string_view kWrong = "birthmark: the log is wrong: ";
const std::string kRows = "rows";

/// Puts a file back as it was when it goes.
class Kept {
 public:
  Kept(Files& files, fs::path path)
      : files_{files}, path_{std::move(path)}, bytes_{must(files.read(path_, kFileMax))} {}
  Kept(const Kept&) = delete;
  Kept& operator=(const Kept&) = delete;
  ~Kept() { write(bytes_); }
  [[nodiscard]] const Bytes& bytes() const { return bytes_; }
  void write(BytesView bytes) const { std::ofstream{path_, std::ios::binary | std::ios::trunc} << as_text(bytes); }

 private:
  Files& files_;
  fs::path path_;
  Bytes bytes_;
};

/// One change, how the command judged it, and where it may say that something is wrong.
struct Judged {
  std::string change;
  Finished said;
  std::set<std::string> files;
  std::optional<std::uint64_t> index = {};  ///< the first bad one, where the change determines it
};

/// What is wrong with a verdict, or "".
std::string fault_of(const Judged& judged) {
  const auto words = judged.said.err + judged.said.out;
  if (judged.said.exit_code != 1) {
    return "not found: " + words;
  }
  const auto at = judged.said.err.find(kWrong);
  if (at == std::string::npos) {
    return "no finding: " + words;
  }
  const auto begin = at + kWrong.size();
  if (!judged.files.contains(judged.said.err.substr(begin, judged.said.err.find(": ", begin) - begin))) {
    return "names something else: " + words;
  }
  const bool indexed = !judged.index || judged.said.err.find("first bad index " + std::to_string(*judged.index) +
                                                             "\n") != std::string::npos;
  return indexed ? "" : "names another index than " + std::to_string(*judged.index) + ": " + words;
}

/// A data directory as a registry leaves it: database, tiles, bundles, checkpoint, and the log's key for auditors; with
/// two checkpoints that somebody kept. Each change is undone before its function returns.
class Installation {
 public:
  static constexpr const char* kOutside = "witness";

  /// Composed of the store and the log that `birthmark serve` runs on.
  static void make(const fs::path& directory, const LogKey& key) {
    PosixFiles files;
    NoFaults faults;
    SystemClock clock;
    auto registry = must(Registry::open(directory / "data", key, {files, faults, clock}));
    std::ofstream{directory / "data" / "log.vkey"} << key.verifier.write() << '\n';
    must(registry.write(1, kWitnessedAt));
    std::ofstream{directory / "witness-early"} << registry.log->checkpoint();
    must(registry.write(2, kSize - kWitnessedAt));
    std::ofstream{directory / "witness-late"} << registry.log->checkpoint();
  }

  Installation(fs::path directory, LogKey key) : directory_{std::move(directory)}, key_{std::move(key)} {
    const auto rows = open(sqlite::Access::read);
    auto query = must(rows->prepare("SELECT entry FROM log ORDER BY idx"));
    while (must(query.step())) {
      entries_.push_back(to_bytes(query.blob(0)));
    }
    for (const auto& tile : audit::tiles_grown(0, entries_.size())) {
      (tile.kind == audit::TileKind::entries ? bundles_ : tiles_).push_back(audit::path_of(tile));
    }
  }

  enum class Witnessed : std::uint8_t { no, yes };
  [[nodiscard]] Finished verify(Witnessed witnessed) const { return verify(directory_ / "data", witnessed); }

  using Change = std::optional<Judged> (Installation::*)(Random&);
  std::optional<Judged> tile(Random& random) { return published(tiles_[below(tiles_.size(), random)], {}, random); }
  /// One that says something else than the rows is found there.
  std::optional<Judged> bundle(Random& random) {
    return published(bundles_[below(bundles_.size(), random)], {kRows}, random);
  }

  std::optional<Judged> two_files(Random& random) {
    auto all = tiles_;
    all.insert(all.end(), bundles_.begin(), bundles_.end());
    const auto one = all[below(all.size(), random)], other = all[below(all.size(), random)];
    const Kept a{files_, log() / one};
    const Kept b{files_, log() / other};
    if (a.bytes() == b.bytes()) {
      return std::nullopt;
    }
    a.write(b.bytes());
    b.write(a.bytes());
    return judged(one + " in the place of " + other, {one, other, kRows});
  }

  std::optional<Judged> checkpoint(Random& random) {
    const std::string name{audit::kCheckpointPath};
    const Kept note{files_, log() / name};
    const auto bytes = below(2, random) == 0
                           ? spoilt(note.bytes(), random)
                           : to_bytes(as_bytes(other_lines(std::string{as_text(note.bytes())}, random)));
    if (bytes == note.bytes()) {
      return std::nullopt;
    }
    note.write(bytes);
    return judged(name, {name});
  }

  /// A row with other bytes, or with the entry of another row.
  std::optional<Judged> row(Random& random) {
    const auto at = below(entries_.size(), random);
    const auto other = below(2, random) == 0 ? spoilt(entries_[at], random) : entries_[below(entries_.size(), random)];
    if (other == entries_[at]) {
      return std::nullopt;
    }
    auto rows = open(sqlite::Access::write);
    set(*rows, at, other);
    auto out = judged("row " + std::to_string(at), {kRows}, at);
    set(*rows, at, entries_[at]);
    return out;
  }

  std::optional<Judged> lost_row(Random& random) {
    const auto at = below(entries_.size(), random);
    auto rows = open(sqlite::Access::write);
    remove(*rows, at);
    auto out = judged("no row " + std::to_string(at), {kRows}, at);
    set(*rows, at, entries_[at]);
    return out;
  }

  std::optional<Judged> lost_end(Random& random) {
    const auto from = 1 + below(entries_.size() - 1, random);
    auto rows = open(sqlite::Access::write);
    cut(*rows, from);
    auto out = judged("no rows from " + std::to_string(from), {kRows}, from);
    for (auto at = from; at < entries_.size(); ++at) {
      set(*rows, at, entries_[at]);
    }
    return out;
  }

  /// Everything as an older backup has it: sound in itself.
  std::optional<Judged> rollback(Random& random) {
    const auto size = below(entries_.size(), random);
    return replaced("cut back to " + std::to_string(size), {entries_.begin(), entries_.begin() + diff(size)});
  }

  /// Another history, rows and hashes and all, signed by the log's own key: sound in itself.
  std::optional<Judged> rewritten(Random& random) {
    auto entries = entries_;
    const auto at = below(entries.size(), random);
    entries[at] = made_up();
    entries.resize(entries.size() + below(20, random), made_up());
    return replaced("rewritten at " + std::to_string(at), entries);
  }

 private:
  static std::ptrdiff_t diff(std::size_t size) { return static_cast<std::ptrdiff_t>(size); }
  static Bytes made_up() { return must(audit::write_entry(sample_entry(90'000))); }
  [[nodiscard]] fs::path log() const { return directory_ / "data" / "log"; }

  [[nodiscard]] Finished verify(const fs::path& data, Witnessed witnessed) const {
    std::vector<std::string> line{(bin_dir() / "birthmark").string(), "audit", "verify", "--data", data.string()};
    if (witnessed == Witnessed::yes) {
      for (const auto* const witness : {"witness-early", "witness-late"}) {
        line.insert(line.end(), {"--witness", (directory_ / witness).string()});
      }
    }
    return run({.argv = std::move(line), .env = only_these_of_ours()});
  }
  [[nodiscard]] Judged judged(std::string change, std::set<std::string> files,
                              std::optional<std::uint64_t> index = {}) const {
    return {std::move(change), verify(Witnessed::no), std::move(files), index};
  }

  /// A published file that is spoilt, or gone. @param also where its fault may be found
  std::optional<Judged> published(const std::string& path, std::set<std::string> also, Random& random) {
    const Kept file{files_, log() / path};
    if (below(6, random) == 0) {
      fs::remove(log() / path);
      return judged("no " + path, {path});
    }
    const auto bytes = spoilt(file.bytes(), random);
    if (bytes == file.bytes()) {
      return std::nullopt;
    }
    file.write(bytes);
    also.insert(path);
    return judged(path, std::move(also));
  }

  [[nodiscard]] std::unique_ptr<sqlite::Connection> open(sqlite::Access access, const char* data = "data") const {
    return must(sqlite::Connection::open({.path = directory_ / data / "registry" / "registry.db",
                                          .access = access,
                                          .synchronous = sqlite::Synchronous::off}));
  }
  static void remove(sqlite::Connection& rows, std::size_t at) {
    auto remove = must(rows.prepare("DELETE FROM log WHERE idx = ?1"));
    must(remove.bind(1, diff(at)).run());
  }
  static void cut(sqlite::Connection& rows, std::size_t from) {
    auto cut = must(rows.prepare("DELETE FROM log WHERE idx >= ?1"));
    must(cut.bind(1, diff(from)).run());
  }
  static void set(sqlite::Connection& rows, std::size_t at, const Bytes& entry) {
    remove(rows, at);
    auto insert = must(rows.prepare("INSERT INTO log(idx, entry) VALUES(?1, ?2)"));
    must(insert.bind(1, diff(at)).bind(2, BytesView{entry}).run());
  }

  /// Another data directory in the place of this one, with these entries in database and log. That it is sound without
  /// a witness is part of the judgement.
  std::optional<Judged> replaced(std::string change, const std::vector<Bytes>& entries) {
    const auto data = directory_ / "other";
    fs::create_directory(data);
    fs::copy(directory_ / "data" / "registry", data / "registry");
    fs::copy(directory_ / "data" / "log.vkey", data / "log.vkey");
    write_rows(entries);
    publish(data / "log", entries);
    Judged out{std::move(change), verify(data, Witnessed::no), {kOutside}};
    if (out.said.exit_code == 0) {
      out.said = verify(data, Witnessed::yes);
    }
    fs::remove_all(data);
    return out;
  }
  void write_rows(const std::vector<Bytes>& entries) const {
    auto rows = open(sqlite::Access::write, "other");
    cut(*rows, entries.size());
    for (std::size_t at = 0; at < entries.size(); ++at) {
      if (at >= entries_.size() || entries[at] != entries_[at]) {
        set(*rows, at, entries[at]);
      }
    }
  }
  void publish(const fs::path& directory, const std::vector<Bytes>& entries) {
    const auto log = must(PublishedLog::open(
        {.directory = directory, .files = files_, .faults = faults_, .key = key_.verifier, .sign = key_.signer()}));
    const FakeStore empty;
    must(log->catch_up(empty));
    if (!entries.empty()) {
      must(without_value(log->append(0, entries)));
    }
  }

  PosixFiles files_;
  NoFaults faults_;
  const fs::path directory_;
  const LogKey key_;
  std::vector<Bytes> entries_;
  std::vector<std::string> tiles_, bundles_;
};

struct Kind {
  const char* name;
  Installation::Change change;
};
// In turn, so that each kind has its share whatever the seed.
constexpr std::array kKinds{
    Kind{"tile", &Installation::tile},
    Kind{"row", &Installation::row},
    Kind{"bundle", &Installation::bundle},
    Kind{"checkpoint", &Installation::checkpoint},
    Kind{"row", &Installation::row},
    Kind{"rollback", &Installation::rollback},
    Kind{"tile", &Installation::tile},
    Kind{"lost row", &Installation::lost_row},
    Kind{"bundle", &Installation::bundle},
    Kind{"checkpoint", &Installation::checkpoint},
    Kind{"lost end of rows", &Installation::lost_end},
    Kind{"two files", &Installation::two_files},
    Kind{"rewritten", &Installation::rewritten},
};

class Audit : public testing::Test {
 protected:
  Audit() {
    Installation::make(directory_ / "0", key_);
    for (std::size_t copy = 1; copy < kProcessors; ++copy) {
      fs::copy(directory_ / "0", directory_ / std::to_string(copy), fs::copy_options::recursive);
    }
    for (std::size_t copy = 0; copy < kProcessors; ++copy) {
      installations_.push_back(std::make_unique<Installation>(directory_ / std::to_string(copy), key_));
    }
  }

  void expect_sound() const {
    for (const auto& installation : installations_) {
      for (const auto witnessed : {Installation::Witnessed::no, Installation::Witnessed::yes}) {
        const auto said = installation->verify(witnessed);
        EXPECT_EQ(said.exit_code, 0) << said.err;
        EXPECT_TRUE(said.out.starts_with("verified: ")) << said.out;
      }
    }
  }

  /// Change `number`, the same one for the same seed; another one where it would change nothing.
  static Judged change(Installation& installation, std::uint64_t seed, int number) {
    const auto& kind = kKinds.at(static_cast<std::size_t>(number) % kKinds.size());
    Random random{seed + static_cast<std::uint64_t>(number)};
    while (true) {
      if (auto judged = (installation.*kind.change)(random)) {
        return std::move(*judged);
      }
    }
  }

  /// Takes one change after the other, until there is none left.
  std::map<int, Judged> work(Installation& installation, std::uint64_t seed) {
    std::map<int, Judged> out;
    for (int number = next_++; number < kChanges; number = next_++) {
      out.emplace(number, change(installation, seed, number));
    }
    return out;
  }

  TempDir directory_;
  const LogKey key_ = must(LogKey::make());
  std::vector<std::unique_ptr<Installation>> installations_;
  std::atomic<int> next_{0};
};

TEST_F(Audit, finds_a_thousand_of_a_thousand_random_changes) {
  const auto seed = printed_seed();
  expect_sound();
  std::vector<std::future<std::map<int, Judged>>> workers;
  for (auto& installation : installations_) {
    workers.push_back(std::async(std::launch::async, [&] { return work(*installation, seed); }));
  }
  int found = 0;
  std::map<std::string, int> by_kind;
  for (auto& worker : workers) {
    for (const auto& [number, judged] : worker.get()) {
      const auto* const kind = kKinds.at(static_cast<std::size_t>(number) % kKinds.size()).name;
      const auto fault = fault_of(judged);
      EXPECT_EQ(fault, "") << "change " << number << ", " << kind << ": " << judged.change;
      found += fault.empty() ? 1 : 0;
      ++by_kind[kind];
    }
  }
  EXPECT_EQ(found, kChanges);
  for (const auto& [kind, changes] : by_kind) {
    std::printf("%s: %d\n", kind.c_str(), changes);
  }
  expect_sound();
}

// What is left of a log whose last checkpoint alone was exchanged for one that it published before.
TEST_F(Audit, an_older_checkpoint_in_the_place_of_the_last_one_is_found_by_a_witness) {
  const auto data = directory_ / "0" / "data";
  fs::remove(data / "log" / kHeadFile);
  fs::copy_file(directory_ / "0" / "witness-early", data / "log" / audit::kCheckpointPath,
                fs::copy_options::overwrite_existing);
  const auto said = installations_.front()->verify(Installation::Witnessed::yes);
  EXPECT_EQ(fault_of({"", said, {Installation::kOutside}}), "");
}

}  // namespace
}  // namespace birthmark::test
