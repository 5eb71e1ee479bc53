// SPDX-License-Identifier: Apache-2.0
#include "agent/hardware/tpm_root.h"

#include "codec/tpm_public.h"

namespace birthmark::agent {
namespace {

constexpr std::uint32_t kRsaExponent = 65537;

}  // namespace

Result<crypto::PublicKey> key_of(BytesView tpmt_public) {
  BM_TRY(const auto area, tpm::read_public(tpmt_public));
  if (const auto* const rsa = area.rsa()) {
    BM_TRY(const auto modulus, tpm::rsa_modulus(*rsa));
    return crypto::PublicKey::from_rsa(modulus, kRsaExponent);
  }
  BM_TRY(const auto point, tpm::uncompressed_point(*area.ecc()));
  const auto half = (point.size() - 1) / 2;
  const auto type = area.ecc()->curve == tpm::Curve::p256 ? crypto::KeyType::p256 : crypto::KeyType::p384;
  return crypto::PublicKey::from_point(type, BytesView{point}.subspan(1, half), BytesView{point}.subspan(1 + half));
}

Result<Bytes> TpmRoot::public_identity() {
  BM_TRY(const auto vendor, endorsement());
  BM_TRY(const auto key, key_of(vendor.public_area));
  return to_bytes(key.spki());
}

Result<crypto::PublicKey> TpmRoot::statement_key() {
  BM_TRY(const auto keys, create_identity_keys());
  return key_of(keys.iak);
}

Result<crypto::PublicKey> TpmRoot::public_key(DeviceKey key) {
  BM_TRY(const auto area, public_area(key));
  return key_of(area);
}

Result<KeyProof> TpmRoot::prove_key(DeviceKey key, const Digest& freshness) {
  TpmKeyProof proof;
  BM_TRY(proof.key_public, public_area(key));
  if (key != DeviceKey::idevid) {  // which is a primary of the endorsement hierarchy
    BM_TRY(proof.parent_public, storage_key_public());
  }
  BM_TRY(proof.statement, certify(key, freshness));
  return KeyProof{std::move(proof)};
}

Result<SelfProof> TpmRoot::prove_itself(const Digest& freshness) {
  BM_TRY(auto made, quote(freshness, kQuotedPcrs));
  return SelfProof{std::move(made.statement)};
}

}  // namespace birthmark::agent
