// SPDX-License-Identifier: Apache-2.0
#include "refusals.h"

#include <malloc.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <iterator>
#include <stdexcept>

#include "adapters/api/wire.h"
#include "codec/base64.h"
#include "codec/pkcs10.h"
#include "line.h"
#include "measure.h"
#include "support/malformed.h"
#include "support/process_facts.h"

namespace birthmark::bench {
namespace {

constexpr std::size_t kRepetitions = 101;
constexpr std::size_t kTransferMax = std::size_t{16} * 1024;
/// Of the path that takes orders of a batch, the widest there are.
constexpr json::Limits kOrderLimits{.bytes_max = std::size_t{8} * 1024 * 1024, .items_max = 200'000};

/// One input on its way from the body of a request to the refusal. True if it was refused.
struct Case {
  std::string name;
  std::function<bool()> refused;
};

/// EST, from the text of the body to the use case, by a device that may renew.
std::vector<Case> requests(Line& line, const Line::Device& device) {
  std::vector<Case> out;
  const auto add = [&](std::string name, std::string text) {
    out.push_back({std::move(name), [&line, request = device.request, text = std::move(text)]() mutable {
                     auto csr = base64::decode_lax_whitespace(text, kTransferMax);
                     if (!csr) {
                       return true;
                     }
                     request.csr = std::move(*csr);
                     return !line.enrollment.reenroll(request).has_value();
                   }});
  };
  for (const auto& [name, der] : test::malformed_requests(device.request.csr)) {
    add(name, base64::encode(der));
  }
  for (const auto text : test::kMalformedTransfers) {
    add("base64 " + std::string{text.substr(0, 5)}, std::string{text});
  }
  const auto long_name = test::request_with_long_name(device.request.csr, 70'000);
  add("base64 of a name of 70,000 octets", base64::encode(long_name));
  out.push_back({"a name of 70,000 octets", [long_name] { return !pkcs10::Request::read(long_name).has_value(); }});
  return out;
}

/// The JSON readers of the API, all inputs with the widest limits.
std::vector<Case> texts() {
  std::vector<Case> out;
  for (auto inputs : {test::malformed_json(), test::malformed_orders()}) {
    for (auto& [name, text] : inputs) {
      http::Request request;
      request.body = to_bytes(as_bytes(text));
      out.push_back({name, [request = std::move(request)] {
                       using Evidence = app::RevalidationEvidence;
                       return !api::wire::body<Evidence>(request, api::wire::revalidation_evidence, kOrderLimits);
                     }});
    }
  }
  return out;
}

/// Milliseconds of CPU, a sample for each repetition, sorted.
std::vector<double> times(const Case& input) {
  std::vector<double> out;
  for (std::size_t i = 0; i < kRepetitions; ++i) {
    const double begin = thread_cpu_seconds();
    keep(input.refused());
    out.push_back((thread_cpu_seconds() - begin) * 1e3);
  }
  std::ranges::sort(out);
  return out;
}

void measure_time(const std::vector<Case>& cases) {
  double slowest = 0;
  double worst = 0;
  std::string name;
  for (const auto& input : cases) {
    const auto sorted = times(input);
    worst = std::max(worst, sorted.back());
    if (const double median = quantile(sorted, 0.5); median > slowest) {
      slowest = median;
      name = input.name;
    }
  }
  char detail[200];
  std::snprintf(detail, sizeof(detail),
                "%s; the highest median of %zu inputs, %zu repetitions each; slowest single refusal %.3g ms",
                name.c_str(), cases.size(), kRepetitions, worst);
  report({"refusal_slowest", slowest, 50, "ms", Better::lower, detail});
}

/// All of them, one after the other. What the allocator keeps for later is given back first.
void measure_memory(const std::vector<Case>& cases) {
  ::malloc_trim(0);
  const auto resident = test::resident_kib(::getpid());
  if (!test::forget_most_resident(::getpid())) {
    throw std::runtime_error{"the mark of the most memory does not begin anew"};
  }
  for (const auto& input : cases) {
    keep(input.refused());
  }
  const auto most = std::max(test::most_resident_kib(::getpid()), resident);
  report({"refusal_memory", static_cast<double>(most - resident) / 1024, 16, "MiB", Better::lower,
          "resident at most beyond what was, over " + std::to_string(cases.size()) + " inputs"});
}

}  // namespace

void measure_refusals() {
  Line line;
  auto cases = requests(line, line.new_device());
  std::ranges::move(texts(), std::back_inserter(cases));
  for (const auto& input : cases) {
    if (!input.refused()) {
      throw std::runtime_error{input.name + " was not refused"};
    }
  }
  measure_time(cases);
  measure_memory(cases);
}

}  // namespace birthmark::bench
