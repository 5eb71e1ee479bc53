// SPDX-License-Identifier: Apache-2.0
// What the check of a batch's RSA keys costs (crypto::sharing_a_factor), in CPU time and in memory: an operator waits
// for it, and the registry that computes it serves the fleet beside.
#include <sys/resource.h>

#include <algorithm>
#include <random>

#include "crypto/common_factors.h"
#include "measure.h"

namespace birthmark::bench {
namespace {

constexpr std::size_t kModulusBytes = 256;  // RSA-2048

/// Odd numbers of 2,048 bits. They have small primes in common, which costs the same: what is found is not looked at.
std::vector<Bytes> moduli(std::size_t count, std::mt19937_64& random) {
  std::vector<Bytes> out(count, Bytes(kModulusBytes));
  for (auto& modulus : out) {
    std::ranges::generate(modulus, [&] { return static_cast<std::uint8_t>(random()); });
    modulus.front() |= 0x80;
    modulus.back() |= 1;
  }
  return out;
}

double most_resident_mib() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

void measure(std::size_t count, const std::string& name, std::mt19937_64& random) {
  const auto keys = moduli(count, random);
  const auto memory = most_resident_mib();
  const auto begin = thread_cpu_seconds();
  keep(crypto::sharing_a_factor(keys).size());
  const auto detail = std::to_string(count) + " keys of RSA-2048";
  report({"key_check_seconds_" + name, thread_cpu_seconds() - begin, std::nullopt, "s", Better::lower, detail});
  report({"key_check_memory_" + name, most_resident_mib() - memory, std::nullopt, "MiB", Better::lower, detail});
}

void run() {
  std::mt19937_64 random{7};
  measure(10'000, "10k", random);
  measure(50'000, "50k", random);  // KeyCheck::kKeysMax
}

}  // namespace
}  // namespace birthmark::bench

int main() {
  birthmark::bench::run();
  return 0;
}
