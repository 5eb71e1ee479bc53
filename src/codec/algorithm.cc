// SPDX-License-Identifier: Apache-2.0
#include "codec/algorithm.h"

#include <array>

#include "codec/der.h"
#include "codec/oid.h"

namespace birthmark::x509 {
namespace {

constexpr auto kEd25519 = oid<1, 3, 101, 112>;

enum class Parameters : std::uint8_t { absent, null };

/// SEQUENCE { OID, NULL if asked for }, made at compile time.
template <Parameters P, std::size_t N>
constexpr auto identifier(const std::array<std::uint8_t, N>& contents) {
  constexpr std::size_t null_size = P == Parameters::null ? 2 : 0;
  std::array<std::uint8_t, N + 4 + null_size> out{der::tag::sequence, static_cast<std::uint8_t>(N + 2 + null_size),
                                                  der::tag::oid, static_cast<std::uint8_t>(N)};
  for (std::size_t i = 0; i < N; ++i) {
    out[4 + i] = contents[i];
  }
  if constexpr (P == Parameters::null) {
    out[4 + N] = der::tag::null;
  }
  return out;
}

constexpr auto kEcdsaSha256 = identifier<Parameters::absent>(oids::ecdsa_with_sha256);
constexpr auto kEcdsaSha384 = identifier<Parameters::absent>(oids::ecdsa_with_sha384);
constexpr auto kEcdsaSha512 = identifier<Parameters::absent>(oids::ecdsa_with_sha512);
constexpr auto kRsaSha256 = identifier<Parameters::null>(oids::sha256_with_rsa);
constexpr auto kRsaSha384 = identifier<Parameters::null>(oids::sha384_with_rsa);
constexpr auto kRsaSha512 = identifier<Parameters::null>(oids::sha512_with_rsa);
constexpr auto kEd25519Identifier = identifier<Parameters::absent>(kEd25519);

constexpr std::array kReadable{SignatureAlgorithm::ecdsa_sha256,     SignatureAlgorithm::ecdsa_sha384,
                               SignatureAlgorithm::ecdsa_sha512,     SignatureAlgorithm::rsa_pkcs1_sha256,
                               SignatureAlgorithm::rsa_pkcs1_sha384, SignatureAlgorithm::rsa_pkcs1_sha512,
                               SignatureAlgorithm::ed25519};

/// RFC 5480 §2.1.1: a named curve. RFC 3279 §2.3.1: NULL. RFC 8410 §3: absent. Others are the key reader's business.
bool parameters_fit(const Spki& spki) {
  if (equal(spki.algorithm, oids::ec_public_key)) {
    return der::Reader{spki.parameters}.oid().has_value();
  }
  if (equal(spki.algorithm, oids::rsa_encryption)) {
    return equal(spki.parameters, std::array<std::uint8_t, 2>{der::tag::null, 0});
  }
  return !equal(spki.algorithm, kEd25519) || spki.parameters.empty();
}

}  // namespace

BytesView signature_algorithm_der(SignatureAlgorithm algorithm) {
  switch (algorithm) {
    case SignatureAlgorithm::ecdsa_sha256:
      return kEcdsaSha256;
    case SignatureAlgorithm::ecdsa_sha384:
      return kEcdsaSha384;
    case SignatureAlgorithm::ecdsa_sha512:
      return kEcdsaSha512;
    case SignatureAlgorithm::rsa_pkcs1_sha256:
      return kRsaSha256;
    case SignatureAlgorithm::rsa_pkcs1_sha384:
      return kRsaSha384;
    case SignatureAlgorithm::rsa_pkcs1_sha512:
      return kRsaSha512;
    case SignatureAlgorithm::ed25519:
      return kEd25519Identifier;
    case SignatureAlgorithm::unverifiable:
      break;
  }
  return {};
}

Result<SignatureAlgorithm> read_signature_algorithm(BytesView whole) {
  // Each algorithm has one encoding, so comparing it whole checks the parameters too.
  for (const auto algorithm : kReadable) {
    if (equal(whole, signature_algorithm_der(algorithm))) {
      return algorithm;
    }
  }
  return fail(Code::bad_request, "signature algorithm unknown, or with wrong parameters");
}

Result<Spki> read_spki(BytesView whole) {
  BM_TRY(auto fields, der::read_one(whole, der::tag::sequence));
  BM_TRY(auto algorithm, fields.enter(der::tag::sequence));
  Spki spki;
  BM_TRY(spki.algorithm, algorithm.oid());
  if (!algorithm.empty()) {
    BM_TRY(const auto parameters, algorithm.any());
    spki.parameters = parameters.whole;
  }
  if (!parameters_fit(spki)) {
    return fail(Code::bad_request, "parameters of the key's algorithm");
  }
  BM_CHECK(algorithm.finish());
  BM_TRY(spki.key, fields.bit_octets());
  BM_CHECK(fields.finish());
  return spki;
}

}  // namespace birthmark::x509
