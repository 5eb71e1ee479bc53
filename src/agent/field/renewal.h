// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "agent/device/state.h"
#include "agent/root.h"
#include "codec/x509.h"

namespace birthmark::agent {

/// Brings state and root together after whatever happened between two runs: a power cut between the steps of `adopt`,
/// an owner clear, a factory reset. Afterwards the LDevID in use, if there is one, is that of the operational key.
/// @error storage, unavailable
Result<void> settle(HardwareRoot& root, DeviceState& state);

/// The pending key, made if there is none that this root can load: a retry asks for the same key again, and gets the
/// same certificate. @error unavailable, storage
Result<void> ensure_pending_key(HardwareRoot& root);

/// Takes a certificate into use for the pending key: store, adopt the key, promote. A cut between any two leaves the
/// old or the new credential whole (AC-43).
/// @param anchors the pinned operational roots; a chain that is given must lead to one of them.
/// @error bad_request: another key, not valid at `now`, a CA, or a chain that leads elsewhere. storage, unavailable
Result<x509::Certificate> adopt(HardwareRoot& root, DeviceState& state, Credential next, Instant now);

/// When renewal begins: after two thirds of the lifetime (day 20 of 30).
Instant renewal_due(const x509::Certificate& certificate);

}  // namespace birthmark::agent
