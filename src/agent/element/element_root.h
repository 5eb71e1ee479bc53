// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "adapters/pkcs11/session.h"
#include "agent/hardware/hardware_root.h"

namespace birthmark::agent {

/// What a secure element holds besides its keys, as objects of these labels, and how its keys are called.
namespace element {
inline constexpr const char* kVendorObject = "birthmark.vendor";            ///< certificate of the vendor's root
inline constexpr const char* kChipObject = "birthmark.chip";                ///< its id, as a manifest lists it
inline constexpr const char* kAttestationObject = "birthmark.attestation";  ///< certificate of the next one
/// A key that certifies the slots. On a SIMULATED element the agent writes the certificate and has this key sign it; an
/// element that attests by itself has no such key to lend, and is listed in a manifest.
inline constexpr const char* kAttestationKey = "birthmark.attestation";
inline constexpr const char* kIdevidKey = "birthmark.idevid";
inline constexpr const char* kOperationalKey = "birthmark.operational";
inline constexpr const char* kPendingKey = "birthmark.pending";
}  // namespace element

/// A secure element behind PKCS#11. Its slot's key signs the challenge; who made the slot's key is shown by a
/// certificate of the simulated attestation key, or, without one, by its supplier's manifest: such an element proves
/// the key of its birth and no other. What the PKCS#11 library says of a key is no evidence, and is not sent.
class ElementRoot final : public HardwareRoot {
 public:
  /// Opens the element, and makes the key of its birth where there is none.
  /// @param session logged in. @error not_found: the token is no element that was made ready for birthmark; unavailable
  static Result<std::unique_ptr<ElementRoot>> open(std::unique_ptr<pkcs11::Session> session);

  [[nodiscard]] std::string_view kind() const override { return "se"; }
  /// The array [vendor CA SPKI, chip id] (docs/wire/evidence.md DeviceId).
  Result<Bytes> public_identity() override;
  /// The element answers for itself by the key of its birth.
  Result<crypto::PublicKey> statement_key() override { return public_key(DeviceKey::idevid); }
  Result<crypto::PublicKey> public_key(DeviceKey key) override;
  Result<KeyProof> prove_key(DeviceKey key, const Digest& freshness) override;
  Result<SelfProof> prove_itself(const Digest& freshness) override;
  Result<Bytes> sign(DeviceKey key, BytesView message) override;
  Result<Bytes> sign_digest(DeviceKey key, const Digest& digest) override;
  Result<void> make_pending_key() override;
  Result<void> adopt_pending_key() override;
  /// Destroys the owner's keys.
  Result<void> clear() override;
  /// An element counts nothing.
  Result<RootState> state() override { return RootState{}; }

 private:
  explicit ElementRoot(std::unique_ptr<pkcs11::Session> session) : session_{std::move(session)} {}
  Result<BundleProof> prove(DeviceKey key, const Digest& freshness);
  /// A certificate of a slot's key by the simulated attestation key.
  Result<Bytes> attest_slot(const crypto::PublicKey& key);

  std::unique_ptr<pkcs11::Session> session_;
  Bytes vendor_certificate_, chip_id_;
  Bytes attestation_certificate_;  ///< empty: there is no attestation key
};

}  // namespace birthmark::agent
