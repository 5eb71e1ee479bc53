// SPDX-License-Identifier: Apache-2.0
#include "app/denies_first.h"

#include <algorithm>

#include "app/registration.h"

namespace birthmark::app {
namespace {

/// What a deny still has to do to a device. Nothing: an earlier replay that was cut off, or a work that had begun, has
/// done it. A suspension for another cause lays that cause too: who releases the one does not release the other.
std::optional<lifecycle::Decision> due(const EmergencyDeny& deny, const lifecycle::DeviceRecord& device) {
  if (deny.kind == DenyKind::suspend && device.state == lifecycle::State::suspended) {
    const bool laid = device.suspended_for == deny.cause || device.holds.contains(deny.cause);
    return laid ? std::nullopt : std::optional{lifecycle::decide_hold(device, deny.cause)};
  }
  auto decision =
      deny.kind == DenyKind::revoke ? lifecycle::decide_revoke(device) : lifecycle::decide_suspend(device, deny.cause);
  return decision ? std::optional{std::move(*decision)} : std::nullopt;
}

}  // namespace

Result<void> DeniesFirst::append(const EmergencyDeny& deny, const std::function<Result<void>()>& publish) {
  const std::scoped_lock lock{journal_};
  ++appended_;  // even if it fails: the record may be there
  may_be_pending_ = true;
  BM_CHECK(ports_.journal.append(deny));
  return publish();
}

std::chrono::milliseconds DeniesFirst::left(Ticks until) const {
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - ports_.clock.ticks());
  return std::max(left, std::chrono::milliseconds{0});
}

Result<std::size_t> DeniesFirst::replay(Until until) {
  std::unique_lock lock{rounds_};
  while (under_way_) {
    const auto ended = [this, round = round_] { return round_ != round; };
    if (!until) {
      round_ends_.wait(lock, ended);
    } else if (hangs_ || !round_ends_.wait_for(lock, left(*until), ended)) {
      hangs_ = true;  // the next one does not wait for it
      return fail(Code::unavailable, "denies from before are still being recorded");
    }
    if (last_ || until || !last_until_) {
      return last_;
    }
    // A round that was given up is tried again by who has the time.
  }
  under_way_ = true;
  lock.unlock();
  auto outcome = replay_all(until);
  lock.lock();
  under_way_ = hangs_ = false;
  ++round_;
  last_ = outcome;
  last_until_ = until;
  round_ends_.notify_all();
  return outcome;
}

Result<std::size_t> DeniesFirst::replay_all(Until until) {
  std::unique_lock lock{journal_};
  if (!may_be_pending_) {
    return std::size_t{0};
  }
  const auto seen = appended_;
  BM_TRY(const auto pending, ports_.journal.pending());
  lock.unlock();
  for (const auto& deny : pending) {
    BM_CHECK(record(deny, until));
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

Result<void> DeniesFirst::record(const EmergencyDeny& deny, Until until) {
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
    const auto decision = due(deny, *device);
    return decision ? without_value(advance(tx, *device, *decision, {deny.at, epoch(), deny.actor})) : Result<void>{};
  };
  return until ? ports_.store.write_within(left(*until), work) : ports_.store.write(work);
}

Result<void> DeniesFirst::write(const Work& work) {
  while (may_be_pending_) {
    BM_CHECK(replay());
  }
  return ports_.store.write(work);
}

Result<void> DeniesFirst::write_within(std::chrono::milliseconds patience, Work work) {
  const auto until = ports_.clock.ticks() + patience;
  while (may_be_pending_) {
    BM_CHECK(replay(until));
  }
  return ports_.store.write_within(left(until), std::move(work));
}

}  // namespace birthmark::app
