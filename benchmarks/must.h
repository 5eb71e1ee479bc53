// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdio>
#include <cstdlib>

#include "base/result.h"

namespace birthmark::bench {

/// Ends the program with the refusal, or gives the value: a benchmark in which something fails measured nothing.
template <class T>
T must(Result<T> result) {
  if (!result) {
    std::fprintf(stderr, "refused: %s %s\n", result.error().detail.c_str(), result.error().check.c_str());
    std::exit(1);
  }
  return std::move(*result);
}
inline void must(const Result<void>& result) {
  if (!result) {
    std::fprintf(stderr, "refused: %s %s\n", result.error().detail.c_str(), result.error().check.c_str());
    std::exit(1);
  }
}

}  // namespace birthmark::bench
