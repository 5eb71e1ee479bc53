// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "lifecycle/hold.h"
#include "lifecycle/state.h"

namespace birthmark::lifecycle {

/// The two bits that a status list holds for each certificate of a CA (design §3). Gates admit `admitted` only.
enum class Status : std::uint8_t {
  admitted = 0,      ///< LDevID of a device in S3 without a hold
  ended = 1,         ///< for ever: S5, S6, superseded, revoked
  held = 2,          ///< S4, or a hold
  not_admitted = 3,  ///< unassigned, unreconciled, S0 to S2, and every live IDevID
};
inline constexpr std::array kStatuses{Status::admitted, Status::ended, Status::held, Status::not_admitted};

/// IDevID: birth, for enrolling and re-proving only. LDevID: operation.
enum class CredentialKind : std::uint8_t { idevid, ldevid };

/// What the registry knows of one certificate apart from its device.
enum class Standing : std::uint8_t {
  unreconciled,  ///< reported by a site and not yet accepted
  live,
  ended,  ///< superseded or revoked by itself
};

/// Whether a published status may become `to` (design rule 7): 3 to 0, 0 to 2 and back, to 1 from anywhere, nothing
/// from 1, nothing back to 3. Staying is allowed.
constexpr bool may_become(Status from, Status to) {
  if (from == to) {
    return true;
  }
  switch (from) {
    case Status::admitted:
      return to == Status::held || to == Status::ended;
    case Status::held:
    case Status::not_admitted:
      return to == Status::admitted || to == Status::ended;
    case Status::ended:
      return false;
  }
  return false;
}

/// What the registry wants to publish for a certificate (design §3 "Status values"). Total; `not_admitted` for any
/// value outside the enumerations.
Status status_of(State state, CredentialKind kind, HoldSet holds, Standing standing);

/// What goes onto the wire when `published` is there and the registry wants `wanted`: a held one that is still 3 stays
/// 3.
/// @error conflict: the wire rule forbids the move.
Result<Status> on_wire(Status published, Status wanted);

/// "admitted"; "unknown" for a value outside the enumeration.
std::string_view name(Status status);
/// "ldevid"; "unknown" for a value outside the enumeration.
std::string_view name(CredentialKind kind);

}  // namespace birthmark::lifecycle
