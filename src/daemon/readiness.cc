// SPDX-License-Identifier: Apache-2.0
#include "daemon/readiness.h"

namespace birthmark::daemon {
namespace {

/// Whoever asks learns "not now" by the status, whatever the cause.
Result<void> as_unavailable(Result<void> answer) {
  if (answer || info(answer.error().code).http_status == 503) {
    return answer;
  }
  return fail(Code::unavailable, std::string{info(answer.error().code).name} + ": " + answer.error().detail);
}

}  // namespace

Result<void> Readiness::ask() {
  const auto now = clock_.ticks();
  {
    const std::scoped_lock lock{mutex_};
    if (trying_) {
      return now - *begun_ < kStuck ? last_ : fail(Code::storage, "the store does not answer");
    }
    if (begun_ && now - *begun_ < kFresh) {
      return last_;
    }
    trying_ = true;
    begun_ = now;
  }
  auto answer = as_unavailable(probe_());
  const std::scoped_lock lock{mutex_};
  trying_ = false;
  last_ = std::move(answer);
  return last_;
}

}  // namespace birthmark::daemon
