// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/instant.h"
#include "base/result.h"
#include "codec/x509.h"
#include "crypto/keys.h"

namespace birthmark::attest {

enum class AnchorKind : std::uint8_t { root, intermediate };
/// The simulated one is labelled for ever and no production policy can name it.
enum class AnchorClass : std::uint8_t { simulated, genuine };

/// One pinned certificate of a silicon vendor.
struct VendorAnchor {
  x509::Certificate certificate;
  crypto::PublicKey key;
  std::string vendor;  ///< as policies name it
  AnchorKind kind = AnchorKind::intermediate;
  AnchorClass anchor_class = AnchorClass::simulated;
};

/// A vendor's endorsement certificates and what is known against them. Immutable once made; read from several threads.
class VendorTrust {
 public:
  /// @error bad_request: a certificate or its key cannot be read.
  Result<void> add(BytesView certificate, std::string vendor, AnchorKind kind, AnchorClass anchor_class);
  /// Refuses a certificate or key for ever. @param digest SHA-256 of the certificate or of its SPKI.
  void deny(const Digest& digest) { denied_.insert(digest); }
  /// Fixes which key type is the identity of a model, where a chip has endorsement keys of several types.
  void fix_key_type(std::string model, crypto::KeyType type) { canonical_[std::move(model)] = type; }

  [[nodiscard]] bool denied(const x509::Certificate& certificate) const;
  [[nodiscard]] std::optional<crypto::KeyType> canonical_type(const std::string& model) const;
  [[nodiscard]] std::span<const VendorAnchor> anchors() const { return anchors_; }

 private:
  std::vector<VendorAnchor> anchors_;
  std::set<Digest> denied_;
  std::map<std::string, crypto::KeyType> canonical_;
};

/// Whom a leaf chains to.
struct VendorPath {
  const VendorAnchor* root = nullptr;  ///< lives as long as the trust
  Bytes issuer_key_id;                 ///< subjectKeyIdentifier of the leaf's issuer, or the hash of its SPKI
};

/// Finds a path from `leaf` to a pinned root: pinned intermediates first, then the chain that came with it, at most
/// three between. Nothing is ever fetched. @error ek_untrusted: none, or one link is outside its validity.
Result<VendorPath> find_path(const VendorTrust& trust, const x509::Certificate& leaf,
                             std::span<const x509::Certificate> hints, Instant at);

}  // namespace birthmark::attest
