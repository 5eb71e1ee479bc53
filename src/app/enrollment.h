// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "app/attestation.h"
#include "app/catalog.h"
#include "app/issuance.h"

namespace birthmark::app {

/// The credential that a connection proved, found in the registry.
struct Caller {
  CertificateRecord certificate;
  lifecycle::DeviceRecord device;
};

/// One EST request after TLS: who asks, what for, over which channel.
struct EstRequest {
  Digest certificate;  ///< SHA-256 of the DER that the connection proved
  CaId ca;             ///< its issuer, and its place in the issuer's list
  std::uint32_t index = 0;
  Bytes presented_subject;      ///< DER Name of the presented certificate
  Bytes presented_alt_name;     ///< its SAN value
  Bytes csr;                    ///< DER
  std::string channel_binding;  ///< base64, of this connection; empty: it has none
};

/// EST for the field (RFC 7030, protocols.md §1): first LDevID by the IDevID, renewal by the LDevID. Names come from
/// the registry, the key from the appraisal of `POST /v1/attest`.
class Enrollment {
 public:
  struct Ports {
    Store& store;
    Issuance& issuance;
    Catalog& catalog;
    IssuingCa issuing_ca;
    const Clock& clock;
  };
  explicit Enrollment(Ports ports) : ports_{std::move(ports)} {}

  /// S1 to S2. Over a connection without channel binding, devices of the labelled software root only.
  /// @error role: not an IDevID; not_registered, credential_ended: who asks; state_forbids, held: his
  /// device; bad_request, csr_policy, binding: the request; evidence_missing, fw_rollback: his appraisal; policy,
  /// not_released: his product; and as `Issuance::issue`.
  Result<Issued> enroll(const EstRequest& request);
  /// In S2 and S3, from the product's renewal day on. Ends every LDevID but the presented one.
  /// @error as `enroll`; role: not an LDevID; policy: too early.
  Result<Issued> reenroll(const EstRequest& request);

  /// The credential and device behind a presented certificate: registered, byte for byte (SHA-256), live.
  /// @error role: of another kind; not_registered; credential_ended: it was ended, or its CA was revoked
  Result<Caller> caller(const EstRequest& request, lifecycle::CredentialKind kind) const;

 private:
  Result<Issued> issue(const EstRequest& request, const Caller& caller, lifecycle::Purpose purpose);
  Result<void> at_intent(Tx& tx, CertificateRecord& record, const Caller& caller, lifecycle::Purpose purpose,
                         const lifecycle::ClockReading& clock) const;

  Ports ports_;
};

}  // namespace birthmark::app
