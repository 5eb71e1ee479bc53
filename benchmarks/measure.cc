// SPDX-License-Identifier: Apache-2.0
#include "measure.h"

#include <ctime>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>

namespace birthmark::bench {
namespace {

double seconds_of(clockid_t clock) {
  timespec now{};
  if (clock_gettime(clock, &now) != 0) {
    std::fprintf(stderr, "benchmark: whose time is measured is gone\n");
    std::exit(1);
  }
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

/// As it is printed, so that what is judged is what is read.
std::string digits(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), std::abs(value) < 1000 ? "%.3g" : "%.0f", value);
  return text;
}

std::string quoted(const std::string& text) {
  std::string out{'"'};
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out.push_back('\\');
    }
    out.push_back(c);
  }
  return out + '"';
}

/// CPU seconds of one operation, of `count` in a row.
double time_of(const Operation& operation, std::size_t count) {
  if (operation.prepare) {
    operation.prepare(count);
  }
  const double begin = thread_cpu_seconds();
  for (std::size_t i = 0; i < count; ++i) {
    operation.run();
  }
  return (thread_cpu_seconds() - begin) / static_cast<double>(count);
}

/// How many operations fill a slice; warms up on the way.
std::size_t fill(const Operation& operation, double slice_seconds) {
  std::size_t count = 1;
  double each = time_of(operation, count);
  while (each * static_cast<double>(count) < slice_seconds / 2 && count < (std::size_t{1} << 30)) {
    count *= 2;
    each = time_of(operation, count);
  }
  return std::max<std::size_t>(1, static_cast<std::size_t>(slice_seconds / each));
}

}  // namespace

void report(const Measure& measure) {
  const auto value = digits(measure.value);
  const auto goal = measure.goal ? digits(*measure.goal) : std::string{"null"};
  const bool holds = !measure.goal || (measure.better == Better::higher ? std::stod(value) >= std::stod(goal)
                                                                        : std::stod(value) <= std::stod(goal));
  std::printf("{\"name\": %s, \"value\": %s, \"goal\": %s, \"unit\": %s, \"holds\": %s, \"detail\": %s}\n",
              quoted(measure.name).c_str(), value.c_str(), goal.c_str(), quoted(measure.unit).c_str(),
              holds ? "true" : "false", quoted(measure.detail).c_str());
  std::fflush(stdout);
}

double cpu_seconds_of(pthread_t thread) {
  clockid_t clock = -1;
  static_cast<void>(pthread_getcpuclockid(thread, &clock));
  return seconds_of(clock);
}

double cpu_seconds_of_process(pid_t process) {
  clockid_t clock = -1;
  static_cast<void>(clock_getcpuclockid(process, &clock));
  return seconds_of(clock);
}

double thread_cpu_seconds() {
  return seconds_of(CLOCK_THREAD_CPUTIME_ID);
}

double process_cpu_seconds() {
  return seconds_of(CLOCK_PROCESS_CPUTIME_ID);
}

double quantile(const std::vector<double>& sorted, double part) {
  if (sorted.empty()) {
    return 0;
  }
  const double at = part * static_cast<double>(sorted.size() - 1);
  const auto below = std::min(static_cast<std::size_t>(at), sorted.size() - 1);
  const auto above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (at - static_cast<double>(below)) * (sorted[above] - sorted[below]);
}

Spread spread_of(std::vector<double> samples) {
  std::ranges::sort(samples);
  return {quantile(samples, 0.25), quantile(samples, 0.5), quantile(samples, 0.75)};
}

std::string words(const Spread& spread, std::size_t samples) {
  return "quartiles " + digits(spread.q1) + " to " + digits(spread.q3) + " of " + std::to_string(samples);
}

Compared compare(const Operation& floor, const Operation& product, const Slicing& slicing) {
  const auto floor_count = fill(floor, slicing.slice_seconds);
  const auto product_count = fill(product, slicing.slice_seconds);
  std::vector<double> ratios;
  std::vector<double> floors;
  std::vector<double> products;
  const double end = thread_cpu_seconds() + slicing.total_seconds;
  while (thread_cpu_seconds() < end) {
    const double a1 = time_of(floor, floor_count);
    const double b1 = time_of(product, product_count);
    const double b2 = time_of(product, product_count);
    const double a2 = time_of(floor, floor_count);
    ratios.push_back((a1 + a2) / (b1 + b2));
    floors.push_back((a1 + a2) / 2 * 1e6);
    products.push_back((b1 + b2) / 2 * 1e6);
  }
  const auto rounds = ratios.size();
  return {spread_of(std::move(ratios)), spread_of(std::move(floors)), spread_of(std::move(products)), rounds};
}

}  // namespace birthmark::bench
