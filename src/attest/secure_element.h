// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <set>
#include <string>
#include <vector>

#include "attest/appraisal.h"
#include "attest/manifest.h"
#include "attest/vendor_trust.h"

namespace birthmark::attest {

/// A slot's key that its supplier listed. The listing shows that the chip exists; that it is here, only its signature.
struct ListedElement {
  Bytes chip_id;
  Bytes signature;  ///< of the slot's key over the 32 octets of the freshness value
};

/// A slot's key that a key on the chip, or the vendor, certified.
struct AttestedElement {
  std::vector<Bytes> certificates;  ///< DER; the slot's first, then at most kHintsMax others, as hints
  Bytes signature;                  ///< as above
};

/// Whose attestation certificates are believed. Immutable once made.
class ElementTrust {
 public:
  /// Pins a root of a vendor. @error bad_request
  Result<void> add_root(BytesView certificate, std::string vendor, AnchorClass anchor_class);
  void deny(const Digest& digest) { vendors_.deny(digest); }
  Result<void> add_crl(BytesView der) { return vendors_.add_crl(der); }
  void set_crl_rule(CrlRule rule) { vendors_.set_crl_rule(rule); }
  /// A named exception: this pinned root may have one intermediate right below it that is no CA by its extensions, and
  /// for which its pathLen leaves no room. YubiKeys of before 2018 have such an intermediate on each chip.
  /// @param root_sha256 of the root's certificate
  void tolerate_unflagged_issuers(const Digest& root_sha256) { unflagged_.insert(root_sha256); }

  [[nodiscard]] const VendorTrust& vendors() const { return vendors_; }
  [[nodiscard]] bool tolerates(const VendorAnchor& root) const;

 private:
  VendorTrust vendors_;
  std::set<Digest> unflagged_;
};

/// Walks the steps of docs/wire/evidence.md SECURE ELEMENT for a listed element.
Appraisal appraise_listed_element(const ListedElement& evidence, const ManifestSet& manifests,
                                  const Challenge& challenge, const EvidencePolicy& policy);

/// And for an attested one. What a PKCS#11 library says of a key (CKA_LOCAL, CKA_NEVER_EXTRACTABLE) is never evidence:
/// there is no place for it.
Appraisal appraise_attested_element(const AttestedElement& evidence, const ElementTrust& trust,
                                    const Challenge& challenge, const EvidencePolicy& policy);

/// The public identity of a secure element (design §2): the deterministic CBOR array [vendor CA SPKI, chip id].
Bytes element_identity(BytesView vendor_ca_spki, BytesView chip_id);

}  // namespace birthmark::attest
