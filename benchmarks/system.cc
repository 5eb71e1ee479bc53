// SPDX-License-Identifier: Apache-2.0
// The whole server against the floor: `birthmark serve` as it is installed, stations on mutually authenticated
// keep-alive connections, chips on paper that answer its challenges. What counts is the CPU time of the server's
// process. Beside it, bare servers that only answer the same requests.
#include <algorithm>
#include <barrier>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <functional>
#include <iterator>
#include <numeric>
#include <thread>

#include "bare_server.h"
#include "floor.h"
#include "floor_inputs.h"
#include "line.h"
#include "measure.h"
#include "support/line.h"
#include "support/server.h"

namespace birthmark::bench {
namespace {

constexpr unsigned kStations = 64;
constexpr std::size_t kUnitsAStation = 10;
constexpr std::size_t kWindows = 10;
constexpr std::size_t kFloorChips = 256;
constexpr std::size_t kFloorCalls = 600;
/// As little as a bare server can be asked: one request less, and the longest wait for others that the product has.
constexpr BareServer::Task kSpared{
    .durable = true, .gathered = std::chrono::milliseconds{2}, .challenge_drawn_ahead = true};
constexpr const char* kBatch = "B-bench";

/// Its line refers to its identities: it stays where it was made.
struct Station {
  Station(const test::Server& server, test::Operator& people, const std::string& name)
      : identities{test::Line::enroll(people, name, kBatch)}, line{server, identities} {}

  const test::Line::Stations identities;
  test::Line line;
  std::vector<test::PaperDevice> units;
};

void make_units(const test::Server& server, Station& station) {
  station.units.clear();
  for (std::size_t i = 0; i < kUnitsAStation; ++i) {
    station.units.emplace_back(server);
  }
}

void provision_all(Station& station) {
  for (auto& unit : station.units) {
    const auto answer = station.line.provision(unit);
    if (!answer.ok()) {
      std::fprintf(stderr, "system: %s\n", answer.words().c_str());
      std::exit(1);
    }
  }
}

/// Server CPU seconds of one provisioning, of one window of all stations at once.
double window(const test::Server& server, std::deque<Station>& stations) {
  for (auto& station : stations) {
    make_units(server, station);
  }
  const double before = cpu_seconds_of_process(server.pid());
  {
    std::vector<std::jthread> threads;
    for (auto& station : stations) {
      threads.emplace_back([&station] { provision_all(station); });
    }
  }
  return (cpu_seconds_of_process(server.pid()) - before) / static_cast<double>(stations.size() * kUnitsAStation);
}

/// What the server's metrics say of one line.
double metric(const test::Server& server, const std::string& name) {
  const auto text = test::Caller{server, test::Listener::open, nullptr}.get("/metrics").body;
  const auto at = text.find("\n" + name + " ");
  if (at == std::string::npos) {
    std::fprintf(stderr, "system: no metric %s\n", name.c_str());
    std::exit(1);
  }
  return std::strtod(text.c_str() + at + name.size() + 2, nullptr);
}

/// Works and commits so far.
struct Commits {
  explicit Commits(const test::Server& server)
      : works{metric(server, "birthmark_writes_total")}, commits{metric(server, "birthmark_commit_seconds_count")} {}
  double works;
  double commits;
};

/// CPU seconds of one floor call, while all CPUs make them at once: a CPU second buys less while its neighbour works
/// too, and the server's neighbours do.
double floor_seconds(std::deque<Floor>& floors) {
  std::vector<double> seconds(floors.size());
  std::barrier together{static_cast<std::ptrdiff_t>(floors.size())};
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < floors.size(); ++i) {
      threads.emplace_back([&floor = floors[i], &used = seconds[i], &together] {
        floor.provision();  // what the library makes for each thread
        together.arrive_and_wait();
        const double before = thread_cpu_seconds();
        for (std::size_t call = 0; call < kFloorCalls; ++call) {
          floor.provision();
        }
        used = (thread_cpu_seconds() - before) / static_cast<double>(kFloorCalls);
      });
    }
  }
  return std::accumulate(seconds.begin(), seconds.end(), 0.0) / static_cast<double>(seconds.size());
}

/// One provisioning step by step, for the sizes of what is sent.
Exchanges measured_exchanges(const test::Server& server, Station& station) {
  auto& caller = station.line.provision_station();
  const test::PaperDevice unit{server};
  Exchanges out;
  auto* next = out.begin();
  const auto post = [&](const char* target, const boost::json::object& body) {
    auto answer = caller.post(target, body);
    if (!answer.ok()) {
      std::fprintf(stderr, "system: %s\n", answer.words().c_str());
      std::exit(1);
    }
    *next++ = {json::write(body).size(), answer.body.size()};
    return answer;
  };
  const auto challenge = test::Line::challenge(post("/v1/provision/challenge", {{"batch", kBatch}}));
  const auto asked = post("/v1/provision/evidence", test::provision_body(unit, kBatch, *challenge));
  auto opened = test::activation_body(unit, asked);
  opened["batch"] = kBatch;
  post("/v1/provision/activate", opened);
  return out;
}

Floor::Inputs floor_inputs() {
  Line line;
  std::vector<test::PaperTpm> tpms;
  for (std::size_t i = 0; i < kFloorChips; ++i) {
    tpms.push_back(line.new_tpm());
  }
  return provision_inputs(line, tpms);
}

std::deque<Station> enroll_stations(const test::Server& server) {
  test::Operator people{server};
  const auto quantity = static_cast<unsigned>((kWindows + 1) * kStations * kUnitsAStation + 1);
  if (const auto opened = people.open_batch(kBatch, quantity); !opened.ok()) {
    std::fprintf(stderr, "system: %s\n", opened.words().c_str());
    std::exit(1);
  }
  std::deque<Station> stations;
  for (unsigned i = 0; i < kStations; ++i) {
    stations.emplace_back(server, people, "line-" + std::to_string(i));
  }
  return stations;
}

/// What a server needs for a provisioning, beside the floor of the same moment.
struct Series {
  std::vector<double> us;
  std::vector<double> floor_us;

  void add(double server, double floor) {
    us.push_back(server);
    floor_us.push_back(floor);
  }
  [[nodiscard]] Spread ratio() const {
    std::vector<double> ratios;
    std::ranges::transform(floor_us, us, std::back_inserter(ratios), std::divides<>{});
    return spread_of(ratios);
  }
  void report(const char* name, std::optional<double> goal, const std::string& what) const {
    char detail[360];
    std::snprintf(detail, sizeof(detail), "%s windows; floor %.0f us, server %.0f us of CPU a provisioning: %s",
                  words(ratio(), us.size()).c_str(), spread_of(floor_us).median, spread_of(us).median, what.c_str());
    bench::report({name, ratio().median, goal, "ratio", Better::higher, detail});
  }
};

/// All servers in the same minutes.
struct Servers {
  Series product;
  Series bare;
  Series durable;
  Series spared;

  void measure(const test::Server& server, std::deque<Station>& stations, BareServer& others,
               std::deque<Floor>& floors) {
    double before = floor_seconds(floors) * 1e6;
    for (std::size_t i = 0; i < kWindows; ++i) {
      const double of_product = window(server, stations) * 1e6;
      const double between = floor_seconds(floors) * 1e6;
      product.add(of_product, (before + between) / 2);
      const double of_bare = others.window(kUnitsAStation, {}) * 1e6;
      const double of_durable = others.window(kUnitsAStation, {.durable = true}) * 1e6;
      const double of_spared = others.window(kUnitsAStation, kSpared) * 1e6;
      before = floor_seconds(floors) * 1e6;
      bare.add(of_bare, (between + before) / 2);
      durable.add(of_durable, (between + before) / 2);
      spared.add(of_spared, (between + before) / 2);
    }
  }
};

std::string sizes_of(const Exchanges& exchanges) {
  std::size_t asked = 0, answered = 0;
  for (const auto& exchange : exchanges) {
    asked += exchange.asked;
    answered += exchange.answered;
  }
  return std::to_string(asked) + " bytes asked and " + std::to_string(answered) + " answered";
}

void run() {
  const auto inputs = floor_inputs();
  std::deque<Floor> floors;
  for (unsigned cpu = 0; cpu < std::max(1U, std::thread::hardware_concurrency()); ++cpu) {
    floors.emplace_back(inputs);
  }
  test::Server server{{.flags = {"--metrics", "on"}}};
  auto stations = enroll_stations(server);
  static_cast<void>(window(server, stations));  // connections, tables, caches
  const auto exchanges = measured_exchanges(server, stations.front());
  BareServer bare{inputs, exchanges, kStations};
  static_cast<void>(bare.window(1, {.durable = true}));
  Servers servers;
  const Commits begun{server};
  servers.measure(server, stations, bare, floors);
  const Commits done{server};
  char commits[80];
  std::snprintf(commits, sizeof(commits), "%u stations at once; %.1f works a commit", kStations,
                (done.works - begun.works) / (done.commits - begun.commits));
  servers.product.report("whole_system_over_floor", 0.60, "three requests over TLS, " + std::string{commits});
  servers.bare.report("bare_server_over_floor", std::nullopt,
                      "three requests over TLS, " + sizes_of(exchanges) + "; nothing looked into, stored or logged");
  servers.durable.report("bare_durable_server_over_floor", std::nullopt,
                         "the same, and two rows in SQLite, each waited for");
  servers.spared.report("bare_spared_server_over_floor", std::nullopt,
                        "the same with two requests, and a commit gathers rows for 2 ms");
}

}  // namespace
}  // namespace birthmark::bench

int main() {
  birthmark::bench::run();
  return 0;
}
