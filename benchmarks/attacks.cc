// SPDX-License-Identifier: Apache-2.0
// What attacks cost: a refusal of malformed input (refusals.h), and honest devices that wait longer while a server is
// under a resource attack (slow_attack.h).
#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <deque>
#include <optional>
#include <thread>

#include "measure.h"
#include "refusals.h"
#include "slow_attack.h"
#include "support/line.h"
#include "support/process_facts.h"

namespace birthmark::bench {
namespace {

using namespace std::chrono_literals;
using Time = std::chrono::steady_clock::time_point;

constexpr std::size_t kRounds = 6;
constexpr std::size_t kDevices = 8;
constexpr auto kWindow = 2s;
constexpr auto kCalm = 300ms;  // between windows
constexpr auto kKeptInterval = 20ms;
constexpr auto kFreshInterval = 25ms;
constexpr const char* kBatch = "B-attacked";

void must(const test::Answer& answer) {
  if (!answer.ok()) {
    throw std::runtime_error{answer.words()};
  }
}

/// Milliseconds.
using Latencies = std::vector<double>;

/// A device in operation, with one connection. It stays where it was made.
class Honest {
 public:
  Honest(const test::Server& server, test::Line& line) {
    test::PaperDevice device{server};
    must(line.provision(device));
    must(line.seal(device));
    must(line.enroll(device));
    must(line.telemetry(device));
    identity_.emplace(std::move(*device.ldevid_identity));
    tls::ClientContext::Options tls;
    tls.anchors = server.anchors();
    tls.chain = identity_->chain;
    tls.key = &identity_->key;
    client_ = http::Client::create(
        {.host = "127.0.0.1", .port = server.device_port(), .tls = test::must(tls::ClientContext::create(tls))});
    send();
  }

  void send() {
    constexpr std::string_view kBody = R"({"temperature":21})";
    const auto answer = test::must(
        client_->request(http::Method::post, "/v1/telemetry", {{"Content-Type", "application/json"}}, as_bytes(kBody)));
    if (answer.status != 202) {
      throw std::runtime_error{"telemetry: " + answer.body};
    }
  }
  void close() { client_->close(); }

 private:
  std::optional<daemon::Identity> identity_;
  std::unique_ptr<http::Client> client_;
};

enum class Connections : std::uint8_t { kept, fresh };

/// Sends at a fixed rate until the window ends; each message is timed from its intended start.
Latencies send_at(Honest& device, Connections connections, Time first, Time end) {
  Latencies out;
  const auto interval = connections == Connections::kept ? kKeptInterval : kFreshInterval;
  for (auto start = first; start < end; start += interval) {
    std::this_thread::sleep_until(start);
    if (connections == Connections::fresh) {
      device.close();
    }
    device.send();
    out.push_back(std::chrono::duration<double, std::milli>{std::chrono::steady_clock::now() - start}.count());
  }
  return out;
}

/// The fleet's latencies, over kept and over new connections.
struct Seen {
  Latencies kept, fresh;
  void add(const Seen& other) {
    kept.insert(kept.end(), other.kept.begin(), other.kept.end());
    fresh.insert(fresh.end(), other.fresh.begin(), other.fresh.end());
  }
};

/// Device by device. The last one connects anew for each message, the others keep their connections.
std::vector<Latencies> send_all(std::deque<Honest>& fleet) {
  std::vector<Latencies> seen(fleet.size());
  std::vector<std::string> faults(fleet.size());
  const auto begin = std::chrono::steady_clock::now() + 10ms;
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < fleet.size(); ++i) {
      threads.emplace_back([&, i] {
        const auto connections = i + 1 < fleet.size() ? Connections::kept : Connections::fresh;
        const auto offset = kKeptInterval * i / fleet.size();
        try {
          seen[i] = send_at(fleet[i], connections, begin + offset, begin + kWindow);
        } catch (const std::exception& error) {
          faults[i] = error.what();
        }
      });
    }
  }
  for (const auto& fault : faults) {
    if (!fault.empty()) {
      throw std::runtime_error{"an honest device was not served: " + fault};
    }
  }
  return seen;
}

Seen window(std::deque<Honest>& fleet) {
  std::this_thread::sleep_for(kCalm);
  auto seen = send_all(fleet);
  Seen out;
  out.fresh = std::move(seen.back());
  seen.pop_back();
  for (const auto& one : seen) {
    out.kept.insert(out.kept.end(), one.begin(), one.end());
  }
  return out;
}

/// One kind of connection: the ratio of each round, and all samples.
struct Compared99 {
  std::vector<double> ratios;
  Latencies quiet, attacked;

  void add(Latencies calm, Latencies under) {
    quiet.insert(quiet.end(), calm.begin(), calm.end());
    attacked.insert(attacked.end(), under.begin(), under.end());
    std::ranges::sort(calm);
    std::ranges::sort(under);
    ratios.push_back(quantile(under, 0.99) / quantile(calm, 0.99));
  }
  void tell(const std::string& name, const std::string& more) {
    std::ranges::sort(quiet);
    std::ranges::sort(attacked);
    const auto ratio = spread_of(ratios);
    char detail[320];
    std::snprintf(detail, sizeof(detail), "%s rounds; quiet p50 %.3g, p99 %.3g ms; attacked p50 %.3g, p99 %.3g ms; %s",
                  words(ratio, ratios.size()).c_str(), quantile(quiet, 0.5), quantile(quiet, 0.99),
                  quantile(attacked, 0.5), quantile(attacked, 0.99), more.c_str());
    report({name, ratio.median, 2, "ratio", Better::lower, detail});
  }
};

/// What the attack did, over all rounds.
struct Effort {
  std::size_t held_min = SIZE_MAX;  ///< connections of it that the server had
  double cpu_seconds = 0;
  double seconds = 0;
  unsigned headers = 0;
};

Seen attacked_windows(const test::Server& server, std::deque<Honest>& fleet, Effort& effort) {
  const auto before = test::open_files(server.pid());
  SlowAttack attack{server};
  const auto begin = std::chrono::steady_clock::now();
  auto out = window(fleet);
  out.add(window(fleet));
  const auto held = test::open_files(server.pid());
  attack.end();
  effort.held_min = std::min(effort.held_min, held > before ? held - before : 0);
  effort.seconds += std::chrono::duration<double>{std::chrono::steady_clock::now() - begin}.count();
  effort.cpu_seconds += attack.cpu_seconds();
  effort.headers += attack.headers_dropped();
  return out;
}

/// Until the server has let go of the attackers.
void wait_for_calm(const test::Server& server, std::size_t files) {
  const auto bound = std::chrono::steady_clock::now() + 20s;
  while (test::open_files(server.pid()) > files && std::chrono::steady_clock::now() < bound) {
    std::this_thread::sleep_for(kCalm);
  }
}

std::deque<Honest> make_fleet(const test::Server& server) {
  test::Operator people{server};
  must(people.open_batch(kBatch, kDevices + 1));
  const auto stations = test::Line::enroll(people, "line", kBatch);
  test::Line line{server, stations};
  std::deque<Honest> fleet;
  for (std::size_t i = 0; i < kDevices + 1; ++i) {
    fleet.emplace_back(server, line);
  }
  return fleet;
}

void measure_exhaustion() {
  const test::Server server;
  auto fleet = make_fleet(server);
  std::signal(SIGPIPE, SIG_IGN);  // attackers write where the server may have ended
  static_cast<void>(window(fleet));
  Compared99 kept, fresh;
  Effort effort;
  for (std::size_t i = 0; i < kRounds; ++i) {
    const auto files = test::open_files(server.pid());
    auto quiet = window(fleet);
    auto attacked = attacked_windows(server, fleet, effort);
    wait_for_calm(server, files);
    quiet.add(window(fleet));
    kept.add(quiet.kept, attacked.kept);
    fresh.add(quiet.fresh, attacked.fresh);
  }
  if (effort.held_min < (SlowAttack::kHellos + SlowAttack::kHalfRequests) * 9 / 10) {
    throw std::runtime_error{"the server held " + std::to_string(effort.held_min) + " attackers only: no attack"};
  }
  char more[160];
  std::snprintf(more, sizeof(more),
                "%zu attackers held at least, %.1f huge headers a second; they use %.0f %% of a core", effort.held_min,
                effort.headers / effort.seconds, 100 * effort.cpu_seconds / effort.seconds);
  kept.tell("attacked_p99_ratio", more);
  fresh.tell("attacked_p99_ratio_new_connections", "handshake and first answer");
}

/// The attack alone needs more than the usual 1,024.
void raise_descriptor_limit() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace
}  // namespace birthmark::bench

int main() {
  try {
    birthmark::bench::measure_refusals();
    birthmark::bench::raise_descriptor_limit();
    birthmark::bench::measure_exhaustion();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "attacks: %s\n", error.what());
    return 1;
  }
  return 0;
}
