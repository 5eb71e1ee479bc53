// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <openssl/core_names.h>

#include <cstdio>
#include <cstdlib>

#include "base/bytes.h"
#include "crypto/openssl.h"

/// OpenSSL's fastest general calls for SHA-256 and P-256: on keys and contexts that are made once.
namespace birthmark::bench {

inline void check(bool good, const char* what) {
  if (!good) {
    std::fprintf(stderr, "floor: %s\n", what);
    std::exit(1);
  }
}

using Hash = Octets<32>;

/// One digest context for all messages.
class Hasher {
 public:
  Hash operator()(BytesView message) {
    Hash out{};
    check(EVP_DigestInit_ex2(context_.get(), md_, nullptr) == 1 &&
              EVP_DigestUpdate(context_.get(), message.data(), message.size()) == 1 &&
              EVP_DigestFinal_ex(context_.get(), out.data(), nullptr) == 1,
          "hash");
    return out;
  }

 private:
  const EVP_MD* md_ = crypto::message_digest(crypto::HashAlgorithm::sha256);
  crypto::EvpMdCtxPtr context_{EVP_MD_CTX_new()};
};

inline crypto::EvpPkeyPtr p256_parameters() {
  char group[] = "P-256";
  OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
                         OSSL_PARAM_construct_end()};
  const crypto::EvpPkeyCtxPtr maker{EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr)};
  EVP_PKEY* made = nullptr;
  check(EVP_PKEY_fromdata_init(maker.get()) == 1 &&
            EVP_PKEY_fromdata(maker.get(), &made, EVP_PKEY_KEY_PARAMETERS, params) == 1,
        "curve");
  return crypto::EvpPkeyPtr{made};
}

/// A public key whose point can be replaced, with a context that verifies by whatever it holds.
class Verifier {
 public:
  Verifier() : key_{p256_parameters()}, context_{EVP_PKEY_CTX_new_from_pkey(nullptr, key_.get(), nullptr)} {
    check(EVP_PKEY_verify_init(context_.get()) == 1, "verify");
  }
  void load(BytesView point) {
    check(EVP_PKEY_set1_encoded_public_key(key_.get(), point.data(), point.size()) == 1, "point");
  }
  void verify(const Hash& digest, BytesView signature) {
    check(EVP_PKEY_verify(context_.get(), signature.data(), signature.size(), digest.data(), digest.size()) == 1,
          "signature");
  }
  [[nodiscard]] EVP_PKEY* key() const { return key_.get(); }

 private:
  crypto::EvpPkeyPtr key_;
  crypto::EvpPkeyCtxPtr context_;
};

}  // namespace birthmark::bench
