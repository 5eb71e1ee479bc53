// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "app/issuance.h"
#include "app/proven_hardware.h"
#include "app/stations.h"
#include "attest/step.h"

namespace birthmark::app {

/// A device that has proved everything, and the key that its IDevID is asked for.
struct Newborn {
  Octets<16> request_id{};
  ProvenHardware hardware;
  Bytes spki;
  attest::Findings findings;  ///< of its evidence
};

/// How proven hardware becomes an identity of a batch: the registry's half of provisioning, the same for every kind of
/// root. Safe from any thread.
class Birth {
 public:
  struct Ports {
    Store& store;
    Issuance& issuance;
    const Clock& clock;
  };
  explicit Birth(Ports ports) : ports_{ports} {}

  /// Registers the hardware and issues its IDevID. A unit of the same batch that is still S0 goes on: with the same key
  /// it keeps its IDevID, with another one it gets a new one and the old one ends (design rule 1).
  /// @param product name of the batch's product.
  /// @error not_in_plan, hardware_known (an incident is noted), state_forbids, held, key_reuse, batch_closed,
  /// quota_exhausted, rate_limited, clock_suspect, and as `Issuance::issue`.
  Result<Issued> register_newborn(const Newborn& newborn, const StationGrant& grant, const std::string& product);

 private:
  Result<std::optional<Issued>> resume(const Newborn& newborn, const StationGrant& grant);
  Result<void> at_intent(Tx& tx, CertificateRecord& record, const Newborn& newborn, const StationGrant& grant,
                         const lifecycle::ClockReading& clock);
  Result<void> remember(Tx& tx, DeviceRow device, const Newborn& newborn, const StationGrant& grant,
                        attest::Findings at_intent, Instant now) const;
  Result<void> report_known(const DeviceId& device, const StationGrant& grant);
  Result<lifecycle::DeviceRecord> find_or_add(Tx& tx, const ProvenHardware& hardware, const StationGrant& grant) const;

  Ports ports_;
};

}  // namespace birthmark::app
