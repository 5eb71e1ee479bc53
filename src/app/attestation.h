// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "app/catalog.h"
#include "app/challenges.h"
#include "app/ports/store.h"
#include "attest/tpm_statement.h"

namespace birthmark::app {

/// Fresh evidence of a known device for a key that is to be certified.
struct DeviceEvidence {
  SessionId session;
  Bytes key_public;                ///< TPMT_PUBLIC of the new key
  Bytes parent_public;             ///< TPMT_PUBLIC of the storage key above it
  attest::TpmStatement statement;  ///< by the recorded AK
  std::string firmware;            ///< what the device says it runs, "4.12.0"; empty: it does not say
};

/// `POST /v1/attest` (design "Evidence for EST"): leaves an appraisal that one issuance may use up within ten minutes.
class Attestation {
 public:
  static constexpr std::chrono::minutes kAppraisalLifetime{10};

  struct Ports {
    Store& store;
    Challenges& challenges;
    Catalog& catalog;
    const Clock& clock;
  };
  explicit Attestation(Ports ports) : ports_{ports} {}

  /// @param caller SHA-256 of the key that the connection proved. @param device whose it is.
  /// @error state_forbids: as `attest`; rate_limited
  Result<Challenge> begin(lifecycle::Purpose purpose, const Digest& caller, const lifecycle::DeviceRecord& device);

  /// Judges the evidence by the recorded AK and keeps the appraisal. @param purpose enroll, renew or routine.
  /// @error bad_request: what cannot be read of it; bad_evidence, key_not_attested, fw_rollback, nonce_used,
  /// nonce_expired; state_forbids: for S1 to S3 only, S4 may revalidate (design rule 6); not_found: the device is gone
  Result<AppraisalRecord> attest(lifecycle::Purpose purpose, const Digest& caller, DeviceRow device,
                                 const DeviceEvidence& evidence);

 private:
  Ports ports_;
};

/// A device with what is remembered of its root. @error not_found
struct KnownDevice {
  lifecycle::DeviceRecord device;
  RootRecord root;
};
Result<KnownDevice> known_device(Tx& tx, DeviceRow row);

/// Judges a statement about a new key of a known device. @param device part of the freshness value.
/// @return the key and what was found. @error bad_evidence, key_not_attested: as attest::appraise_key_statement
struct KeyAppraisal {
  crypto::PublicKey key;
  attest::Findings findings;
};
Result<KeyAppraisal> appraise_key(const DeviceEvidence& evidence, BytesView ak_public, const Challenge& challenge,
                                  const DeviceId& device);

/// The appraisal of (device, key) if it is younger than ten minutes; takes it out of the store.
/// @error evidence_missing: none, too old, or for another purpose
Result<AppraisalRecord> use_appraisal(Tx& tx, DeviceRow device, const Digest& spki, lifecycle::Purpose purpose,
                                      Instant now);

}  // namespace birthmark::app
