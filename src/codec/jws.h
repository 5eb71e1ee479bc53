// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "codec/json.h"

/// JSON Web Signature (RFC 7515), compact and flattened, of signatures by one key.
namespace birthmark::jws {

inline constexpr std::size_t kHeaderMaxBytes = 4096;
inline constexpr std::size_t kPayloadMaxBytes = 64 * 1024;
inline constexpr std::size_t kSignatureMaxBytes = 512;

/// RFC 7518 §3.1: those that are read. "none" and the HMACs are not.
enum class Algorithm : std::uint8_t { es256, es384 };
std::string_view name(Algorithm algorithm);  ///< "ES256"

/// One signature and what it is over, read but not verified.
struct Jws {
  Algorithm algorithm{};
  std::optional<std::string> type = {};        ///< typ
  std::optional<std::string> key_id = {};      ///< kid
  std::optional<Octets<32>> x5t_s256 = {};     ///< x5t#S256
  boost::json::value protected_header;         ///< an object
  boost::json::value unprotected_header = {};  ///< flattened form: an object, or null
  std::string signing_input;                   ///< the ASCII text that the signature is over (§5.1)
  Bytes payload;
  Bytes signature;  ///< r || s, of the algorithm's size
};

/// Reads the compact serialization (§3.1).
/// @param allowed algorithms that the caller expects of the key: `alg` must be one of them.
/// @error bad_evidence: not three parts of strict base64url (no padding, unused bits zero); a protected header that is
/// no JSON object or names a member twice; no `alg`, or none that is allowed; `crit` or `b64`; a signature of another
/// size than the algorithm's; too long.
Result<Jws> read_compact(std::string_view text, std::span<const Algorithm> allowed);

/// Reads the flattened JSON serialization (§7.2.2): payload, protected and signature, perhaps header, and nothing else.
/// Members of the two headers are disjoint (§4), and the unprotected one names neither alg nor kid nor crit.
/// @error bad_evidence: as above.
Result<Jws> read_flattened(const boost::json::value& object, std::span<const Algorithm> allowed);

/// The text that a signature is to be over. @param protected_header one JSON object.
std::string signing_input(std::string_view protected_header, BytesView payload);
/// The compact serialization of it.
std::string write_compact(std::string_view signing_input, BytesView signature);
/// The flattened one, as one JSON object; `unprotected_header` is left out where it is null.
std::string write_flattened(std::string_view signing_input, BytesView signature,
                            const boost::json::value& unprotected_header = {});

}  // namespace birthmark::jws
