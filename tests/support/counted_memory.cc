// SPDX-License-Identifier: Apache-2.0
#include "support/counted_memory.h"

#include <algorithm>
#include <cstdlib>
#include <new>

namespace {

thread_local birthmark::test::AskedMemory asked;

}  // namespace

// Every form of a request and its end, so that what is asked for by one is not given back by another's: a sanitizer has
// forms of its own. Not inlined: the compiler would see free() meet what came from operator new.
[[gnu::noinline]] void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  asked.total_bytes += size;
  asked.largest_bytes = std::max(asked.largest_bytes, size);
  return std::malloc(size == 0 ? 1 : size);
}
[[gnu::noinline]] void* operator new(std::size_t size) {
  if (void* const p = ::operator new(size, std::nothrow)) {
    return p;
  }
  throw std::bad_alloc{};
}
[[gnu::noinline]] void* operator new[](std::size_t size) {
  return ::operator new(size);
}
[[gnu::noinline]] void* operator new[](std::size_t size, const std::nothrow_t& quietly) noexcept {
  return ::operator new(size, quietly);
}
[[gnu::noinline]] void operator delete(void* p) noexcept {
  std::free(p);
}
[[gnu::noinline]] void operator delete(void* p, std::size_t) noexcept {
  std::free(p);
}
[[gnu::noinline]] void operator delete(void* p, const std::nothrow_t&) noexcept {
  std::free(p);
}
[[gnu::noinline]] void operator delete[](void* p) noexcept {
  std::free(p);
}
[[gnu::noinline]] void operator delete[](void* p, std::size_t) noexcept {
  std::free(p);
}
[[gnu::noinline]] void operator delete[](void* p, const std::nothrow_t&) noexcept {
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
