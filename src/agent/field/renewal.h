// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "agent/device/state.h"
#include "agent/hardware/hardware_root.h"
#include "codec/x509.h"

namespace birthmark::agent {

/// Brings state and root together after whatever happened between two runs: a power cut between the steps of `adopt`,
/// an owner clear, a factory reset. Afterwards the LDevID in use, if there is one, is that of the operational key.
/// @error storage, unavailable
Result<void> settle(HardwareRoot& root, DeviceState& state);

/// The pending key, made if there is none that this root can load: a retry asks for the same key again, and gets the
/// same certificate. @error unavailable, storage
Result<void> ensure_pending_key(HardwareRoot& root);

/// The issuers of `leaf` among certificates that came in any order, nearest first, as far as they are there.
/// @return at most link::kChainMax, each of which signed the one before; dates are not looked at.
std::vector<Bytes> path_above(const x509::Certificate& leaf, std::span<const x509::Certificate> among);

/// Takes a certificate into use for the pending key: judge, store, adopt the key, promote. A cut between any two leaves
/// the old or the new credential whole (AC-43); one that is refused leaves the present one in use.
/// @param next must lead, by its chain or at once, to one of the operational roots that the line installed, and carry a
/// registration receipt, without which no gate admits it (design rule 3). The receipt's signature is for gates: a
/// device does not know that key.
/// @error bad_request: another key, ended before `now`, a CA, or no path to a root. not_registered: no receipt.
/// storage, unavailable
Result<x509::Certificate> adopt(HardwareRoot& root, DeviceState& state, Credential next, Instant now);

/// When renewal begins: after two thirds of the lifetime (day 20 of 30).
Instant renewal_due(const x509::Certificate& certificate);

}  // namespace birthmark::agent
