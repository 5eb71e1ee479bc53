// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/result.h"

/// Bounded readers and writers of the TPM 2.0 structures that birthmark takes part in (TPM 2.0 Library, Part 2).
/// Readers take exactly one structure with nothing after it; every error is bad_evidence. They check form, never
/// meaning: no signature, no point on its curve, no Name. `write` of what was read gives the same bytes again.
namespace birthmark::tpm {

/// TPM_ALG_ID, as far as birthmark knows it (Part 2, §6.3).
enum class Algorithm : std::uint16_t {
  rsa = 0x0001,
  aes = 0x0006,
  sha256 = 0x000B,
  sha384 = 0x000C,
  sha512 = 0x000D,
  null = 0x0010,
  rsassa = 0x0014,
  rsapss = 0x0016,
  ecdsa = 0x0018,
  ecc = 0x0023,
  cfb = 0x0043,
};

/// The hashes that names, signatures and PCR banks may use; SHA-1 is not among them.
enum class Hash : std::uint16_t { sha256 = 0x000B, sha384 = 0x000C, sha512 = 0x000D };

/// TPM_ECC_CURVE (Part 2, §6.4).
enum class Curve : std::uint16_t { p256 = 0x0003, p384 = 0x0004, p521 = 0x0005 };

/// How an RSA key signs: RSASSA (PKCS#1 v1.5) or RSAPSS.
enum class RsaPadding : std::uint16_t { pkcs1 = 0x0014, pss = 0x0016 };

inline constexpr std::size_t kDigestMaxBytes = 64;
inline constexpr std::size_t kExtraDataMaxBytes = 64;   ///< of TPMS_ATTEST and of outsideInfo
inline constexpr std::size_t kRsaMaxBytes = 384;        ///< modulus and signature of RSA-3072
inline constexpr std::size_t kCoordinateMaxBytes = 66;  ///< P-521
inline constexpr std::size_t kNameMaxBytes = 2 + kDigestMaxBytes;
inline constexpr std::size_t kPcrCount = 24;

/// Bytes of a digest.
std::size_t digest_size(Hash hash);
/// Bytes of a coordinate, and of r and s.
std::size_t coordinate_size(Curve curve);

/// TPMA_OBJECT (Part 2, §8.3): only bits that the standard defines.
class Attributes {
 public:
  static constexpr std::uint32_t kDefined = 0x000F0CF6;

  constexpr Attributes() = default;
  /// For constants: a reserved bit does not compile.
  consteval explicit Attributes(std::uint32_t bits) : bits_{(bits & ~kDefined) == 0 ? bits : throw "reserved bit"} {}
  /// Nothing if a reserved bit is set.
  static constexpr std::optional<Attributes> from_bits(std::uint32_t bits) {
    if ((bits & ~kDefined) != 0) {
      return std::nullopt;
    }
    Attributes out;
    out.bits_ = bits;
    return out;
  }

  [[nodiscard]] constexpr std::uint32_t bits() const { return bits_; }
  [[nodiscard]] constexpr bool fixed_tpm() const { return bit(1); }
  [[nodiscard]] constexpr bool st_clear() const { return bit(2); }
  [[nodiscard]] constexpr bool fixed_parent() const { return bit(4); }
  [[nodiscard]] constexpr bool sensitive_data_origin() const { return bit(5); }
  [[nodiscard]] constexpr bool user_with_auth() const { return bit(6); }
  [[nodiscard]] constexpr bool admin_with_policy() const { return bit(7); }
  [[nodiscard]] constexpr bool no_da() const { return bit(10); }
  [[nodiscard]] constexpr bool encrypted_duplication() const { return bit(11); }
  [[nodiscard]] constexpr bool restricted() const { return bit(16); }
  [[nodiscard]] constexpr bool decrypt() const { return bit(17); }
  [[nodiscard]] constexpr bool sign() const { return bit(18); }
  [[nodiscard]] constexpr bool x509_sign() const { return bit(19); }

  friend constexpr bool operator==(const Attributes&, const Attributes&) = default;

 private:
  [[nodiscard]] constexpr bool bit(unsigned position) const { return (bits_ >> position & 1) != 0; }
  std::uint32_t bits_ = 0;
};

}  // namespace birthmark::tpm
