// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "app/ports/records.h"
#include "base/result.h"
#include "lifecycle/statements.h"

namespace birthmark::app {

enum class DenyKind : std::uint8_t { suspend = 0, revoke = 1 };

/// A suspension or revocation that was given while the store could not be written (design rule 8).
struct EmergencyDeny {
  DenyKind kind = DenyKind::suspend;
  DeviceId device;  ///< not its row: the journal outlives the database, and rows are another one's
  lifecycle::HoldCause cause = lifecycle::HoldCause::operator_hold;
  Instant at;
  std::string actor;  ///< at most 128 bytes
};

/// What is signed of a deny, for gates and whoever else it is carried to (docs/wire/statements.md).
inline Bytes statement_of(const EmergencyDeny& deny) {
  const auto state = deny.kind == DenyKind::revoke ? lifecycle::State::revoked : lifecycle::State::suspended;
  return lifecycle::deny_statement(deny.device, state, deny.at);
}

/// Preallocated space in another directory than the store's, so that a deny can be made durable when nothing else can.
class DenyJournal {
 public:
  virtual ~DenyJournal() = default;
  /// Durable on return. @error storage: even this failed, or the space is used up.
  virtual Result<void> append(const EmergencyDeny& deny) = 0;
  /// What was appended since the last `clear`, oldest first. @error storage: damaged.
  virtual Result<std::vector<EmergencyDeny>> pending() = 0;
  /// After everything pending was replayed into the store. @error storage
  virtual Result<void> clear() = 0;
};

}  // namespace birthmark::app
