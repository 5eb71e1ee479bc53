// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/denies_first.h"
#include "app/orders.h"
#include "app/ports/clock.h"
#include "app/ports/sessions.h"
#include "app/read_path.h"
#include "lifecycle/device.h"

namespace birthmark::app {

enum class DeviceAction : std::uint8_t { hold, suspend, release, revoke, retire, reject };

/// What an operator did to one device.
struct ActionResult {
  lifecycle::DeviceRecord device;  ///< afterwards
  std::size_t sessions_cut = 0;
  bool by_journal = false;  ///< the store could not be written: the deny stands in the journal and is published
};

/// What operators do to devices (design "The road of one device", 5 and 6). Each is one decision and one transaction;
/// what takes something away ends the device's open connections before it returns.
class Operations {
 public:
  struct Ports {
    DeniesFirst& store;
    ReadPath& read_path;
    Sessions& sessions;
    const Clock& clock;
  };
  explicit Operations(Ports ports) : ports_{ports} {}

  /// @param cause of a hold or suspension; ignored otherwise. @param actor "operator:name".
  /// @param at_change not called for what the journal takes.
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
    std::vector<CertificateRecord> certificates;
  };
  Result<lifecycle::DeviceRecord> move(Tx& tx, const Asked& asked,
                                       const AtChange<lifecycle::DeviceRecord>& at_change) const;
  Result<ActionResult> despite_store(const Asked& asked, const std::optional<lifecycle::DeviceRecord>& wanted,
                                     const Error& error);
  Result<ActionResult> deny_by_journal(const Asked& asked, const Facts& facts);

  Ports ports_;
};

/// "suspend". @return nothing for a name that is none.
std::optional<DeviceAction> device_action_named(std::string_view name);

}  // namespace birthmark::app
