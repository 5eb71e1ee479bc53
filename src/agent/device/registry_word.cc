// SPDX-License-Identifier: Apache-2.0
#include "agent/device/registry_word.h"

#include "crypto/keys.h"

namespace birthmark::agent {
namespace {

bool verifies(const crypto::PublicKey& key, BytesView message, BytesView signature) {
  switch (key.type()) {
    case crypto::KeyType::p256:
      return key.verify(crypto::SignatureScheme::ecdsa_sha256, message, signature);
    case crypto::KeyType::p384:
      return key.verify(crypto::SignatureScheme::ecdsa_sha384, message, signature);
    case crypto::KeyType::p521:
      return key.verify(crypto::SignatureScheme::ecdsa_sha512, message, signature);
    case crypto::KeyType::ed25519:
      return key.verify(crypto::SignatureScheme::ed25519, message, signature);
    case crypto::KeyType::rsa:
      break;
  }
  return false;
}

}  // namespace

Result<void> check_signed(const link::InstallRequest& birth, BytesView message, BytesView signature) {
  BM_TRY(const auto key, crypto::PublicKey::from_spki(birth.statement_key));
  return verifies(key, message, signature)
             ? Result<void>{}
             : fail(Code::bad_evidence, "not signed by the registry that this device belongs to");
}

}  // namespace birthmark::agent
