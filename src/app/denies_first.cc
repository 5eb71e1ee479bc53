// SPDX-License-Identifier: Apache-2.0
#include "app/denies_first.h"

#include "app/registration.h"

namespace birthmark::app {

Result<void> DeniesFirst::append(const EmergencyDeny& deny, const std::function<Result<void>()>& publish) {
  const std::scoped_lock lock{journal_};
  ++appended_;  // even if it fails: the record may be there
  may_be_pending_ = true;
  BM_CHECK(ports_.journal.append(deny));
  return publish();
}

Result<std::size_t> DeniesFirst::replay(Patience patience) {
  std::unique_lock lock{rounds_};
  if (under_way_) {
    const auto ended = [this, round = round_] { return round_ != round; };
    if (!patience) {
      round_ends_.wait(lock, ended);
    } else if (!round_ends_.wait_for(lock, *patience, ended)) {
      return fail(Code::unavailable, "denies from before are still being recorded");
    }
    return last_;
  }
  under_way_ = true;
  lock.unlock();
  auto outcome = replay_all(patience);
  lock.lock();
  under_way_ = false;
  ++round_;
  last_ = outcome;
  round_ends_.notify_all();
  return outcome;
}

Result<std::size_t> DeniesFirst::replay_all(Patience patience) {
  std::unique_lock lock{journal_};
  if (!may_be_pending_) {
    return std::size_t{0};
  }
  const auto seen = appended_;
  BM_TRY(const auto pending, ports_.journal.pending());
  lock.unlock();
  for (const auto& deny : pending) {
    BM_CHECK(record(deny, patience));
  }
  lock.lock();
  if (appended_ != seen) {
    return pending.size();  // another one came meanwhile: the next round clears
  }
  if (!pending.empty()) {
    BM_CHECK(ports_.journal.clear());
    ports_.on_recorded();
  }
  may_be_pending_ = false;
  return pending.size();
}

Result<void> DeniesFirst::record(const EmergencyDeny& deny, Patience patience) {
  const auto work = [this, deny](Tx& tx) -> Result<void> {
    BM_TRY(const auto device, tx.device(deny.device));
    if (!device) {
      return fail(Code::not_found, "the journal names a device that the store does not know");
    }
    BM_CHECK(tx.audit({.kind = audit::EntryKind::emergency_deny_replayed,
                       .at = ports_.clock.now(),
                       .epoch = epoch().get(),
                       .device = device->id,
                       .actor = deny.actor,
                       .reason = deny.kind == DenyKind::revoke ? "revoke" : "suspend"}));
    const auto decision = deny.kind == DenyKind::revoke ? lifecycle::decide_revoke(*device)
                                                        : lifecycle::decide_suspend(*device, deny.cause);
    // Already there, by an earlier replay that was cut off: nothing to do.
    return decision ? without_value(advance(tx, *device, *decision, {deny.at, epoch(), deny.actor})) : Result<void>{};
  };
  return patience ? ports_.store.write_within(*patience, work) : ports_.store.write(work);
}

Result<void> DeniesFirst::write(const Work& work) {
  while (may_be_pending_) {
    BM_CHECK(replay());
  }
  return ports_.store.write(work);
}

Result<void> DeniesFirst::write_within(std::chrono::milliseconds patience, Work work) {
  while (may_be_pending_) {
    BM_CHECK(replay(patience));
  }
  return ports_.store.write_within(patience, std::move(work));
}

}  // namespace birthmark::app
