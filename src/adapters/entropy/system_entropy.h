// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "app/ports/entropy.h"

namespace birthmark {

/// The kernel's generator; waits once after boot until it is seeded. Ends the process if there is none.
class SystemEntropy final : public Entropy {
 public:
  void fill(std::span<std::uint8_t> out) override;
};

}  // namespace birthmark
