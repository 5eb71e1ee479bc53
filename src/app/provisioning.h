// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <variant>
#include <vector>

#include "app/activations.h"
#include "app/birth.h"
#include "app/catalog.h"
#include "app/challenges.h"
#include "app/issuance.h"
#include "app/stations.h"
#include "attest/appraise.h"

namespace birthmark::app {

/// What a station sends of a device in one piece.
struct ProvisionEvidence {
  SessionId session;
  Octets<16> request_id;
  Bytes ek_certificate;
  std::vector<Bytes> ek_chain;
  Bytes ek_public;
  Bytes ak_public;
  Bytes idevid_public;
  attest::TpmStatement statement;  ///< the AK certifies the IDevID key, or its creation
  Bytes csr;                       ///< PKCS#10 signed by the IDevID key
  Bytes creation_data;             ///< TPMS_CREATION_DATA of the IDevID key; empty: it was certified
  /// Where the evidence stood: beside the request, which then carries none; or in it.
  enum class Stood : std::uint8_t { beside_request, in_request } stood = Stood::beside_request;
};

/// A request that carries its evidence itself (docs/wire/evidence.md BUNDLE), of any kind of root.
struct RequestEvidence {
  SessionId session;
  Octets<16> request_id;
  Bytes csr;
};

/// Either the activation goes on, or this request was answered before and the certificate is given again.
using EvidenceAnswer = std::variant<ActivationChallenge, Issued>;

/// Provisioning at a station (design "The road of one device", 1): challenge, evidence, activation of a TPM, issuance.
/// The device stays S0: its seal is another station's. Safe from any thread.
class Provisioning {
 public:
  struct Ports {
    Store& store;
    Issuance& issuance;
    Challenges& challenges;
    Catalog& catalog;
    const attest::Trust& trust;
    const Clock& clock;
    Entropy& entropy;
    crypto::EphemeralSource& ephemerals;
  };
  explicit Provisioning(Ports ports)
      : ports_{ports},
        activations_{{ports.clock, ports.entropy, ports.ephemerals}},
        birth_{{ports.store, ports.issuance, ports.clock}} {}

  /// A challenge for one device of that batch. @error station_not_authorised, batch_closed, rate_limited
  Result<Challenge> begin(const Digest& station, const std::string& batch);

  /// Steps 1 to 7 of docs/wire/evidence.md, PROVISION, in that order; from step 3 on the nonce is
  /// burnt whatever comes of it.
  /// @error station_not_authorised, batch_closed: as `begin`; bad_request, request_conflict: the request; rate_limited:
  /// the batch has no unit now; nonce_used, nonce_expired, ek_untrusted, ek_not_canonical, bad_evidence,
  /// key_not_attested, csr_policy, policy, test_anchor
  Result<EvidenceAnswer> evidence(const Digest& station, const std::string& batch, const ProvisionEvidence& evidence);

  /// The same for evidence that stands in the request. Of a TPM it goes on with its activation; hardware of every other
  /// kind has proved all that it can, and is registered at once.
  /// @error as `evidence`; evidence_missing: the request carries none; and as `activate`
  Result<EvidenceAnswer> evidence_in_request(const Digest& station, const std::string& batch,
                                             const RequestEvidence& sent);

  /// Compares the opened secret, once, then runs the policy, registers the hardware and issues the IDevID. A unit of
  /// the same batch that is still S0 goes on: with the same key it keeps its IDevID, with another one it gets a new one
  /// and the old one ends.
  /// @error station_not_authorised, batch_closed: as `begin`; nonce_used, nonce_expired; bad_evidence with check
  /// "activation"; not_in_plan, hardware_known, state_forbids, held, key_reuse, test_anchor, policy, quota_exhausted,
  /// rate_limited, clock_suspect, and as `Issuance::issue`.
  Result<Issued> activate(const Digest& station, const std::string& batch, const SessionId& session, BytesView secret);

 private:
  struct Shown {
    Newborn newborn;
    Digest certificate_hash;  ///< of the endorsement certificate
  };
  struct Judged {
    attest::EndorsedChip chip;
    crypto::PublicKey key;
    attest::Findings findings;
  };
  [[nodiscard]] Result<void> has_room(const ProvisionEvidence& evidence, const StationGrant& grant) const;
  Result<EvidenceAnswer> register_at_once(const Digest& station, const RequestEvidence& sent,
                                          const pkcs10::Request& request, const attest::Evidence& evidence,
                                          const StationGrant& grant);
  [[nodiscard]] Result<void> policy_admits(const attest::EndorsedChip& chip, const BatchRecord& batch) const;
  Result<Judged> judge(const ProvisionEvidence& evidence, const Challenge& challenge, const StationGrant& grant) const;
  Result<ActivationChallenge> challenge_chip(const Digest& station, const ProvisionEvidence& evidence, Judged judged);

  Ports ports_;
  Activations<Shown> activations_;
  Birth birth_;
};

}  // namespace birthmark::app
