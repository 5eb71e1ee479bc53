// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "codec/name.h"

/// What Matter's device attestation says (Core Specification §6.2, §6.3, §11.18.4), read but not yet believed.
namespace birthmark::matter {

using Id = std::uint16_t;  ///< of a vendor or a product

/// Which vendor and product a certificate of the attestation chain is for.
struct VendorProduct {
  std::optional<Id> vendor = {};
  std::optional<Id> product = {};

  friend bool operator==(const VendorProduct&, const VendorProduct&) = default;
};

/// Reads them from a subject (§6.2.2): attributes 1.3.6.1.4.1.37244.2.1 and .2.2, each at most once, four upper-case
/// hex digits as UTF8String or PrintableString; else, if neither is there, "Mvid:" and "Mpid:" with four such digits in
/// the commonName, each at most once. Both ways in one name are refused, and so is "Mvid:" with anything else behind
/// it.
/// @error bad_evidence
Result<VendorProduct> vendor_product(std::span<const x509::NameAttribute> subject);
/// "FFF1".
std::string id_text(Id id);
/// Exactly four upper-case hex digits.
std::optional<Id> id_from_text(std::string_view text);

inline constexpr std::size_t kElementsMaxBytes = 4096;
inline constexpr std::size_t kDeclarationMaxBytes = 2048;
inline constexpr std::size_t kFirmwareInformationMaxBytes = 1024;
inline constexpr std::size_t kProductsMax = 100, kAuthorizedPaasMax = 10;
inline constexpr std::size_t kCertificateIdBytes = 19;

/// attestation-elements (§11.18.4.7): what the key of a DAC signs, together with the challenge of the session.
struct AttestationElements {
  Bytes certification_declaration;  ///< a CMS SignedData
  Octets<32> nonce{};
  std::uint32_t timestamp = 0;                     ///< seconds since 2000, or 0
  std::optional<Bytes> firmware_information = {};  ///< not empty

  friend bool operator==(const AttestationElements&, const AttestationElements&) = default;
};

/// Reads tags 1 to 4 in their order; behind them a maker may have put fully qualified ones, which are passed over.
/// @error bad_evidence
Result<AttestationElements> read_elements(BytesView tlv);
Bytes write(const AttestationElements& elements);

enum class CertificationType : std::uint8_t { test = 0, provisional = 1, official = 2 };
/// "official"; "unknown" for a value outside the enumeration.
std::string_view name(CertificationType type);

/// The fields of a Certification Declaration (§6.3.1).
struct Declaration {
  Id vendor = 0;
  std::vector<Id> products;  ///< 1..kProductsMax, none twice
  std::uint32_t device_type = 0;
  std::string certificate_id;  ///< kCertificateIdBytes of printable ASCII
  std::uint8_t security_level = 0;
  std::uint16_t security_information = 0;
  std::uint16_t version_number = 0;
  CertificationType type = CertificationType::test;
  std::optional<VendorProduct> dac_origin = {};  ///< both members are there
  std::vector<Octets<20>> authorized_paas = {};  ///< subject key ids, at most kAuthorizedPaasMax; empty: any

  friend bool operator==(const Declaration&, const Declaration&) = default;
};

/// Reads the content of the CMS: format_version 1, tags 0 to 11 in their order, dac_origin as a pair, nothing else.
/// @error bad_evidence
Result<Declaration> read_declaration(BytesView tlv);
Bytes write(const Declaration& declaration);

}  // namespace birthmark::matter
