// SPDX-License-Identifier: Apache-2.0
#include "agent/element/element_root.h"

#include "agent/emulated/simulated_certificate.h"
#include "agent/hardware/evidence_bundle.h"
#include "codec/cbor.h"
#include "codec/x509.h"
#include "crypto/hash.h"

namespace birthmark::agent {
namespace {

const char* label_of(DeviceKey key) {
  switch (key) {
    case DeviceKey::idevid:
      return element::kIdevidKey;
    case DeviceKey::operational:
      return element::kOperationalKey;
    case DeviceKey::pending:
      break;
  }
  return element::kPendingKey;
}

/// The port knows absent keys and an absent device.
template <class T>
Result<T> as_root(Result<T> answer) {
  return answer || answer.error().code == Code::not_found
             ? std::move(answer)
             : Result<T>{fail(Code::unavailable, std::move(answer).error().detail)};
}

Result<Bytes> object_or_nothing(pkcs11::Session& session, const char* label) {
  auto value = session.read_object(label);
  return !value && value.error().code == Code::not_found ? Result<Bytes>{Bytes{}} : std::move(value);
}

}  // namespace

Result<std::unique_ptr<ElementRoot>> ElementRoot::open(std::unique_ptr<pkcs11::Session> session) {
  std::unique_ptr<ElementRoot> root{new ElementRoot{std::move(session)}};
  auto& token = *root->session_;
  BM_TRY(root->vendor_certificate_, as_root(token.read_object(element::kVendorObject)));
  BM_TRY(root->chip_id_, as_root(token.read_object(element::kChipObject)));
  BM_TRY(root->attestation_certificate_, as_root(object_or_nothing(token, element::kAttestationObject)));
  const auto idevid = token.public_key(element::kIdevidKey);
  if (!idevid && idevid.error().code != Code::not_found) {
    return fail(Code::unavailable, idevid.error().detail);
  }
  if (!idevid) {
    BM_CHECK(as_root(token.generate(element::kIdevidKey)));
  }
  return root;
}

Result<Bytes> ElementRoot::public_identity() {
  BM_TRY(const auto vendor, x509::Certificate::read(vendor_certificate_));
  cbor::Writer out;
  out.array(2).bytes(vendor.spki()).bytes(chip_id_);
  return out.finish();
}

Result<crypto::PublicKey> ElementRoot::public_key(DeviceKey key) {
  return as_root(session_->public_key(label_of(key)));
}

Result<Bytes> ElementRoot::attest_slot(const crypto::PublicKey& key) {
  BM_TRY(const auto issuer, x509::Certificate::read(attestation_certificate_));
  BM_TRY(const auto issuer_key, crypto::PublicKey::from_spki(issuer.spki()));
  const emulated::Signer signer = [this](BytesView message) {
    return session_->sign_digest(element::kAttestationKey, crypto::sha256(message));
  };
  return emulated::certify(signer, {to_bytes(issuer.subject()),
                                    emulated::simulated_name("slot", as_text(chip_id_)),
                                    issuer.not_before(),
                                    key,
                                    {emulated::not_a_ca(), emulated::key_usage(emulated::kDigitalSignature),
                                     emulated::authority_key_id(issuer_key)}});
}

Result<BundleProof> ElementRoot::prove(DeviceKey key, const Digest& freshness) {
  BM_TRY(const auto half, public_key(key));
  BM_TRY(const auto signature, sign(key, freshness.get()));
  if (attestation_certificate_.empty()) {
    return listed_bundle({.chip_id = chip_id_, .signature = signature});
  }
  BM_TRY(const auto slot, as_root(attest_slot(half)));
  return element_bundle({.certificates = {slot, attestation_certificate_}, .signature = signature});
}

Result<KeyProof> ElementRoot::prove_key(DeviceKey key, const Digest& freshness) {
  BM_TRY(auto proof, prove(key, freshness));
  return KeyProof{std::move(proof)};
}

Result<SelfProof> ElementRoot::prove_itself(const Digest& freshness) {
  BM_TRY(auto proof, prove(DeviceKey::idevid, freshness));
  return SelfProof{std::move(proof)};
}

Result<Bytes> ElementRoot::sign(DeviceKey key, BytesView message) {
  return sign_digest(key, crypto::sha256(message));
}

Result<Bytes> ElementRoot::sign_digest(DeviceKey key, const Digest& digest) {
  return as_root(session_->sign_digest(label_of(key), digest));
}

Result<void> ElementRoot::make_pending_key() {
  BM_CHECK(as_root(session_->destroy(element::kPendingKey)));
  return without_value(as_root(session_->generate(element::kPendingKey)));
}

Result<void> ElementRoot::adopt_pending_key() {
  const auto half = public_key(DeviceKey::pending);
  if (!half && half.error().code != Code::not_found) {
    return fail(half.error());
  }
  if (half) {  // else the half that goes first has its new label from before a cut, or nothing is pending
    BM_CHECK(as_root(session_->destroy(element::kOperationalKey)));
  }
  return as_root(session_->relabel(element::kPendingKey, element::kOperationalKey));
}

Result<void> ElementRoot::clear() {
  BM_CHECK(as_root(session_->destroy(element::kPendingKey)));
  return as_root(session_->destroy(element::kOperationalKey));
}

}  // namespace birthmark::agent
