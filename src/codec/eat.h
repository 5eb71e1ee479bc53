// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/instant.h"
#include "base/result.h"

namespace birthmark::eat {

inline constexpr std::size_t kSubmoduleLevelsMax = 4;
inline constexpr std::size_t kListMax = 32;        ///< items of each list: nonces, submodules, measurements, results
inline constexpr std::size_t kTextMaxBytes = 256;  ///< of each text

/// One document that describes what was measured (RFC 9711 §4.2.16); not looked into.
struct Measurement {
  std::uint64_t content_format = 0;  ///< of CoAP; 258: a CoSWID
  Bytes document;
};

/// measres (RFC 9711 §4.2.17), by its numbers.
enum class Comparison : std::uint8_t { success = 1, fail = 2, not_run = 3, absent = 4 };

/// What the device itself found when it compared one thing with what it should be.
struct MeasurementResult {
  std::string system;
  std::string objective;
  Comparison result = Comparison::absent;
};

/// A version and, not kept, the scheme of its text.
using Version = std::string;

struct Submodule;

/// A claims set (RFC 9711 §4), of the device or of a submodule. Each claim may be absent; that is no value of it.
struct Claims {
  std::vector<Bytes> nonces = {};  ///< eat_nonce: each 8 to 64 octets; more than one: an array
  std::optional<Bytes> ueid = {};  ///< 7 to 33 octets
  std::optional<std::variant<std::int64_t, Bytes>> oemid = {};   ///< a private enterprise number, or 3 or 16 octets
  std::optional<Bytes> hardware_model = {};                      ///< hwmodel: 1 to 32 octets
  std::optional<Version> hardware_version = {};                  ///< hwversion
  std::optional<std::string> software_name = {};                 ///< swname
  std::optional<Version> software_version = {};                  ///< swversion
  std::optional<bool> oem_boot = {};                             ///< oemboot: the maker authorized the whole boot chain
  std::optional<std::uint8_t> debug = {};                        ///< dbgstat: 0 to 4
  std::optional<std::variant<std::string, Bytes>> profile = {};  ///< eat_profile: a URI, or the contents of an OID
  std::optional<std::uint64_t> boot_count = {};                  ///< bootcount
  std::optional<Bytes> boot_seed = {};                           ///< bootseed: 1 to 64 octets
  std::optional<std::uint8_t> intended_use = {};                 ///< intuse: 1 to 5
  std::optional<Instant> expires = {};                           ///< exp (RFC 8392 §3.1.4)
  std::optional<Instant> not_before = {};                        ///< nbf
  std::optional<Instant> issued_at = {};                         ///< iat
  std::vector<Measurement> measurements = {};
  std::vector<MeasurementResult> results = {};  ///< measres
  std::vector<Submodule> submodules;

  /// The submodule of that name, or null.
  [[nodiscard]] const Submodule* submodule(std::string_view name) const;
};

/// A token of its own, signed by somebody else; not looked into, and nothing of it is believed.
struct NestedToken {
  std::variant<Bytes, std::string> token;  ///< CBOR, or the text of a JSON token
};

/// The digest of a claims set that is elsewhere (RFC 9711 §4.2.18.2).
struct DetachedDigest {
  std::variant<std::int64_t, std::string> algorithm;  ///< of COSE: -16 is SHA-256
  Bytes digest;
};

/// A part of the device that the token speaks of (RFC 9711 §4.2.18). It inherits nothing.
struct Submodule {
  std::string name;
  std::variant<Claims, NestedToken, DetachedDigest> content;

  /// Its claims, if they stand here; else null.
  [[nodiscard]] const Claims* claims() const { return std::get_if<Claims>(&content); }
};

/// Reads the payload of an EAT: one map, CBOR as `cbor::Rule::definite`. Unknown claims are passed over.
/// @error bad_evidence: malformed; a known claim of another type, size or value; a time with a fraction; more than four
/// levels of submodules, or more of anything than `kListMax`.
Result<Claims> read_claims(BytesView payload);

/// Writes what `read_claims` reads, in deterministic CBOR. What it is given must have the sizes that the reader asks
/// for; they are not checked.
Bytes write(const Claims& claims);

}  // namespace birthmark::eat
