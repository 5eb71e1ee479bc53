// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "app/known_hardware.h"
#include "app/ports/sessions.h"

namespace birthmark::app {

/// Fresh evidence of a known device for a key that is to be certified.
struct DeviceEvidence {
  SessionId session;
  KeyEvidence key;       ///< of the new key
  std::string firmware;  ///< what the device says it runs, "4.12.0"; empty: it does not say
};

/// `POST /v1/attest` (design "Evidence for EST"): leaves an appraisal that one issuance may use up within ten minutes.
class Attestation {
 public:
  static constexpr std::chrono::minutes kAppraisalLifetime{10};

  struct Ports {
    Store& store;
    Challenges& challenges;
    Catalog& catalog;
    const KnownHardware& hardware;
    Sessions& sessions;
    const Clock& clock;
  };
  explicit Attestation(Ports ports) : ports_{ports} {}

  /// @param caller SHA-256 of the key that the connection proved. @param device whose it is.
  /// @error state_forbids: as `attest`; rate_limited
  Result<Challenge> begin(lifecycle::Purpose purpose, const Digest& caller, const lifecycle::DeviceRecord& device);

  /// Judges the evidence and keeps the appraisal. A device in S2 or S3 that proves older firmware than the product's
  /// minimum is refused and contained (AC-44): S3 becomes S4, S2 is held. @param purpose enroll, renew or routine.
  /// @error bad_request: what cannot be read of it; as `KnownHardware::judge_key`; fw_rollback, nonce_used,
  /// nonce_expired; state_forbids: for S1 to S3 only, S4 may revalidate (design rule 6); not_found: the device is gone
  Result<AppraisalRecord> attest(lifecycle::Purpose purpose, const Digest& caller, DeviceRow device,
                                 const DeviceEvidence& evidence);

 private:
  /// What good evidence shows, not kept yet.
  struct Judged {
    KeyAppraisal key;
    std::optional<lifecycle::FirmwareVersion> firmware;
  };
  Result<Judged> judge(const KnownDevice& known, const DeviceEvidence& evidence, const Challenge& challenge) const;
  Result<void> keep(const AppraisalRecord& appraisal, const attest::Findings& found);
  Result<void> contain(DeviceRow device);

  Ports ports_;
};

/// The appraisal of (device, key) if it is younger than ten minutes; takes it out of the store.
/// @error evidence_missing: none, too old, or for another purpose
Result<AppraisalRecord> use_appraisal(Tx& tx, DeviceRow device, const Digest& spki, lifecycle::Purpose purpose,
                                      Instant now);

}  // namespace birthmark::app
