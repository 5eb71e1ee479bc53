// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "app/ports/store.h"
#include "lifecycle/device.h"

namespace birthmark::app {

/// Who does something, when, and by which writer; goes into every audit entry.
struct Doing {
  Instant now;
  Epoch epoch;
  std::string actor = {};  ///< "role:name"; empty: the server by itself
};

/// The certificate that somebody shows: registered, and byte for byte the one at its place.
/// @param shown SHA-256 of its DER. @error not_registered
Result<CertificateRecord> on_the_books(Tx& tx, CaId ca, std::uint32_t index, const Digest& shown);

/// The device of a row that something else points to. @error not_found: it is gone
Result<lifecycle::DeviceRecord> device_of(Tx& tx, DeviceRow row);

/// The device that an audit entry names, where it acted itself.
inline constexpr const char* kDeviceActor = "device:self";

/// Stores a decision about a device: record, audit entry, and what every gate learns of its credentials. In this order
/// a state change is one mechanism, whoever asked for it.
/// @error conflict: another writer won; storage.
Result<lifecycle::DeviceRecord> advance(Tx& tx, const lifecycle::DeviceRecord& device,
                                        const lifecycle::Decision& decision, const Doing& doing);

/// Brings the published status of all the device's credentials to what the registry wants (design rule 7).
Result<void> publish_device(Tx& tx, const lifecycle::DeviceRecord& device);

/// Keeps with the device what a passed appraisal says of it: its firmware, and for a routine one in S2 and S3 without a
/// hold when it was. A hold or suspension is lifted by revalidation only, which proves more. @error conflict, storage
Result<void> note_appraisal(Tx& tx, lifecycle::DeviceRecord device, const AppraisalRecord& appraisal);

/// What gates are to see of one of the device's certificates.
Publication publication(const CertificateHead& certificate, const lifecycle::DeviceRecord& device,
                        lifecycle::Status status);

/// Ends every valid credential of that kind but the kept ones for ever, and publishes that. @error storage
Result<void> end_others(Tx& tx, const lifecycle::DeviceRecord& device, lifecycle::CredentialKind kind,
                        std::initializer_list<CertificateRow> kept, const std::string& reason, const Doing& doing);

/// Notes in the log that a CA was made. @param spki of its key. @error storage
Result<void> audit_ca(Tx& tx, const CaRecord& ca, const Digest& spki, const Doing& doing);

/// Registers a signed certificate and does to the device what its purpose says: a first LDevID enrolls it, a
/// revalidated one ends the older LDevIDs and lifts what may be lifted. A root's makes it a CA. Sets the record's
/// signature, state and log index.
/// @error state_forbids, held: the device has changed since the intent and no longer may; scope: the CA has; storage.
Result<void> register_certificate(Tx& tx, CertificateRecord& record, Bytes signature, const Doing& doing);

/// Gives an intent up: its index is ended for ever, its unit stays counted since it may bear a signature (AC-11).
Result<void> orphan(Tx& tx, CertificateRecord record, const std::string& reason, const Doing& doing);

}  // namespace birthmark::app
