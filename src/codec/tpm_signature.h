// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <variant>

#include "base/bytes.h"
#include "base/result.h"
#include "codec/tpm_types.h"

namespace birthmark::tpm {

/// TPMS_SIGNATURE_ECDSA: r and s big-endian as the TPM wrote them, 1..kCoordinateMaxBytes bytes, not zero; a TPM may
/// drop leading zeros or keep them.
struct EcdsaSignature {
  Hash hash = Hash::sha256;
  Bytes r;
  Bytes s;
  friend bool operator==(const EcdsaSignature&, const EcdsaSignature&) = default;
};

/// TPMS_SIGNATURE_RSASSA, TPMS_SIGNATURE_RSAPSS: 256 or 384 bytes.
struct RsaSignature {
  RsaPadding padding = RsaPadding::pkcs1;
  Hash hash = Hash::sha256;
  Bytes value;
  friend bool operator==(const RsaSignature&, const RsaSignature&) = default;
};

using Signature = std::variant<EcdsaSignature, RsaSignature>;

/// The hash that the signature says it was made with.
Hash hash_of(const Signature& signature);

/// Reads one TPMT_SIGNATURE (Part 2, §11.3.4). @error bad_evidence: also another scheme, SHA-1, and r or s zero.
Result<Signature> read_signature(BytesView tpmt_signature);
Bytes write(const Signature& signature);

/// Ecdsa-Sig-Value (RFC 3279 §2.2.3) in DER, leading zeros dropped: what X.509 libraries verify.
/// @error bad_evidence: r or s is zero, or longer than a field element of `curve`.
Result<Bytes> to_der(const EcdsaSignature& signature, Curve curve);

}  // namespace birthmark::tpm
