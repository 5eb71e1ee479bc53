// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "attest/appraisal.h"
#include "attest/vendor_trust.h"
#include "codec/matter.h"

namespace birthmark::attest {

/// A Matter device's answer to an attestation request (Core Specification §6.2.3).
struct MatterEvidence {
  Bytes dac;        ///< DER certificate of the device
  Bytes pai;        ///< and of its intermediate
  Bytes elements;   ///< attestation_elements, TLV as it came
  Bytes signature;  ///< r || s, 64 octets
};

/// A certificate that was taken back: what a revocation set names (§6.2.4.2).
struct MatterRevocation {
  Bytes authority_key_id;
  Bytes issuer;  ///< whole DER Name
  Bytes serial;  ///< magnitude

  friend auto operator<=>(const MatterRevocation&, const MatterRevocation&) = default;
};

/// Product attestation authorities, signers of certification declarations, and what was revoked. Immutable once made.
class MatterTrust {
 public:
  /// Pins a PAA: P-256, CA, pathLen absent or 1, key identifiers, perhaps a vendor id, no product id. One of a test
  /// vendor id, FFF1 to FFF4, is simulated whatever is said. @error bad_request
  Result<void> add_paa(BytesView certificate, std::string vendor, AnchorClass anchor_class);
  /// Pins who signs declarations: P-256, with a subjectKeyIdentifier, by which a declaration names it.
  /// @error bad_request; conflict: another one has that identifier.
  Result<void> add_declaration_signer(BytesView certificate, AnchorClass anchor_class);
  /// Takes a DAC or PAI for revoked, for ever.
  void revoke(MatterRevocation revocation) { revoked_.insert(std::move(revocation)); }
  /// Refuses a certificate or key for ever. @param digest SHA-256 of it or of its SPKI.
  void deny(const Digest& digest) { paas_.deny(digest); }

  struct Signer {
    crypto::PublicKey key;
    AnchorClass anchor_class = AnchorClass::simulated;
  };
  [[nodiscard]] const VendorTrust& paas() const { return paas_; }
  /// Null if nobody has that identifier.
  [[nodiscard]] const Signer* declaration_signer(BytesView key_id) const;
  [[nodiscard]] bool revoked(const x509::Certificate& certificate) const;

 private:
  VendorTrust paas_;
  std::map<Bytes, Signer> signers_;
  std::set<MatterRevocation> revoked_;
};

/// Whether a declaration of type "test" may pass; in production it never does.
enum class TestDeclarations : std::uint8_t { refused, allowed };

/// What a Matter device must show besides what it says of itself.
struct MatterRules {
  TestDeclarations test_declarations = TestDeclarations::refused;
  std::optional<matter::Id> vendor = {};          ///< of the plan; empty: any
  std::optional<matter::Id> product = {};         ///< likewise
  std::vector<std::string> certificate_ids = {};  ///< that the alliance's ledger has; empty: any
};

/// Walks the steps of docs/wire/evidence.md MATTER, in their order. `Challenge::freshness` is the attestation nonce.
/// @param session_challenge attestation_challenge of the secure session, 16 octets.
Appraisal appraise_matter(const MatterEvidence& evidence, const Octets<16>& session_challenge, const MatterTrust& trust,
                          const Challenge& challenge, const EvidencePolicy& policy, const MatterRules& rules = {});

}  // namespace birthmark::attest
