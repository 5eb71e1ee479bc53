// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "base/secret.h"
#include "crypto/hash.h"
#include "crypto/keys.h"

namespace birthmark::crypto {

/// KDFa (TPM 2.0 Part 1, §11.4.10.2): SP 800-108 in counter mode with HMAC.
/// @param label without its terminating zero, which is added.
/// @param bits 0..8192, else the process ends; the result has (bits + 7) / 8 bytes with the unused bits of the first
/// one cleared.
Secret kdf_a(HashAlgorithm algorithm, BytesView key, std::string_view label, BytesView context_u, BytesView context_v,
             std::uint32_t bits);

/// KDFe (TPM 2.0 Part 1, §11.4.10.3): the one-step derivation of SP 800-56A. Parameters and result as `kdf_a`.
/// @param z the shared x coordinate, padded to the size of the field.
Secret kdf_e(HashAlgorithm algorithm, BytesView z, std::string_view label, BytesView party_u, BytesView party_v,
             std::uint32_t bits);

/// The Name of an object (TPM 2.0 Part 1, §16): nameAlg, two bytes, then the digest of its public area.
/// @param tpmt_public the whole TPMT_PUBLIC without the size of TPM2B_PUBLIC, as received.
/// @param name_alg the nameAlg inside it; the caller has read it.
Bytes tpm_name(BytesView tpmt_public, HashAlgorithm name_alg);

/// The symmetric cipher of a storage key's public area, always AES in CFB mode.
enum class AesKeyBits : std::uint16_t { aes128 = 128, aes256 = 256 };

/// What of an endorsement key's public area a credential needs: P-256, P-384 or RSA, nameAlg and cipher.
struct EndorsementKey {
  PublicKey key;
  HashAlgorithm name_alg = HashAlgorithm::sha256;
  AesKeyBits symmetric = AesKeyBits::aes128;
};

/// Where the fresh secret of one credential comes from. Injected so that published vectors can be run; whoever repeats
/// an answer gives the credential away.
class EphemeralSource {
 public:
  virtual ~EphemeralSource() = default;
  /// A new ECDH key on the curve. @error unavailable
  virtual Result<PrivateKey> key(KeyType curve) = 0;
  /// `size` bytes that nobody can guess. @error unavailable
  virtual Result<Secret> seed(std::size_t size_bytes) = 0;
};

/// A seed that only the TPM with the endorsement key learns, and how it is told.
struct Encapsulated {
  Secret seed;             ///< as long as a digest of the key's nameAlg
  Bytes encrypted_secret;  ///< the buffer of a TPM2B_ENCRYPTED_SECRET, without its size
};

/// Shares a seed with the label IDENTITY (TPM 2.0 Part 1, Annex B.10.4 for RSA, C.6.4 for ECC).
/// @error bad_request: the key is neither EC nor RSA, or the ephemeral key is of another curve.
/// @error unavailable: the source or the library fails.
Result<Encapsulated> encapsulate_identity(const EndorsementKey& ek, EphemeralSource& source);

/// The two buffers that TPM2_ActivateCredential takes, without their sizes.
struct CredentialBlob {
  Bytes id_object;         ///< of TPM2B_ID_OBJECT: TPM2B integrity HMAC, then the encrypted credential
  Bytes encrypted_secret;  ///< of TPM2B_ENCRYPTED_SECRET
};

/// Does TPM2_MakeCredential in software (TPM 2.0 Part 1, §24): only the TPM that holds both the endorsement key and an
/// object named `ak_name` can open the credential. It proves nothing until the answer is compared, once.
/// @param ak_name as `tpm_name` computes it from the received public area: 34 or 50 bytes.
/// @param credential 1 to `digest_size(ek.name_alg)` bytes.
/// @error bad_request: sizes, or as `encapsulate_identity`. @error unavailable
Result<CredentialBlob> make_credential(const EndorsementKey& ek, BytesView ak_name, const Secret& credential,
                                       EphemeralSource& source);

}  // namespace birthmark::crypto
