// SPDX-License-Identifier: Apache-2.0
#include "crypto/tpm_crypto.h"

#include <openssl/rsa.h>

#include "crypto/ecdsa_signature.h"
#include "crypto/key_impl.h"
#include "crypto/native.h"

namespace birthmark::crypto {
namespace {

constexpr std::uint32_t kDerivedMaxBits = 8192;
constexpr std::size_t kAesBlockBytes = 16;
constexpr std::string_view kIdentity = "IDENTITY";

Octets<2> be16(std::size_t value) {
  return {static_cast<std::uint8_t>(value >> 8), static_cast<std::uint8_t>(value)};
}
Octets<4> be32(std::uint32_t value) {
  return {static_cast<std::uint8_t>(value >> 24), static_cast<std::uint8_t>(value >> 16),
          static_cast<std::uint8_t>(value >> 8), static_cast<std::uint8_t>(value)};
}

/// TPM_ALG_ID of a hash (TPM 2.0 Part 2, §6.3).
std::uint16_t tpm_alg(HashAlgorithm algorithm) {
  switch (algorithm) {
    case HashAlgorithm::sha256:
      return 0x000B;
    case HashAlgorithm::sha384:
      return 0x000C;
    case HashAlgorithm::sha512:
      return 0x000D;
  }
  library_broken("hash algorithm");
}

std::uint32_t digest_bits(HashAlgorithm algorithm) {
  return static_cast<std::uint32_t>(digest_size(algorithm) * 8);
}

/// A TPM2B: the size in two bytes, then the bytes.
void append_sized(Bytes& out, BytesView buffer) {
  append(out, be16(buffer.size()));
  append(out, buffer);
}

/// Both derivations: blocks one after the other, cut to `bits`, the excess bits of the first byte cleared.
template <class Block>
Secret derive(HashAlgorithm algorithm, std::uint32_t bits, Block block) {
  if (bits > kDerivedMaxBits) {  // every caller's length is a constant of the protocol
    library_broken("derivations of this length");
  }
  const std::size_t size = (bits + 7) / 8;
  Bytes out;
  out.reserve(size + digest_size(algorithm));  // never moved: a moved buffer would leave a copy behind
  for (std::uint32_t counter = 1; out.size() < size; ++counter) {
    const Secret part{block(be32(counter))};
    append(out, part.reveal());
  }
  OPENSSL_cleanse(out.data() + size, out.size() - size);
  out.resize(size);
  if (bits % 8 != 0) {
    out.front() = static_cast<std::uint8_t>(out.front() & ((1U << (bits % 8)) - 1));
  }
  return Secret{std::move(out)};
}

/// The x coordinate of ephemeral * recipient, padded to the size of the field.
Result<Secret> shared_x(const PrivateKey& ephemeral, const PublicKey& recipient) {
  const KeepErrorQueue quiet;
  const EvpPkeyCtxPtr context{EVP_PKEY_CTX_new_from_pkey(nullptr, native(ephemeral), nullptr)};
  EVP_PKEY* const peer = lend(recipient);
  Bytes z(field_size(recipient.type()));
  std::size_t size = z.size();
  // The recipient's point was checked when it was read, and the cofactor of these curves is 1: no second check.
  if (!context || peer == nullptr || EVP_PKEY_derive_init(context.get()) != 1 ||
      EVP_PKEY_derive_set_peer_ex(context.get(), peer, 0) != 1 ||
      EVP_PKEY_derive(context.get(), z.data(), &size) != 1 || size != z.size()) {
    return fail(Code::unavailable, "the library cannot agree on a key");
  }
  return Secret{std::move(z)};
}

BytesView x_of(const PublicKey& key) {
  return key.point().subspan(1, field_size(key.type()));
}

Result<Encapsulated> encapsulate_ecc(const EndorsementKey& ek, EphemeralSource& source) {
  BM_TRY(const auto ephemeral, source.key(ek.key.type()));
  const auto& ours = ephemeral.public_key();
  if (ours.type() != ek.key.type()) {
    return fail(Code::bad_request, "credential: ephemeral key of another curve");
  }
  BM_TRY(const auto z, shared_x(ephemeral, ek.key));
  Bytes point;
  append_sized(point, x_of(ours));
  append_sized(point, ours.point().last(field_size(ours.type())));
  return Encapsulated{kdf_e(ek.name_alg, z.reveal(), kIdentity, x_of(ours), x_of(ek.key), digest_bits(ek.name_alg)),
                      std::move(point)};
}

Result<Encapsulated> encapsulate_rsa(const EndorsementKey& ek, EphemeralSource& source) {
  const KeepErrorQueue quiet;
  BM_TRY(auto seed, source.seed(digest_size(ek.name_alg)));
  if (seed.reveal().size() != digest_size(ek.name_alg)) {
    return fail(Code::bad_request, "credential: seed of another size");
  }
  BM_TRY(const auto key, native_copy(ek.key));
  const EvpPkeyCtxPtr context{EVP_PKEY_CTX_new_from_pkey(nullptr, key.get(), nullptr)};
  const auto* const md = message_digest(ek.name_alg);
  const std::size_t label_size = kIdentity.size() + 1;  // OAEP's label includes the terminating zero
  auto* const label = static_cast<char*>(OPENSSL_zalloc(label_size));
  if (label != nullptr) {
    std::ranges::copy(kIdentity, label);
  }
  bool good = label != nullptr && context && EVP_PKEY_encrypt_init(context.get()) == 1 &&
              EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_OAEP_PADDING) == 1 &&
              EVP_PKEY_CTX_set_rsa_oaep_md(context.get(), md) == 1 &&
              EVP_PKEY_CTX_set_rsa_mgf1_md(context.get(), md) == 1;
  // The context takes the label over when it accepts it.
  if (!good || EVP_PKEY_CTX_set0_rsa_oaep_label(context.get(), label, static_cast<int>(label_size)) != 1) {
    OPENSSL_free(label);
    return fail(Code::unavailable, "the library cannot encrypt");
  }
  Bytes out(static_cast<std::size_t>(EVP_PKEY_get_size(key.get())));
  std::size_t size = out.size();
  good = EVP_PKEY_encrypt(context.get(), out.data(), &size, seed.reveal().data(), seed.reveal().size()) == 1;
  if (!good || size != out.size()) {
    return fail(Code::unavailable, "the library cannot encrypt");
  }
  return Encapsulated{std::move(seed), std::move(out)};
}

/// Fetched once: a fetch takes longer than the encryption of a credential.
const EVP_CIPHER* aes_cfb_cipher(AesKeyBits bits) {
  static const EVP_CIPHER* const aes128 = EVP_CIPHER_fetch(nullptr, "AES-128-CFB", nullptr);
  static const EVP_CIPHER* const aes256 = EVP_CIPHER_fetch(nullptr, "AES-256-CFB", nullptr);
  return bits == AesKeyBits::aes128 ? aes128 : aes256;
}

/// AES in CFB-128 mode with a zero IV, which is sound here because every key serves once.
Result<Bytes> aes_cfb(AesKeyBits bits, const Secret& key, BytesView plain) {
  const KeepErrorQueue quiet;
  constexpr Octets<kAesBlockBytes> kZeroIv{};
  const EVP_CIPHER* const cipher = aes_cfb_cipher(bits);
  const EvpCipherCtxPtr context{EVP_CIPHER_CTX_new()};
  Bytes out(plain.size());
  int size = 0;
  if (cipher == nullptr || !context ||
      EVP_EncryptInit_ex2(context.get(), cipher, key.reveal().data(), kZeroIv.data(), nullptr) != 1 ||
      EVP_EncryptUpdate(context.get(), out.data(), &size, plain.data(), static_cast<int>(plain.size())) != 1 ||
      static_cast<std::size_t>(size) != out.size()) {
    return fail(Code::unavailable, "the library cannot encrypt");
  }
  return out;
}

bool is_name(BytesView name) {
  constexpr std::array kAlgorithms{HashAlgorithm::sha256, HashAlgorithm::sha384};
  return std::ranges::any_of(kAlgorithms, [&](HashAlgorithm algorithm) {
    return name.size() == 2 + digest_size(algorithm) && equal(name.first(2), be16(tpm_alg(algorithm)));
  });
}

}  // namespace

Secret kdf_a(HashAlgorithm algorithm, BytesView key, std::string_view label, BytesView context_u, BytesView context_v,
             std::uint32_t bits) {
  constexpr Octets<1> kZero{};
  return derive(algorithm, bits, [&](const Octets<4>& counter) {
    return hmac(algorithm, key, {counter, as_bytes(label), kZero, context_u, context_v, be32(bits)});
  });
}

Secret kdf_e(HashAlgorithm algorithm, BytesView z, std::string_view label, BytesView party_u, BytesView party_v,
             std::uint32_t bits) {
  constexpr Octets<1> kZero{};
  return derive(algorithm, bits, [&](const Octets<4>& counter) {
    return hash(algorithm, {counter, z, as_bytes(label), kZero, party_u, party_v});
  });
}

Bytes tpm_name(BytesView tpmt_public, HashAlgorithm name_alg) {
  Bytes out = to_bytes(be16(tpm_alg(name_alg)));
  append(out, hash(name_alg, {tpmt_public}));
  return out;
}

Result<Encapsulated> encapsulate_identity(const EndorsementKey& ek, EphemeralSource& source) {
  switch (ek.key.type()) {
    case KeyType::p256:
    case KeyType::p384:
      return encapsulate_ecc(ek, source);
    case KeyType::rsa:
      return encapsulate_rsa(ek, source);
    case KeyType::p521:
    case KeyType::ed25519:
      return fail(Code::bad_request, "credential: no TPM has such an endorsement key");
  }
  library_broken("key type");
}

Result<CredentialBlob> make_credential(const EndorsementKey& ek, BytesView ak_name, const Secret& credential,
                                       EphemeralSource& source) {
  if (!is_name(ak_name)) {
    return fail(Code::bad_request, "credential: not the Name of an object");
  }
  if (credential.empty() || credential.reveal().size() > digest_size(ek.name_alg)) {
    return fail(Code::bad_request, "credential: empty or longer than a digest");
  }
  BM_TRY(auto shared, encapsulate_identity(ek, source));
  const auto symmetric_bits = static_cast<std::uint32_t>(ek.symmetric);
  const Secret cipher_key = kdf_a(ek.name_alg, shared.seed.reveal(), "STORAGE", ak_name, {}, symmetric_bits);
  const Secret mac_key = kdf_a(ek.name_alg, shared.seed.reveal(), "INTEGRITY", {}, {}, digest_bits(ek.name_alg));

  Bytes sized;
  sized.reserve(2 + credential.reveal().size());
  append_sized(sized, credential.reveal());
  const Secret plain{std::move(sized)};
  BM_TRY(const auto encrypted, aes_cfb(ek.symmetric, cipher_key, plain.reveal()));

  CredentialBlob blob;
  append_sized(blob.id_object, hmac(ek.name_alg, mac_key.reveal(), {encrypted, ak_name}));
  append(blob.id_object, encrypted);
  blob.encrypted_secret = std::move(shared.encrypted_secret);
  return blob;
}

}  // namespace birthmark::crypto
