// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "app/ports/store.h"
#include "app/registration.h"
#include "base/instant.h"

namespace birthmark::app {

/// What a station wants to do; the batch by name.
struct StationAction {
  Digest spki;  ///< of the certificate that its connection proved
  StationRole role = StationRole::provision;
  std::string batch;
  Instant now;
};

/// A station that may, and the batch it works on.
struct StationGrant {
  StationRecord station;
  BatchRecord batch;
};

/// Whether a station is in service: without that its certificate is good for nothing (AC-04).
/// @param station null: no station has the key
/// @error station_not_authorised: `check` says whether it is unknown or suspended
Result<void> in_service(const StationRecord* station);

/// Whether the station may do this now: known, not suspended, its role, its batch, inside its shift (AC-04).
/// @error station_not_authorised: `check` names what does not fit; batch_closed: sealed, revoked or outside its window.
Result<StationGrant> authorise(Tx& tx, const StationAction& action);

/// `authorise` in a transaction of its own; a refusal is counted against the station (AC-04).
/// @error as authorise; storage
Result<StationGrant> admit(Store& store, const StationAction& action);

/// What an operator orders for the line.
struct StationOrder {
  std::string name;
  StationRole role = StationRole::provision;
  std::string batch;
  std::uint16_t shift_from = 0;  ///< as StationRecord
  std::uint16_t shift_to = 0;
};

/// Puts the station in service with the key of a certificate that is about to be issued, in the transaction of its
/// intent: an order that is refused signs nothing. A station of that name gives way: every certificate of its key ends.
/// @error not_found: no such batch; key_reuse: another station, a device, a person or a gate has the key; storage
Result<void> put_in_service(Tx& tx, const StationOrder& order, const CertificateRecord& certificate,
                            const Doing& doing);

/// Counts a refused request against the station; the third suspends it. An unknown station is no error.
/// @return whether it is suspended now.
Result<bool> strike(Tx& tx, const Digest& spki, Instant now, Epoch epoch);

}  // namespace birthmark::app
