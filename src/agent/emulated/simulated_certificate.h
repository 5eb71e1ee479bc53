// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/instant.h"
#include "base/result.h"
#include "crypto/keys.h"

/// Certificates of SIMULATED vendors of silicon and of the roots that they simulate: v3, ecdsa-with-SHA256, without an
/// end. Their names say "birthmark simulated"; no production registry takes one.
namespace birthmark::emulated {

/// An extension that owns its value.
struct OwnedExtension {
  BytesView type;  ///< contents of the OID, a constant
  bool critical = false;
  Bytes value;
};
Bytes write_extensions(const std::vector<OwnedExtension>& owned);

/// Bits of keyUsage (RFC 5280 §4.2.1.3).
inline constexpr std::uint32_t kDigitalSignature = 1U << 0, kKeyEncipherment = 1U << 2, kKeyAgreement = 1U << 4,
                               kKeyCertSign = 1U << 5, kCrlSign = 1U << 6;
OwnedExtension key_usage(std::uint32_t bits);
OwnedExtension authority_key_id(const crypto::PublicKey& issuer);
OwnedExtension subject_key_id(const crypto::PublicKey& subject);
OwnedExtension ca_constraints(std::optional<std::uint64_t> path_length);
OwnedExtension not_a_ca();

/// The Name "O = birthmark simulated silicon, CN = `common_name`", and a serialNumber where one is said.
/// @param common_name, serial_number of ours: printable
Bytes simulated_name(std::string_view common_name, std::string_view serial_number = {});

/// 16 octets with the top bit clear and the next one set: positive, of one length, the same for the same key.
Bytes serial_for(const crypto::PublicKey& key);

struct CertificateFields {
  Bytes issuer;
  Bytes subject;
  Instant not_before;
  const crypto::PublicKey& key;
  std::vector<OwnedExtension> extensions;
};

/// Signs by ECDSA P-256 with SHA-256; returns a DER Ecdsa-Sig-Value.
using Signer = std::function<Result<Bytes>(BytesView message)>;
Signer signer_of(const crypto::PrivateKey& key);

/// SIGNED{} of what is to be signed, as certificates and lists have it. @error of the signer
Result<Bytes> signed_by(const Signer& issuer, BytesView tbs);
/// @error of the signer
Result<Bytes> certify(const Signer& issuer, const CertificateFields& fields);

}  // namespace birthmark::emulated
