// SPDX-License-Identifier: Apache-2.0
// How long one decision takes in a process that knows a million devices, and what a credential costs in memory: the
// read path as gates have it (policy::authorize on a published snapshot), no network, no storage.
#include <algorithm>
#include <chrono>
#include <random>

#include "lifecycle/serial.h"
#include "measure.h"
#include "policy/authorize.h"

namespace birthmark::bench {
namespace {

using namespace policy;
using lifecycle::State;
using lifecycle::Status;

constexpr std::uint32_t kCas = 100;  // batches
constexpr std::uint32_t kDevicesOfCa = 10'000;
constexpr unsigned kListBits = 16;  // what the hierarchy gives an operational CA of this quantity
constexpr std::size_t kCalls = 2'000'000;

struct Fleet {
  std::shared_ptr<const Snapshot> snapshot;
  std::vector<Presented> callers;  ///< one for each device, shuffled: each call touches another cache line
  std::size_t bytes = 0;
  std::size_t places = 0;
};

IssuerKeyId key_id(std::uint32_t ca, std::mt19937_64& random) {
  Octets<20> id{};
  std::ranges::generate(id, [&] { return static_cast<std::uint8_t>(random()); });
  id[19] = static_cast<std::uint8_t>(ca);
  return IssuerKeyId{id};
}

void must(const Result<void>& result) {
  if (!result) {
    std::fprintf(stderr, "decision: %s\n", result.error().detail.c_str());
    std::exit(1);
  }
}

Fleet make_fleet(Instant now, std::mt19937_64& random) {
  Fleet fleet;
  Snapshot::Parts parts{.head = {Epoch{1}, 1}, .issuers = {}, .products = {}};
  auto product = std::make_shared<ProductPolicy>();
  product->product = ProductId{1};
  product->name = "heatpump";
  product->resources = {{Action::telemetry_publish, "devices/{device}/telemetry"}};
  parts.products = {nullptr, product};
  std::vector<std::uint32_t> places(std::size_t{1} << kListBits);
  for (std::uint32_t i = 0; i < places.size(); ++i) {
    places[i] = i;
  }
  for (std::uint32_t ca = 1; ca <= kCas; ++ca) {
    const auto id = key_id(ca, random);
    auto table = std::make_shared<CredentialTable>(kListBits);
    std::ranges::shuffle(places, random);
    for (std::uint32_t i = 0; i < kDevicesOfCa; ++i) {
      must(table->restore(places[i], {.status = Status::admitted,
                                      .state = State::operational,
                                      .product = 1,
                                      .device = DeviceRow{(ca - 1) * kDevicesOfCa + i + 1},
                                      .appraised_at = now - std::chrono::hours{24}}));
      Octets<32> device{};
      std::ranges::generate(device, [&] { return static_cast<std::uint8_t>(random()); });
      fleet.callers.push_back({.issuer = id,
                               .serial = lifecycle::make_serial(places[i], {}),
                               .path = Proof::passed,
                               .receipt = Proof::passed,
                               .device = DeviceId{device}});
    }
    fleet.bytes += table->bytes();
    fleet.places += table->capacity();
    parts.issuers.push_back({CaId{ca}, id, IssuerStatus::trusted, std::move(table)});
  }
  std::ranges::shuffle(fleet.callers, random);
  fleet.snapshot = *Snapshot::make(std::move(parts));
  return fleet;
}

/// Microseconds of each call, the two readings of the clock included; sorted.
std::vector<double> time_calls(const Fleet& fleet, Instant now) {
  const SnapshotHolder holder{fleet.snapshot};
  std::vector<double> us;
  us.reserve(kCalls);
  std::size_t allowed = 0;
  for (std::size_t i = 0; i < kCalls; ++i) {
    const auto& caller = fleet.callers[i % fleet.callers.size()];
    const auto begin = std::chrono::steady_clock::now();
    const auto answer = authorize(holder.look(), caller, {Action::firmware_fetch, "images/4.12.0"}, now);
    const auto end = std::chrono::steady_clock::now();
    allowed += answer.decision.verdict == Verdict::allow ? 1 : 0;
    us.push_back(std::chrono::duration<double, std::micro>(end - begin).count());
  }
  if (allowed != kCalls) {
    std::fprintf(stderr, "decision: %zu of %zu calls were denied\n", kCalls - allowed, kCalls);
    std::exit(1);
  }
  std::ranges::sort(us);
  return us;
}

double clock_us() {
  std::vector<double> us;
  for (int i = 0; i < 10'000; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    const auto end = std::chrono::steady_clock::now();
    us.push_back(std::chrono::duration<double, std::micro>(end - begin).count());
  }
  return spread_of(std::move(us)).median;
}

void run() {
  std::mt19937_64 random{7};
  const Instant now = kMinuteZero + std::chrono::days{2500};
  const auto fleet = make_fleet(now, random);
  const auto us = time_calls(fleet, now);
  char detail[160];
  std::snprintf(detail, sizeof(detail), "%zu calls, %zu devices of %u CAs; reading the clock, %.3f us, is included",
                kCalls, fleet.callers.size(), kCas, clock_us());
  report({"decision_p50", quantile(us, 0.5), 0.3, "us", Better::lower, detail});
  report({"decision_p99", quantile(us, 0.99), 1.0, "us", Better::lower, detail});
  const auto bytes = static_cast<double>(fleet.bytes);
  report({"decision_hot_bytes_a_record", bytes / static_cast<double>(fleet.places), 8.0, "bytes", Better::lower,
          "a place in a status list, its share of the page directory (0.002) included"});
  report({"decision_hot_bytes_a_device_in_young_lists", bytes / static_cast<double>(fleet.callers.size()), std::nullopt,
          "bytes", Better::lower,
          "lists hold four times the batch, so that renewals find room; this falls as they do"});
}

}  // namespace
}  // namespace birthmark::bench

int main() {
  birthmark::bench::run();
  return 0;
}
