// SPDX-License-Identifier: Apache-2.0
// Law: findings that were read are written as the same bytes, and are trusted only if each one passed.
#include <algorithm>
#include <cstdlib>

#include "attest/step.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using birthmark::attest::Outcome;
  const birthmark::BytesView input{data, size};
  const auto findings = birthmark::attest::read_findings(input);
  if (!findings) {
    return 0;
  }
  const auto passed = std::ranges::count(*findings, Outcome::passed, &birthmark::attest::Finding::outcome);
  const bool all = !findings->empty() && static_cast<std::size_t>(passed) == findings->size();
  if (!birthmark::equal(birthmark::attest::write(*findings), input) || birthmark::attest::trusted(*findings) != all ||
      birthmark::attest::verdict(*findings).has_value() != all) {
    std::abort();
  }
  return 0;
}
