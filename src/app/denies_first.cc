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

Result<std::size_t> DeniesFirst::replay() {
  std::unique_lock lock{rounds_};
  if (under_way_) {
    round_ends_.wait(lock, [this, round = round_] { return round_ != round; });
    return last_;
  }
  under_way_ = true;
  lock.unlock();
  auto outcome = replay_all();
  lock.lock();
  under_way_ = false;
  ++round_;
  last_ = outcome;
  round_ends_.notify_all();
  return outcome;
}

Result<std::size_t> DeniesFirst::replay_all() {
  std::unique_lock lock{journal_};
  if (!may_be_pending_) {
    return std::size_t{0};
  }
  const auto seen = appended_;
  BM_TRY(const auto pending, ports_.journal.pending());
  lock.unlock();
  for (const auto& deny : pending) {
    BM_CHECK(record(deny));
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

Result<void> DeniesFirst::record(const EmergencyDeny& deny) {
  return ports_.store.write([&](Tx& tx) -> Result<void> {
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
  });
}

Result<void> DeniesFirst::write(const Work& work) {
  while (may_be_pending_) {
    BM_CHECK(replay());
  }
  return ports_.store.write(work);
}

}  // namespace birthmark::app
