// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/secret.h"
#include "crypto/keys.h"

namespace birthmark::agent {

/// Keys that sign for others: CSR, TLS, receipts.
enum class DeviceKey : std::uint8_t {
  idevid,
  operational,  ///< of the LDevID in use
  pending,      ///< made for the next LDevID, not yet adopted
};

/// A statement that a TPM signed with its IAK.
struct Statement {
  Bytes attest;     ///< TPMS_ATTEST: the signed bytes, no size before them
  Bytes signature;  ///< TPMT_SIGNATURE
};

/// What a TPM says of one of its keys.
struct TpmKeyProof {
  Bytes key_public;     ///< TPMT_PUBLIC of the key
  Bytes parent_public;  ///< TPMT_PUBLIC of the storage key above it; empty: of a primary
  Statement statement;  ///< TPM2_Certify by the IAK
};

/// Evidence of any other kind: one AttestationBundle (docs/wire/evidence.md, BUNDLE), DER.
struct BundleProof {
  Bytes bundle;
};

/// What the hardware signed about one of its keys, and about itself, in the form that the registry takes of its kind.
using KeyProof = std::variant<TpmKeyProof, BundleProof>;
using SelfProof = std::variant<Statement, BundleProof>;

/// Counters of the root. They are in every statement too; here they are unsigned, for display and support.
struct RootState {
  std::uint64_t clock_ms = 0;  ///< powered milliseconds since the last clear
  std::uint32_t reset_count = 0;
  std::uint32_t restart_count = 0;
  bool clock_safe = false;  ///< false: the clock may have gone back at the last power loss
  std::uint64_t firmware_version = 0;
};

class TpmRoot;

/// The hardware that a device's identity is a property of, of any kind. One thread at a time.
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
  /// What the DeviceId is made of (design §2), as the hardware shows it now. @error not_found: it has no identity yet
  virtual Result<Bytes> public_identity() = 0;
  /// The key that speaks for the hardware: IAK, attestation key, device-id key.
  virtual Result<crypto::PublicKey> statement_key() = 0;
  /// The public half of a key. @error not_found: there is no such key, or an owner clear destroyed it.
  virtual Result<crypto::PublicKey> public_key(DeviceKey key) = 0;

  /// Evidence that `key` lives in this hardware. @param freshness value of docs/wire/evidence.md for this key's SPKI.
  /// @error not_found: no such key
  virtual Result<KeyProof> prove_key(DeviceKey key, const Digest& freshness) = 0;
  /// Evidence that this hardware answers now. @param freshness value for the SPKI of `statement_key`.
  virtual Result<SelfProof> prove_itself(const Digest& freshness) = 0;

  /// Signs SHA-256(`message`) with `key`; returns a DER Ecdsa-Sig-Value. @error not_found: no such key.
  virtual Result<Bytes> sign(DeviceKey key, BytesView message) = 0;
  /// The same over a digest that the caller computed, as TLS libraries do.
  virtual Result<Bytes> sign_digest(DeviceKey key, const Digest& digest) = 0;

  /// Makes a new key under the owner's control, in place of an earlier pending one. It survives a restart, not an owner
  /// clear. The operational key in use is untouched until `adopt_pending_key`.
  virtual Result<void> make_pending_key() = 0;
  /// The pending key becomes the operational one, durably; the former one is gone. @error not_found: nothing pending.
  virtual Result<void> adopt_pending_key() = 0;

  /// Destroys everything of the owner, operational keys included. The identity keys can be made again.
  virtual Result<void> clear() = 0;

  virtual Result<RootState> state() = 0;

  /// This root as a TPM, where it is one; else null.
  virtual TpmRoot* as_tpm() { return nullptr; }
};

}  // namespace birthmark::agent
