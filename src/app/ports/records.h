// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/instant.h"
#include "lifecycle/batch.h"
#include "lifecycle/device.h"
#include "lifecycle/device_id.h"
#include "lifecycle/status.h"
#include "pki/profile.h"

namespace birthmark::app {

using CertificateRow = Strong<struct CertificateRowTag, std::uint32_t>;  ///< dense row of a certificate, from 1
using StationId = Strong<struct StationIdTag, std::uint32_t>;

enum class CaState : std::uint8_t { active = 0, held = 1, ended = 2 };

/// One generation of a CA: its key, its certificate, its status list.
struct CaRecord {
  CaId id;
  pki::ProfileId profile = pki::ProfileId::manufacturing_root;
  std::string name;              ///< unique, for people: "acme/heatpump/plant-1/B-2026-11"
  std::optional<CaId> parent;    ///< none: a root
  std::optional<BatchId> batch;  ///< batch CAs and operational CAs
  CaState state = CaState::active;
  std::uint32_t generation = 1;
  std::uint8_t list_bits = 0;  ///< the status list holds 2^list_bits entries
  std::uint32_t assigned = 0;  ///< entries used so far
  std::string key;             ///< the signer's name of the key
  bool key_destroyed = false;
  Instant issues_until;  ///< an operational CA rolls over then (design §4)
  Bytes certificate;     ///< DER; empty: a root whose own certificate is not on the books yet
};

/// Places of a CA's status list that are next to each other: all of them, or a batch's own where one CA issues for
/// many.
struct Places {
  std::uint32_t first = 0;
  std::uint32_t count = 0;

  /// One behind the last.
  [[nodiscard]] std::uint64_t end() const { return std::uint64_t{first} + count; }
  friend bool operator==(const Places&, const Places&) = default;
};

/// All of the CA's.
inline Places places_of(const CaRecord& ca) {
  return {.first = 0, .count = std::uint32_t{1} << ca.list_bits};
}

/// A product line with its policy, as `batch open` or the configuration named it.
struct ProductRecord {
  ProductId id;
  std::string name;
  std::string policy;  ///< TOML, as checked by policy::read
  Digest policy_hash;
};

/// A batch with its CAs beside the budget that the lifecycle keeps.
struct BatchRecord {
  lifecycle::Batch budget;
  std::string name;  ///< unique
  CaId manufacturing_ca;
  Places list;          ///< its own among the manufacturing CA's, whatever CA that is (design §4)
  CaId operational_ca;  ///< the generation that issues now
};

enum class StationRole : std::uint8_t { provision = 0, lock_check = 1 };

struct StationRecord {
  StationId id;
  std::string name;  ///< unique
  StationRole role = StationRole::provision;
  BatchId batch;
  Digest spki;  ///< of its certificate's key
  Instant not_after;
  std::uint16_t shift_from = 0;  ///< minutes of the day in UTC; equal to shift_to: the whole day
  std::uint16_t shift_to = 0;
  std::uint32_t strikes = 0;  ///< requests outside its authorization; suspended at three (AC-04)
  bool suspended = false;
};

/// Of which thing a digest in `known` is (design rule 1: unique for ever, tombstones included).
enum class KnownKind : std::uint8_t { ek_spki = 0, ak_name = 1, key_spki = 2 };

struct Known {
  KnownKind kind = KnownKind::ek_spki;
  DeviceRow device;
};

/// What of a device's root must be remembered to recognise it again (attestation.md §1.5, 10).
struct RootRecord {
  DeviceRow device;
  Bytes ak_public;              ///< TPMT_PUBLIC of the AK; later statements must come from it
  std::string hardware_serial;  ///< MANUF:AKI:SERIAL
  std::optional<StationId> provisioned_by;
  Bytes ek_modulus = {};  ///< of an RSA endorsement key, for the check of a batch (AC-07); empty: another type
};

/// Where an issuance stands (AC-11).
enum class IssuanceState : std::uint8_t { intended = 0, registered = 1, orphaned = 2 };

/// One issuance, from the intent on, without its bytes: whose it is, and where it stands.
struct CertificateHead {
  CertificateRow row;
  CaId ca;
  std::uint32_t index = 0;  ///< in the list of the CA
  pki::ProfileId profile = pki::ProfileId::idevid;
  DeviceRow device;
  lifecycle::CredentialKind kind = lifecycle::CredentialKind::idevid;
  std::optional<lifecycle::Purpose> purpose;  ///< what registering it does to the device; none: no device
  IssuanceState issuance = IssuanceState::intended;
  bool counted = false;  ///< a unit of the batch's quota is reserved for it
  lifecycle::Standing standing = lifecycle::Standing::live;
  lifecycle::Status published = lifecycle::Status::not_admitted;
  Instant not_before;
  Instant not_after;
  Instant appraised_at;
  std::uint64_t log_index = 0;  ///< of the audit entry that registered it

  friend bool operator==(const CertificateHead&, const CertificateHead&) = default;
};

/// Whether it is nobody's device: of a service, a station, a person or a CA.
inline bool is_of_service(const CertificateHead& certificate) {
  return certificate.device.get() == 0;
}

/// One issuance, whole; the certificate is `tbs` with `signature`.
struct CertificateRecord : CertificateHead {
  Serial serial;
  Digest spki;
  Digest profile_hash;
  Bytes tbs;
  Bytes signature;  ///< empty until registered

  friend bool operator==(const CertificateRecord&, const CertificateRecord&) = delete;  // would look at the head alone
};

/// What an operator was told; he gets the same again.
struct KeptAnswer {
  std::uint16_t status = 200;  ///< of HTTP
  Bytes body;

  friend bool operator==(const KeptAnswer&, const KeptAnswer&) = default;
};

/// An idempotent request: (caller, id, key) gets the same certificate (AC-05) or answer again and costs nothing.
struct RequestRecord {
  Digest caller;  ///< SHA-256 of the caller's certificate, or of the DeviceId
  Octets<16> id;
  Digest key;                  ///< SPKI of the key to be certified; of an operator's order its fingerprint
  CertificateRow certificate;  ///< 0: it led to none
  Instant at;
  std::optional<KeptAnswer> answer = {};
};

/// A passed appraisal that one issuance may use up (design §3 "Evidence for EST").
struct AppraisalRecord {
  DeviceRow device;
  Digest spki;
  lifecycle::Purpose purpose = lifecycle::Purpose::enroll;
  Instant at;
  std::optional<lifecycle::FirmwareVersion> firmware;
};

/// What the read path learns after the commit, in order; also the outbox row.
struct Publication {
  CaId ca;
  std::uint32_t index = 0;
  lifecycle::Status status = lifecycle::Status::not_admitted;
  lifecycle::State state = lifecycle::State::uninitialized;
  ProductId product;
  DeviceRow device;
  Instant appraised_at;
};

}  // namespace birthmark::app
