// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "app/ports/store.h"
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

/// Whether the station may do this now: known, not suspended, its role, its batch, inside its shift (AC-04).
/// @error station_not_authorised: `check` names what does not fit; batch_closed: sealed, revoked or outside its window.
Result<StationGrant> authorise(Tx& tx, const StationAction& action);

/// `authorise` in a transaction of its own; a refusal is counted against the station (AC-04).
/// @error as authorise; storage
Result<StationGrant> admit(Store& store, const StationAction& action);

/// Counts a refused request against the station; the third suspends it. An unknown station is no error.
/// @return whether it is suspended now.
Result<bool> strike(Tx& tx, const Digest& spki, Instant now, Epoch epoch);

}  // namespace birthmark::app
