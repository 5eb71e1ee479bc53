// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

/// Conceptual message wrappers of RATS (draft-ietf-rats-msg-wrap): a draft, and therefore known to these files alone.
namespace birthmark::cmw {

inline constexpr std::size_t kMaxBytes = std::size_t{64} * 1024;
inline constexpr std::size_t kLevelsMax = 4;    ///< of collections within each other
inline constexpr std::size_t kEntriesMax = 64;  ///< of one collection

/// What a record is of (`ind`, the bits of cm-type).
enum Indicator : std::uint8_t {
  reference_values = 1U << 0,
  endorsements = 1U << 1,
  evidence = 1U << 2,
  attestation_results = 1U << 3,
  appraisal_policy = 1U << 4,
};

/// A media type, or the number of a CoAP content format.
using Type = std::variant<std::uint16_t, std::string>;

/// One wrapped message, whichever form it came in.
struct Record {
  Type type;
  Bytes value;
  std::uint8_t indicators = 0;  ///< 0: not said
};

struct Entry;

/// Several messages, each under a name or a number of its own.
struct Collection {
  std::string type = {};  ///< `__cmwc_t`: a URI or OID; empty: not said
  std::vector<Entry> entries;
};

using Wrapper = std::variant<Record, Collection>;

struct Entry {
  std::variant<std::int64_t, std::string> label;
  Wrapper message;
};

/// Reads one CBOR wrapper: record, tag or collection; CBOR as `cbor::Rule::definite`. Serializations do not mix: what a
/// value holds is not looked into.
/// @error bad_evidence: malformed, no media type, a tag outside those of RFC 9277, `ind` of 0 or with unknown bits, an
/// empty collection, more levels or entries than the limits.
Result<Wrapper> read_cbor(BytesView input);

/// Reads one JSON wrapper: record or collection, its values in base64url. @error bad_evidence: as `read_cbor`
Result<Wrapper> read_json(std::string_view text);

/// Reads the value of the extension id-pe-cmw (1.3.6.1.5.5.7.1.35): UTF8String for JSON, OCTET STRING for CBOR.
/// @param value contents of the extension's OCTET STRING @error bad_evidence
Result<Wrapper> read_extension(BytesView value);

/// The CBOR tag that stands for a content format (RFC 9277 §4.3), and back; nothing for a tag that stands for none.
std::uint64_t tag_of(std::uint16_t content_format);
std::optional<std::uint16_t> content_format_of(std::uint64_t tag);

/// Writes a record in its array form. @error none: any record has one
Bytes write(const Record& record);

}  // namespace birthmark::cmw
