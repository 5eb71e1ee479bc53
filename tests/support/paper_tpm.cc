// SPDX-License-Identifier: Apache-2.0
#include "support/paper_tpm.h"

#include <openssl/evp.h>

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

Bytes name_of(const tpm::Public& area) {
  return crypto::tpm_name(tpm::write(area), crypto::HashAlgorithm::sha256);
}

Bytes handle(std::uint32_t value) {
  return {static_cast<std::uint8_t>(value >> 24), static_cast<std::uint8_t>(value >> 16),
          static_cast<std::uint8_t>(value >> 8), static_cast<std::uint8_t>(value)};
}

/// TPM 2.0 Part 1 §26.5.
Bytes qualified(BytesView parent, const tpm::Public& area) {
  const auto name = name_of(area);
  Bytes out{name[0], name[1]};
  append(out, crypto::hash(crypto::HashAlgorithm::sha256, {parent, name}));
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

}  // namespace

PaperKey::PaperKey(tpm::Template of)
    : key{must(crypto::PrivateKey::generate(crypto::KeyType::p256))}, area{tpm::make(of)} {
  const auto point = key.public_key().point().subspan(1);
  auto& ecc = std::get<tpm::EccKey>(area.key);
  ecc.x = to_bytes(point.first(32));
  ecc.y = to_bytes(point.subspan(32));
}

PaperTpm::PaperTpm(const fleet::SiliconVendor& vendor, Instant now, const fleet::ChipModel& model)
    : ek_certificate_{must(vendor.issue_endorsement(ek.key.public_key(), model, now))} {}

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
      tpm::CreationInfo{name_of(key.area), to_bytes(crypto::sha256(tpm::write(out.data)).get())};
  return out;
}

PaperTpm::Creation PaperTpm::creation_of_child(const PaperKey& key, const Digest& freshness) const {
  auto out = creation(key, freshness);
  out.data.parent_name_hash = tpm::Hash::sha256;
  out.data.parent_name = name_of(storage.area);
  out.data.parent_qualified_name = qualified(handle(tpm::kOwner), storage.area);
  std::get<tpm::CreationInfo>(out.claim.attest.attested).creation_hash =
      to_bytes(crypto::sha256(tpm::write(out.data)).get());
  return out;
}

attest::TpmStatement PaperTpm::sign(const Claim& claim) {
  attest::TpmStatement out;
  out.attest = tpm::write(claim.attest);
  const auto der = must(claim.signer->sign(out.attest));
  const auto raw = must(crypto::ecdsa_der_to_raw(crypto::KeyType::p256, der));
  out.signature = tpm::write(tpm::Signature{tpm::EcdsaSignature{tpm::Hash::sha256, to_bytes(BytesView{raw}.first(32)),
                                                                to_bytes(BytesView{raw}.subspan(32))}});
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
