// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

namespace birthmark::test {

/// What a thread asked `operator new` for since `forget_asked_memory`. Programs that link counted_memory.cc have that
/// operator replaced.
struct AskedMemory {
  std::size_t total_bytes = 0;    ///< of all requests together, whatever was given back in between
  std::size_t largest_bytes = 0;  ///< of one request
};
AskedMemory asked_memory();
void forget_asked_memory();

}  // namespace birthmark::test
