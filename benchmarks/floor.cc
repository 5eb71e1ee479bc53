// SPDX-License-Identifier: Apache-2.0
#include "floor.h"

#include <openssl/core_names.h>

#include "evp.h"
#include "measure.h"

namespace birthmark::bench {
namespace {

using namespace crypto;

/// A private key with a context that signs.
class SigningKey {
 public:
  SigningKey()
      : key_{EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256")},
        context_{EVP_PKEY_CTX_new_from_pkey(nullptr, key_.get(), nullptr)} {
    check(EVP_PKEY_sign_init(context_.get()) == 1, "sign");
  }
  std::size_t sign(const Hash& digest, Octets<80>& out) {
    std::size_t size = out.size();
    check(EVP_PKEY_sign(context_.get(), out.data(), &size, digest.data(), digest.size()) == 1, "sign");
    return size;
  }
  [[nodiscard]] Bytes point() const {
    Bytes out(65);
    std::size_t size = 0;
    check(EVP_PKEY_get_octet_string_param(key_.get(), OSSL_PKEY_PARAM_PUB_KEY, out.data(), out.size(), &size) == 1 &&
              size == out.size(),
          "point");
    return out;
  }

 private:
  EvpPkeyPtr key_;
  EvpPkeyCtxPtr context_;
};

}  // namespace

struct Floor::Keys {
  Hasher hash;
  Verifier stranger;  ///< whoever signed what came in
  Verifier vendor;
  Verifier issuer;
  Verifier endorsement;
  SigningKey receipts;
  SigningKey ca;
  EvpPkeyCtxPtr maker{EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr)};
  Bytes receipt;
  Bytes tbs;
};

Floor::Floor(Inputs inputs) : inputs_{std::move(inputs)}, keys_{std::make_unique<Keys>()} {
  keys_->receipt = Bytes(inputs_.receipt_bytes);
  keys_->tbs = Bytes(inputs_.tbs_bytes);
  keys_->issuer.load(keys_->ca.point());
  if (!inputs_.endorsements.empty()) {
    keys_->vendor.load(inputs_.endorsements.front().point);
  }
  char group[] = "P-256";
  OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
                         OSSL_PARAM_construct_end()};
  check(EVP_PKEY_keygen_init(keys_->maker.get()) == 1 && EVP_PKEY_CTX_set_params(keys_->maker.get(), params) == 1,
        "generator");
}

Floor::~Floor() = default;

void Floor::renew() {
  auto& k = *keys_;
  const auto turn = next_++;
  const auto& request = inputs_.requests[turn % inputs_.requests.size()];
  k.stranger.load(request.point);
  k.stranger.verify(k.hash(request.message), request.signature);
  // No two messages are alike, as no two certificates are.
  k.receipt[0] = k.tbs[0] = static_cast<std::uint8_t>(turn);
  k.receipt[1] = k.tbs[1] = static_cast<std::uint8_t>(turn >> 8);
  Octets<80> signature{};
  keep(k.receipts.sign(k.hash(k.receipt), signature));
  const auto digest = k.hash(k.tbs);
  const auto size = k.ca.sign(digest, signature);
  k.issuer.verify(digest, BytesView{signature}.first(size));
}

void Floor::provision() {
  auto& k = *keys_;
  const auto turn = next_ % inputs_.endorsements.size();
  const auto& endorsement = inputs_.endorsements[turn];
  k.vendor.verify(k.hash(endorsement.message), endorsement.signature);
  const auto& statement = inputs_.statements[turn];
  k.stranger.load(statement.point);
  k.stranger.verify(k.hash(statement.message), statement.signature);
  k.endorsement.load(inputs_.ek_points[turn]);
  EVP_PKEY* made = nullptr;
  check(EVP_PKEY_generate(k.maker.get(), &made) == 1, "generate");
  const EvpPkeyPtr ephemeral{made};
  const EvpPkeyCtxPtr derivation{EVP_PKEY_CTX_new_from_pkey(nullptr, ephemeral.get(), nullptr)};
  Hash shared{};
  std::size_t size = shared.size();
  check(EVP_PKEY_derive_init(derivation.get()) == 1 &&
            EVP_PKEY_derive_set_peer_ex(derivation.get(), k.endorsement.key(), 0) == 1 &&
            EVP_PKEY_derive(derivation.get(), shared.data(), &size) == 1,
        "ECDH");
  keep(shared);
  renew();
}

}  // namespace birthmark::bench
