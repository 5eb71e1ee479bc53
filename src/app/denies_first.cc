// SPDX-License-Identifier: Apache-2.0
#include "app/denies_first.h"

#include "app/registration.h"

namespace birthmark::app {

Result<void> DeniesFirst::append(const EmergencyDeny& deny) {
  const std::scoped_lock lock{mutex_};
  may_be_pending_ = true;  // even if it fails: the record may be there
  return ports_.journal.append(deny);
}

Result<std::size_t> DeniesFirst::replay() {
  const std::scoped_lock lock{mutex_};
  if (!may_be_pending_) {
    return std::size_t{0};
  }
  BM_TRY(const auto pending, ports_.journal.pending());
  for (const auto& deny : pending) {
    BM_CHECK(record(deny));
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
  if (may_be_pending_) {
    BM_CHECK(replay());
  }
  return ports_.store.write(work);
}

}  // namespace birthmark::app
