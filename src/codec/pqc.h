// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

/// Algorithms that are to come, recognised and never verified nor issued: the library underneath has none of them. A
/// registry as data, so that a stored signature's OID has a name and a form before anybody can check it.
namespace birthmark::pqc {

enum class Family : std::uint8_t {
  ml_dsa,        ///< FIPS 204, RFC 9881
  slh_dsa,       ///< FIPS 205, RFC 9909
  composite,     ///< draft-ietf-lamps-pq-composite-sigs: ML-DSA and a classical one
  hash_ml_dsa,   ///< pre-hashed; MUST NOT appear in PKIX (RFC 9881 §8.3)
  hash_slh_dsa,  ///< likewise refused here, though RFC 9909 defines it: no maker of devices asked for it
};

struct Algorithm {
  BytesView type;  ///< contents of the OID; the parameters are absent always
  std::string_view name;
  Family family;
  std::size_t public_key_bytes;  ///< of composites: at least
  std::size_t signature_bytes;   ///< likewise
};

std::span<const Algorithm> all_algorithms();
/// Null for an algorithm that is not listed.
const Algorithm* find(BytesView type);

/// Reads a SubjectPublicKeyInfo of one of these algorithms.
/// @return the algorithm; never null. @error bad_request: not that form, parameters, another size than the algorithm
///     has, a pre-hash algorithm, or an algorithm that is not listed
Result<const Algorithm*> read_public_key(BytesView whole);

/// The algorithm of an AlgorithmIdentifier of a signature, and whether `signature` is of its size.
/// @error bad_request: as `read_public_key`
Result<const Algorithm*> read_signature(BytesView algorithm, BytesView signature);

/// RFC 9881 §5, RFC 9909 §6: a key that signs neither enciphers nor agrees, and is for signing something.
/// @param bits as `x509::key_usage` gives them. @error bad_request
Result<void> check_key_usage(std::uint32_t bits);

/// What a certificate or a request with such a key or signature says of both; nothing of it is verified.
struct Words {
  const Algorithm* key = nullptr;        ///< null: another algorithm
  const Algorithm* signature = nullptr;  ///< likewise
};
/// Reads a certificate as an anchor is read, and checks form, sizes and key usage where one of the two is listed.
/// @error bad_request: unreadable, or against RFC 9881, RFC 9909
Result<Words> look_at_certificate(BytesView der);

/// Likewise of a certification request (RFC 2986 §4): its attributes are not looked into. @error bad_request
Result<Words> look_at_request(BytesView der);

/// ML-DSA-PrivateKey (RFC 9881 §6) inside a PKCS#8; aliases it. At least one of the two is there.
struct PrivateKey {
  const Algorithm* algorithm = nullptr;
  BytesView seed;      ///< 32 bytes; empty: not there
  BytesView expanded;  ///< as long as the algorithm says; empty: not there
};
/// Reads a PKCS#8 of ML-DSA. Whether seed and expanded key are of one another is for `crypto::check_ml_dsa_key`.
/// @error bad_request: not that form, parameters, another length, another algorithm
Result<PrivateKey> read_private_key(BytesView pkcs8);

/// k, l and η of ML-DSA (FIPS 204 §4), and the length of the expanded key.
struct MlDsaParameters {
  std::uint8_t k, l, eta;
  std::size_t expanded_bytes;
};
/// Nothing for another algorithm.
std::optional<MlDsaParameters> ml_dsa_parameters(const Algorithm& algorithm);

}  // namespace birthmark::pqc
