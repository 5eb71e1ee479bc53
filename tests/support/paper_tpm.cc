// SPDX-License-Identifier: Apache-2.0
#include "support/paper_tpm.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <stdexcept>

#include "attest/endorsement.h"
#include "codec/tpm_attest.h"
#include "codec/tpm_credential.h"
#include "codec/tpm_signature.h"
#include "crypto/ecdsa_signature.h"
#include "crypto/hash.h"
#include "crypto/native.h"
#include "crypto/tpm_crypto.h"

namespace birthmark::test {
namespace {

template <class T>
T must(Result<T> result) {
  if (!result) {
    throw std::runtime_error{result.error().detail};
  }
  return std::move(*result);
}

crypto::HashAlgorithm algorithm_of(tpm::Hash hash) {
  return hash == tpm::Hash::sha256   ? crypto::HashAlgorithm::sha256
         : hash == tpm::Hash::sha384 ? crypto::HashAlgorithm::sha384
                                     : crypto::HashAlgorithm::sha512;
}

Bytes name_of(const tpm::Public& area) {
  return crypto::tpm_name(tpm::write(area), algorithm_of(area.name_hash));
}

Bytes handle(std::uint32_t value) {
  return {static_cast<std::uint8_t>(value >> 24), static_cast<std::uint8_t>(value >> 16),
          static_cast<std::uint8_t>(value >> 8), static_cast<std::uint8_t>(value)};
}

/// TPM 2.0 Part 1 §26.5.
Bytes qualified(BytesView parent, const tpm::Public& area) {
  const auto name = name_of(area);
  Bytes out{name[0], name[1]};
  append(out, crypto::hash(algorithm_of(area.name_hash), {parent, name}));
  return out;
}

Bytes ecdh(const crypto::PrivateKey& own, const crypto::PublicKey& other) {
  const auto peer = must(crypto::native_copy(other));
  const std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)> context{
      EVP_PKEY_CTX_new(crypto::native(own), nullptr), EVP_PKEY_CTX_free};
  Bytes out(32);
  std::size_t size = out.size();
  if (EVP_PKEY_derive_init(context.get()) != 1 || EVP_PKEY_derive_set_peer(context.get(), peer.get()) != 1 ||
      EVP_PKEY_derive(context.get(), out.data(), &size) != 1) {
    throw std::runtime_error{"ECDH"};
  }
  return out;
}

Bytes aes_cfb_decrypt(BytesView key, BytesView cipher) {
  const std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)> context{EVP_CIPHER_CTX_new(),
                                                                                EVP_CIPHER_CTX_free};
  const Octets<16> iv{};
  Bytes out(cipher.size());
  int size = 0;
  if (EVP_DecryptInit_ex(context.get(), EVP_aes_128_cfb128(), nullptr, key.data(), iv.data()) != 1 ||
      EVP_DecryptUpdate(context.get(), out.data(), &size, cipher.data(), static_cast<int>(cipher.size())) != 1) {
    throw std::runtime_error{"AES"};
  }
  return out;
}

crypto::PrivateKey new_key(const tpm::Public& of) {
  if (const auto* const ecc = of.ecc()) {
    return must(crypto::PrivateKey::generate(ecc->curve == tpm::Curve::p256   ? crypto::KeyType::p256
                                             : ecc->curve == tpm::Curve::p384 ? crypto::KeyType::p384
                                                                              : crypto::KeyType::p521));
  }
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> made{
      EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", static_cast<std::size_t>(of.rsa()->bits)), EVP_PKEY_free};
  const std::unique_ptr<BIO, decltype(&BIO_free)> pem{BIO_new(BIO_s_mem()), BIO_free};
  if (PEM_write_bio_PrivateKey(pem.get(), made.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    throw std::runtime_error{"RSA"};
  }
  char* text = nullptr;
  const auto size = BIO_get_mem_data(pem.get(), &text);
  return must(crypto::PrivateKey::from_pem({text, static_cast<std::size_t>(size)}));
}

Bytes modulus_of(const crypto::PrivateKey& key) {
  BIGNUM* n = nullptr;
  if (EVP_PKEY_get_bn_param(crypto::native(key), OSSL_PKEY_PARAM_RSA_N, &n) != 1) {
    throw std::runtime_error{"RSA"};
  }
  Bytes out(static_cast<std::size_t>(BN_num_bytes(n)));
  BN_bn2bin(n, out.data());
  BN_free(n);
  return out;
}

/// As TPMs do: RSASSA-PSS with a salt as long as it can be.
Bytes sign_pss(const crypto::PrivateKey& key, BytesView message) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context{EVP_MD_CTX_new(), EVP_MD_CTX_free};
  EVP_PKEY_CTX* inner = nullptr;
  Bytes out(512);
  std::size_t size = out.size();
  if (EVP_DigestSignInit(context.get(), &inner, EVP_sha256(), nullptr, crypto::native(key)) != 1 ||
      EVP_PKEY_CTX_set_rsa_padding(inner, RSA_PKCS1_PSS_PADDING) != 1 ||
      EVP_PKEY_CTX_set_rsa_pss_saltlen(inner, RSA_PSS_SALTLEN_MAX) != 1 ||
      EVP_DigestSign(context.get(), out.data(), &size, message.data(), message.size()) != 1) {
    throw std::runtime_error{"RSASSA-PSS"};
  }
  out.resize(size);
  return out;
}

}  // namespace

PaperKey::PaperKey(tpm::Template of) : key{new_key(tpm::make(of))}, area{tpm::make(of)} {
  if (auto* const ecc = std::get_if<tpm::EccKey>(&area.key)) {
    const auto point = key.public_key().point().subspan(1);
    ecc->x = to_bytes(point.first(point.size() / 2));
    ecc->y = to_bytes(point.subspan(point.size() / 2));
    return;
  }
  std::get<tpm::RsaKey>(area.key).modulus = modulus_of(key);
}

PaperTpm::PaperTpm(const fleet::SiliconVendor& vendor, Instant now, const fleet::ChipModel& model)
    : PaperTpm{vendor, now, model, Templates{}} {}

PaperTpm::PaperTpm(const fleet::SiliconVendor& vendor, Instant now, const fleet::ChipModel& model, const Templates& of)
    : ek{of.ek},
      iak{of.iak},
      idevid{of.idevid},
      ek_certificate_{must(vendor.issue_endorsement(ek.key.public_key(), model, now))} {}

Bytes PaperTpm::ak_name() const {
  return name_of(iak.area);
}

PaperTpm::Claim PaperTpm::claim(const PaperKey& key, const Digest& freshness) const {
  Claim out;
  out.attest.qualified_signer = qualified(handle(tpm::kEndorsement), iak.area);
  out.attest.extra_data = to_bytes(freshness.get());
  out.attest.clock = clock;
  out.attest.firmware_version = 0x20240125;
  out.attest.attested = tpm::CertifyInfo{name_of(key.area), qualified(handle(tpm::kEndorsement), key.area)};
  out.signer = &iak.key;
  if (const auto* const rsa = iak.area.rsa(); rsa != nullptr && rsa->scheme) {
    out.padding = rsa->scheme->padding;
  }
  return out;
}

PaperTpm::Creation PaperTpm::creation(const PaperKey& key, const Digest& freshness) const {
  const Bytes nothing;
  tpm::CreationData data;
  data.pcr_digest = to_bytes(crypto::sha256(BytesView{nothing}).get());
  data.locality = 1;
  data.parent_name = data.parent_qualified_name = handle(tpm::kEndorsement);
  Creation out{claim(key, freshness), std::move(data)};
  out.claim.attest.attested =
      tpm::CreationInfo{name_of(key.area), crypto::hash(algorithm_of(key.area.name_hash), {tpm::write(out.data)})};
  return out;
}

PaperTpm::Creation PaperTpm::creation_of_child(const PaperKey& key, const Digest& freshness) const {
  auto out = creation(key, freshness);
  out.data.parent_name_hash = tpm::Hash::sha256;
  out.data.parent_name = name_of(storage.area);
  out.data.parent_qualified_name = qualified(handle(tpm::kOwner), storage.area);
  std::get<tpm::CreationInfo>(out.claim.attest.attested).creation_hash =
      crypto::hash(algorithm_of(key.area.name_hash), {tpm::write(out.data)});
  return out;
}

attest::TpmStatement PaperTpm::sign(const Claim& claim) {
  attest::TpmStatement out;
  out.attest = tpm::write(claim.attest);
  const auto type = claim.signer->public_key().type();
  if (type == crypto::KeyType::rsa) {
    const auto value = claim.padding == tpm::RsaPadding::pkcs1 ? must(claim.signer->sign(out.attest))
                                                               : sign_pss(*claim.signer, out.attest);
    out.signature = tpm::write(tpm::Signature{tpm::RsaSignature{claim.padding, tpm::Hash::sha256, value}});
    return out;
  }
  const auto raw = must(crypto::ecdsa_der_to_raw(type, must(claim.signer->sign(out.attest))));
  const auto hash = type == crypto::KeyType::p256   ? tpm::Hash::sha256
                    : type == crypto::KeyType::p384 ? tpm::Hash::sha384
                                                    : tpm::Hash::sha512;
  out.signature = tpm::write(tpm::Signature{tpm::EcdsaSignature{hash, to_bytes(BytesView{raw}.first(raw.size() / 2)),
                                                                to_bytes(BytesView{raw}.subspan(raw.size() / 2))}});
  return out;
}

PaperTpm::Claim PaperTpm::quote_claim(const Digest& freshness, const tpm::PcrSelection& selection,
                                      std::span<const Bytes> values) const {
  auto out = claim(iak, freshness);
  Bytes joined;
  for (const auto& value : values) {
    append(joined, value);
  }
  const auto hash = iak.area.ecc() != nullptr ? *iak.area.ecc()->ecdsa : iak.area.rsa()->scheme->hash;
  out.attest.attested = tpm::QuoteInfo{selection, crypto::hash(algorithm_of(hash), {joined})};
  return out;
}

PaperTpm::KeyStatement PaperTpm::attest(const PaperKey& key, const Digest& freshness) const {
  if (!key.area.attributes.admin_with_policy()) {
    return {certify(key, freshness), {}};
  }
  const auto made = creation(key, freshness);
  return {sign(made.claim), tpm::write(made.data)};
}

attest::TpmStatement PaperTpm::certify(const PaperKey& key, const Digest& freshness) const {
  return sign(claim(key, freshness));
}

attest::TpmStatement PaperTpm::certify_child(const PaperKey& key, const Digest& freshness) const {
  auto child = claim(key, freshness);
  const auto parent = qualified(handle(tpm::kOwner), storage.area);
  child.attest.attested = tpm::CertifyInfo{name_of(key.area), qualified(parent, key.area)};
  return sign(child);
}

attest::TpmStatement PaperTpm::quote(const Digest& freshness) const {
  auto quoted = claim(iak, freshness);
  const Bytes nothing;
  quoted.attest.attested = tpm::QuoteInfo{{{tpm::Hash::sha256, 1}}, to_bytes(crypto::sha256(BytesView{nothing}).get())};
  return sign(quoted);
}

Result<Bytes> PaperTpm::activate(BytesView id_object, BytesView encrypted_secret) const {
  using crypto::HashAlgorithm;
  BM_TRY(const auto object, tpm::read_id_object_buffer(id_object));
  BM_TRY(const auto secret, tpm::read_ecc_secret(encrypted_secret, tpm::Curve::p256));
  BM_TRY(const auto ephemeral, crypto::PublicKey::from_point(crypto::KeyType::p256, secret.x, secret.y));
  const auto z = ecdh(ek.key, ephemeral);
  const auto own_x = ek.key.public_key().point().subspan(1, 32);
  const auto seed = crypto::kdf_e(HashAlgorithm::sha256, z, "IDENTITY", secret.x, own_x, 256);
  const auto name = ak_name();
  const auto mac_key = crypto::kdf_a(HashAlgorithm::sha256, seed.reveal(), "INTEGRITY", {}, {}, 256);
  const auto mac = crypto::hmac_sha256(mac_key.reveal(), {object.encrypted_identity, name});
  if (!equal(mac, object.integrity_hmac)) {
    return fail(Code::bad_evidence, "TPM_RC_INTEGRITY");
  }
  const auto cipher_key = crypto::kdf_a(HashAlgorithm::sha256, seed.reveal(), "STORAGE", name, {}, 128);
  const auto sized = aes_cfb_decrypt(cipher_key.reveal(), object.encrypted_identity);
  return Bytes{sized.begin() + 2, sized.end()};  // TPM2B_DIGEST
}

void PaperTpm::clear() {
  storage = PaperKey{tpm::Template::ek_p256_low};
  clock = {.clock_ms = 0, .reset_count = 0, .restart_count = 0, .safe = true};
}

}  // namespace birthmark::test
