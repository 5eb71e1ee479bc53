// SPDX-License-Identifier: Apache-2.0
#include "crypto/pqc_checks.h"

#include <algorithm>

#include "crypto/openssl.h"

namespace birthmark::crypto {
namespace {

constexpr std::size_t kSeedBytes = 32;      ///< of ρ, and of K
constexpr std::size_t kVectorsAt = 128;     ///< behind ρ, K and tr
constexpr std::size_t kCoefficients = 256;  ///< of one polynomial

void shake256(BytesView input, std::span<std::uint8_t> out) {
  const EvpMdCtxPtr context{EVP_MD_CTX_new()};
  if (!context || EVP_DigestInit_ex2(context.get(), EVP_shake256(), nullptr) != 1 ||
      EVP_DigestUpdate(context.get(), input.data(), input.size()) != 1 ||
      EVP_DigestFinalXOF(context.get(), out.data(), out.size()) != 1) {
    library_broken("SHAKE256");
  }
}

bool is_of_seed(const pqc::PrivateKey& key, const pqc::MlDsaParameters& parameters) {
  auto input = to_bytes(key.seed);
  input.push_back(parameters.k);
  input.push_back(parameters.l);
  Octets<4 * kSeedBytes> out{};  // ρ, ρ' of twice the length, K
  shake256(input, out);
  const BytesView expected{out};
  return equal_constant_time(expected.first(kSeedBytes), key.expanded.first(kSeedBytes)) &&
         equal_constant_time(expected.last(kSeedBytes), key.expanded.subspan(kSeedBytes, kSeedBytes));
}

/// s1 and s2 are packed with 3 bits a coefficient (η 2) or 4 (η 4), each holding η minus it.
bool in_range(BytesView packed, std::uint8_t eta) {
  const unsigned width = eta == 2 ? 3 : 4;
  for (std::size_t at = 0; at < packed.size() * 8; at += width) {
    unsigned value = 0;
    for (unsigned bit = 0; bit < width; ++bit) {
      value |= static_cast<unsigned>(packed[(at + bit) / 8] >> ((at + bit) % 8) & 1U) << bit;
    }
    if (value > 2U * eta) {
      return false;
    }
  }
  return true;
}

}  // namespace

Result<void> check_ml_dsa_key(const pqc::PrivateKey& key) {
  const auto parameters = pqc::ml_dsa_parameters(*key.algorithm);
  if (!parameters) {
    return fail(Code::bad_request, "no private key of ML-DSA");
  }
  if (key.expanded.empty()) {
    return {};
  }
  const std::size_t width = parameters->eta == 2 ? 3 : 4;
  const auto vectors = key.expanded.subspan(kVectorsAt, (parameters->k + parameters->l) * kCoefficients * width / 8);
  if (!in_range(vectors, parameters->eta)) {
    return fail(Code::bad_request, "ML-DSA: a coefficient of the expanded key is out of range");
  }
  if (!key.seed.empty() && !is_of_seed(key, *parameters)) {
    return fail(Code::bad_request, "ML-DSA: the expanded key is not that of the seed");
  }
  return {};
}

}  // namespace birthmark::crypto
