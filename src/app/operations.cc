// SPDX-License-Identifier: Apache-2.0
#include "app/operations.h"

#include <algorithm>
#include <array>

#include "app/registration.h"

namespace birthmark::app {
namespace {

using lifecycle::Decision;
using lifecycle::DeviceRecord;
using lifecycle::HoldCause;

struct ActionRow {
  DeviceAction action;
  std::string_view name;
  bool takes_away;  ///< open connections end
};
constexpr std::array kActions{
    ActionRow{DeviceAction::hold, "hold", true},        ActionRow{DeviceAction::suspend, "suspend", true},
    ActionRow{DeviceAction::release, "release", false}, ActionRow{DeviceAction::revoke, "revoke", true},
    ActionRow{DeviceAction::retire, "retire", true},    ActionRow{DeviceAction::reject, "reject", true}};

const ActionRow& row_of(DeviceAction action) {
  return *std::ranges::find(kActions, action, &ActionRow::action);
}

Result<Decision> decide(DeviceAction action, const DeviceRecord& device, HoldCause cause) {
  switch (action) {
    case DeviceAction::hold:
      return lifecycle::decide_hold(device, cause);
    case DeviceAction::suspend:
      return lifecycle::decide_suspend(device, cause);
    case DeviceAction::release:
      return lifecycle::decide_release(device, lifecycle::Approval::one_operator);
    case DeviceAction::revoke:
      return lifecycle::decide_revoke(device);
    case DeviceAction::retire:
      return lifecycle::decide_retire(device);
    case DeviceAction::reject:
      return lifecycle::decide_reject(device);
  }
  return fail(Code::bad_request, "unknown action");
}

Result<DeviceRecord> find(Tx& tx, const DeviceId& id) {
  BM_TRY(auto device, tx.device(id));
  return device ? Result<DeviceRecord>{std::move(*device)} : fail(Code::not_found, "no such device");
}

}  // namespace

std::optional<DeviceAction> device_action_named(std::string_view name) {
  const auto* const row = std::ranges::find(kActions, name, &ActionRow::name);
  return row == kActions.end() ? std::nullopt : std::optional{row->action};
}

Result<DeviceRecord> Operations::move(Tx& tx, const Asked& asked, const AtChange<DeviceRecord>& at_change) const {
  BM_TRY(const auto device, find(tx, asked.device));
  BM_TRY(const auto decision, decide(asked.action, device, asked.cause));
  BM_TRY(auto moved, advance(tx, device, decision, {ports_.clock.now(), ports_.store.epoch(), asked.actor}));
  if (at_change) {
    BM_CHECK(at_change(tx, moved));
  }
  return moved;
}

Result<ActionResult> Operations::act(DeviceAction action, const DeviceId& id, HoldCause cause, const std::string& actor,
                                     const AtChange<DeviceRecord>& at_change) {
  std::optional<Error> refusal;  // the work's own word, not the store's
  std::optional<DeviceRecord> wanted;
  auto after = ports_.store.write_for<DeviceRecord>([&](Tx& tx) {
    auto moved = move(tx, {action, id, cause, actor}, at_change);
    refusal = moved ? std::nullopt : std::optional{moved.error()};
    wanted = moved ? std::optional{*moved} : std::nullopt;
    return moved;
  });
  if (!after) {
    const auto& error = after.error();
    const bool final = refusal && info(refusal->code).errc != Errc::unavailable;
    return row_of(action).takes_away && !final ? despite_store({action, id, cause, actor}, wanted, error)
                                               : Result<ActionResult>{fail(error)};
  }
  const auto cut = row_of(action).takes_away ? ports_.sessions.cut({after->row}) : 0;
  return ActionResult{std::move(*after), cut, false};
}

/// A write that failed, whatever it failed of but a refusal, may be durable all the same: what failed came after the
/// commit, or its outcome was in doubt. Then it is done, and its log entry is owed; else the journal takes a deny,
/// unless a newer server has taken over, whose word it is.
Result<ActionResult> Operations::despite_store(const Asked& asked, const std::optional<DeviceRecord>& wanted,
                                               const Error& error) {
  BM_TRY(auto facts, ports_.store.read_for<Facts>([&](Tx& tx) -> Result<Facts> {
    BM_TRY(auto device, find(tx, asked.device));
    BM_TRY(auto certificates, tx.certificates_of(device.row));
    return Facts{std::move(device), std::move(certificates)};
  }));
  const bool deny =
      (asked.action == DeviceAction::suspend || asked.action == DeviceAction::revoke) && error.code != Code::fenced;
  if (!wanted || facts.device.version != wanted->version || facts.device.state != wanted->state) {
    return deny ? deny_by_journal(asked, facts) : Result<ActionResult>{fail(error)};
  }
  std::vector<Publication> publications;
  for (const auto& certificate : facts.certificates) {
    if (certificate.issuance == IssuanceState::registered) {
      publications.push_back(publication(certificate, facts.device, certificate.published));
    }
  }
  BM_CHECK(ports_.read_path.apply(publications));
  const auto cut = ports_.sessions.cut({facts.device.row});
  // Only a deny may be acknowledged before it is logged (design rule 8).
  return deny ? Result<ActionResult>{ActionResult{std::move(facts.device), cut, false}} : fail(error);
}

Result<ActionResult> Operations::deny_by_journal(const Asked& asked, const Facts& facts) {
  BM_TRY(const auto decision, decide(asked.action, facts.device, asked.cause));
  const auto now = ports_.clock.now();
  const auto kind = asked.action == DeviceAction::revoke ? DenyKind::revoke : DenyKind::suspend;
  auto denied = lifecycle::apply(facts.device, decision, now);
  std::vector<Publication> publications;
  for (const auto& certificate : facts.certificates) {
    const auto target = lifecycle::status_of(denied.state, certificate.kind, denied.holds, certificate.standing);
    const auto status = lifecycle::on_wire(certificate.published, target);
    if (certificate.issuance == IssuanceState::registered && status) {
      publications.push_back(publication(certificate, denied, *status));
    }
  }
  BM_CHECK(ports_.store.append(
      {.kind = kind, .device = facts.device.id, .cause = asked.cause, .at = now, .actor = asked.actor},
      [&] { return ports_.read_path.deny(denied.row, publications); }));
  const auto cut = ports_.sessions.cut({denied.row});
  return ActionResult{std::move(denied), cut, true};
}

}  // namespace birthmark::app
