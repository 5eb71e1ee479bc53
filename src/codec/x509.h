// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>

#include "base/bytes.h"
#include "base/instant.h"
#include "base/result.h"
#include "codec/algorithm.h"
#include "codec/extensions.h"
#include "codec/name.h"

namespace birthmark::x509 {

inline constexpr std::size_t kCertificateMaxBytes = std::size_t{16} * 1024;
inline constexpr std::size_t kSerialMaxOctets = 20;

/// One X.509 v3 certificate in DER (RFC 5280 §4.1), read strictly.
///
/// Owns its bytes and shares them between copies: it may be kept and passed between threads, and every view that it
/// gives stays valid as long as this object or a copy of it lives. Copying costs a reference count.
///
/// That it exists proves syntax only: no signature was checked, no date, no name against any other; the key may be bad.
class Certificate {
 public:
  /// Reads exactly one certificate of 1..kCertificateMaxBytes bytes and copies it.
  /// Refused besides malformed DER: versions 1 and 2, a serial that is not positive or above 20 octets, an unknown
  /// signature algorithm or one that differs inside, unique identifiers, an empty issuer, explicit EC parameters,
  /// strings that `check_string` refuses, more than kExtensionsMax or repeated extensions, `critical` FALSE spelt out.
  /// Let through against RFC 5280: GeneralizedTime before 2050 (see `der::Reader::time_of_either_type`), attributes of
  /// one RDN out of DER order, end before beginning. @error bad_request
  static Result<Certificate> read(BytesView der);

  /// As `read`, for certificates that are trusted because they are configured: any signature algorithm is let through
  /// (inner and outer still equal) and shows as `unverifiable`, since nothing is concluded from that signature. Some
  /// makers of TPMs signed their intermediates with SHA-1. @error bad_request
  static Result<Certificate> read_anchor(BytesView der);

  [[nodiscard]] BytesView der() const { return parts_->der; }
  /// The to-be-signed bytes, header included: what the signature is over.
  [[nodiscard]] BytesView tbs() const { return parts_->tbs; }
  /// Big-endian magnitude of 1..20 octets without a sign octet; the first one is not zero.
  [[nodiscard]] BytesView serial() const { return parts_->serial; }
  [[nodiscard]] SignatureAlgorithm signature_algorithm() const { return parts_->algorithm; }
  [[nodiscard]] BytesView signature() const { return parts_->signature; }  ///< octets of the BIT STRING
  [[nodiscard]] BytesView issuer() const { return parts_->issuer; }        ///< whole DER Name, never empty
  [[nodiscard]] BytesView subject() const { return parts_->subject; }      ///< whole DER Name, may have no RDN
  /// The attributes of the subject; they have been checked when the certificate was read.
  [[nodiscard]] std::vector<NameAttribute> subject_attributes() const;
  [[nodiscard]] std::vector<NameAttribute> issuer_attributes() const;
  /// The only subject attribute of that type; nothing if there is none or more than one.
  [[nodiscard]] std::optional<NameAttribute> find_attribute(BytesView type) const;
  [[nodiscard]] Instant not_before() const { return parts_->not_before; }
  [[nodiscard]] Instant not_after() const { return parts_->not_after; }  ///< inclusive; kNoEnd for no end
  [[nodiscard]] BytesView spki() const { return parts_->spki; }          ///< whole SubjectPublicKeyInfo
  [[nodiscard]] Extensions extensions() const { return parts_->extensions; }
  /// The extension of that OID, or null.
  [[nodiscard]] const Extension* extension(BytesView type) const { return find_extension(parts_->extensions, type); }

  friend bool operator==(const Certificate& a, const Certificate& b) { return equal(a.der(), b.der()); }

 private:
  struct Parts {
    Bytes der;
    BytesView tbs, serial, signature, issuer, subject, spki;  // all into `der`
    SignatureAlgorithm algorithm = SignatureAlgorithm::unverifiable;
    Instant not_before{}, not_after{};
    std::vector<Extension> extensions;
  };
  enum class Algorithms : std::uint8_t { known, any };

  explicit Certificate(std::shared_ptr<const Parts> parts) : parts_{std::move(parts)} {}
  static Result<Certificate> read_with(Algorithms algorithms, BytesView der);
  static Result<void> read_outer(Algorithms algorithms, Parts& parts);
  static Result<void> read_tbs(BytesView algorithm, Parts& parts);

  std::shared_ptr<const Parts> parts_;
};

/// The whole SubjectPublicKeyInfo in to-be-signed bytes that we built ourselves; a view into them. Nothing before it is
/// judged but that it is DER. @error bad_request: not seven elements in a SEQUENCE.
Result<BytesView> spki_of(BytesView tbs);

}  // namespace birthmark::x509
