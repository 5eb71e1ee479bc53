// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/secret.h"

namespace birthmark::agent {

/// What the silicon vendor left in the device for proving which chip it is.
struct Endorsement {
  Bytes certificate;         ///< X.509 of the endorsement key, DER, without the padding of its store
  Bytes public_area;         ///< TPMT_PUBLIC of the endorsement key, as the hardware makes it now
  std::vector<Bytes> chain;  ///< certificates that the vendor stored beside it, DER, unordered; hints, never anchors
};

/// The two keys of birth. Same seed and template, same key: they survive an owner clear.
struct IdentityKeys {
  Bytes iak;     ///< TPMT_PUBLIC of the restricted signing key that makes statements
  Bytes idevid;  ///< TPMT_PUBLIC of the key that the IDevID certificate will name
};

enum class IdentityKey : std::uint8_t { iak, idevid };

/// Keys that sign for others: CSR, TLS, receipts.
enum class DeviceKey : std::uint8_t {
  idevid,
  operational,  ///< of the LDevID in use
  pending,      ///< made for the next LDevID, not yet adopted
};

/// A statement that the hardware signed with its IAK.
struct Statement {
  Bytes attest;     ///< TPMS_ATTEST: the signed bytes, no size before them
  Bytes signature;  ///< TPMT_SIGNATURE
};

/// TPM2_CertifyCreation: needs no authorization of the key it speaks about, so it serves keys whose policy alone could
/// certify them.
struct CreationStatement {
  Statement statement;
  Bytes creation_data;  ///< TPMS_CREATION_DATA, whose hash the statement carries
};

struct Quote {
  Statement statement;
  std::vector<Octets<32>> pcr_values;  ///< SHA-256 bank, one for each PCR asked, ascending
};

/// Counters of the root. They are in every statement too; here they are unsigned, for display and support.
struct RootState {
  std::uint64_t clock_ms = 0;  ///< powered milliseconds since the last clear
  std::uint32_t reset_count = 0;
  std::uint32_t restart_count = 0;
  bool clock_safe = false;  ///< false: the clock may have gone back at the last power loss
  std::uint64_t firmware_version = 0;
};

/// The hardware that a device's identity is a property of. One thread at a time.
/// Every operation may fail with `unavailable`: the hardware is absent, busy, locked or refuses; the decoded reason is
/// in the detail. Private keys never cross this interface.
class HardwareRoot {
 public:
  HardwareRoot() = default;
  HardwareRoot(const HardwareRoot&) = delete;
  HardwareRoot& operator=(const HardwareRoot&) = delete;
  virtual ~HardwareRoot() = default;

  /// The root kind as it stands in the DeviceId: "tpm", "psa", "dice", "se" or "software".
  [[nodiscard]] virtual std::string_view kind() const = 0;

  /// The endorsement certificate, its key and the vendor's chain.
  /// @error not_found: the vendor left no certificate. @error bad_evidence: what is stored is no certificate.
  virtual Result<Endorsement> endorsement() = 0;

  /// Makes the IAK and the IDevID key, or finds the same ones again; repeating it changes nothing.
  /// @error conflict: another key sits where one of them belongs.
  virtual Result<IdentityKeys> create_identity_keys() = 0;

  /// The public area (TPMT_PUBLIC) of a key. @error not_found: there is no such key, or an owner clear destroyed it.
  virtual Result<Bytes> public_area(DeviceKey key) = 0;

  /// The public area (TPMT_PUBLIC) of the owner's storage key, the parent of operational keys: what a verifier
  /// recomputes their place in the hierarchy from.
  virtual Result<Bytes> storage_key_public() = 0;

  /// TPM2_Certify of `key` by the IAK. @param freshness goes into extraData. @error not_found: no such key.
  /// unavailable: also an IDevID key of the TCG template, which a password does not certify: `certify_creation`.
  virtual Result<Statement> certify(DeviceKey key, const Digest& freshness) = 0;

  /// Creates `key` again from its template, so that there is a ticket of it, and certifies that creation by the IAK
  /// (TPM2_CertifyCreation). @param freshness goes into extraData; outsideInfo is empty.
  virtual Result<CreationStatement> certify_creation(IdentityKey key, const Digest& freshness) = 0;

  /// Opens a credential that was made for this endorsement key and this IAK (TPM2_ActivateCredential).
  /// @param id_object buffer of the TPM2B_ID_OBJECT. @param encrypted_secret buffer of the TPM2B_ENCRYPTED_SECRET. Both
  /// without their size, as the maker of credentials gives them.
  /// @error bad_evidence: too long, or made for another endorsement key or another IAK.
  virtual Result<Secret> activate(BytesView id_object, BytesView encrypted_secret) = 0;

  /// Signs the SHA-256 PCRs with the IAK (TPM2_Quote). @param pcrs 1 to 24 numbers below 24, ascending.
  /// @error bad_request: an empty or unordered selection, or a number out of range.
  virtual Result<Quote> quote(const Digest& freshness, std::span<const std::uint8_t> pcrs) = 0;

  /// Signs SHA-256(`message`) with `key`; returns a DER Ecdsa-Sig-Value. @error not_found: no such key.
  virtual Result<Bytes> sign(DeviceKey key, BytesView message) = 0;
  /// The same over a digest that the caller computed, as TLS libraries do.
  virtual Result<Bytes> sign_digest(DeviceKey key, const Digest& digest) = 0;

  /// Makes a new key under the owner's storage key, in place of an earlier pending one, and returns its TPMT_PUBLIC.
  /// It survives a restart, not an owner clear. The operational key in use is untouched until `adopt_pending_key`.
  virtual Result<Bytes> create_pending_key() = 0;
  /// The pending key becomes the operational one, durably; the former one is gone. @error not_found: nothing pending.
  virtual Result<void> adopt_pending_key() = 0;

  /// Destroys everything of the owner, operational keys included (TPM2_Clear). The identity keys can be made again.
  virtual Result<void> clear() = 0;

  virtual Result<RootState> state() = 0;
};

}  // namespace birthmark::agent
