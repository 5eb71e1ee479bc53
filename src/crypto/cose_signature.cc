// SPDX-License-Identifier: Apache-2.0
#include "crypto/cose_signature.h"

#include "crypto/ecdsa_signature.h"

namespace birthmark::crypto {
namespace {

SignatureScheme scheme_of(cose::Algorithm algorithm) {
  switch (algorithm) {
    case cose::Algorithm::es256:
      return SignatureScheme::ecdsa_sha256;
    case cose::Algorithm::es384:
      return SignatureScheme::ecdsa_sha384;
    case cose::Algorithm::es512:
      return SignatureScheme::ecdsa_sha512;
    case cose::Algorithm::eddsa:
      break;
  }
  return SignatureScheme::ed25519;
}

}  // namespace

std::optional<cose::Algorithm> cose_algorithm(KeyType type) {
  switch (type) {
    case KeyType::p256:
      return cose::Algorithm::es256;
    case KeyType::p384:
      return cose::Algorithm::es384;
    case KeyType::p521:
      return cose::Algorithm::es512;
    case KeyType::ed25519:
      return cose::Algorithm::eddsa;
    case KeyType::rsa:
      break;
  }
  return std::nullopt;
}

bool verify_cose(const PublicKey& key, cose::Algorithm algorithm, BytesView to_be_signed, BytesView signature) {
  if (cose_algorithm(key.type()) != algorithm) {
    return false;
  }
  if (algorithm == cose::Algorithm::eddsa) {
    return key.verify(SignatureScheme::ed25519, to_be_signed, signature);
  }
  const auto der = ecdsa_raw_to_der(key.type(), signature);
  return der && key.verify(scheme_of(algorithm), to_be_signed, *der);
}

bool verify(const PublicKey& key, cose::Algorithm algorithm, const cose::Sign1& message, BytesView external_aad) {
  return verify_cose(key, algorithm, cose::sig_structure(message, external_aad), message.signature);
}

Result<Bytes> sign(const PrivateKey& key, cose::Draft draft, BytesView external_aad) {
  const auto algorithm = cose_algorithm(key.public_key().type());
  if (!algorithm) {
    return fail(Code::key_attributes, "COSE: no algorithm for this key");
  }
  draft.algorithm = *algorithm;
  BM_TRY(auto signature, key.sign(cose::sig_structure(draft, external_aad)));
  if (*algorithm != cose::Algorithm::eddsa) {
    BM_TRY(signature, ecdsa_der_to_raw(key.public_key().type(), signature));
  }
  return cose::write_sign1(draft, signature);
}

Result<PublicKey> public_key(const cose::Key& key) {
  switch (key.curve) {
    case cose::Curve::p256:
      return PublicKey::from_point(KeyType::p256, key.x, key.y);
    case cose::Curve::p384:
      return PublicKey::from_point(KeyType::p384, key.x, key.y);
    case cose::Curve::p521:
      return PublicKey::from_point(KeyType::p521, key.x, key.y);
    case cose::Curve::ed25519:
      return PublicKey::from_ed25519(key.x);
  }
  return fail(Code::bad_request, "COSE_Key: another curve");
}

}  // namespace birthmark::crypto
