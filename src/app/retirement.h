// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "app/known_hardware.h"
#include "app/ports/signer.h"

namespace birthmark::app {

/// What a retired device can show, and anybody can verify: what was destroyed, what its hardware can make again, and
/// since when nothing of it counts (design "The road of one device", 6). Layout: docs/wire/statements.md.
struct RetireReceipt {
  Bytes statement;  ///< deterministic CBOR, as signed
  Bytes signature;  ///< by the registry's statement key
};

/// The registry's word that a device is to clear itself, and the challenge for the proof that it did.
struct RetirePermit {
  Challenge challenge;
  Bytes signature;  ///< over lifecycle::retire_permit_statement, by the registry's statement key
};

/// The device's own share of its retirement: it destroys what it can and answers this very challenge; a TPM proves with
/// a quote that its owner hierarchy was cleared, no other root can. The move to S6 itself is an operator's.
class Retirement {
 public:
  struct Ports {
    Store& store;
    Challenges& challenges;
    Signer& signer;
    const KnownHardware& hardware;
    const Clock& clock;
  };
  Retirement(Ports ports, std::string statement_key) : ports_{ports}, statement_key_{std::move(statement_key)} {}

  /// @param caller SHA-256 of where the request came from: there is no certificate. @error rate_limited
  Result<Challenge> begin(const Digest& caller);
  /// Before anything is destroyed: whether this hardware is to be retired. Changes nothing.
  /// @return with the challenge for `finish`. @error nonce_used, nonce_expired, not_found; as
  /// `KnownHardware::judge_itself`; state_forbids: the device is not in S6; of the signer.
  Result<RetirePermit> permit(const Digest& caller, const SessionId& session, const DeviceId& device,
                              const SelfEvidence& evidence);
  /// @param evidence made after the clear. @error as `permit`; bad_evidence with check "retire.cleared": a TPM's clock
  /// shows no clear; of the store
  Result<RetireReceipt> finish(const Digest& caller, const SessionId& session, const DeviceId& device,
                               const SelfEvidence& evidence);

 private:
  /// That the device's own hardware answered the challenge, and that an operator has retired it: in this order, so that
  /// only the hardware itself learns its state.
  Result<SelfAppraisal> prove(const Digest& caller, const SessionId& session, const DeviceId& device,
                              const SelfEvidence& evidence);

  Result<Bytes> sign(BytesView statement) const;

  Ports ports_;
  const std::string statement_key_;
};

}  // namespace birthmark::app
