// SPDX-License-Identifier: Apache-2.0
#include "cli/key_words.h"

#include <bit>

#include "codec/algorithm.h"
#include "codec/der.h"

namespace birthmark::cli {
namespace {

Result<std::size_t> modulus_bits(BytesView whole) {
  BM_TRY(const auto spki, x509::read_spki(whole));
  BM_TRY(auto numbers, der::read_one(spki.key, der::tag::sequence));
  BM_TRY(auto modulus, numbers.integer());
  if (modulus.front() == 0) {
    modulus = modulus.subspan(1);
  }
  return modulus.empty() ? 0 : modulus.size() * 8 - static_cast<std::size_t>(std::countl_zero(modulus.front()));
}

}  // namespace

std::string_view name_of(crypto::KeyType type) {
  switch (type) {
    case crypto::KeyType::p256:
      return "P-256";
    case crypto::KeyType::p384:
      return "P-384";
    case crypto::KeyType::p521:
      return "P-521";
    case crypto::KeyType::rsa:
      return "RSA";
    case crypto::KeyType::ed25519:
      return "Ed25519";
  }
  return "unknown";
}

std::string words_of(const crypto::PublicKey& key) {
  std::string out{name_of(key.type())};
  const auto bits = key.type() == crypto::KeyType::rsa ? modulus_bits(key.spki()) : Result<std::size_t>{0U};
  return bits && *bits != 0 ? out + "-" + std::to_string(*bits) : out;
}

}  // namespace birthmark::cli
