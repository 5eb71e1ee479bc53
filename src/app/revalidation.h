// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <variant>

#include "app/activations.h"
#include "app/attestation.h"
#include "app/issuance.h"

namespace birthmark::app {

/// What a device without any certificate shows: who it is, by its hardware (design rule 5).
struct RevalidationEvidence {
  DeviceId device;  ///< where to look; proved by what it is made of: of a TPM the endorsement key
  Octets<16> request_id;
  Bytes ek_public;          ///< TPMT_PUBLIC; of a TPM only
  DeviceEvidence evidence;  ///< about the key of the next LDevID
};

/// The hardware is proved, but something else still holds the device.
struct StillHeld {
  lifecycle::State state;
  lifecycle::HoldSet holds;
  std::string waits_for;  ///< for people: what each cause waits for
};
using RevalidationAnswer = std::variant<Issued, StillHeld>;
/// A TPM has a secret to open first; every other root has proved all that it can.
using RevalidationStep = std::variant<ActivationChallenge, RevalidationAnswer>;

/// Recovery without a certificate: fresh evidence of the recorded hardware, of a TPM with an activation by its EK.
/// Allowed in S1 to S4, issues an LDevID by the batch's present operational CA, and lifts what an appraisal may lift.
class Revalidation {
 public:
  struct Ports {
    Store& store;
    Issuance& issuance;
    Challenges& challenges;
    Catalog& catalog;
    const KnownHardware& hardware;
    IssuingCa issuing_ca;
    const Clock& clock;
    Entropy& entropy;
    crypto::EphemeralSource& ephemerals;
  };
  explicit Revalidation(Ports ports)
      : ports_{std::move(ports)}, activations_{{ports_.clock, ports_.entropy, ports_.ephemerals}} {}

  /// @param caller SHA-256 of where the request came from: there is no certificate. @error rate_limited
  Result<Challenge> begin(const Digest& caller);
  /// Judges the hardware, and challenges a TPM to open a secret; any other is answered as by `activate`.
  /// @error nonce_used, nonce_expired, not_found, state_forbids: S0, S5, S6; ek_untrusted: the endorsement key is not
  /// the device's; as `KnownHardware::judge_key`; evidence_missing, fw_rollback, policy; rate_limited
  Result<RevalidationStep> evidence(const Digest& caller, const RevalidationEvidence& evidence);
  /// Compares the opened secret, once, lifts what may be lifted, and certifies the key of a device that serves again:
  /// six times an hour at most.
  /// @error nonce_used, nonce_expired, bad_evidence with check "activation", evidence_missing, fw_rollback,
  /// state_forbids, rate_limited, and as `Issuance::issue`.
  Result<RevalidationAnswer> activate(const Digest& caller, const SessionId& session, BytesView secret);

 private:
  struct Shown {
    DeviceRow device;
    Octets<16> request_id;
    Bytes spki;
    lifecycle::Appraisal appraisal;
    Bytes findings;
  };
  Result<RequestKey> request_of(const Shown& shown, const lifecycle::DeviceRecord& device) const;
  Result<RevalidationAnswer> answer(const Shown& shown);
  Result<Issued> issue(const Shown& shown);
  Result<RevalidationAnswer> record_only(const Shown& shown);

  Ports ports_;
  Activations<Shown> activations_;
};

}  // namespace birthmark::app
