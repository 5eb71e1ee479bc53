// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <span>
#include <vector>

#include "agent/hardware/hardware_root.h"

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

/// What firmware and boot loader measure (TCG PC Client PFP §3.3.4); application PCRs say nothing of a device's kind.
inline constexpr std::array<std::uint8_t, 8> kQuotedPcrs{0, 1, 2, 3, 4, 5, 6, 7};

/// A TPM 2.0 as a root: what every root does, made of what a TPM does.
class TpmRoot : public HardwareRoot {
 public:
  [[nodiscard]] std::string_view kind() const final { return "tpm"; }
  /// SubjectPublicKeyInfo of the endorsement key.
  Result<Bytes> public_identity() final;
  Result<crypto::PublicKey> statement_key() final;
  Result<crypto::PublicKey> public_key(DeviceKey key) final;
  Result<KeyProof> prove_key(DeviceKey key, const Digest& freshness) final;
  /// A quote of kQuotedPcrs.
  Result<SelfProof> prove_itself(const Digest& freshness) final;
  Result<void> make_pending_key() final { return without_value(create_pending_key()); }
  TpmRoot* as_tpm() final { return this; }

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

  /// As `make_pending_key`, and returns its TPMT_PUBLIC.
  virtual Result<Bytes> create_pending_key() = 0;
};

/// The public key that a TPMT_PUBLIC holds. @error bad_evidence: not one that is read here, or a template.
Result<crypto::PublicKey> key_of(BytesView tpmt_public);

}  // namespace birthmark::agent
