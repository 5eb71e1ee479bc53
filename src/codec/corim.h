// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/instant.h"
#include "base/result.h"
#include "codec/cose.h"

/// Concise reference integrity manifests (draft-ietf-rats-corim): a draft, and therefore known to these files and to
/// attest/corim alone.
namespace birthmark::corim {

inline constexpr std::size_t kMaxBytes = std::size_t{1} << 20;
inline constexpr std::size_t kTextMaxBytes = 1024;

/// What a class id is made of, by its tag.
enum class ClassIdKind : std::uint8_t { uuid, oid, bytes };
struct ClassId {
  ClassIdKind kind{};
  Bytes value;
};

/// Which device, or part of one, a triple is about. What is empty or absent is not said.
struct Environment {
  std::optional<ClassId> class_id = {};
  std::string vendor = {};
  std::string model = {};
  std::optional<std::uint64_t> layer = {};
  std::optional<std::uint64_t> index = {};
  std::optional<Bytes> ueid = {};  ///< of the instance, where it is a tagged UEID (550)
  /// An instance of another kind, a group, or a class id of a kind that is not read: narrower than can be told here.
  bool has_more = false;
};

/// A digest by the registry of named information (1 is SHA-256, 7 SHA-384, 8 SHA-512), or by name.
struct Digest {
  std::variant<std::int64_t, std::string> algorithm;
  Bytes value;
};

/// A security version number: exactly this one, or at least.
struct SecurityVersion {
  std::uint64_t number = 0;
  bool is_minimum = false;
};

/// The flags of a measurement, by their numbers; 3 is is-debug.
inline constexpr std::size_t kFlags = 10;
inline constexpr std::size_t kIsDebug = 3;

struct Measurement {
  std::string key = {};   ///< mkey: a text as it is, a number in decimal, a UUID or OID in hex; empty: none
  std::string name = {};  ///< empty: not said
  std::string version = {};
  std::optional<SecurityVersion> svn = {};
  std::vector<Digest> digests = {};
  std::array<std::optional<bool>, kFlags> flags{};
  bool has_more = false;  ///< values that are not read here: raw ones, registers, ranges
};

struct Triple {
  Environment environment;
  std::vector<Measurement> measurements;
};

/// A key that belongs to an environment. @param value a text (554: PEM) as it is, anything else as its whole item
struct CryptoKey {
  std::uint64_t tag = 0;
  Bytes value;
};
struct KeyTriple {
  Environment environment;
  std::vector<CryptoKey> keys;
  bool has_conditions = false;  ///< it says for which measurements or authorities it holds
};

/// A concise module identifier (tag 506): what somebody says of some environments.
struct Comid {
  std::string id;  ///< a text as it is; a UUID as "uuid:" and hex
  std::uint64_t version = 0;
  std::vector<Triple> reference;
  std::vector<Triple> endorsed;
  std::vector<KeyTriple> identity;
  std::vector<KeyTriple> attest_key;
  bool has_other_triples = false;
  Bytes encoded;  ///< the CoMID as it came
};

struct Validity {
  std::optional<Instant> not_before = {};
  Instant not_after;
};

/// A CoRIM without its signature (tag 501).
struct Rim {
  std::string id;            ///< as `Comid::id`
  std::string profile = {};  ///< a URI, or an OID as "oid:" and hex; empty: none
  std::optional<Validity> validity = {};
  std::vector<Comid> comids;
  std::size_t other_tags = 0;  ///< CoSWID and whatever else was passed over
};

/// Who says that he signed (corim-meta); the key proves it, not the name.
struct Meta {
  std::string signer;
  std::optional<Validity> validity = {};
};

/// A signed CoRIM, its signature not verified. `message` aliases the input.
struct Signed {
  cose::Sign1 message;
  Meta meta;
};

/// Reads the outside: COSE_Sign1 with tag 18, content type application/rim+cbor and corim-meta, both protected. The
/// payload is for `read_rim`, once the signature holds.
/// @error bad_evidence
Result<Signed> read_signed(BytesView input);

/// Reads a CoRIM: tag 501, CBOR as `cbor::Rule::definite`, at most kMaxBytes. Members, triples and values that are not
/// known here are passed over, but noted where they narrow what is said. @error bad_evidence
Result<Rim> read_rim(BytesView input);

/// Reads one CoMID without its tag. @error bad_evidence
Result<Comid> read_comid(BytesView input);

}  // namespace birthmark::corim
