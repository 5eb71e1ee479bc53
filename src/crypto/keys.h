// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/secret.h"
#include "codec/algorithm.h"

namespace birthmark::crypto {

enum class KeyType : std::uint8_t { p256, p384, p521, rsa, ed25519 };

/// How a signature was made; the verifier takes it from the key's profile or the certificate's algorithm, never
/// guesses.
enum class SignatureScheme : std::uint8_t {
  ecdsa_sha256,
  ecdsa_sha384,
  ecdsa_sha512,
  rsa_pkcs1_sha256,
  rsa_pkcs1_sha384,
  rsa_pkcs1_sha512,
  rsa_pss_sha256,  ///< of TPMs alone: a salt as long as a digest, or as long as it can be (TPM 2.0 Part 1 §B.7)
  rsa_pss_sha384,
  rsa_pss_sha512,
  ed25519
};
/// The scheme of a certificate's algorithm; nothing for those that nobody verifies here.
std::optional<SignatureScheme> scheme_of(x509::SignatureAlgorithm algorithm);

/// `check` of the refusal of a SubjectPublicKeyInfo whose form is sound, and whose algorithm or curve none of
/// `KeyType`.
inline constexpr std::string_view kOtherAlgorithm = "key.algorithm";

/// A public key that was read strictly: named curve and uncompressed point on it, or RSA of 2048 to 4096 bits with an
/// odd exponent of at least 65537. Cheap to copy; safe to use from several threads.
class PublicKey {
 public:
  /// Reads one SubjectPublicKeyInfo (RFC 5280 §4.1.2.7) of at most 1,024 bytes.
  /// @error bad_request: form, point, size or exponent; with check `kOtherAlgorithm`: a key of another kind.
  static Result<PublicKey> from_spki(BytesView spki);
  /// A P-256, P-384 or P-521 key from its affine coordinates, each padded to the size of the field.
  /// @error bad_request: wrong sizes, or the point is not on the curve.
  static Result<PublicKey> from_point(KeyType type, BytesView x, BytesView y);
  /// An RSA key from its modulus (big-endian) and exponent. @error bad_request
  static Result<PublicKey> from_rsa(BytesView modulus, std::uint32_t exponent);
  /// An Ed25519 key from its 32 bytes. @error bad_request
  static Result<PublicKey> from_ed25519(BytesView raw);

  [[nodiscard]] KeyType type() const;
  /// The DER SubjectPublicKeyInfo; valid while this key or a copy of it lives.
  [[nodiscard]] BytesView spki() const;
  [[nodiscard]] const Digest& spki_sha256() const;
  /// EC only: 04 || x || y. RSA: empty. Ed25519: 32 bytes.
  [[nodiscard]] BytesView point() const;

  /// Whether `signature` over `message` verifies: DER Ecdsa-Sig-Value, PKCS#1 v1.5 octets, or 64 bytes of Ed25519.
  /// A scheme that does not fit the key is false. ECDSA in BER or with r, s out of range is false.
  [[nodiscard]] bool verify(SignatureScheme scheme, BytesView message, BytesView signature) const;

  friend bool operator==(const PublicKey& a, const PublicKey& b) { return equal(a.spki(), b.spki()); }

  struct Impl;
  [[nodiscard]] const Impl& impl() const { return *impl_; }

 private:
  explicit PublicKey(std::shared_ptr<const Impl> impl) : impl_{std::move(impl)} {}
  std::shared_ptr<const Impl> impl_;
};

/// A private key in memory: CA keys of development mode, server keys, test keys. Not copyable; wiped by the library.
class PrivateKey {
 public:
  /// Makes a new key (p256, p384, p521 or ed25519). @error unavailable: the library's generator fails.
  static Result<PrivateKey> generate(KeyType type);
  /// Opens an encrypted PKCS#8 in PEM (RFC 5958; scrypt, AES-256-CBC as `to_encrypted_pem` writes it).
  /// @error key_attributes: not encrypted, wrong passphrase, unreadable or of another type.
  static Result<PrivateKey> from_encrypted_pem(std::string_view pem, const Secret& passphrase);
  /// Encrypted PKCS#8 in PEM: PBES2 with scrypt (N 2^14, r 8, p 1) and AES-256-CBC. @error unavailable
  [[nodiscard]] Result<std::string> to_encrypted_pem(const Secret& passphrase) const;
  /// Plain PKCS#8 in PEM, for the files that TLS libraries read (mode 0600 by the caller).
  /// @error key_attributes: unreadable or of another type
  static Result<PrivateKey> from_pem(std::string_view pem);
  /// @error unavailable: the library fails
  [[nodiscard]] Result<std::string> to_pem() const;

  [[nodiscard]] const PublicKey& public_key() const;
  /// Signs `message` with the scheme that fits the key. ECDSA: DER Ecdsa-Sig-Value. @error hsm_fault
  [[nodiscard]] Result<Bytes> sign(BytesView message) const;
  /// Signs a SHA-256 digest that the caller computed, as TLS libraries do; P-256 alone. DER Ecdsa-Sig-Value.
  /// @error key_attributes: another key; hsm_fault
  [[nodiscard]] Result<Bytes> sign_digest(const Digest& digest) const;
  [[nodiscard]] SignatureScheme scheme() const;

  PrivateKey(PrivateKey&&) noexcept;
  PrivateKey& operator=(PrivateKey&&) noexcept;
  ~PrivateKey();

  struct Impl;
  [[nodiscard]] const Impl& impl() const { return *impl_; }

 private:
  explicit PrivateKey(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace birthmark::crypto
