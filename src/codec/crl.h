// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/instant.h"
#include "base/result.h"
#include "codec/algorithm.h"
#include "codec/der.h"
#include "codec/distribution_point.h"
#include "codec/extensions.h"

namespace birthmark::x509 {

inline constexpr std::size_t kCrlMaxBytes = std::size_t{1} << 20;

/// RFC 5280 §5.3.1; the numbers are the standard's.
enum class RevocationReason : std::uint8_t {
  unspecified = 0,
  key_compromise = 1,
  ca_compromise = 2,
  affiliation_changed = 3,
  superseded = 4,
  cessation_of_operation = 5,
  certificate_hold = 6,
  remove_from_crl = 8,
  privilege_withdrawn = 9,
  aa_compromise = 10,
};

/// One entry; aliases its CRL.
struct RevokedCertificate {
  BytesView serial;              ///< magnitude without a sign octet, as `Certificate::serial`
  BytesView certificate_issuer;  ///< whole DER Name of who issued it; empty: the issuer of the CRL
  Instant revoked_at{};
  std::optional<Instant> invalid_since;
  RevocationReason reason = RevocationReason::unspecified;
};

/// What a CRL covers (RFC 5280 §5.2.5). Without the extension: everything of its issuer, for all reasons.
struct CrlScope {
  std::optional<DistributionPointName> point;
  enum class Only : std::uint8_t { any, user_certificates, ca_certificates, attribute_certificates } only = Only::any;
  std::optional<std::uint32_t> reasons;  ///< absent: all
  bool indirect = false;                 ///< may list certificates of other issuers
};

/// One CertificateList (RFC 5280 §5) in DER, read strictly; shares its bytes between copies, as `Certificate`.
/// That it exists proves syntax only: no signature was checked, no date, no name against any other.
class Crl {
 public:
  /// Reads exactly one CRL of 1..kCrlMaxBytes bytes and copies it. Memory is linear in its size, whatever it claims.
  /// Refused besides malformed DER: a version that is neither absent nor 2, extensions in version 1, an unknown
  /// signature algorithm or one that differs inside, an empty issuer, a serial that is not positive or above 20 octets,
  /// an empty list of entries, a reason that the standard does not give, one extension twice, a scope that is empty or
  /// names more than one kind of certificate. Let through against RFC 5280: GeneralizedTime before 2050, and no
  /// nextUpdate. @error bad_request
  static Result<Crl> read(BytesView der);

  [[nodiscard]] BytesView der() const { return parts_->der; }
  [[nodiscard]] BytesView tbs() const { return parts_->tbs; }  ///< what the signature is over
  [[nodiscard]] SignatureAlgorithm signature_algorithm() const { return parts_->algorithm; }
  [[nodiscard]] BytesView signature() const { return parts_->signature; }
  [[nodiscard]] BytesView issuer() const { return parts_->issuer; }  ///< whole DER Name, never empty
  [[nodiscard]] Instant this_update() const { return parts_->this_update; }
  [[nodiscard]] std::optional<Instant> next_update() const { return parts_->next_update; }
  [[nodiscard]] const std::optional<CrlScope>& scope() const { return parts_->scope; }
  /// The IDP as it stands, to compare the scopes of two CRLs; empty if absent.
  [[nodiscard]] BytesView scope_der() const { return parts_->scope_der; }
  /// Magnitudes of at most 20 octets; §5.2.3, §5.2.4. A CRL with `base_number` lists changes only.
  [[nodiscard]] std::optional<BytesView> number() const { return parts_->number; }
  [[nodiscard]] std::optional<BytesView> base_number() const { return parts_->base_number; }
  /// The key identifier of §5.2.1, if there is one.
  [[nodiscard]] std::optional<BytesView> authority_key_id() const { return parts_->authority_key_id; }
  [[nodiscard]] Extensions extensions() const { return parts_->extensions; }
  /// Whether something critical, of the list or of an entry, is not understood here: then nothing may be concluded from
  /// it (§5.2, §5.3).
  [[nodiscard]] bool has_unknown_critical() const { return parts_->has_unknown_critical; }

  /// In the order of their serials, those of one serial in the order of the CRL.
  [[nodiscard]] std::span<const RevokedCertificate> entries() const { return parts_->entries; }
  /// The entries of that serial, of any issuer, found by bisection.
  [[nodiscard]] std::span<const RevokedCertificate> find(BytesView serial) const;

 private:
  struct Parts {
    Bytes der;
    BytesView tbs, signature, issuer, scope_der;
    SignatureAlgorithm algorithm = SignatureAlgorithm::unverifiable;
    Instant this_update{};
    std::optional<Instant> next_update;
    std::vector<RevokedCertificate> entries;
    std::vector<Extension> extensions;
    std::optional<CrlScope> scope;
    std::optional<BytesView> number, base_number, authority_key_id;
    bool has_unknown_critical = false;
  };

  explicit Crl(std::shared_ptr<const Parts> parts) : parts_{std::move(parts)} {}
  static Result<void> read_tbs(BytesView algorithm, Parts& parts);
  static Result<void> read_entries(der::Reader list, Parts& parts);
  static Result<void> read_list_extensions(Parts& parts);

  std::shared_ptr<const Parts> parts_;
};

}  // namespace birthmark::x509
