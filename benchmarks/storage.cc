// SPDX-License-Identifier: Apache-2.0
// What the SQLite store costs: how long an issuance waits for the disk, how much of the disk a device takes, and how
// long a registry of a million devices takes to start. Works in build/bench/data below the current directory.
#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <thread>

#include "adapters/sqlite/schema.h"
#include "adapters/sqlite/store.h"
#include "line.h"
#include "measure.h"

namespace birthmark::bench {
namespace {

using SteadyClock = std::chrono::steady_clock;
using Milliseconds = std::chrono::duration<double, std::milli>;

constexpr std::size_t kIssuances = 500;  // what one station may have under way (Activations::kMaxPerCaller)
constexpr unsigned kCallers = 8;
constexpr std::chrono::milliseconds kEvery{8};  // 125 issuances a second, half of what one core makes beside others
constexpr int kWarmDevices = 200;
constexpr int kSizedDevices = 600;
constexpr int kMillion = 1'000'000;

struct Ports {
  PosixFiles files;
  NoFaults faults;
  SystemClock clock;
};

std::unique_ptr<sqlite::SqliteStore> open_store(Ports& ports, const std::filesystem::path& directory) {
  return must(sqlite::SqliteStore::open(
      {.directory = directory, .files = ports.files, .faults = ports.faults, .clock = ports.clock}));
}

std::filesystem::path fresh(const std::filesystem::path& directory) {
  std::filesystem::remove_all(directory);
  std::filesystem::create_directories(directory);
  return directory;
}

// --- acknowledgement ---

/// Milliseconds of each fdatasync of a 256-byte append, every 5 ms until it is told to stop.
std::vector<double> sync_beside(const std::filesystem::path& directory, const std::atomic<bool>& stop) {
  std::vector<double> ms;
  const int file = ::open((directory / "probe").c_str(), O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
  const Octets<256> block{};
  while (!stop && file >= 0) {
    const auto begin = SteadyClock::now();
    if (::write(file, block.data(), block.size()) != static_cast<ssize_t>(block.size()) || ::fdatasync(file) != 0) {
      std::exit(1);
    }
    ms.push_back(Milliseconds{SteadyClock::now() - begin}.count());
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }
  ::close(file);
  std::ranges::sort(ms);
  return ms;
}

struct Waiting {
  SessionId session;
  Bytes secret;
};

/// Everything of a provisioning but its last step, which makes two commits: intent and registration.
std::vector<Waiting> activations(Line& line) {
  std::vector<Waiting> out;
  for (std::size_t i = 0; i < kIssuances; ++i) {
    const auto tpm = line.new_tpm();
    auto answer = must(line.provisioning.evidence(line.station, Line::kBatch, line.evidence(tpm, line.begin())));
    out.push_back({std::get<app::ActivationChallenge>(answer).session, TappedEphemerals::last});
  }
  return out;
}

void acknowledgement(const std::filesystem::path& data, Ports& ports) {
  const auto directory = fresh(data / "acknowledgement");
  const auto store = open_store(ports, directory);
  Line line{store.get()};
  const auto waiting = activations(line);
  std::vector<double> ms(waiting.size());
  std::atomic<bool> stop{false};
  std::vector<double> syncs;
  std::jthread probe{[&] { syncs = sync_beside(directory, stop); }};
  const auto begin = SteadyClock::now() + std::chrono::milliseconds{50};
  {
    std::vector<std::jthread> callers;
    for (unsigned caller = 0; caller < kCallers; ++caller) {
      callers.emplace_back([&, caller] {
        for (std::size_t i = caller; i < waiting.size(); i += kCallers) {
          const auto intended = begin + i * kEvery;
          std::this_thread::sleep_until(intended);
          must(line.provisioning.activate(line.station, Line::kBatch, waiting[i].session, waiting[i].secret));
          ms[i] = Milliseconds{SteadyClock::now() - intended}.count();
        }
      });
    }
  }
  stop = true;
  probe.join();
  std::ranges::sort(ms);
  const double sync = quantile(syncs, 0.5);
  const double window = Milliseconds{sqlite::kGroupWindowMax}.count();
  char detail[200];
  std::snprintf(detail, sizeof(detail),
                "%zu issuances, one each %d ms, two commits each; p99 %.1f ms; fdatasync p50 %.2f, p99 %.1f ms",
                ms.size(), static_cast<int>(kEvery.count()), quantile(ms, 0.99), sync, quantile(syncs, 0.99));
  report({"acknowledgement_p50", quantile(ms, 0.5), 2 * window + 5 * sync, "ms", Better::lower, detail});
}

// --- size ---

class Database {
 public:
  explicit Database(const std::filesystem::path& path) {
    if (sqlite3_open_v2(path.c_str(), &db_, SQLITE_OPEN_READWRITE, nullptr) != SQLITE_OK) {
      std::exit(1);
    }
  }
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  ~Database() { sqlite3_close(db_); }

  void execute(const std::string& sql) {
    char* message = nullptr;
    if (sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, &message) != SQLITE_OK) {
      std::fprintf(stderr, "storage: %s\n", message);
      std::exit(1);
    }
  }
  double number(const char* sql) {
    sqlite3_stmt* query = nullptr;
    if (sqlite3_prepare_v2(db_, sql, -1, &query, nullptr) != SQLITE_OK || sqlite3_step(query) != SQLITE_ROW) {
      std::fprintf(stderr, "storage: %s\n", sqlite3_errmsg(db_));
      std::exit(1);
    }
    const double value = sqlite3_column_double(query, 0);
    sqlite3_finalize(query);
    return value;
  }

 private:
  sqlite3* db_ = nullptr;
};

double bytes_of(const std::filesystem::path& directory, const char* tables) {
  Database database{directory / "registry.db"};
  return database.number(("SELECT coalesce(sum(pgsize), 0) FROM dbstat WHERE name " + std::string{tables}).c_str());
}

/// Provisions and enrolls devices on a database that holds some already, so that fixed pages do not count.
void size(const std::filesystem::path& data, Ports& ports) {
  const auto directory = fresh(data / "size");
  constexpr const char* kCold = "NOT IN ('finding')";
  double before = 0;
  double after = 0;
  double evidence = 0;
  {
    const auto store = open_store(ports, directory);
    Line line{store.get()};
    const auto add = [&](int count) {
      for (int i = 0; i < count; ++i) {
        static_cast<void>(line.new_device());
      }
    };
    add(kWarmDevices);
    before = bytes_of(directory, kCold);
    const double evidence_before = bytes_of(directory, "IN ('finding')");
    add(kSizedDevices);
    after = bytes_of(directory, kCold);
    evidence = bytes_of(directory, "IN ('finding')") - evidence_before;
  }
  char detail[200];
  std::snprintf(detail, sizeof(detail),
                "%d devices with an IDevID and an LDevID each: all pages of tables, indexes and the log's rows; "
                "findings, %.0f bytes a device, apart",
                kSizedDevices, evidence / kSizedDevices);
  if (after <= before) {
    std::fprintf(stderr, "storage: the database did not grow\n");
    std::exit(1);
  }
  report({"cold_bytes_a_device", (after - before) / kSizedDevices, 2048, "bytes", Better::lower, detail});
}

// --- start ---

/// A registry of a million devices in S3, each with two certificates, copied in SQL from one that was really made.
void make_million(const std::filesystem::path& directory, Ports& ports) {
  fresh(directory);
  {
    const auto store = open_store(ports, directory);
    Line line{store.get()};
    static_cast<void>(line.new_device());
  }
  Database database{directory / "registry.db"};
  database.execute("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-800000; BEGIN");
  database.execute("UPDATE ca SET list_bits = 20 WHERE id IN (SELECT ca FROM certificate WHERE device IS NOT NULL)");
  const auto numbers =
      "WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < " + std::to_string(kMillion) + ") ";
  database.execute("INSERT INTO device " + numbers +
                   "SELECT i, randomblob(32), root, root_class, product, batch, 3, version, epoch, holds, "
                   "suspended_for, restrained_at, provisioned_at, appraised_at, firmware, enrolled_once "
                   "FROM n, device WHERE row = 1");
  // An odd factor makes every place of the list come once.
  database.execute("CREATE TEMP TABLE made AS SELECT * FROM certificate WHERE device = 1");
  database.execute("DELETE FROM certificate WHERE device = 1");
  const auto first = database.number("SELECT coalesce(max(row), 0) + 1 FROM certificate");
  database.execute("INSERT INTO certificate WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < " +
                   std::to_string(kMillion) + ") SELECT " + std::to_string(static_cast<long>(first)) +
                   " + 2 * i + (kind = (SELECT max(kind) FROM made)), ca, (i * 40503) & 1048575, profile, i, kind, "
                   "purpose, issuance, counted, standing, published, not_before, not_after, appraised_at, log_index, "
                   "version, epoch FROM n, made");
  database.execute("COMMIT; PRAGMA journal_mode=WAL");
}

void start(const std::filesystem::path& data, Ports& ports) {
  const auto directory = data / "million";
  const auto marker = directory / ("made-3-for-schema-" + std::to_string(sqlite::kSchemaVersion));
  if (!std::filesystem::exists(marker)) {
    make_million(directory, ports);
    must(write_atomically(ports.files, marker, {}));
  }
  std::vector<double> seconds;
  for (int i = 0; i < 5; ++i) {
    const auto begin = SteadyClock::now();
    const auto store = open_store(ports, directory);
    app::CaDirectoryHolder cas{*store, "http://pki.example"};
    app::Catalog catalog{*store, [](const app::ProductRecord& product) -> Result<policy::ProductPolicy> {
                           policy::ProductPolicy policy;
                           policy.product = product.id;
                           policy.name = product.name;
                           return policy;
                         }};
    app::ReadPath read_path{*store, cas, catalog};
    must(cas.refresh());
    must(catalog.refresh());
    must(read_path.rebuild());
    seconds.push_back(std::chrono::duration<double>(SteadyClock::now() - begin).count());
  }
  const auto spread = spread_of(seconds);
  report({"start_with_a_million_devices", spread.median, 2.0, "s", Better::lower,
          "two million certificates into the read path; " + words(spread, seconds.size()) +
              " starts, the file in the page cache; the log's own check apart"});
}

void run() {
  const std::filesystem::path data = std::filesystem::current_path() / "build/bench/data";
  Ports ports;
  acknowledgement(data, ports);
  size(data, ports);
  start(data, ports);
}

}  // namespace
}  // namespace birthmark::bench

int main() {
  birthmark::bench::run();
  return 0;
}
