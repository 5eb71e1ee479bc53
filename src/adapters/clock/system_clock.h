// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "app/ports/clock.h"

namespace birthmark {

/// The machine's clocks: CLOCK_REALTIME and CLOCK_MONOTONIC.
class SystemClock final : public Clock {
 public:
  [[nodiscard]] Instant now() const override;
  [[nodiscard]] Ticks ticks() const override;
};

}  // namespace birthmark
