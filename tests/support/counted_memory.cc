// SPDX-License-Identifier: Apache-2.0
#include "support/counted_memory.h"

#include <algorithm>
#include <cstdlib>
#include <new>

namespace {

thread_local birthmark::test::AskedMemory asked;

}  // namespace

// Not inlined: the compiler would see free() meet what came from operator new.
[[gnu::noinline]] void* operator new(std::size_t size) {
  asked.total_bytes += size;
  asked.largest_bytes = std::max(asked.largest_bytes, size);
  if (void* const p = std::malloc(size == 0 ? 1 : size)) {
    return p;
  }
  throw std::bad_alloc{};
}
[[gnu::noinline]] void operator delete(void* p) noexcept {
  std::free(p);
}
[[gnu::noinline]] void operator delete(void* p, std::size_t) noexcept {
  std::free(p);
}

namespace birthmark::test {

AskedMemory asked_memory() {
  return asked;
}
void forget_asked_memory() {
  asked = {};
}

}  // namespace birthmark::test
