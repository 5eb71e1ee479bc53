// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <mutex>
#include <optional>

#include "app/ports/clock.h"
#include "base/result.h"

namespace birthmark::daemon {

/// Answers whether the server can do what it is for, by really trying; however often it is asked, it tries at most once
/// in kFresh, and one caller at most waits for a disk that does not answer. Safe from any thread.
class Readiness {
 public:
  static constexpr std::chrono::seconds kFresh{1};   ///< an answer holds so long
  static constexpr std::chrono::seconds kStuck{10};  ///< a try that takes longer is a failure

  /// @param probe makes something durable wherever the server has to, or says why it cannot.
  Readiness(std::function<Result<void>()> probe, const Clock& clock) : probe_{std::move(probe)}, clock_{clock} {}
  /// @error what the probe says, always a code of status 503
  Result<void> ask();

 private:
  const std::function<Result<void>()> probe_;
  const Clock& clock_;
  std::mutex mutex_;
  bool trying_ = false;
  std::optional<Ticks> begun_;  ///< of the last try
  Result<void> last_ = fail(Code::unavailable, "nothing was tried yet");
};

}  // namespace birthmark::daemon
