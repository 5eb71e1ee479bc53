// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mutex>
#include <random>

#include "app/ports/entropy.h"

namespace birthmark::test {

/// The same bytes for the same seed and the same calls, on every machine. Safe from any thread.
class SeededEntropy final : public Entropy {
 public:
  explicit SeededEntropy(std::uint64_t seed = 1) : generator_{seed} {}

  void fill(std::span<std::uint8_t> out) override {
    const std::lock_guard hold{mutex_};
    for (auto& byte : out) {
      byte = static_cast<std::uint8_t>(generator_() & 0xFF);
    }
  }

 private:
  std::mutex mutex_;
  std::mt19937_64 generator_;
};

}  // namespace birthmark::test
