// SPDX-License-Identifier: Apache-2.0
// EC_KEY_METHOD is the one way in OpenSSL 3.0 to hook a private operation without a provider module. It is deprecated
// and still there in 3.5; this file is the only one that knows it.
#define OPENSSL_SUPPRESS_DEPRECATED  // NOLINT: read by the headers below

#include "adapters/tls/external_key.h"

#include <openssl/ec.h>

#include <algorithm>
#include <utility>

#include "crypto/openssl.h"

namespace birthmark::tls {
namespace {

using EcKeyPtr = crypto::OpensslPtr<EC_KEY, EC_KEY_free>;

void free_signer(void* /*parent*/, void* signer, CRYPTO_EX_DATA* /*data*/, int /*index*/, long /*argl*/,
                 void* /*argp*/) {
  delete static_cast<SignDigest*>(signer);
}

/// A second owner would free the signer twice: a copied key goes without one, and cannot sign.
int drop_signer(CRYPTO_EX_DATA* /*to*/, const CRYPTO_EX_DATA* /*from*/, void** signer, int /*index*/, long /*argl*/,
                void* /*argp*/) {
  *signer = nullptr;
  return 1;
}

/// Where an EC_KEY keeps its signer; negative if the library is out of memory.
int signer_index() {
  static const int index = EC_KEY_get_ex_new_index(0, nullptr, nullptr, drop_signer, free_signer);
  return index;
}

/// Runs the signer of a key. Nothing may be thrown through the library.
Result<Bytes> run_signer(const EC_KEY* key, BytesView digest) noexcept {
  try {
    const auto* const signer = static_cast<const SignDigest*>(EC_KEY_get_ex_data(key, signer_index()));
    const auto octets_of_digest = octets<32>(digest);
    if (signer == nullptr || !octets_of_digest) {
      return fail(Code::key_attributes, "the external key signs SHA-256 only");
    }
    return (*signer)(Digest{*octets_of_digest});
  } catch (...) {
    return fail(Code::unavailable, {});
  }
}

int sign(int /*type*/, const unsigned char* digest, int digest_size, unsigned char* signature,
         unsigned int* signature_size, const BIGNUM* /*kinv*/, const BIGNUM* /*r*/, EC_KEY* key) {
  const auto made = run_signer(key, {digest, static_cast<std::size_t>(digest_size)});
  if (!made || made->size() > static_cast<std::size_t>(ECDSA_size(key))) {
    ERR_raise(ERR_LIB_EC, ERR_R_OPERATION_FAIL);
    return 0;
  }
  std::ranges::copy(*made, signature);
  *signature_size = static_cast<unsigned int>(made->size());
  return 1;
}

ECDSA_SIG* sign_to_pair(const unsigned char* digest, int digest_size, const BIGNUM* /*kinv*/, const BIGNUM* /*r*/,
                        EC_KEY* key) {
  const auto made = run_signer(key, {digest, static_cast<std::size_t>(digest_size)});
  if (!made) {
    ERR_raise(ERR_LIB_EC, ERR_R_OPERATION_FAIL);
    return nullptr;
  }
  const unsigned char* cursor = made->data();
  return d2i_ECDSA_SIG(nullptr, &cursor, static_cast<long>(made->size()));
}

/// The library's own method with another way to sign; lives as long as the process, because keys refer to it.
const EC_KEY_METHOD* external_method() {
  static const EC_KEY_METHOD* const method = [] {
    EC_KEY_METHOD* made = EC_KEY_METHOD_new(EC_KEY_OpenSSL());
    if (made != nullptr) {
      EC_KEY_METHOD_set_sign(made, sign, nullptr, sign_to_pair);
    }
    return made;
  }();
  return method;
}

}  // namespace

void FreeKey::operator()(evp_pkey_st* key) const noexcept {
  EVP_PKEY_free(key);
}

Result<ExternalKey> make_external_p256(const crypto::PublicKey& key, SignDigest sign_digest) {
  if (key.type() != crypto::KeyType::p256) {
    return fail(Code::key_attributes, "an external key must be P-256");
  }
  const crypto::KeepErrorQueue keep;
  EcKeyPtr ec{EC_KEY_new_by_curve_name(NID_X9_62_prime256v1)};
  const auto point = key.point();
  // The method first: setting it later would finish and start the key again, and lose what was attached.
  if (!ec || external_method() == nullptr || signer_index() < 0 ||
      EC_KEY_set_method(ec.get(), external_method()) != 1 ||
      EC_KEY_oct2key(ec.get(), point.data(), point.size(), nullptr) != 1) {
    return fail(Code::unavailable, "the library cannot make an external key");
  }
  auto signer = std::make_unique<SignDigest>(std::move(sign_digest));
  if (EC_KEY_set_ex_data(ec.get(), signer_index(), signer.get()) != 1) {
    return fail(Code::unavailable, "the library cannot attach a signer");
  }
  signer.release();  // NOLINT: free_signer deletes it with the key
  ExternalKey made{EVP_PKEY_new()};
  if (!made || EVP_PKEY_assign_EC_KEY(made.get(), ec.get()) != 1) {
    return fail(Code::unavailable, "the library cannot make an external key");
  }
  ec.release();  // NOLINT: now the EVP_PKEY's
  return made;
}

}  // namespace birthmark::tls
