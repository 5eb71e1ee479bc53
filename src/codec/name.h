// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace birthmark::x509 {

inline constexpr std::size_t kNameAttributesMax = 32;

/// Bounds and strictness of reading strings and names.
struct NameRules {
  std::size_t value_max_bytes = 1024;
  /// Whether several attributes in one RDN must stand in DER order (X.690 §11.6). Asked of requests; makers of
  /// hardware get it wrong in certificates that are valid otherwise, and names are compared as bytes anyway.
  enum class SetOrder : std::uint8_t { any, sorted } set_order = SetOrder::any;
};

/// One attribute of a Name; aliases the Name.
struct NameAttribute {
  BytesView type;        ///< contents of the OID
  std::uint8_t tag = 0;  ///< of the string: UTF8, Printable, IA5, Numeric, Teletex or BMP
  BytesView value;       ///< contents of the string
  std::size_t rdn = 0;   ///< which RDN it stands in, from 0; several in one RDN share the number
};

/// Checks a character string: UTF-8, the alphabets of PrintableString, NumericString and IA5String, ASCII in
/// TeletexString, no surrogates in BMPString; no NUL in any; 1..value_max_bytes bytes.
/// @param tag one of those types. @error bad_request: any other tag, or what it must not hold.
Result<void> check_string(std::uint8_t tag, BytesView contents, std::size_t value_max_bytes);

/// Reads every attribute of a Name (RFC 5280 §4.1.2.4), at most kNameAttributesMax; an empty Name gives an empty list.
/// @param whole the SEQUENCE with its header; outlives the list.
/// @error bad_request: not that form, an empty RDN, a string that `check_string` refuses.
Result<std::vector<NameAttribute>> read_name(BytesView whole, NameRules rules = {});

/// The only attribute of that type; nothing if there is none or more than one: no reader may choose between two.
std::optional<NameAttribute> find_only_attribute(std::span<const NameAttribute> attributes, BytesView type);

/// One RDN with a single attribute, for writing.
struct NamePart {
  BytesView type;
  std::uint8_t tag = 0;
  std::string_view text;
};

/// Writes a Name of single-valued RDNs in the order given.
/// @error bad_request: more than kNameAttributesMax parts, or a text that `check_string` refuses.
Result<Bytes> write_name(std::span<const NamePart> parts);

/// The Name for logs and pages: RFC 4514 order and escapes, but every octet outside printable ASCII as \XX and values
/// of unknown types as text too; at most 1,024 characters, cut with "...". Never fails: "(unreadable name)".
/// Not for comparing: names are compared as DER.
std::string display_name(BytesView whole);

}  // namespace birthmark::x509
