// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "attest/appraisal.h"

namespace birthmark::attest {

// What a policy asks of claims, the same for every kind: the last steps of each kind's list.

/// Whether the claims show that nobody can debug the device: an EAT with dbgstat 3 or 4, a PSA token whose lifecycle is
/// secured, DICE layers without debug, notSecure and notConfigured (attestation.md §2.2). A claim that is absent shows
/// nothing.
bool debug_closed(const Claims& claims);

/// Debug is closed, or the policy does not ask. A TPM and a secure element say nothing of the device around them: there
/// the record of a lock-check station stands in.
Failure debug_gate_holds(const Claims& claims, const EvidencePolicy& policy);

/// The policy names the vendor, or no vendor at all; and the same for models.
Failure hardware_is_allowed(const Claims& claims, const EvidencePolicy& policy);

/// Every measurement that the reference values list for this environment has one of their digests, and every one has
/// where the policy says so. Digests are compared whole: one of another length differs.
/// @param environment as `ReferenceValue::environment`
Failure measurements_are_expected(const Claims& claims, BytesView environment, const EvidencePolicy& policy);

/// No listed component is older than the reference values say; one that says no number is (AC-44: `fw_rollback`).
Failure versions_are_current(const Claims& claims, BytesView environment, const EvidencePolicy& policy);

}  // namespace birthmark::attest
