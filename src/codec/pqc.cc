// SPDX-License-Identifier: Apache-2.0
#include "codec/pqc.h"

#include <algorithm>
#include <array>

#include "codec/algorithm.h"
#include "codec/der.h"
#include "codec/oid.h"
#include "codec/pkcs10.h"
#include "codec/x509.h"

namespace birthmark::pqc {
namespace {

template <std::uint64_t Arc>
constexpr auto kNist = oid<2, 16, 840, 1, 101, 3, 4, 3, Arc>;
template <std::uint64_t Arc>
constexpr auto kComposite = oid<1, 3, 6, 1, 5, 5, 7, 6, Arc>;

constexpr std::size_t kKey44 = 1312, kKey65 = 1952, kKey87 = 2592;
constexpr std::size_t kSignature44 = 2420, kSignature65 = 3309, kSignature87 = 4627;

constexpr Algorithm composite(BytesView type, std::string_view name, std::size_t key, std::size_t signature) {
  return {type, name, Family::composite, key, signature};
}

constexpr std::array kAlgorithms{
    Algorithm{kNist<17>, "ML-DSA-44", Family::ml_dsa, kKey44, kSignature44},
    Algorithm{kNist<18>, "ML-DSA-65", Family::ml_dsa, kKey65, kSignature65},
    Algorithm{kNist<19>, "ML-DSA-87", Family::ml_dsa, kKey87, kSignature87},
    Algorithm{kNist<20>, "SLH-DSA-SHA2-128s", Family::slh_dsa, 32, 7856},
    Algorithm{kNist<21>, "SLH-DSA-SHA2-128f", Family::slh_dsa, 32, 17088},
    Algorithm{kNist<22>, "SLH-DSA-SHA2-192s", Family::slh_dsa, 48, 16224},
    Algorithm{kNist<23>, "SLH-DSA-SHA2-192f", Family::slh_dsa, 48, 35664},
    Algorithm{kNist<24>, "SLH-DSA-SHA2-256s", Family::slh_dsa, 64, 29792},
    Algorithm{kNist<25>, "SLH-DSA-SHA2-256f", Family::slh_dsa, 64, 49856},
    Algorithm{kNist<26>, "SLH-DSA-SHAKE-128s", Family::slh_dsa, 32, 7856},
    Algorithm{kNist<27>, "SLH-DSA-SHAKE-128f", Family::slh_dsa, 32, 17088},
    Algorithm{kNist<28>, "SLH-DSA-SHAKE-192s", Family::slh_dsa, 48, 16224},
    Algorithm{kNist<29>, "SLH-DSA-SHAKE-192f", Family::slh_dsa, 48, 35664},
    Algorithm{kNist<30>, "SLH-DSA-SHAKE-256s", Family::slh_dsa, 64, 29792},
    Algorithm{kNist<31>, "SLH-DSA-SHAKE-256f", Family::slh_dsa, 64, 49856},
    Algorithm{kNist<32>, "HashML-DSA-44", Family::hash_ml_dsa, kKey44, kSignature44},
    Algorithm{kNist<33>, "HashML-DSA-65", Family::hash_ml_dsa, kKey65, kSignature65},
    Algorithm{kNist<34>, "HashML-DSA-87", Family::hash_ml_dsa, kKey87, kSignature87},
    Algorithm{kNist<35>, "HashSLH-DSA-SHA2-128s", Family::hash_slh_dsa, 32, 7856},
    Algorithm{kNist<36>, "HashSLH-DSA-SHA2-128f", Family::hash_slh_dsa, 32, 17088},
    Algorithm{kNist<37>, "HashSLH-DSA-SHA2-192s", Family::hash_slh_dsa, 48, 16224},
    Algorithm{kNist<38>, "HashSLH-DSA-SHA2-192f", Family::hash_slh_dsa, 48, 35664},
    Algorithm{kNist<39>, "HashSLH-DSA-SHA2-256s", Family::hash_slh_dsa, 64, 29792},
    Algorithm{kNist<40>, "HashSLH-DSA-SHA2-256f", Family::hash_slh_dsa, 64, 49856},
    Algorithm{kNist<41>, "HashSLH-DSA-SHAKE-128s", Family::hash_slh_dsa, 32, 7856},
    Algorithm{kNist<42>, "HashSLH-DSA-SHAKE-128f", Family::hash_slh_dsa, 32, 17088},
    Algorithm{kNist<43>, "HashSLH-DSA-SHAKE-192s", Family::hash_slh_dsa, 48, 16224},
    Algorithm{kNist<44>, "HashSLH-DSA-SHAKE-192f", Family::hash_slh_dsa, 48, 35664},
    Algorithm{kNist<45>, "HashSLH-DSA-SHAKE-256s", Family::hash_slh_dsa, 64, 29792},
    Algorithm{kNist<46>, "HashSLH-DSA-SHAKE-256f", Family::hash_slh_dsa, 64, 49856},
    composite(kComposite<37>, "MLDSA44-RSA2048-PSS-SHA256", kKey44, kSignature44),
    composite(kComposite<38>, "MLDSA44-RSA2048-PKCS15-SHA256", kKey44, kSignature44),
    composite(kComposite<39>, "MLDSA44-Ed25519-SHA512", kKey44, kSignature44),
    composite(kComposite<40>, "MLDSA44-ECDSA-P256-SHA256", kKey44, kSignature44),
    composite(kComposite<41>, "MLDSA65-RSA3072-PSS-SHA512", kKey65, kSignature65),
    composite(kComposite<42>, "MLDSA65-RSA3072-PKCS15-SHA512", kKey65, kSignature65),
    composite(kComposite<43>, "MLDSA65-RSA4096-PSS-SHA512", kKey65, kSignature65),
    composite(kComposite<44>, "MLDSA65-RSA4096-PKCS15-SHA512", kKey65, kSignature65),
    composite(kComposite<45>, "MLDSA65-ECDSA-P256-SHA512", kKey65, kSignature65),
    composite(kComposite<46>, "MLDSA65-ECDSA-P384-SHA512", kKey65, kSignature65),
    composite(kComposite<47>, "MLDSA65-ECDSA-brainpoolP256r1-SHA512", kKey65, kSignature65),
    composite(kComposite<48>, "MLDSA65-Ed25519-SHA512", kKey65, kSignature65),
    composite(kComposite<49>, "MLDSA87-ECDSA-P384-SHA512", kKey87, kSignature87),
    composite(kComposite<50>, "MLDSA87-ECDSA-brainpoolP384r1-SHA512", kKey87, kSignature87),
    composite(kComposite<51>, "MLDSA87-Ed448-SHAKE256", kKey87, kSignature87),
    composite(kComposite<52>, "MLDSA87-RSA3072-PSS-SHA512", kKey87, kSignature87),
    composite(kComposite<53>, "MLDSA87-RSA4096-PSS-SHA512", kKey87, kSignature87),
    composite(kComposite<54>, "MLDSA87-ECDSA-P521-SHA512", kKey87, kSignature87),
};

tl::unexpected<Error> refuse(const std::string& what) {
  return fail(Code::bad_request, "algorithms to come: " + what);
}

bool fits(const Algorithm& algorithm, std::size_t expected, std::size_t size) {
  return algorithm.family == Family::composite ? size > expected : size == expected;
}

/// One that may stand in a certificate.
Result<const Algorithm*> allowed(BytesView type) {
  const auto* const algorithm = find(type);
  if (algorithm == nullptr) {
    return refuse("not listed: " + oid_text(type));
  }
  if (algorithm->family == Family::hash_ml_dsa || algorithm->family == Family::hash_slh_dsa) {
    return refuse(std::string{algorithm->name} + " must not be used here");
  }
  return algorithm;
}

/// An AlgorithmIdentifier without parameters.
Result<const Algorithm*> read_identifier(der::Reader& in) {
  BM_TRY(auto identifier, in.enter(der::tag::sequence));
  BM_TRY(const auto type, identifier.oid());
  BM_TRY(const auto* const algorithm, allowed(type));
  BM_CHECK(identifier.finish());
  return algorithm;
}

/// The AlgorithmIdentifier of a certificate's signature.
Result<BytesView> signature_algorithm(BytesView certificate) {
  BM_TRY(auto outer, der::read_one(certificate, der::tag::sequence));
  BM_CHECK(outer.any());
  BM_TRY(const auto algorithm, outer.any());
  return algorithm.whole;
}

/// Null where an AlgorithmIdentifier names no algorithm of the list.
Result<const Algorithm*> listed(BytesView identifier) {
  BM_TRY(auto fields, der::read_one(identifier, der::tag::sequence));
  BM_TRY(const auto type, fields.oid());
  return find(type);
}

/// The CHOICE of RFC 9881 §6.
Result<void> read_choice(BytesView octets, std::size_t expanded_bytes, PrivateKey& out) {
  constexpr std::size_t kSeedBytes = 32;
  der::Reader in{octets};
  const auto tag = in.peek();
  if (tag == der::tag::context(0)) {
    BM_TRY(out.seed, in.expect(der::tag::context(0)));
  } else if (tag == der::tag::octet_string) {
    BM_TRY(out.expanded, in.expect(der::tag::octet_string));
  } else {
    BM_TRY(auto both, in.enter(der::tag::sequence));
    BM_TRY(out.seed, both.expect(der::tag::octet_string));
    BM_TRY(out.expanded, both.expect(der::tag::octet_string));
    BM_CHECK(both.finish());
  }
  BM_CHECK(in.finish());
  const bool seed_fits = out.seed.size() == kSeedBytes || (out.seed.empty() && tag == der::tag::octet_string);
  const bool expanded_fits =
      out.expanded.size() == expanded_bytes || (out.expanded.empty() && tag == der::tag::context(0));
  return seed_fits && expanded_fits ? Result<void>{} : refuse("a private key of another length");
}

}  // namespace

std::span<const Algorithm> all_algorithms() {
  return kAlgorithms;
}

const Algorithm* find(BytesView type) {
  const auto* const found =
      std::ranges::find_if(kAlgorithms, [&](const Algorithm& one) { return equal(one.type, type); });
  return found == kAlgorithms.end() ? nullptr : found;
}

Result<const Algorithm*> read_public_key(BytesView whole) {
  BM_TRY(auto fields, der::read_one(whole, der::tag::sequence));
  BM_TRY(const auto* const algorithm, read_identifier(fields));
  BM_TRY(const auto key, fields.bit_octets());
  BM_CHECK(fields.finish());
  if (!fits(*algorithm, algorithm->public_key_bytes, key.size())) {
    return refuse("a key of another size");
  }
  return algorithm;
}

Result<const Algorithm*> read_signature(BytesView identifier, BytesView signature) {
  der::Reader in{identifier};
  BM_TRY(const auto* const algorithm, read_identifier(in));
  BM_CHECK(in.finish());
  if (!fits(*algorithm, algorithm->signature_bytes, signature.size())) {
    return refuse("a signature of another size");
  }
  return algorithm;
}

Result<void> check_key_usage(std::uint32_t bits) {
  constexpr std::uint32_t kSigning = 1U << 0 | 1U << 1 | 1U << 5 | 1U << 6;
  return (bits & kSigning) != 0 && (bits & ~kSigning) == 0 ? Result<void>{}
                                                           : refuse("keyUsage of a key that does more than sign");
}

Result<Words> look_at_certificate(BytesView der) {
  BM_TRY(const auto certificate, x509::Certificate::read_anchor(der));
  BM_TRY(const auto identifier, signature_algorithm(certificate.der()));
  BM_TRY(const auto spki, x509::read_spki(certificate.spki()));
  Words out;
  BM_TRY(const auto* const signed_with, listed(identifier));
  if (signed_with != nullptr) {
    BM_TRY(out.signature, read_signature(identifier, certificate.signature()));
  }
  if (find(spki.algorithm) != nullptr) {
    BM_TRY(out.key, read_public_key(certificate.spki()));
    BM_TRY(const auto usage, x509::key_usage(certificate.extensions()));
    if (usage) {
      BM_CHECK(check_key_usage(*usage));
    }
  }
  return out;
}

Result<Words> look_at_request(BytesView der) {
  constexpr std::size_t kDepthMax = 24;
  if (der.size() > pkcs10::kRequestMaxBytes) {
    return refuse("a request that is too long");
  }
  BM_CHECK(der::check_nesting(der, kDepthMax));
  BM_TRY(auto request, der::read_one(der, der::tag::sequence));
  BM_TRY(auto info, request.enter(der::tag::sequence));
  BM_TRY(const auto identifier, request.any());
  BM_TRY(const auto signature, request.bit_octets());
  BM_CHECK(request.finish());
  BM_CHECK(info.small_unsigned());
  BM_TRY(const auto subject, info.any());
  BM_CHECK(x509::read_name(subject.whole));
  BM_TRY(const auto whole_spki, info.any());
  BM_TRY(const auto spki, x509::read_spki(whole_spki.whole));
  BM_CHECK(info.enter(der::tag::context_constructed(0)));
  BM_CHECK(info.finish());
  Words out;
  BM_TRY(const auto* const signed_with, listed(identifier.whole));
  if (signed_with != nullptr) {
    BM_TRY(out.signature, read_signature(identifier.whole, signature));
  }
  if (find(spki.algorithm) != nullptr) {
    BM_TRY(out.key, read_public_key(whole_spki.whole));
  }
  return out;
}

Result<PrivateKey> read_private_key(BytesView pkcs8) {
  constexpr std::uint64_t kVersion2 = 1;
  BM_TRY(auto fields, der::read_one(pkcs8, der::tag::sequence));
  BM_TRY(const auto version, fields.small_unsigned());
  if (version > kVersion2) {
    return refuse("version of the private key");
  }
  PrivateKey out;
  BM_TRY(out.algorithm, read_identifier(fields));
  const auto parameters = ml_dsa_parameters(*out.algorithm);
  if (!parameters) {
    return refuse("a private key of " + std::string{out.algorithm->name});
  }
  BM_TRY(const auto octets, fields.expect(der::tag::octet_string));
  BM_CHECK(read_choice(octets, parameters->expanded_bytes, out));
  // Attributes and a public key may follow (RFC 5958 §2): nothing is made of them.
  for (const auto tag : {der::tag::context_constructed(0), der::tag::context(1)}) {
    BM_CHECK(fields.optional(tag));
  }
  BM_CHECK(fields.finish());
  return out;
}

std::optional<MlDsaParameters> ml_dsa_parameters(const Algorithm& algorithm) {
  if (algorithm.family != Family::ml_dsa) {
    return std::nullopt;
  }
  if (algorithm.public_key_bytes == kKey44) {
    return MlDsaParameters{4, 4, 2, 2560};
  }
  return algorithm.public_key_bytes == kKey65 ? MlDsaParameters{6, 5, 4, 4032} : MlDsaParameters{8, 7, 2, 4896};
}

}  // namespace birthmark::pqc
