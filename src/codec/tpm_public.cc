// SPDX-License-Identifier: Apache-2.0
#include "codec/tpm_public.h"

#include "codec/tpm_wire.h"

namespace birthmark::tpm {
namespace {

constexpr std::string_view kWhat = "TPMT_PUBLIC";
constexpr std::uint32_t kDefaultExponent = 65537;

bool is(std::uint16_t value, Algorithm algorithm) {
  return value == static_cast<std::uint16_t>(algorithm);
}

std::size_t bytes_of(RsaKeyBits bits) {
  return static_cast<std::size_t>(bits) / 8;
}

/// TPMT_SYM_DEF_OBJECT (Part 2, §11.1.7).
Result<std::optional<AesKeyBits>> read_symmetric(wire::In& in) {
  BM_TRY(const auto algorithm, in.u16());
  if (is(algorithm, Algorithm::null)) {
    return std::optional<AesKeyBits>{};
  }
  if (!is(algorithm, Algorithm::aes)) {
    return in.refuse("unknown symmetric algorithm");
  }
  BM_TRY(const auto bits, in.u16());
  if (bits != static_cast<std::uint16_t>(AesKeyBits::aes128) &&
      bits != static_cast<std::uint16_t>(AesKeyBits::aes256)) {
    return in.refuse("unknown symmetric key size");
  }
  BM_TRY(const auto mode, in.u16());
  if (!is(mode, Algorithm::cfb)) {
    return in.refuse("unknown symmetric mode");
  }
  return std::optional{static_cast<AesKeyBits>(bits)};
}

/// TPMT_ECC_SCHEME (Part 2, §11.2.5.6): none, or ECDSA.
Result<std::optional<Hash>> read_ecc_scheme(wire::In& in) {
  BM_TRY(const auto scheme, in.u16());
  if (is(scheme, Algorithm::null)) {
    return std::optional<Hash>{};
  }
  if (!is(scheme, Algorithm::ecdsa)) {
    return in.refuse("unknown scheme");
  }
  BM_TRY(const auto hash, in.hash());
  return std::optional{hash};
}

/// TPMT_RSA_SCHEME (Part 2, §11.2.4.2): none, or one of the two that sign.
Result<std::optional<RsaScheme>> read_rsa_scheme(wire::In& in) {
  BM_TRY(const auto scheme, in.u16());
  if (is(scheme, Algorithm::null)) {
    return std::optional<RsaScheme>{};
  }
  if (!is(scheme, Algorithm::rsassa) && !is(scheme, Algorithm::rsapss)) {
    return in.refuse("unknown scheme");
  }
  BM_TRY(const auto hash, in.hash());
  return std::optional{RsaScheme{static_cast<RsaPadding>(scheme), hash}};
}

Result<EccKey> read_ecc(wire::In& in) {
  EccKey key;
  BM_TRY(key.ecdsa, read_ecc_scheme(in));
  BM_TRY(const auto curve, in.u16());
  if (curve < static_cast<std::uint16_t>(Curve::p256) || curve > static_cast<std::uint16_t>(Curve::p521)) {
    return in.refuse("unknown curve");
  }
  key.curve = static_cast<Curve>(curve);
  BM_TRY(const auto kdf, in.u16());
  if (!is(kdf, Algorithm::null)) {
    return in.refuse("unknown key derivation");
  }
  BM_TRY(const auto x, in.sized({.max = coordinate_size(key.curve)}));
  BM_TRY(const auto y, in.sized({.max = coordinate_size(key.curve)}));
  key.x = to_bytes(x);
  key.y = to_bytes(y);
  return key;
}

Result<RsaKey> read_rsa(wire::In& in) {
  RsaKey key;
  BM_TRY(key.scheme, read_rsa_scheme(in));
  BM_TRY(const auto bits, in.u16());
  if (bits != static_cast<std::uint16_t>(RsaKeyBits::rsa2048) &&
      bits != static_cast<std::uint16_t>(RsaKeyBits::rsa3072)) {
    return in.refuse("unknown RSA key size");
  }
  key.bits = static_cast<RsaKeyBits>(bits);
  BM_TRY(const auto exponent, in.u32());
  if (exponent != 0 && exponent != kDefaultExponent) {
    return in.refuse("RSA exponent is not 65537");
  }
  key.exponent_spelled_out = exponent != 0;
  BM_TRY(const auto modulus, in.sized({.max = bytes_of(key.bits)}));
  key.modulus = to_bytes(modulus);
  return key;
}

void write_ecc(wire::Out& out, const EccKey& key) {
  if (key.ecdsa) {
    out.algorithm(Algorithm::ecdsa).hash(*key.ecdsa);
  } else {
    out.algorithm(Algorithm::null);
  }
  out.u16(static_cast<std::uint16_t>(key.curve)).algorithm(Algorithm::null).sized(key.x).sized(key.y);
}

void write_rsa(wire::Out& out, const RsaKey& key) {
  if (key.scheme) {
    out.u16(static_cast<std::uint16_t>(key.scheme->padding)).hash(key.scheme->hash);
  } else {
    out.algorithm(Algorithm::null);
  }
  out.u16(static_cast<std::uint16_t>(key.bits)).u32(key.exponent_spelled_out ? kDefaultExponent : 0).sized(key.modulus);
}

void pad(Bytes& out, BytesView number, std::size_t size) {
  out.insert(out.end(), size - number.size(), 0);
  append(out, number);
}

}  // namespace

Result<Public> read_public(BytesView tpmt_public) {
  wire::In in{tpmt_public, kWhat};
  if (tpmt_public.size() > kPublicMaxBytes) {
    return in.refuse("too long");
  }
  BM_TRY(const auto type, in.u16());
  if (!is(type, Algorithm::ecc) && !is(type, Algorithm::rsa)) {
    return in.refuse("unknown key type");
  }
  Public out;
  BM_TRY(out.name_hash, in.hash());
  BM_TRY(const auto bits, in.u32());
  const auto attributes = Attributes::from_bits(bits);
  if (!attributes) {
    return in.refuse("reserved attribute bits");
  }
  out.attributes = *attributes;
  BM_TRY(const auto policy, in.sized({.max = kDigestMaxBytes}));
  if (!policy.empty() && policy.size() != digest_size(out.name_hash)) {
    return in.refuse("policy is no digest of nameAlg");
  }
  out.auth_policy = to_bytes(policy);
  BM_TRY(out.symmetric, read_symmetric(in));
  if (is(type, Algorithm::ecc)) {
    BM_TRY(out.key, read_ecc(in));
  } else {
    BM_TRY(out.key, read_rsa(in));
  }
  BM_CHECK(in.finish());
  return out;
}

Result<Public> read_sized_public(BytesView tpm2b_public) {
  wire::In in{tpm2b_public, "TPM2B_PUBLIC"};
  BM_TRY(const auto body, in.sized({1, kPublicMaxBytes}));
  BM_CHECK(in.finish());
  return read_public(body);
}

Bytes write(const Public& key) {
  wire::Out out;
  out.algorithm(key.ecc() != nullptr ? Algorithm::ecc : Algorithm::rsa).hash(key.name_hash).u32(key.attributes.bits());
  out.sized(key.auth_policy);
  if (key.symmetric) {
    out.algorithm(Algorithm::aes).u16(static_cast<std::uint16_t>(*key.symmetric)).algorithm(Algorithm::cfb);
  } else {
    out.algorithm(Algorithm::null);
  }
  if (const auto* ecc = key.ecc()) {
    write_ecc(out, *ecc);
  }
  if (const auto* rsa = key.rsa()) {
    write_rsa(out, *rsa);
  }
  return std::move(out).finish();
}

Bytes write_sized(const Public& key) {
  wire::Out out;
  out.sized(write(key));
  return std::move(out).finish();
}

Result<Bytes> uncompressed_point(const EccKey& key) {
  const auto size = coordinate_size(key.curve);
  if (key.x.empty() || key.y.empty() || key.x.size() > size || key.y.size() > size) {
    return fail(Code::bad_evidence, "TPMS_ECC_POINT: a coordinate is empty or too long");
  }
  Bytes out{0x04};
  out.reserve(1 + 2 * size);
  pad(out, key.x, size);
  pad(out, key.y, size);
  return out;
}

Result<BytesView> rsa_modulus(const RsaKey& key) {
  const BytesView modulus{key.modulus};
  if (modulus.size() != bytes_of(key.bits) || (modulus.front() & 0x80) == 0 || (modulus.back() & 1) == 0) {
    return fail(Code::bad_evidence, "TPM2B_PUBLIC_KEY_RSA: not a modulus of the key's size");
  }
  return modulus;
}

}  // namespace birthmark::tpm
