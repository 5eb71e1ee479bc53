// SPDX-License-Identifier: Apache-2.0
#include "lifecycle/batch.h"

#include <algorithm>

namespace birthmark::lifecycle {
namespace {

std::uint64_t full_bucket(const Rate& rate) {
  return std::uint64_t{rate.burst} * kCreditPerUnit;
}

/// The credit at `now`. A clock that stands before the last refill adds nothing, so no time is counted twice.
Batch refilled(Batch batch, const Rate& rate, Instant now) {
  if (now <= batch.credited_at) {
    return batch;
  }
  const std::uint64_t full = full_bucket(rate);
  const std::uint64_t lacking = full - std::min(full, batch.credit);
  const auto passed = static_cast<std::uint64_t>((now - batch.credited_at).count());
  // Compared by division first: years times the rate would not fit.
  batch.credit = passed > lacking / rate.per_hour ? full : batch.credit + passed * rate.per_hour;
  batch.credited_at = now;
  return batch;
}

bool in_window(const Batch& batch, Instant now) {
  return batch.opens <= now && now < batch.closes;
}

/// @param credit less than a unit's
Error until_the_next_unit(std::uint64_t credit, const Rate& rate) {
  Error error{Code::rate_limited, std::to_string(rate.per_hour) + " units an hour"};
  const auto wait = (kCreditPerUnit - credit + rate.per_hour - 1) / rate.per_hour;
  error.retry_after = std::chrono::ceil<std::chrono::seconds>(std::chrono::milliseconds{wait});
  return error;
}

}  // namespace

Result<void> check_clock(const ClockReading& clock) {
  if (!clock.high_water) {
    return {};
  }
  if (clock.now < *clock.high_water) {
    return fail(Code::clock_suspect, "the clock stands before the high-water mark", "clock.back");
  }
  const auto known = std::max(clock.elapsed, std::chrono::milliseconds{0});
  if (clock.now - *clock.high_water > known && clock.now - *clock.high_water - known > clock.jump_max) {
    return fail(Code::clock_suspect, "the clock jumped forward", "clock.jump");
  }
  return {};
}

Result<Instant> confirm_clock(const ClockReading& clock, Approval approval) {
  if (approval != Approval::two_persons) {
    return fail(Code::second_person_required, "two operators confirm a clock");
  }
  return clock.now;
}

Result<Batch> open_batch(Batch order) {
  if (order.quantity == 0 || order.quantity > kBatchQuantityMax) {
    return fail(Code::bad_request, "quantity");
  }
  if (order.closes <= order.opens) {
    return fail(Code::bad_request, "window");
  }
  if (order.rate && (order.rate->per_hour == 0 || order.rate->burst == 0)) {
    return fail(Code::bad_request, "rate");
  }
  order.issued = 0;
  order.reserved = 0;
  order.state = BatchState::open;
  order.credit = order.rate ? full_bucket(*order.rate) : 0;
  order.credited_at = order.opens;
  return order;
}

Result<Batch> reserve(const Batch& batch, const ClockReading& clock) {
  BM_CHECK(check_clock(clock));
  if (batch.state != BatchState::open) {
    return fail(Code::batch_closed, std::string{"the batch is "}.append(name(batch.state)));
  }
  if (!in_window(batch, clock.now)) {
    return fail(Code::batch_closed, "outside the window", "batch.window");
  }
  // Both sums are compared without adding, so that a damaged row cannot wrap round.
  if (batch.issued > batch.quantity || batch.reserved >= batch.quantity - batch.issued) {
    return fail(Code::quota_exhausted, std::to_string(batch.quantity) + " units are issued or reserved");
  }
  Batch after = batch;
  if (batch.rate) {
    if (batch.rate->per_hour == 0) {
      return fail(Code::rate_limited, "a rate of zero");
    }
    after = refilled(after, *batch.rate, clock.now);
    if (after.credit < kCreditPerUnit) {
      return fail(until_the_next_unit(after.credit, *batch.rate));
    }
    after.credit -= kCreditPerUnit;
  }
  after.reserved += 1;
  return after;
}

Result<Batch> commit(const Batch& batch) {
  if (batch.reserved == 0) {
    return fail(Code::conflict, "nothing is reserved");
  }
  Batch after = batch;
  after.reserved -= 1;
  after.issued += 1;
  return after;
}

Result<Batch> release(const Batch& batch) {
  if (batch.reserved == 0) {
    return fail(Code::conflict, "nothing is reserved");
  }
  Batch after = batch;
  after.reserved -= 1;
  return after;
}

Result<Batch> seal(const Batch& batch) {
  if (batch.state != BatchState::open) {
    return fail(Code::batch_closed, std::string{"the batch is "}.append(name(batch.state)));
  }
  if (batch.reserved != 0) {
    return fail(Code::conflict, std::to_string(batch.reserved) + " intents are under way");
  }
  Batch after = batch;
  after.state = BatchState::sealed;
  return after;
}

Result<Batch> revoke(const Batch& batch) {
  if (batch.state == BatchState::revoked) {
    return fail(Code::batch_closed, "the batch is revoked");
  }
  Batch after = batch;
  after.state = BatchState::revoked;
  return after;
}

std::string_view name(BatchState state) {
  switch (state) {
    case BatchState::open:
      return "open";
    case BatchState::sealed:
      return "sealed";
    case BatchState::revoked:
      return "revoked";
  }
  return "unknown";
}

}  // namespace birthmark::lifecycle
