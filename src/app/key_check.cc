// SPDX-License-Identifier: Apache-2.0
#include "app/key_check.h"

#include "app/registration.h"
#include "crypto/common_factors.h"

namespace birthmark::app {

Result<KeyCheck::Outcome> KeyCheck::check(const std::string& batch, const std::string& actor) {
  const std::unique_lock lock{mutex_, std::try_to_lock};
  if (!lock) {
    return fail(Code::rate_limited, "another batch is being checked");
  }
  BM_TRY(auto roots, ports_.store.read_for<std::vector<RootRecord>>([&](Tx& tx) -> Result<std::vector<RootRecord>> {
    BM_TRY(const auto record, tx.batch_named(batch));
    return record ? tx.rsa_roots(record->budget.id) : fail(Code::not_found, "no batch " + batch);
  }));
  if (roots.size() > kKeysMax) {
    return fail(Code::too_large, "the batch has " + std::to_string(roots.size()) + " RSA keys");
  }
  std::vector<Bytes> moduli;
  moduli.reserve(roots.size());
  for (auto& root : roots) {
    moduli.push_back(std::move(root.ek_modulus));
  }
  Outcome outcome{.checked = roots.size(), .flagged = {}, .newly_held = 0};
  for (const auto place : crypto::sharing_a_factor(moduli)) {
    BM_CHECK(hold(roots[place].device, actor, outcome));
  }
  return outcome;
}

Result<void> KeyCheck::hold(DeviceRow row, const std::string& actor, Outcome& outcome) {
  const Doing doing{ports_.clock.now(), ports_.store.epoch(), actor};
  struct Held {
    DeviceId device;
    bool now = false;
  };
  BM_TRY(const auto held, ports_.store.write_for<Held>([&](Tx& tx) -> Result<Held> {
    BM_TRY(const auto device, device_of(tx, row));
    if (device.holds.contains(lifecycle::HoldCause::key_collision)) {
      return Held{device.id, false};
    }
    BM_CHECK(advance(tx, device, lifecycle::decide_hold(device, lifecycle::HoldCause::key_collision), doing));
    BM_CHECK(tx.audit({.kind = audit::EntryKind::incident,
                       .at = doing.now,
                       .epoch = doing.epoch.get(),
                       .device = device.id,
                       .actor = actor,
                       .refusal = Code::key_reuse,
                       .reason = "its RSA key shares a prime with another one of its batch"}));
    return Held{device.id, true};
  }));
  ports_.sessions.cut({row});  // also where an earlier check could not say that its hold is durable
  outcome.newly_held += held.now ? 1 : 0;
  outcome.flagged.push_back(held.device);
  return {};
}

}  // namespace birthmark::app
