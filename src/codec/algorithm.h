// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"

namespace birthmark::x509 {

/// The signature algorithms that are read and written. `unverifiable` is only ever the algorithm of a trust anchor
/// that was read with `Certificate::read_anchor`: whoever verifies must answer no to it.
enum class SignatureAlgorithm : std::uint8_t {
  ecdsa_sha256,
  ecdsa_sha384,
  ecdsa_sha512,
  rsa_pkcs1_sha256,
  rsa_pkcs1_sha384,
  rsa_pkcs1_sha512,
  ed25519,
  unverifiable,
};

/// Which algorithm an AlgorithmIdentifier names: parameters absent for ECDSA (RFC 5758 §3.2) and Ed25519 (RFC 8410 §3),
/// NULL for RSA (RFC 8017 A.2.4).
/// @param whole the SEQUENCE with its header.
/// @error bad_request: any other algorithm, SHA-1 among them, or other parameters.
Result<SignatureAlgorithm> read_signature_algorithm(BytesView whole);

/// The AlgorithmIdentifier as `read_signature_algorithm` reads it; static storage. Empty for `unverifiable`.
BytesView signature_algorithm_der(SignatureAlgorithm algorithm);

/// A SubjectPublicKeyInfo (RFC 5280 §4.1.2.7); aliases its input.
struct Spki {
  BytesView algorithm;   ///< contents of the OID
  BytesView parameters;  ///< the whole element, empty if absent
  BytesView key;         ///< octets of the BIT STRING
};

/// Reads the outer form of a key. It proves nothing of the key itself (size, point, exponent): the reader of keys does.
/// @error bad_request: not that form, unused bits, an RSA key without NULL, an Ed25519 key with parameters, or an EC
/// key whose parameters are not a named curve: explicit ones let an attacker choose the generator (CVE-2020-0601).
Result<Spki> read_spki(BytesView whole);

}  // namespace birthmark::x509
