// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

namespace birthmark {

/// Where nonces, serials and secrets come from; injected, so that tests are repeatable. Safe to call from any thread.
class Entropy {
 public:
  virtual ~Entropy() = default;
  /// Fills all of `out` with unpredictable bytes. Cannot fail: an adapter without entropy ends the process.
  virtual void fill(std::span<std::uint8_t> out) = 0;
};

}  // namespace birthmark
