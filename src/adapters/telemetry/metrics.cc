// SPDX-License-Identifier: Apache-2.0
#include "adapters/telemetry/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <array>
#include <utility>
#include <vector>

namespace birthmark::telemetry {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;

ClientMetric sample(std::vector<ClientMetric::Label> labels, std::uint64_t value, prometheus::MetricType type) {
  ClientMetric out;
  out.label = std::move(labels);
  if (type == prometheus::MetricType::Gauge) {
    out.gauge.value = static_cast<double>(value);
  } else {
    out.counter.value = static_cast<double>(value);
  }
  return out;
}

struct ListenerRow {
  const char* name;
  const char* help;
  prometheus::MetricType type;
  std::uint64_t http::Counters::*value;
};
constexpr auto kGauge = prometheus::MetricType::Gauge;
constexpr auto kCounter = prometheus::MetricType::Counter;
constexpr std::array kListenerRows{
    ListenerRow{"birthmark_connections_open", "Connections now.", kGauge, &http::Counters::connections_open},
    ListenerRow{"birthmark_connections_total", "Connections taken.", kCounter, &http::Counters::accepted},
    ListenerRow{"birthmark_connections_refused_total", "Connections beyond the limit.", kCounter,
                &http::Counters::connections_refused},
    ListenerRow{"birthmark_connections_evicted_total", "Connections that proved nothing and gave way to others.",
                kCounter, &http::Counters::evicted},
    ListenerRow{"birthmark_handshake_failures_total", "TLS handshakes that failed.", kCounter,
                &http::Counters::handshakes_failed},
    ListenerRow{"birthmark_requests_read_total", "Requests that came whole; some may wait for their answer.", kCounter,
                &http::Counters::requests},
    ListenerRow{"birthmark_requests_malformed_total", "Requests too large, or not readable in one way.", kCounter,
                &http::Counters::requests_refused},
    ListenerRow{"birthmark_dropped_slow_total", "Connections dropped for being slow.", kCounter,
                &http::Counters::dropped_slow},
    ListenerRow{"birthmark_queue_full_total", "Requests refused because the queue was full.", kCounter,
                &http::Counters::queue_full},
    ListenerRow{"birthmark_handler_faults_total", "Handlers that failed.", kCounter, &http::Counters::handler_faults},
    ListenerRow{"birthmark_sessions_cut_total", "Connections ended by a deny.", kCounter, &http::Counters::cut},
};

struct CountRow {
  const char* name;
  const char* help;
  const char* label;
  std::map<std::string, std::uint64_t> Reading::*counts;
};
constexpr std::array kCountRows{
    CountRow{"birthmark_refusals_total", "Refusals by code.", "code", &Reading::refusals},
    CountRow{"birthmark_audit_entries_total", "What was done and refused, by kind of audit entry.", "kind",
             &Reading::events},
    CountRow{"birthmark_device_moves_total", "Moves of devices, by the state they came to.", "to", &Reading::moves},
    CountRow{"birthmark_decisions_total", "Requests of devices judged: allowed, or denied by a step.", "decision",
             &Reading::decisions},
};

}  // namespace

struct Metrics::Impl {
  prometheus::Registry registry;
  prometheus::Family<prometheus::Counter>& requests = prometheus::BuildCounter()
                                                          .Name("birthmark_requests_total")
                                                          .Help("Requests by listener, route and status.")
                                                          .Register(registry);
  prometheus::Histogram& seconds =
      prometheus::BuildHistogram()
          .Name("birthmark_request_seconds")
          .Help("Time in the handler.")
          .Register(registry)
          .Add({}, prometheus::Histogram::BucketBoundaries{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5});
};

Metrics::Metrics() : impl_{std::make_unique<Impl>()} {}
Metrics::~Metrics() = default;

void Metrics::request(std::string_view listener, std::string_view route, int status, std::chrono::nanoseconds took) {
  impl_->requests
      .Add({{"listener", std::string{listener}}, {"route", std::string{route}}, {"status", std::to_string(status)}})
      .Increment();
  impl_->seconds.Observe(std::chrono::duration<double>{took}.count());
}

std::string Metrics::text(const Reading& reading) const {
  auto families = impl_->registry.Collect();
  for (const auto& row : kListenerRows) {
    MetricFamily family{row.name, row.help, row.type, {}};
    for (const auto& [name, counters] : reading.listeners) {
      family.metric.push_back(sample({{"listener", name}}, counters.*row.value, row.type));
    }
    families.push_back(std::move(family));
  }
  for (const auto& row : kCountRows) {
    MetricFamily family{row.name, row.help, kCounter, {}};
    for (const auto& [label, count] : reading.*row.counts) {
      family.metric.push_back(sample({{row.label, label}}, count, kCounter));
    }
    families.push_back(std::move(family));
  }
  families.push_back({"birthmark_writes_total",
                      "Works that the registry committed; several share a commit.",
                      kCounter,
                      {sample({}, reading.writes, kCounter)}});
  ClientMetric commits;
  commits.summary.sample_count = reading.commits;
  commits.summary.sample_sum = std::chrono::duration<double>{reading.commit_time}.count();
  families.push_back({"birthmark_commit_seconds",
                      "Commits of the registry, from the first work of a group to its sync.",
                      prometheus::MetricType::Summary,
                      {std::move(commits)}});
  families.push_back(
      {"birthmark_log_entries", "Entries of the audit log.", kGauge, {sample({}, reading.log_entries, kGauge)}});
  families.push_back({"birthmark_log_lines_dropped_total",
                      "Lines of the event log that nobody read in time.",
                      kCounter,
                      {sample({}, reading.log_lines_dropped, kCounter)}});
  families.push_back({"birthmark_tidy_failures_total",
                      "Chores between requests that failed; the log has the code.",
                      kCounter,
                      {sample({}, reading.tidy_failures, kCounter)}});
  return prometheus::TextSerializer{}.Serialize(families);
}

}  // namespace birthmark::telemetry
