// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "attest/vendor_trust.h"
#include "base/ids.h"
#include "base/instant.h"
#include "base/result.h"
#include "crypto/keys.h"

namespace birthmark::attest {

inline constexpr std::size_t kManifestMaxBytes = std::size_t{4} * 1024 * 1024;
inline constexpr std::size_t kManifestComponentsMax = 4096;
inline constexpr std::size_t kChipIdMaxBytes = 32;
inline constexpr std::size_t kChipKeysMax = 16;

/// What a supplier's list is of.
enum class ComponentKind : std::uint8_t { endorsement_key, device_key, chip };
/// "endorsement_key"; "unknown" for a value outside the enumeration.
std::string_view name(ComponentKind kind);

/// Whose signature over lists is believed: pinned, and never taken from a list.
struct ManifestSigner {
  std::string supplier;  ///< as policies name the vendor
  AnchorClass anchor_class = AnchorClass::simulated;
  crypto::PublicKey key;
  std::string key_id;  ///< base64url of the subjectKeyIdentifier, as `kid` has it
  Digest thumbprint;   ///< SHA-256 of the certificate, as `x5t#S256` has it
  Instant not_before, not_after;
  Bytes vendor_ca;  ///< SPKI that identities of the supplier's chips are made with; stays when signers change

  /// @param certificate DER, P-256, with a subjectKeyIdentifier. @param vendor_ca_spki empty: the signer's own.
  /// @error bad_request
  static Result<ManifestSigner> pin(BytesView certificate, std::string supplier, AnchorClass anchor_class,
                                    BytesView vendor_ca_spki = {});
};

/// One public key of a chip.
struct ListedKey {
  std::string slot;  ///< as the list names it
  crypto::PublicKey key;
};

/// One component of a list.
struct ListedComponent {
  Bytes id;                          ///< SHA-256 of an endorsement or device key's SPKI; the id of a chip
  std::string part;                  ///< part number; empty: not said
  std::vector<ListedKey> keys = {};  ///< of chips
};

/// What a supplier signed once: immutable. It proves that the supplier made such components, not that one is here.
class ComponentManifest {
 public:
  [[nodiscard]] ComponentKind kind() const { return kind_; }
  [[nodiscard]] const std::string& supplier() const { return supplier_; }
  [[nodiscard]] AnchorClass anchor_class() const { return anchor_class_; }
  [[nodiscard]] BytesView vendor_ca() const { return vendor_ca_; }
  [[nodiscard]] const Digest& digest() const { return digest_; }  ///< SHA-256 of the text as it came
  /// In the order of their ids, none twice.
  [[nodiscard]] std::span<const ListedComponent> components() const { return components_; }
  /// Null if it is not listed. Lives as long as the manifest.
  [[nodiscard]] const ListedComponent* find(BytesView id) const;

 private:
  friend Result<ComponentManifest> read_chip_manifest(std::string_view, const ManifestSigner&, Instant);
  friend Result<ComponentManifest> read_component_list(std::string_view, const ManifestSigner&, Instant);
  ComponentManifest(ComponentKind kind, const ManifestSigner& signer, std::string_view text);
  /// @error bad_evidence: one id twice
  Result<void> set(std::vector<ListedComponent> components);

  ComponentKind kind_;
  std::string supplier_;
  AnchorClass anchor_class_;
  Bytes vendor_ca_;
  Digest digest_;
  std::vector<ListedComponent> components_;
};

/// Reads a manifest of secure elements as Microchip writes them (attestation.md §4): a JSON array of 1 to
/// kManifestComponentsMax flattened JWS, each ES256 by the pinned signer. `kid` and `x5t#S256` are the signer's,
/// `header.uniqueId` is the payload's, each key of `publicKeySet` lies on P-256, and a certificate in its `x5c` is of
/// that key. Members that are not known are passed over. At most kManifestMaxBytes; the first entry that fails ends the
/// work.
/// @error bad_evidence with check "manifest.structure", "manifest.signer", "manifest.signature", "manifest.entry" or
/// "manifest.duplicate".
Result<ComponentManifest> read_chip_manifest(std::string_view json_array, const ManifestSigner& signer, Instant now);

/// Reads a list in birthmark's own form (docs/wire/evidence.md MANIFEST): one compact JWS, ES256 by the pinned signer.
/// @error bad_evidence, as above.
Result<ComponentManifest> read_component_list(std::string_view compact_jws, const ManifestSigner& signer, Instant now);

/// The payload of such a list. @param ids 32 octets each, or of chips 1..kChipIdMaxBytes.
std::string component_list_payload(ComponentKind kind, std::string_view supplier, Instant issued_at,
                                   std::span<const Bytes> ids);

/// The manifests of all suppliers. A component is listed once: its second listing is refused with its whole manifest.
class ManifestSet {
 public:
  /// @param manifest not null. @error conflict with check "manifest.duplicate": it holds what another one holds
  /// already.
  Result<void> add(std::shared_ptr<const ComponentManifest> manifest);

  struct Found {
    const ComponentManifest* manifest = nullptr;
    const ListedComponent* component = nullptr;
  };
  /// Nothing if no manifest lists it. Lives as long as the set.
  [[nodiscard]] std::optional<Found> find(ComponentKind kind, BytesView id) const;

 private:
  std::vector<std::shared_ptr<const ComponentManifest>> manifests_;
  std::map<std::pair<ComponentKind, Bytes>, std::size_t> places_;  ///< in `manifests_`
};

}  // namespace birthmark::attest
