// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace birthmark::cose {

/// The signature algorithms that are taken (RFC 9053 §2.1, §2.2), by their numbers. HMAC is none: a shared secret is
/// no identity.
enum class Algorithm : std::int64_t { es256 = -7, es384 = -35, es512 = -36, eddsa = -8 };
/// "ES256"; "unknown" for a value outside the enumeration.
std::string_view name(Algorithm algorithm);

/// What must stand around the four fields of a COSE_Sign1.
enum class Tags : std::uint8_t {
  sign1,            ///< tag 18, and nothing else: PSA tokens, CoRIM
  sign1_or_none,    ///< tag 18 or no tag: where the place says what it is
  sign1_or_in_cwt,  ///< tag 18, or 18 within tag 61 (RFC 8392 §6): EAT
};

/// What a format asks of its messages.
struct Profile {
  Tags tags = Tags::sign1;
  /// Labels of header parameters that the caller processes besides those of `Header`; a `crit` may name them.
  std::span<const std::int64_t> understood = {};
  std::size_t bytes_max = std::size_t{64} * 1024;
};

inline constexpr std::size_t kParametersMax = 32;   ///< of both headers together
inline constexpr std::size_t kCertificatesMax = 9;  ///< of an x5chain: a leaf and eight above it

/// A label of a header parameter (RFC 9052 §1.5).
using Label = std::variant<std::int64_t, std::string_view>;

/// One header parameter as it came.
struct Parameter {
  Label label;
  BytesView value;  ///< the whole encoded item
  bool is_protected = false;
};

/// A hash of the signer's certificate (RFC 9360 §2, x5t).
struct Thumbprint {
  std::variant<std::int64_t, std::string_view> algorithm;
  BytesView hash;
};

/// A media type, or the number of a CoAP content format.
using ContentType = std::variant<std::uint64_t, std::string_view>;

/// The header parameters that are read: each is in one of the two headers, and may be in either but for `crit`, and for
/// `alg`, which says nothing where it is not protected.
struct Header {
  std::optional<Label> algorithm;  ///< alg, of the protected header only
  bool algorithm_is_unprotected = false;
  std::optional<ContentType> content_type;
  bool content_type_is_protected = false;
  std::optional<BytesView> key_id;    ///< kid
  std::vector<BytesView> x5chain;     ///< DER certificates, the signer's first; empty: none
  std::optional<Thumbprint> x5t;      ///< of the signer's certificate
  std::vector<Parameter> parameters;  ///< all of them, those above among them

  /// The parameter of that label, or null.
  [[nodiscard]] const Parameter* find(std::int64_t label) const;
};

/// One COSE_Sign1 (RFC 9052 §4.2), read and not verified. Aliases its input.
struct Sign1 {
  BytesView protected_header;  ///< what the signature covers: the encoded map; empty, if it has no parameter
  Header header;
  BytesView payload;
  BytesView signature;
  bool in_cwt = false;  ///< tag 61 stood around it
};

/// Reads exactly one COSE_Sign1 with its payload in it. CBOR as `cbor::Rule::definite`.
/// @error bad_evidence: malformed; another tag, with its name where it is one of COSE (a COSE_Mac0, tag 17, holds a
/// shared secret and is never taken); a label twice, in one header or both; `crit` outside the protected header, empty,
/// or naming what is not understood or not protected; a known parameter of another type; a detached payload; no
/// signature.
Result<Sign1> read_sign1(BytesView input, const Profile& profile = {});

/// The algorithm, which stands in the protected header and is one of `allowed`.
/// @error bad_evidence: none, only outside the protected header, one that is not known, a MAC, one that is not allowed.
Result<Algorithm> algorithm_of(const Sign1& message, std::span<const Algorithm> allowed);

/// What is signed: Sig_structure with context "Signature1" (RFC 9052 §4.4).
Bytes sig_structure(const Sign1& message, BytesView external_aad = {});

/// What a message that we write says of itself.
struct Draft {
  Algorithm algorithm = Algorithm::es256;
  std::optional<std::string> content_type = {};  ///< in the protected header
  Bytes key_id = {};                             ///< in the protected header; empty: none
  std::vector<Bytes> x5chain = {};               ///< in the unprotected header
  /// Further protected parameters, whole encoded items; labels above 4, each once, ascending.
  std::vector<std::pair<std::uint64_t, Bytes>> more = {};
  Bytes payload;
};

/// The encoded protected header of a draft, as `write_sign1` puts it in; to be signed in `sig_structure`.
Bytes protected_header(const Draft& draft);
/// Sig_structure of a draft.
Bytes sig_structure(const Draft& draft, BytesView external_aad = {});
/// COSE_Sign1 with tag 18. @param signature r || s, or the 64 octets of Ed25519 (RFC 9053 §2)
Bytes write_sign1(const Draft& draft, BytesView signature);

// --- COSE_Key (RFC 9052 §7, RFC 9053 §7) ---

enum class Curve : std::uint8_t { p256 = 1, p384 = 2, p521 = 3, ed25519 = 6 };

/// A public key with an uncompressed point. Owns nothing: aliases its input.
struct Key {
  Curve curve{};
  BytesView x;
  BytesView y;                           ///< of EC2; empty for OKP
  std::optional<BytesView> key_id = {};  ///< kid
  std::optional<std::int64_t> algorithm = {};
};

/// Reads one COSE_Key of type EC2 or OKP. Whether the point lies on its curve is for the reader of keys.
/// @error bad_evidence: another type or curve, a coordinate of another size, a compressed point, a private part.
Result<Key> read_key(BytesView input);

}  // namespace birthmark::cose
