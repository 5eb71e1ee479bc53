// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
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

/// Whether an endorsement certificate is taken without a CRL of its issuer that is in date.
enum class CrlRule : std::uint8_t { listed_only, fresh_required };

/// A vendor's endorsement certificates and what is known against them. Immutable once made; read from several threads.
class VendorTrust {
 public:
  /// Pins a certificate. One whose own signature uses an algorithm that is not verified here (SHA-1) can be pinned as a
  /// root only: as an intermediate it leads nowhere. @error bad_request: a certificate or its key cannot be read.
  Result<void> add(BytesView certificate, std::string vendor, AnchorKind kind, AnchorClass anchor_class);
  /// Refuses a certificate or key for ever. @param digest SHA-256 of the certificate or of its SPKI.
  void deny(const Digest& digest) { denied_.insert(digest); }
  /// Refuses a chip model. @param manufacturer eight upper-case hex digits. @param version empty: every one.
  void deny_model(std::string manufacturer, std::string model, std::string version);
  /// Takes what a pinned issuer's CRL lists; nothing that was listed once is ever taken off again.
  /// @error bad_request: unreadable. @error ek_untrusted: no pinned certificate of that name signed it.
  Result<void> add_crl(BytesView der);
  void set_crl_rule(CrlRule rule) { crl_rule_ = rule; }
  /// Fixes which key type is the identity of a model, where it is not P-256.
  void fix_key_type(std::string model, crypto::KeyType type) { canonical_[std::move(model)] = type; }

  /// Whether a certificate, or its key, is refused: by digest, or by a CRL of its issuer.
  [[nodiscard]] bool denied(const x509::Certificate& certificate) const;
  /// Whether a key is refused by digest, whatever certificate it has. @param spki_sha256 of its SPKI
  [[nodiscard]] bool denied_key(const Digest& spki_sha256) const { return denied_.contains(spki_sha256); }
  [[nodiscard]] bool denied_model(std::string_view manufacturer, std::string_view model,
                                  std::string_view version) const;
  /// Whether the rule asks for a CRL of this certificate's issuer that is in date, and there is none.
  [[nodiscard]] bool lacks_crl(const x509::Certificate& certificate, Instant at) const;
  /// The one type of endorsement key that is the identity of a model: P-256 unless fixed otherwise, so that a chip with
  /// keys of several types has one identity and not two.
  [[nodiscard]] crypto::KeyType canonical_type(const std::string& model) const;
  [[nodiscard]] std::span<const VendorAnchor> anchors() const { return anchors_; }
  /// Whether the key of one pinned certificate signed another; verified once, when the later of the two was pinned.
  [[nodiscard]] bool links(const VendorAnchor& issuer, const VendorAnchor& below) const;

 private:
  struct Model {
    std::string manufacturer, model, version;
    friend auto operator<=>(const Model&, const Model&) = default;
  };

  std::vector<VendorAnchor> anchors_;
  std::set<std::pair<std::size_t, std::size_t>> links_;  ///< places in `anchors_`: issuer, below
  std::set<Digest> denied_;
  std::set<Model> denied_models_;
  std::set<std::pair<Bytes, Bytes>> revoked_;  ///< issuer Name, serial
  std::map<Bytes, Instant> crls_;              ///< issuer Name -> latest nextUpdate
  std::map<std::string, crypto::KeyType> canonical_;
  CrlRule crl_rule_ = CrlRule::listed_only;
};

/// How many signatures one search may verify: certificates that sign each other must not buy the work of many (AC-38).
class SignatureBudget {
 public:
  static constexpr unsigned kMax = 32;
  /// Takes one; false if none is left.
  [[nodiscard]] bool spend() { return spent_ < kMax && ++spent_ > 0; }
  [[nodiscard]] unsigned spent() const { return spent_; }
  [[nodiscard]] bool used_up() const { return spent_ == kMax; }

 private:
  unsigned spent_ = 0;
};

/// Whom a leaf chains to.
struct VendorPath {
  const VendorAnchor* root = nullptr;  ///< lives as long as the trust
  Bytes issuer_key_id;                 ///< the leaf's authorityKeyIdentifier; else its issuer's key id or SPKI hash
};

inline constexpr std::size_t kHintsMax = 8;

/// Finds a path from `leaf` to a pinned root (RFC 5280 §6.1): pinned intermediates first, then the chain that came with
/// it, at most three between. Names, validity, denial and path lengths are looked at before a signature is. Hints are
/// no anchors: each must be a CA, and one with a critical extension that is not processed here is passed over. Nothing
/// is ever fetched.
/// @param hints at most kHintsMax. @param budget of signatures; what was spent can be read afterwards.
/// @error ek_untrusted: none, one link is outside its validity, or the budget is used up.
Result<VendorPath> find_path(const VendorTrust& trust, const x509::Certificate& leaf,
                             std::span<const x509::Certificate> hints, Instant at, SignatureBudget& budget);

}  // namespace birthmark::attest
