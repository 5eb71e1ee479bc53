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

bool is_deny(DeviceAction action) {
  return action == DeviceAction::suspend || action == DeviceAction::revoke;
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

/// What one write came to. It may outlive its caller, who does not wait for a store that hangs: hence the lock.
class Operations::Attempt {
 public:
  void note(const Result<DeviceRecord>& moved) {
    const std::scoped_lock lock{mutex_};
    moved_ = moved;
  }
  /// The work's own word, not the store's. None: it was not run, or not to its end.
  [[nodiscard]] std::optional<Result<DeviceRecord>> moved() const {
    const std::scoped_lock lock{mutex_};
    return moved_;
  }

 private:
  mutable std::mutex mutex_;
  std::optional<Result<DeviceRecord>> moved_;
};

Result<void> Operations::write(const Asked& asked, const AtChange<DeviceRecord>& at_change,
                               const std::shared_ptr<Attempt>& attempt) {
  const auto work = [this, asked, at_change, attempt](Tx& tx) -> Result<void> {
    auto moved = move(tx, asked, at_change);
    attempt->note(moved);
    return without_value(std::move(moved));
  };
  return is_deny(asked.action) ? ports_.store.write_within(ports_.patience, work) : ports_.store.write(work);
}

Result<ActionResult> Operations::act(DeviceAction action, const DeviceId& id, HoldCause cause, const std::string& actor,
                                     const AtChange<DeviceRecord>& at_change) {
  const Asked asked{action, id, cause, actor};
  const auto attempt = std::make_shared<Attempt>();
  if (const auto written = write(asked, at_change, attempt); !written) {
    // The work's own word, unless the whole group failed: then it was judged after changes that are gone.
    const auto moved = attempt->moved();
    const bool final = moved && !*moved && moved->error().code == written.error().code &&
                       info(moved->error().code).errc != Errc::unavailable;
    return row_of(action).takes_away && !final ? despite_store(asked, *attempt, written.error())
                                               : Result<ActionResult>{fail(written.error())};
  }
  auto after = **attempt->moved();
  const auto cut = row_of(action).takes_away ? ports_.sessions.cut({after.row}) : 0;
  return ActionResult{std::move(after), cut, std::nullopt};
}

Result<Operations::Facts> Operations::facts_of(const DeviceId& id) const {
  return ports_.store.read_for<Facts>([&](Tx& tx) -> Result<Facts> {
    BM_TRY(auto device, find(tx, id));
    BM_TRY(auto certificates, tx.heads_of(device.row));
    return Facts{std::move(device), std::move(certificates)};
  });
}

/// A write that failed, whatever it failed of but a refusal, may be durable all the same: what failed came after the
/// commit, or its outcome was in doubt, or the store has not answered yet. Then it is done, and its log entry is owed;
/// else the journal takes a deny, unless a newer server has taken over, whose word it is.
Result<ActionResult> Operations::despite_store(const Asked& asked, const Attempt& attempt, const Error& error) {
  BM_TRY(auto facts, facts_of(asked.device));
  const bool deny = is_deny(asked.action) && error.code != Code::fenced;
  const auto moved = attempt.moved();  // after the facts: what they show of it, it has noted
  if (!moved || !*moved || facts.device.version != (*moved)->version || facts.device.state != (*moved)->state) {
    return deny ? deny_by_journal(asked, facts, moved && *moved ? std::optional{**moved} : std::nullopt)
                : Result<ActionResult>{fail(error)};
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
  return deny ? Result<ActionResult>{ActionResult{std::move(facts.device), cut, std::nullopt}} : fail(error);
}

Result<void> Operations::publish_denied(const DeviceRecord& denied, const Facts& facts) const {
  std::vector<Publication> publications;
  for (const auto& certificate : facts.certificates) {
    const auto target = lifecycle::status_of(denied.state, certificate.kind, denied.holds, certificate.standing);
    const auto status = lifecycle::on_wire(certificate.published, target);
    if (certificate.issuance == IssuanceState::registered && status) {
      publications.push_back(publication(certificate, denied, *status));
    }
  }
  return ports_.read_path.deny(denied.row, publications);
}

/// @param moved the device as a work has it that may still be committed: where the facts would not allow the deny, it
/// was judged after changes that are on their way, and holds with them.
Result<ActionResult> Operations::deny_by_journal(const Asked& asked, const Facts& facts,
                                                 const std::optional<DeviceRecord>& moved) {
  const auto now = ports_.clock.now();
  const auto decision = decide(asked.action, facts.device, asked.cause);
  if (!decision && !moved) {
    return fail(decision.error());
  }
  auto denied = decision ? lifecycle::apply(facts.device, *decision, now) : *moved;
  DenySent sent{.deny = {.kind = asked.action == DeviceAction::revoke ? DenyKind::revoke : DenyKind::suspend,
                         .device = facts.device.id,
                         .cause = asked.cause,
                         .at = now,
                         .actor = asked.actor},
                .signature = {}};
  BM_CHECK(ports_.store.append(sent.deny, [&] { return publish_denied(denied, facts); }));
  // What was registered after the facts were read was published before the deny was known; from here on nothing is.
  if (const auto since = facts_of(asked.device); since && since->certificates.size() != facts.certificates.size()) {
    BM_CHECK(publish_denied(denied, *since));
  }
  const auto cut = ports_.sessions.cut({denied.row});
  // Last: no signer holds a deny up.
  sent.signature =
      sign_statement(ports_.signer, statement_key_, ports_.store.epoch(), statement_of(sent.deny)).value_or(Bytes{});
  return ActionResult{std::move(denied), cut, std::move(sent)};
}

}  // namespace birthmark::app
