// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "codec/algorithm.h"
#include "codec/extensions.h"
#include "codec/name.h"

namespace birthmark::pkcs10 {

/// Evidence and a chain fit in, and so does a key of the algorithms to come.
inline constexpr std::size_t kRequestMaxBytes = std::size_t{64} * 1024;
inline constexpr std::size_t kAttributesMax = 16;
inline constexpr std::size_t kStringMaxBytes = 256;

/// One attribute with its one value.
struct Attribute {
  BytesView type;   ///< contents of the OID
  BytesView value;  ///< the whole element that the SET of values holds
};

/// One certification request in DER (RFC 2986 §4), read strictly.
///
/// Owns its bytes and shares them between copies, as `x509::Certificate` does: views stay valid as long as this object
/// or a copy of it lives. That it exists proves syntax only: the proof of possession is for the verifier of `signature`
/// over `info`, and the key may be bad.
class Request {
 public:
  /// Reads exactly one request of 1..kRequestMaxBytes bytes and copies it.
  /// Refused besides malformed DER: versions other than 0; the attributes field missing; attributes out of DER order,
  /// repeated, with no value or several; strings (in the subject, or as an attribute's value) above kStringMaxBytes or
  /// that `x509::check_string` refuses; an RDN out of DER order; explicit EC parameters; an unknown signature
  /// algorithm; repeated extensions. @error bad_request
  static Result<Request> read(BytesView der);

  [[nodiscard]] BytesView der() const { return parts_->der; }
  /// The CertificationRequestInfo, header included: what the signature is over.
  [[nodiscard]] BytesView info() const { return parts_->info; }
  [[nodiscard]] BytesView subject() const { return parts_->subject; }  ///< whole DER Name, may have no RDN
  /// The only subject attribute of that type; nothing if there is none or more than one.
  [[nodiscard]] std::optional<x509::NameAttribute> find_subject_attribute(BytesView type) const;
  [[nodiscard]] BytesView spki() const { return parts_->spki; }  ///< whole SubjectPublicKeyInfo
  [[nodiscard]] std::span<const Attribute> attributes() const { return parts_->attributes; }
  [[nodiscard]] const Attribute* attribute(BytesView type) const;
  /// RFC 2985 §5.4.1, as text of PrintableString or UTF8String, 1..kStringMaxBytes bytes.
  [[nodiscard]] std::optional<std::string_view> challenge_password() const { return parts_->challenge_password; }
  /// RFC 2985 §5.4.2; empty if none are asked for. Values are checked by the typed readers of extensions.h.
  [[nodiscard]] x509::Extensions extensions() const { return parts_->extensions; }
  [[nodiscard]] x509::SignatureAlgorithm signature_algorithm() const { return parts_->algorithm; }
  [[nodiscard]] BytesView signature() const { return parts_->signature; }  ///< octets of the BIT STRING

 private:
  struct Parts {
    Bytes der;
    BytesView info, subject, spki, signature;  // all into `der`
    std::vector<Attribute> attributes;
    std::optional<std::string_view> challenge_password;
    std::vector<x509::Extension> extensions;
    x509::SignatureAlgorithm algorithm = x509::SignatureAlgorithm::unverifiable;
  };

  explicit Request(std::shared_ptr<const Parts> parts) : parts_{std::move(parts)} {}
  static Result<void> read_info(Parts& parts);
  static Result<void> interpret(Parts& parts);

  std::shared_ptr<const Parts> parts_;
};

/// Writes a CertificationRequestInfo: version 0, attributes sorted into DER order.
/// @param subject a whole Name. @param spki a whole SubjectPublicKeyInfo. Both are copied unchecked.
/// @error bad_request: an attribute twice, or more than kAttributesMax.
Result<Bytes> certification_request_info(BytesView subject, BytesView spki, std::span<const Attribute> attributes);

/// Puts a request together. @param signature octets of the BIT STRING.
Bytes assemble(BytesView info, x509::SignatureAlgorithm algorithm, BytesView signature);

/// Signs the bytes of the info and returns the octets of the signature.
using Signer = std::function<Result<Bytes>(BytesView info)>;

/// The two steps above in one, and reads the result back before it is given out.
/// @error bad_request: the parts do not make a request that `Request::read` takes; or the signer's error.
Result<Bytes> write_request(BytesView subject, BytesView spki, std::span<const Attribute> attributes,
                            x509::SignatureAlgorithm algorithm, const Signer& sign);

/// The value of a challengePassword attribute: a UTF8String. @error bad_request: empty, too long, NUL, not UTF-8.
Result<Bytes> challenge_password_value(std::string_view text);

}  // namespace birthmark::pkcs10
