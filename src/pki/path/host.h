// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "codec/extensions.h"

namespace birthmark::pki::path {

/// Whom somebody wants to speak to (RFC 9525 §6.1, the reference identifier).
struct Host {
  enum class Kind : std::uint8_t { dns, ip, email } kind = Kind::dns;
  std::string value;
};

/// Whether this is a host name in the preferred syntax (RFC 1034 §3.5 as RFC 1123 §2.1 changes it): labels of 1..63
/// letters, digits and inner hyphens, 253 characters at most, no dot at the end.
bool is_dns_name(std::string_view name);
/// The same, or one whose first label is "*" with at least one label behind it (RFC 9525 §6.3).
bool is_dns_pattern(std::string_view name);

/// local@host: one "@", a local part of visible characters, a host name (RFC 5280 §4.2.1.6).
bool is_mailbox(std::string_view text);

/// The host of an absolute URI with an authority (RFC 3986 §3.2.2); nothing if there is no authority or its host is
/// empty. @param uri visible ASCII
std::optional<std::string_view> host_of_uri(std::string_view uri);
/// Whether a text begins with a scheme and ":" and has something behind it (RFC 3986 §3, §4.3).
bool is_absolute_uri(std::string_view text);

/// Four or sixteen octets of an address in dotted decimal or in the text form of RFC 4291 §2.2; no zone.
std::optional<Bytes> read_ip(std::string_view text);

/// The form in which RFC 5952 §4 (IPv6) or RFC 3986 §3.2.2 (IPv4) writes an address. @param address 4 or 16 octets
std::string ip_text(BytesView address);

/// ASCII letters in lower case.
std::string lower(std::string_view text);

/// Whether one of the names of a certificate is the host (RFC 9525 §6; RFC 8398 §5 for mail, without what is not
/// ASCII). The common name is never looked at. @error bad_request: the host is no host name, address or mailbox
Result<bool> names_host(std::span<const x509::GeneralName> names, const Host& host);

}  // namespace birthmark::pki::path
