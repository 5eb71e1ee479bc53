// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "app/challenges.h"
#include "app/known_hardware.h"
#include "app/repeats.h"
#include "app/stations.h"
#include "attest/lock_check.h"
#include "crypto/keys.h"
#include "lifecycle/device.h"

namespace birthmark::app {

using attest::lock_check_message;
using attest::LockCheck;

struct SealEvidence {
  SessionId session;
  LockCheck record;
  Bytes record_signature;  ///< DER ECDSA by the station's certificate key
  SelfEvidence device;     ///< over the same nonce
};

/// The seal (S0 to S1): a station other than the provisioning one probes the debug port and signs what it saw, the
/// device answers the same nonce. Until then the identity is good for nothing.
class Sealing {
 public:
  struct Ports {
    Store& store;
    Challenges& challenges;
    const KnownHardware& hardware;
    const Clock& clock;
  };
  explicit Sealing(Ports ports) : ports_{ports}, repeats_{ports.store, ports.clock} {}

  /// @error station_not_authorised, batch_closed, rate_limited
  Result<Challenge> begin(const Digest& station, const std::string& batch);

  /// The record that sealed a device gets the same answer again, from the same station, and changes nothing.
  /// @param station the key of the caller's certificate.
  /// @return the sealed device.
  /// @error station_not_authorised: before anything is looked at, and counted against the station (AC-04);
  /// batch_closed; not_sealed: `check` names what is not proved, a record by the provisioning station among it (AC-08);
  /// bad_evidence: the record's signature, or as `KnownHardware::judge_itself`; not_found: no such device in this
  /// batch; nonce_used, nonce_expired, state_forbids, held, conflict.
  Result<lifecycle::DeviceRecord> seal(const crypto::PublicKey& station, const std::string& batch,
                                       const SealEvidence& evidence);

 private:
  Result<std::optional<lifecycle::DeviceRecord>> repeat(const crypto::PublicKey& station, const StationGrant& grant,
                                                        const SealEvidence& evidence);

  Ports ports_;
  Repeats repeats_;
};

}  // namespace birthmark::app
