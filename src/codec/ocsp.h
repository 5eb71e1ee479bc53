// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/instant.h"
#include "base/result.h"
#include "codec/algorithm.h"

/// OCSP (RFC 6960) in DER, read strictly: syntax only, no signature and no date.
namespace birthmark::ocsp {

inline constexpr std::size_t kRequestMaxBytes = std::size_t{8} * 1024;
inline constexpr std::size_t kResponseMaxBytes = std::size_t{64} * 1024;
inline constexpr std::size_t kRequestsMax = 16;     ///< certificates that one request may ask for
inline constexpr std::size_t kResponsesMax = 64;    ///< and that one response may speak of
inline constexpr std::size_t kCertificatesMax = 8;  ///< beside a signature
inline constexpr std::size_t kNonceMaxBytes = 128;  ///< RFC 9654 §2.1
inline constexpr std::size_t kSerialMaxOctets = 20;

/// The hashes of a CertID. SHA-1 names an issuer here and proves nothing (RFC 5019 §2.1.1 asks for it).
enum class IdHash : std::uint8_t { sha1, sha256, sha384, sha512 };
/// Bytes of a digest.
std::size_t digest_size(IdHash hash);

/// CertID (RFC 6960 §4.1.1).
struct CertId {
  IdHash hash = IdHash::sha1;
  Bytes issuer_name_hash;  ///< a digest of `hash`, as the next
  Bytes issuer_key_hash;   ///< over the octets of the issuer's BIT STRING
  Bytes serial;            ///< magnitude of 1..20 octets without a sign octet, as `x509::Certificate::serial`
  friend bool operator==(const CertId&, const CertId&) = default;
};

/// OCSPRequest (RFC 6960 §4.1.1).
struct Request {
  std::vector<CertId> certificates;  ///< 1..kRequestsMax
  std::optional<Bytes> nonce;        ///< 1..kNonceMaxBytes
  bool is_signed = false;            ///< a signature is there, its form was checked; nobody here verifies it
  friend bool operator==(const Request&, const Request&) = default;
};

/// Reads exactly one request of 1..kRequestMaxBytes bytes. An extension that is unknown here is passed over.
/// @error bad_request: malformed DER, a version spelt out, no certificate or more than kRequestsMax, an unknown hash or
///     a digest of another size, a serial that no certificate has, a nonce without octets or of more than
///     kNonceMaxBytes (RFC 9654 §2.1), an extension twice or unknown and critical.
Result<Request> read_request(BytesView der);

/// Writes a request without a signature. @error bad_request: `read_request` would not take it
Result<Bytes> write(const Request& request);

/// OCSPResponseStatus (RFC 6960 §4.2.1).
enum class ResponseStatus : std::uint8_t {
  successful = 0,
  malformed_request = 1,
  internal_error = 2,
  try_later = 3,
  sig_required = 5,
  unauthorized = 6,
};

enum class CertStatus : std::uint8_t { good, revoked, unknown };

/// SingleResponse (RFC 6960 §4.2.1).
struct SingleResponse {
  CertId certificate;
  CertStatus status = CertStatus::unknown;
  std::optional<Instant> revoked_at;   ///< of revoked, always there
  std::optional<std::uint8_t> reason;  ///< CRLReason (RFC 5280 §5.3.1), where it is said
  Instant this_update;
  std::optional<Instant> next_update;
};

/// BasicOCSPResponse (RFC 6960 §4.2.1).
struct BasicResponse {
  Bytes tbs;  ///< ResponseData, header included: what the signature is over
  x509::SignatureAlgorithm algorithm = x509::SignatureAlgorithm::unverifiable;  ///< that, for one not known here
  Bytes signature;                                                              ///< octets of the BIT STRING
  Bytes responder_name;      ///< whole DER Name; empty: it is named by its key
  Bytes responder_key_hash;  ///< SHA-1 of the octets of its key's BIT STRING; empty: it is named by its name
  Instant produced_at;
  std::vector<SingleResponse> responses;  ///< 1..kResponsesMax
  std::optional<Bytes> nonce;
  std::vector<Bytes> certificates;  ///< at most kCertificatesMax elements, hints; not looked into
};

struct Response {
  ResponseStatus status = ResponseStatus::internal_error;
  std::optional<BasicResponse> basic;  ///< exactly where it is successful
};

/// Reads exactly one response of 1..kResponseMaxBytes bytes.
/// @error bad_request: malformed DER, an unknown status, a body with an error status or none with a good one, a type of
///     response that is not id-pkix-ocsp-basic, a version spelt out, a time that is no GeneralizedTime, an unknown
///     reason, an extension twice or unknown and critical, or past a limit.
Result<Response> read_response(BytesView der);

}  // namespace birthmark::ocsp
