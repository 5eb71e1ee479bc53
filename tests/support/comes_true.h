// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <thread>

namespace birthmark::test {

/// Whether it comes to be so within half a minute: for what happens on another thread and has no other witness.
inline bool comes_true(const std::function<bool()>& fact) {
  const auto bound = std::chrono::steady_clock::now() + std::chrono::seconds{30};
  while (!fact()) {
    if (std::chrono::steady_clock::now() > bound) {
      return false;
    }
    std::this_thread::yield();
  }
  return true;
}

}  // namespace birthmark::test
