// SPDX-License-Identifier: Apache-2.0
#include "app/ports/signer.h"

namespace birthmark::app {
namespace {

/// The only scheme in which the keys of each type sign here.
crypto::SignatureScheme scheme_of(crypto::KeyType type) {
  switch (type) {
    case crypto::KeyType::p256:
      return crypto::SignatureScheme::ecdsa_sha256;
    case crypto::KeyType::p384:
      return crypto::SignatureScheme::ecdsa_sha384;
    case crypto::KeyType::p521:
      return crypto::SignatureScheme::ecdsa_sha512;
    case crypto::KeyType::rsa:
      return crypto::SignatureScheme::rsa_pkcs1_sha256;
    case crypto::KeyType::ed25519:
      break;
  }
  return crypto::SignatureScheme::ed25519;
}

}  // namespace

Result<Bytes> Signer::sign(const SigningIntent& intent, const crypto::PublicKey& key) {
  BM_TRY(auto signature, make_signature(intent));
  if (!key.verify(scheme_of(key.type()), intent.message, signature)) {
    return fail(Code::hsm_fault, "the signature of " + intent.key + " does not verify");
  }
  return signature;
}

Result<Bytes> Signer::sign(const SigningIntent& intent) {
  BM_TRY(const auto key, public_key(intent.key));
  return sign(intent, key);
}

Result<Bytes> sign_statement(Signer& signer, const std::string& key, Epoch epoch, BytesView statement) {
  return signer.sign({.key = key, .use = KeyUse::statements, .epoch = epoch, .message = statement, .profile_hash = {}});
}

}  // namespace birthmark::app
