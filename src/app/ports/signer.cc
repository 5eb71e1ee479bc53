// SPDX-License-Identifier: Apache-2.0
#include "app/ports/signer.h"

#include "crypto/own_scheme.h"

namespace birthmark::app {

Result<Bytes> Signer::sign(const SigningIntent& intent, const crypto::PublicKey& key) {
  BM_TRY(auto signature, make_signature(intent));
  if (!key.verify(crypto::own_scheme(key.type()), intent.message, signature)) {
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
