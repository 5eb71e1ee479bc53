// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <variant>

#include "base/bytes.h"
#include "base/result.h"
#include "codec/tpm_types.h"

namespace birthmark::tpm {

/// TPMT_PUBLIC of the longest key here is about 480 bytes.
inline constexpr std::size_t kPublicMaxBytes = 1024;

/// AES in CFB mode, of a storage key: the only cipher birthmark takes.
enum class AesKeyBits : std::uint16_t { aes128 = 128, aes256 = 256 };
enum class RsaKeyBits : std::uint16_t { rsa2048 = 2048, rsa3072 = 3072 };

/// TPMS_ECC_PARMS and TPMS_ECC_POINT. Coordinates stand as they came, at most `coordinate_size` bytes each: shorter in
/// a template, or where a TPM drops leading zeros.
struct EccKey {
  Curve curve = Curve::p256;
  std::optional<Hash> ecdsa = {};  ///< the scheme fixed in the key, or none
  Bytes x = {};
  Bytes y = {};
  friend bool operator==(const EccKey&, const EccKey&) = default;
};

/// TPMT_RSA_SCHEME of a signing key.
struct RsaScheme {
  RsaPadding padding = RsaPadding::pkcs1;
  Hash hash = Hash::sha256;
  friend bool operator==(const RsaScheme&, const RsaScheme&) = default;
};

/// TPMS_RSA_PARMS and the modulus. The exponent is 65537, which TPMs write as 0.
struct RsaKey {
  RsaKeyBits bits = RsaKeyBits::rsa2048;
  std::optional<RsaScheme> scheme = {};  ///< that is fixed in the key, or none
  bool exponent_spelled_out = false;
  Bytes modulus = {};  ///< at most `bits` / 8 bytes; shorter in a template
  friend bool operator==(const RsaKey&, const RsaKey&) = default;
};

/// TPMT_PUBLIC (Part 2, §12.2.4) of an ECC or RSA key.
struct Public {
  Hash name_hash = Hash::sha256;
  Attributes attributes;
  Bytes auth_policy = {};                    ///< empty, or a digest of `name_hash`
  std::optional<AesKeyBits> symmetric = {};  ///< of a storage key
  std::variant<EccKey, RsaKey> key;

  [[nodiscard]] const EccKey* ecc() const { return std::get_if<EccKey>(&key); }
  [[nodiscard]] const RsaKey* rsa() const { return std::get_if<RsaKey>(&key); }
  friend bool operator==(const Public&, const Public&) = default;
};

/// Reads one TPMT_PUBLIC, 1..kPublicMaxBytes bytes. It may be a template: see `uncompressed_point`, `rsa_modulus`.
/// @error bad_evidence: malformed, cut or followed by bytes; a type, hash (SHA-1), cipher, scheme, curve, key size or
///     exponent that is not known here; a reserved attribute bit; a policy that is no digest of nameAlg.
Result<Public> read_public(BytesView tpmt_public);
/// The same inside a TPM2B_PUBLIC.
Result<Public> read_sized_public(BytesView tpm2b_public);

/// TPMT_PUBLIC: the bytes a Name is computed over.
Bytes write(const Public& key);
/// TPM2B_PUBLIC.
Bytes write_sized(const Public& key);

/// 04 || x || y with both coordinates padded; not checked to be on the curve.
/// @error bad_evidence: a coordinate is empty (a template), or longer than the field.
Result<Bytes> uncompressed_point(const EccKey& key);

/// The modulus of a key; aliases it.
/// @error bad_evidence: not exactly as long as the key says, its highest bit clear, or even (a template).
Result<BytesView> rsa_modulus(const RsaKey& key);

}  // namespace birthmark::tpm
