// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/denies_first.h"
#include "app/orders.h"
#include "app/ports/clock.h"
#include "app/ports/sessions.h"
#include "app/ports/signer.h"
#include "app/read_path.h"
#include "lifecycle/device.h"

namespace birthmark::app {

enum class DeviceAction : std::uint8_t { hold, suspend, release, revoke, retire, reject };

/// A deny that stands in the journal, is published, and can be carried to who is not reached.
struct DenySent {
  EmergencyDeny deny;
  Bytes signature;  ///< over `statement_of` it, by the statement key; empty: the signer refused, which undoes nothing
};

/// What an operator did to one device.
struct ActionResult {
  lifecycle::DeviceRecord device;  ///< afterwards
  std::size_t sessions_cut = 0;
  std::optional<DenySent> deny;  ///< the store could not be written
};

/// What operators do to devices (design "The road of one device", 5 and 6). Each is one decision and one transaction;
/// what takes something away ends the device's open connections before it returns.
class Operations {
 public:
  struct Ports {
    DeniesFirst& store;
    ReadPath& read_path;
    Sessions& sessions;
    Signer& signer;
    const Clock& clock;
    std::chrono::milliseconds patience;  ///< with a store that does not answer, before a deny goes by the journal
  };
  /// @param statement_key signs what the journal takes.
  Operations(Ports ports, std::string statement_key) : ports_{ports}, statement_key_{std::move(statement_key)} {}

  /// @param cause of a hold or suspension; ignored otherwise. @param actor "operator:name".
  /// @param at_change not called for what the journal takes; owns what it needs, since a deny does not wait for a store
  /// that hangs.
  /// @error not_found, state_forbids, held, second_person_required, conflict, storage
  Result<ActionResult> act(DeviceAction action, const DeviceId& device, lifecycle::HoldCause cause,
                           const std::string& actor, const AtChange<lifecycle::DeviceRecord>& at_change = {});

 private:
  struct Asked {
    DeviceAction action;
    DeviceId device;
    lifecycle::HoldCause cause;
    std::string actor;
  };
  struct Facts {
    lifecycle::DeviceRecord device;
    std::vector<CertificateHead> certificates;
  };
  class Attempt;
  Result<lifecycle::DeviceRecord> move(Tx& tx, const Asked& asked,
                                       const AtChange<lifecycle::DeviceRecord>& at_change) const;
  Result<void> write(const Asked& asked, const AtChange<lifecycle::DeviceRecord>& at_change,
                     const std::shared_ptr<Attempt>& attempt);
  Result<ActionResult> despite_store(const Asked& asked, const Attempt& attempt, const Error& error);
  Result<Facts> facts_of(const DeviceId& device) const;
  Result<ActionResult> deny_by_journal(const Asked& asked, const Facts& facts,
                                       const std::optional<lifecycle::DeviceRecord>& moved);
  Result<void> publish_denied(const lifecycle::DeviceRecord& denied, const Facts& facts) const;

  const Ports ports_;
  const std::string statement_key_;
};

/// "suspend". @return nothing for a name that is none.
std::optional<DeviceAction> device_action_named(std::string_view name);
/// Whether it goes by the journal if it must (design rule 8).
bool is_deny(DeviceAction action);

}  // namespace birthmark::app
