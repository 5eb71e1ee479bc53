// SPDX-License-Identifier: Apache-2.0
// What issuing costs beside the cryptography that it cannot do without: renewal by EST, first enrollment, and the
// provisioning of a TPM, each against its floor.
#include <cstdio>

#include "floor.h"
#include "floor_inputs.h"
#include "line.h"
#include "measure.h"

namespace birthmark::bench {
namespace {

using lifecycle::Purpose;

constexpr std::size_t kDevices = 1024;
constexpr double kSecondsEach = 10;

void tell(const char* name, const Compared& compared, double goal, const char* what) {
  char detail[200];
  std::snprintf(detail, sizeof(detail), "%s rounds; floor %.1f us, %s %.1f us of CPU",
                words(compared.ratio, compared.rounds).c_str(), compared.floor_us.median, what,
                compared.product_us.median);
  report({name, compared.ratio.median, goal, "ratio", Better::higher, detail});
}

/// Renewals of devices in S3 by turns; the registry goes back to where it was after each turn of all.
Compared renewals(Line& line) {
  std::vector<Line::Device> devices;
  Floor::Inputs inputs;
  for (std::size_t i = 0; i < kDevices; ++i) {
    devices.push_back(line.new_device());
    inputs.requests.push_back(signed_request(devices.back().request.csr));
  }
  for (auto& device : line.memory.rows().devices) {
    device.state = lifecycle::State::operational;
  }
  const auto sample = line.memory.rows().certificates.back().tbs.size();
  inputs.receipt_bytes = sample - 50;  // its own extension is not under it, its context is
  inputs.tbs_bytes = sample;
  Floor floor{std::move(inputs)};
  const auto baseline = line.memory.rows();
  std::size_t next = 0;
  std::size_t attested = 0;
  const auto prepare = [&](std::size_t count) {
    if (next + count > devices.size()) {
      line.go_back_to(baseline);
      next = attested = 0;
    }
    for (; attested < next + count; ++attested) {
      line.attest(devices[attested], Purpose::renew);
    }
  };
  return compare({[&] { floor.renew(); }},
                 {[&] { keep(must(line.enrollment.reenroll(devices[next++].request)).certificate.size()); }, prepare},
                 {.total_seconds = kSecondsEach});
}

/// Provisioning of chips by turns. The challenges of a slice are given in the slice before, so that their cost is
/// measured and the chips answer outside of it.
Compared provisionings(Line& line) {
  std::vector<test::PaperTpm> tpms;
  for (std::size_t i = 0; i < kDevices; ++i) {
    tpms.push_back(line.new_tpm());
  }
  Floor floor{provision_inputs(line, tpms)};
  auto& rows = line.memory.rows();
  rows.device_ids.clear();
  rows.known.clear();
  const auto baseline = rows;
  std::vector<app::Challenge> open;
  std::vector<app::ProvisionEvidence> ready;
  std::size_t next_tpm = 0;
  const auto prepare = [&](std::size_t count) {
    if (next_tpm + count > tpms.size()) {
      line.go_back_to(baseline);
      next_tpm = 0;
    }
    while (open.size() < count) {
      open.push_back(line.begin());
    }
    ready.clear();
    for (std::size_t i = 0; i < count; ++i) {
      ready.push_back(line.evidence(tpms[next_tpm++], open[i]));
    }
    open.erase(open.begin(), open.begin() + static_cast<std::ptrdiff_t>(count));
    std::reverse(ready.begin(), ready.end());
  };
  const auto run = [&] {
    open.push_back(line.begin());
    keep(line.provision(ready.back()).certificate.size());
    ready.pop_back();
  };
  return compare({[&] { floor.provision(); }}, {run, prepare}, {.total_seconds = kSecondsEach});
}

void run() {
  {
    Line line;
    tell("est_issuance_over_floor", renewals(line), 0.90, "renewal");
  }
  Line line;
  tell("provisioning_over_floor", provisionings(line), 0.85, "provisioning");
}

}  // namespace
}  // namespace birthmark::bench

int main() {
  birthmark::bench::run();
  return 0;
}
