// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace birthmark::x509 {

inline constexpr std::size_t kExtensionsMax = 32;
inline constexpr std::size_t kGeneralNamesMax = 256;
inline constexpr std::size_t kSubtreesMax = 512;
inline constexpr std::size_t kUsagesMax = 32;

/// One extension of a certificate or a request; aliases the bytes that it was read from.
struct Extension {
  BytesView type;  ///< contents of the OID
  bool critical = false;
  BytesView value;  ///< contents of the OCTET STRING
};
using Extensions = std::span<const Extension>;

/// Reads Extensions (RFC 5280 §4.2), 1..kExtensionsMax of them; their values are not looked into.
/// @param whole the SEQUENCE with its header.
/// @error bad_request: not that form, one type twice, `critical` FALSE spelt out.
Result<std::vector<Extension>> read_extensions(BytesView whole);

/// Writes Extensions in the order given.
Bytes write_extensions(Extensions extensions);

/// The extension of that type, or null.
const Extension* find_extension(Extensions extensions, BytesView type);

// Typed readers. Each gives nothing if the extension is absent, and @error bad_request if its value is not exactly what
// the named clause of RFC 5280 says; results alias the extension's bytes. None looks at `critical`.

/// §4.2.1.9.
struct BasicConstraints {
  bool is_ca = false;
  std::optional<std::uint32_t> path_length;  ///< CAs only, at most 255
};
Result<std::optional<BasicConstraints>> basic_constraints(Extensions extensions);

/// §4.2.1.3: bit 0 (digitalSignature) is 1U << 0; at least one bit of the nine is set.
Result<std::optional<std::uint32_t>> key_usage(Extensions extensions);

/// §4.2.1.12: contents of the OIDs, 1..kUsagesMax, none twice.
Result<std::optional<std::vector<BytesView>>> extended_key_usage(Extensions extensions);

/// §4.2.1.1.
struct AuthorityKeyIdentifier {
  std::optional<BytesView> key_id;     ///< 1..64 octets
  bool has_issuer_and_serial = false;  ///< both are there; checked for form only
};
Result<std::optional<AuthorityKeyIdentifier>> authority_key_identifier(Extensions extensions);

/// §4.2.1.2: 1..64 octets.
Result<std::optional<BytesView>> subject_key_identifier(Extensions extensions);

/// §4.2.1.6, in the order of the tags.
enum class GeneralNameKind : std::uint8_t {
  other_name,
  rfc822,
  dns,
  x400,
  directory,
  edi_party,
  uri,
  ip,
  registered_id
};

struct GeneralName {
  GeneralNameKind kind;
  /// other_name: the whole value inside [0]. rfc822, dns, uri: visible ASCII without spaces. directory: the whole Name,
  /// read with `read_name`. ip: 4 or 16 octets (8 or 32 in name constraints). registered_id: contents of the OID. x400,
  /// edi_party: contents, not looked into. A mask in name constraints is a CIDR prefix.
  BytesView value;
  BytesView type;  ///< other_name: contents of the OID
};

/// Reads GeneralNames, 1..kGeneralNamesMax. @param whole the SEQUENCE with its header. @error bad_request
Result<std::vector<GeneralName>> read_general_names(BytesView whole);

/// As above, of the contents of an implicitly tagged GeneralNames.
Result<std::vector<GeneralName>> read_general_names_in(BytesView contents);

Result<std::optional<std::vector<GeneralName>>> subject_alt_name(Extensions extensions);

/// §4.2.1.7.
Result<std::optional<std::vector<GeneralName>>> issuer_alt_name(Extensions extensions);

/// §4.2.2.1, §4.2.2.2 (authorityInfoAccess, subjectInfoAccess): checked for form, 1..kGeneralNamesMax descriptions;
/// nothing is ever fetched from there.
Result<void> check_info_access(Extensions extensions, BytesView type);

/// §4.2.1.8: the contents of the SET of values of that attribute (one or more whole elements); nothing also if the
/// extension lacks the attribute.
Result<std::optional<BytesView>> subject_directory_attribute(Extensions extensions, BytesView type);

/// §4.2.1.10: the bases of the subtrees. Minimum other than 0 and any maximum are refused, and so is an extension with
/// neither list, or an empty one.
struct NameConstraints {
  std::vector<GeneralName> permitted;
  std::vector<GeneralName> excluded;

  /// The permitted directory names, whole DER Names.
  [[nodiscard]] std::vector<BytesView> permitted_directory_names() const;
};
Result<std::optional<NameConstraints>> name_constraints(Extensions extensions);

}  // namespace birthmark::x509
