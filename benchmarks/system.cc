// SPDX-License-Identifier: Apache-2.0
// The whole server against the floor: `birthmark serve` as it is installed, stations on mutually authenticated
// keep-alive connections, chips on paper that answer its challenges. What counts is the CPU time of the server's
// process. Beside it, what a server that does nothing else would need for the same requests.
#include <pthread.h>

#include <barrier>
#include <cstdio>
#include <ctime>
#include <deque>
#include <numeric>
#include <thread>

#include "bare_server.h"
#include "codec/base64.h"
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
constexpr const char* kBatch = "B-bench";

/// CPU seconds that a process has used, all its threads together.
double cpu_seconds_of(pid_t pid) {
  clockid_t clock{};
  timespec now{};
  if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &now) != 0) {
    std::fprintf(stderr, "system: the server is gone\n");
    std::exit(1);
  }
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

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
  const double before = cpu_seconds_of(server.pid());
  {
    std::vector<std::jthread> threads;
    for (auto& station : stations) {
      threads.emplace_back([&station] { provision_all(station); });
    }
  }
  return (cpu_seconds_of(server.pid()) - before) / static_cast<double>(stations.size() * kUnitsAStation);
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
  const auto asked = post("/v1/provision/evidence", test::provision_body(unit, kBatch, *challenge)).json();
  const auto& activation = asked.at("activation").as_object();
  const auto blob = [&](const char* member) {
    return must(base64::decode(std::string_view{activation.at(member).as_string()}, 4096));
  };
  const auto secret = must(unit.tpm.activate(blob("id_object"), blob("encrypted_secret")));
  post("/v1/provision/activate",
       {{"batch", kBatch}, {"session", activation.at("session")}, {"secret", base64::encode(secret)}});
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

/// What a bare server needs, beside the floor of the same moment.
struct Series {
  std::vector<double> us;
  std::vector<double> ratios;

  void follow(double floor_us) { ratios.push_back(floor_us / us.back()); }
  void report(const char* name, const Exchanges& exchanges, const char* what) const {
    const auto ratio = spread_of(ratios);
    char detail[320];
    std::snprintf(
        detail, sizeof(detail),
        "%s windows; %.0f us of CPU a provisioning: three requests with %zu bytes asked and %zu answered, one "
        "floor, %s",
        words(ratio, ratios.size()).c_str(), spread_of(us).median,
        exchanges[0].asked + exchanges[1].asked + exchanges[2].asked,
        exchanges[0].answered + exchanges[1].answered + exchanges[2].answered, what);
    bench::report({name, ratio.median, std::nullopt, "ratio", Better::higher, detail});
  }
};

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
  static_cast<void>(bare.window(1, BareServer::Storage::durable));
  const Commits begun{server};
  std::vector<double> ratios;
  std::vector<double> floor_us;
  std::vector<double> servers;
  Series plain;
  Series durable;
  double before = floor_seconds(floors) * 1e6;
  for (std::size_t i = 0; i < kWindows; ++i) {
    servers.push_back(window(server, stations) * 1e6);
    const double between = floor_seconds(floors) * 1e6;
    floor_us.push_back((before + between) / 2);
    ratios.push_back(floor_us.back() / servers.back());
    plain.us.push_back(bare.window(kUnitsAStation, BareServer::Storage::none) * 1e6);
    durable.us.push_back(bare.window(kUnitsAStation, BareServer::Storage::durable) * 1e6);
    before = floor_seconds(floors) * 1e6;
    plain.follow((between + before) / 2);
    durable.follow((between + before) / 2);
  }
  const Commits done{server};
  const auto ratio = spread_of(ratios);
  const double each = spread_of(servers).median;
  char detail[240];
  std::snprintf(
      detail, sizeof(detail),
      "%s windows; floor %.0f us, server %.0f us of CPU a provisioning: three requests over TLS, %u stations at "
      "once, %.0f a CPU-second; %.1f works a commit",
      words(ratio, ratios.size()).c_str(), spread_of(floor_us).median, each, kStations, 1e6 / each,
      (done.works - begun.works) / (done.commits - begun.commits));
  report({"whole_system_over_floor", ratio.median, 0.60, "ratio", Better::higher, detail});
  plain.report("bare_server_over_floor", exchanges,
               "Beast and OpenSSL's TLS, and nothing looked into, stored or logged");
  durable.report("bare_durable_server_over_floor", exchanges, "the same, and two rows in SQLite, each waited for");
}

}  // namespace
}  // namespace birthmark::bench

int main() {
  birthmark::bench::run();
  return 0;
}
