// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/instant.h"
#include "base/result.h"
#include "codec/matter.h"
#include "pki/profile.h"

namespace birthmark::pki {

/// What a CA or a leaf is called, from the outside in: the scope of a CA is a prefix of the subjects below it, so that
/// directory-name constraints hold the scope (RFC 5280 §4.2.1.10).
struct Name {
  std::string organization;                       ///< manufacturer, or the fixed name of a service hierarchy
  std::vector<std::string> organizational_units;  ///< product, factory, batch: as deep as the scope goes
  std::string common_name;                        ///< CAs and services
  std::string serial_number;                      ///< devices: 64 hex digits of the DeviceId, PrintableString
  matter::VendorProduct matter = {};              ///< of the Matter profiles only: behind the commonName

  friend bool operator==(const Name&, const Name&) = default;
};

/// The DER Name; every attribute UTF8String but serialNumber. Each text 1..64 bytes where present.
Bytes encode(const Name& name);

/// What the signing CA contributes to a certificate.
struct Issuer {
  ProfileId profile;
  Bytes name;         ///< DER, byte for byte the subject of its certificate
  Octets<20> key_id;  ///< its subjectKeyIdentifier
  Instant not_after;
  std::string crl_url;  ///< empty: no CRL distribution point
  std::string scope_organization;
  std::vector<std::string> scope_units;  ///< what its own certificate is constrained to
  matter::VendorProduct matter = {};     ///< of a PAA or PAI: what all below it must have, where it has it itself
};

/// What a device contributes besides its name.
struct DeviceFields {
  Bytes hardware_type;          ///< contents of the hwType OID
  std::string hardware_serial;  ///< hwSerialNum octets, 1..128 of printable ASCII
  std::vector<Bytes> policies;  ///< contents of certificate policy OIDs
  std::optional<Instant> appraised_at;
};

/// What is asked to be certified.
struct Subject {
  Name name;
  Bytes spki;  ///< DER, read strictly before
  std::optional<DeviceFields> device;
  std::vector<std::string> dns_names;   ///< of services only: host names, no wildcards
  std::vector<Octets<4>> ip_addresses;  ///< of services only
};

/// Everything that varies in one to-be-signed certificate.
struct Request {
  ProfileId profile;
  Serial serial;
  Instant not_before;
  std::optional<Instant> not_after;  ///< none: as the profile says; cut to whole seconds
  Subject subject;
};

/// The key id of our CAs: the first 160 bits of SHA-256 over the whole SPKI (RFC 7093 §2: the digest of method 4, cut
/// as methods 1 to 3 cut theirs).
Octets<20> key_id(BytesView spki);

/// To-be-signed bytes, and what was worked out on the way.
struct Tbs {
  Bytes der;
  Instant not_after;
};

/// Builds TBSCertificate in DER (RFC 5280 §4.1), without a registration receipt; pure and deterministic.
/// @error scope: the issuer's profile or scope does not cover the subject (AC-15).
/// @error issuer_expires_first: the certificate would outlive its issuer, or be born expired (AC-14).
/// @error csr_policy: a name is empty, too long or holds characters that its string type has not; host names or
/// addresses for anything but a service. @error clock_suspect: it would begin before 1950.
Result<Tbs> build_tbs(const Issuer& issuer, const Request& request);

/// The most octets of a DAC or PAI (Matter Core §6.2.2): devices with little memory hold both.
inline constexpr std::size_t kMatterMaxBytes = 600;

/// Certificate ::= SEQUENCE { tbs, ecdsa-with-SHA256, signature }.
Bytes assemble(BytesView tbs, BytesView signature);

}  // namespace birthmark::pki
