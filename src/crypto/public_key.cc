// SPDX-License-Identifier: Apache-2.0
#include <openssl/core_names.h>
#include <openssl/rsa.h>

#include <array>
#include <bit>

#include "codec/der.h"
#include "codec/oid.h"
#include "crypto/ecdsa_signature.h"
#include "crypto/ed25519_point.h"
#include "crypto/key_impl.h"
#include "crypto/native.h"
#include "crypto/p256.h"

namespace birthmark::crypto {
namespace {

constexpr std::size_t kSpkiMaxBytes = 1024;
constexpr std::size_t kModulusMinBits = 2048;
constexpr std::size_t kModulusMaxBits = 4096;
constexpr std::uint64_t kExponentMin = 65537;
constexpr std::uint64_t kExponentMax = 0xFFFFFFFF;
constexpr std::uint8_t kUncompressed = 0x04;
constexpr auto kEd25519 = oid<1, 3, 101, 112>;

/// What a SubjectPublicKeyInfo says; aliases it.
struct Parsed {
  KeyType type{};
  BytesView point;
  BytesView modulus;
  std::uint64_t exponent = 0;
};

/// A key of one curve whose point is replaced for each use, and a context that verifies with whatever it holds: 2 µs
/// a key, where decoding an SPKI or making a key takes OpenSSL 3.0 41 to 250.
class CurveSlot {
 public:
  explicit CurveSlot(const char* group) {
    const KeepErrorQueue quiet;
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, const_cast<char*>(group), 0),
                           OSSL_PARAM_construct_end()};
    const EvpPkeyCtxPtr maker{EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr)};
    EVP_PKEY* made = nullptr;
    if (!maker || EVP_PKEY_fromdata_init(maker.get()) != 1 ||
        EVP_PKEY_fromdata(maker.get(), &made, EVP_PKEY_KEY_PARAMETERS, params) != 1) {
      library_broken(group);
    }
    key_.reset(made);
    context_.reset(EVP_PKEY_CTX_new_from_pkey(nullptr, key_.get(), nullptr));
    if (!context_ || EVP_PKEY_verify_init(context_.get()) != 1) {
      library_broken(group);
    }
  }

  /// Takes the point in if it is 04 || x || y on the curve; the one that is there already costs nothing.
  bool load(BytesView point) {
    if (point.empty() || !equal(point, held_)) {
      held_.clear();
      if (EVP_PKEY_set1_encoded_public_key(key_.get(), point.data(), point.size()) != 1) {
        return false;
      }
      held_.assign(point.begin(), point.end());
    }
    return true;
  }
  bool verify(BytesView digest, BytesView signature) {
    return EVP_PKEY_verify(context_.get(), signature.data(), signature.size(), digest.data(), digest.size()) == 1;
  }
  [[nodiscard]] EVP_PKEY* key() const { return key_.get(); }
  [[nodiscard]] EvpPkeyPtr copy() const { return EvpPkeyPtr{EVP_PKEY_dup(key_.get())}; }

 private:
  EvpPkeyPtr key_;
  EvpPkeyCtxPtr context_;
  Bytes held_;
};

CurveSlot& slot_of_thread(KeyType curve) {
  if (curve == KeyType::p256) {
    thread_local CurveSlot p256{"P-256"};
    return p256;
  }
  if (curve == KeyType::p521) {
    thread_local CurveSlot p521{"P-521"};
    return p521;
  }
  thread_local CurveSlot p384{"P-384"};
  return p384;
}

Result<Parsed> read_ec(der::Reader& algorithm, BytesView key) {
  // RFC 5480 §2.1.1: namedCurve only; explicit parameters could name a curve of the sender's making.
  BM_TRY(const auto curve, algorithm.oid());
  Parsed out;
  if (equal(curve, oids::secp256r1)) {
    out.type = KeyType::p256;
  } else if (equal(curve, oids::secp384r1)) {
    out.type = KeyType::p384;
  } else if (equal(curve, oids::secp521r1)) {
    out.type = KeyType::p521;
  } else {
    return fail(Code::bad_request, "SPKI: curve not supported", std::string{kOtherAlgorithm});
  }
  if (key.size() != 1 + 2 * field_size(out.type) || key.front() != kUncompressed) {
    return fail(Code::bad_request, "SPKI: point is not uncompressed or has the wrong size");
  }
  if (!(out.type == KeyType::p256 ? is_p256_point(key) : slot_of_thread(out.type).load(key))) {
    return fail(Code::bad_request, "SPKI: point is not on the curve");
  }
  out.point = key;
  return out;
}

Result<Parsed> read_rsa(der::Reader& algorithm, BytesView key) {
  BM_TRY(const auto null, algorithm.expect(der::tag::null));
  if (!null.empty()) {
    return fail(Code::bad_request, "SPKI: NULL with contents");
  }
  BM_TRY(auto numbers, der::read_one(key, der::tag::sequence));
  BM_TRY(auto modulus, numbers.integer());
  BM_TRY(const auto exponent, numbers.small_unsigned());
  BM_CHECK(numbers.finish());
  if (modulus.front() >= 0x80) {
    return fail(Code::bad_request, "SPKI: negative modulus");
  }
  if (modulus.front() == 0) {
    modulus = modulus.subspan(1);
  }
  // Sizes first: what is refused here costs nothing.
  const std::size_t bits =
      modulus.empty() ? 0 : modulus.size() * 8 - static_cast<std::size_t>(std::countl_zero(modulus.front()));
  if (bits < kModulusMinBits || bits > kModulusMaxBits || modulus.back() % 2 == 0) {
    return fail(Code::bad_request, "SPKI: RSA modulus is even or not of 2048 to 4096 bits");
  }
  if (exponent < kExponentMin || exponent > kExponentMax || exponent % 2 == 0) {
    return fail(Code::bad_request, "SPKI: RSA exponent is even or not of 65537 to 2^32");
  }
  return Parsed{.type = KeyType::rsa, .point = {}, .modulus = modulus, .exponent = exponent};
}

Result<Parsed> read_ed25519(BytesView key) {
  if (!is_sound_ed25519_point(key)) {
    return fail(Code::bad_request, "SPKI: not an Ed25519 point of full order");
  }
  return Parsed{.type = KeyType::ed25519, .point = key, .modulus = {}, .exponent = 0};
}

Result<Parsed> read_spki(BytesView spki) {
  if (spki.size() > kSpkiMaxBytes) {
    return fail(Code::bad_request, "SPKI: longer than 1024 bytes");
  }
  BM_TRY(auto info, der::read_one(spki, der::tag::sequence));
  BM_TRY(auto algorithm, info.enter(der::tag::sequence));
  BM_TRY(const auto key, info.bit_octets());
  BM_CHECK(info.finish());
  BM_TRY(const auto id, algorithm.oid());
  Parsed out;
  if (equal(id, oids::ec_public_key)) {
    BM_TRY(out, read_ec(algorithm, key));
  } else if (equal(id, oids::rsa_encryption)) {
    BM_TRY(out, read_rsa(algorithm, key));
  } else if (equal(id, kEd25519)) {
    BM_TRY(out, read_ed25519(key));
  } else {
    return fail(Code::bad_request, "SPKI: algorithm not supported", std::string{kOtherAlgorithm});
  }
  BM_CHECK(algorithm.finish());
  return out;
}

/// The library's key for RSA; null if it cannot make one.
EvpPkeyPtr make_rsa(BytesView modulus, std::uint64_t exponent) {
  const BnPtr n{BN_bin2bn(modulus.data(), static_cast<int>(modulus.size()), nullptr)};
  const ParamBuildPtr builder{OSSL_PARAM_BLD_new()};
  if (!n || !builder || OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) != 1 ||
      OSSL_PARAM_BLD_push_uint64(builder.get(), OSSL_PKEY_PARAM_RSA_E, exponent) != 1) {
    return nullptr;
  }
  const ParamsPtr params{OSSL_PARAM_BLD_to_param(builder.get())};
  const EvpPkeyCtxPtr maker{EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr)};
  EVP_PKEY* made = nullptr;
  if (!params || !maker || EVP_PKEY_fromdata_init(maker.get()) != 1 ||
      EVP_PKEY_fromdata(maker.get(), &made, EVP_PKEY_PUBLIC_KEY, params.get()) != 1) {
    return nullptr;
  }
  return EvpPkeyPtr{made};
}

Bytes wrap_spki(BytesView algorithm, BytesView parameters, BytesView key) {
  der::Writer writer;
  writer.open(der::tag::sequence).open(der::tag::sequence).oid(algorithm).raw(parameters).close();
  writer.bit_string(key).close();
  return std::move(writer).finish();
}

Bytes curve_parameters(KeyType curve) {
  der::Writer writer;
  writer.oid(curve == KeyType::p256   ? BytesView{oids::secp256r1}
             : curve == KeyType::p384 ? BytesView{oids::secp384r1}
                                      : BytesView{oids::secp521r1});
  return std::move(writer).finish();
}

bool verify_ecdsa(const PublicKey::Impl& key, HashAlgorithm algorithm, BytesView message, BytesView signature) {
  const auto numbers = read_ecdsa_signature(key.type, signature);
  if (!numbers) {
    return false;
  }
  if (key.type == KeyType::p256 && algorithm == HashAlgorithm::sha256) {
    return verify_p256(key.point, key.table.use(key.point), sha256(message), *numbers);
  }
  auto& slot = slot_of_thread(key.type);
  return slot.load(key.point) && slot.verify(hash(algorithm, {message}), signature);
}

/// A salt of PKCS#1 v1.5 is none.
constexpr int kNoSalt = 0;

bool verify_rsa_with(EVP_PKEY* key, int padding, int salt, HashAlgorithm algorithm, BytesView digest,
                     BytesView signature) {
  const EvpPkeyCtxPtr context{EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr)};
  return context && EVP_PKEY_verify_init(context.get()) == 1 &&
         EVP_PKEY_CTX_set_rsa_padding(context.get(), padding) == 1 &&
         EVP_PKEY_CTX_set_signature_md(context.get(), message_digest(algorithm)) == 1 &&
         (padding == RSA_PKCS1_PADDING || EVP_PKEY_CTX_set_rsa_pss_saltlen(context.get(), salt) == 1) &&
         EVP_PKEY_verify(context.get(), signature.data(), signature.size(), digest.data(), digest.size()) == 1;
}

/// @param padding RSA_PKCS1_PADDING, or RSA_PKCS1_PSS_PADDING with MGF1 of the same hash and a salt as TPMs make it.
bool verify_rsa(const PublicKey::Impl& key, int padding, HashAlgorithm algorithm, BytesView message,
                BytesView signature) {
  const auto digest = hash(algorithm, {message});
  const auto verifies = [&](int salt) {
    return verify_rsa_with(key.library_key.get(), padding, salt, algorithm, digest, signature);
  };
  return padding == RSA_PKCS1_PADDING ? verifies(kNoSalt)
                                      : verifies(RSA_PSS_SALTLEN_DIGEST) || verifies(RSA_PSS_SALTLEN_MAX);
}

bool verify_ed25519(const PublicKey::Impl& key, BytesView message, BytesView signature) {
  const EvpMdCtxPtr context{EVP_MD_CTX_new()};
  return context && EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key.library_key.get()) == 1 &&
         EVP_DigestVerify(context.get(), signature.data(), signature.size(), message.data(), message.size()) == 1;
}

}  // namespace

std::optional<SignatureScheme> scheme_of(x509::SignatureAlgorithm algorithm) {
  switch (algorithm) {
    case x509::SignatureAlgorithm::ecdsa_sha256:
      return SignatureScheme::ecdsa_sha256;
    case x509::SignatureAlgorithm::ecdsa_sha384:
      return SignatureScheme::ecdsa_sha384;
    case x509::SignatureAlgorithm::ecdsa_sha512:
      return SignatureScheme::ecdsa_sha512;
    case x509::SignatureAlgorithm::rsa_pkcs1_sha256:
      return SignatureScheme::rsa_pkcs1_sha256;
    case x509::SignatureAlgorithm::rsa_pkcs1_sha384:
      return SignatureScheme::rsa_pkcs1_sha384;
    case x509::SignatureAlgorithm::rsa_pkcs1_sha512:
      return SignatureScheme::rsa_pkcs1_sha512;
    case x509::SignatureAlgorithm::ed25519:
      return SignatureScheme::ed25519;
    case x509::SignatureAlgorithm::unverifiable:
      break;
  }
  return std::nullopt;
}

Result<PublicKey> PublicKey::from_spki(BytesView spki) {
  const KeepErrorQueue quiet;
  auto impl = std::make_shared<Impl>();
  impl->spki = to_bytes(spki.first(std::min(spki.size(), kSpkiMaxBytes + 1)));
  BM_TRY(const auto parsed, read_spki(impl->spki));
  impl->type = parsed.type;
  impl->point = parsed.point;
  impl->modulus = parsed.modulus;
  impl->spki_sha256 = sha256(impl->spki);
  if (parsed.type == KeyType::rsa) {
    impl->library_key = make_rsa(parsed.modulus, parsed.exponent);
  } else if (parsed.type == KeyType::ed25519) {
    impl->library_key.reset(
        EVP_PKEY_new_raw_public_key_ex(nullptr, "ED25519", nullptr, parsed.point.data(), parsed.point.size()));
  }
  if ((parsed.type == KeyType::rsa || parsed.type == KeyType::ed25519) && !impl->library_key) {
    return fail(Code::bad_request, "SPKI: the library refuses the key");
  }
  return PublicKey{std::move(impl)};
}

Result<PublicKey> PublicKey::from_point(KeyType type, BytesView x, BytesView y) {
  const auto size = field_size(type);
  if (size == 0 || x.size() != size || y.size() != size) {
    return fail(Code::bad_request, "point: wrong curve or size");
  }
  Bytes point{kUncompressed};
  append(point, x);
  append(point, y);
  return from_spki(wrap_spki(oids::ec_public_key, curve_parameters(type), point));
}

Result<PublicKey> PublicKey::from_rsa(BytesView modulus, std::uint32_t exponent) {
  if (modulus.empty() || modulus.size() > kModulusMaxBits / 8 + 1) {
    return fail(Code::bad_request, "RSA: modulus of wrong size");
  }
  der::Writer numbers;
  numbers.open(der::tag::sequence).positive_integer(modulus).unsigned_int(exponent).close();
  constexpr Octets<2> kNull{der::tag::null, 0};
  return from_spki(wrap_spki(oids::rsa_encryption, kNull, std::move(numbers).finish()));
}

Result<PublicKey> PublicKey::from_ed25519(BytesView raw) {
  if (raw.size() != 32) {
    return fail(Code::bad_request, "Ed25519: not 32 bytes");
  }
  return from_spki(wrap_spki(kEd25519, {}, raw));
}

KeyType PublicKey::type() const {
  return impl_->type;
}
BytesView PublicKey::spki() const {
  return impl_->spki;
}
const Digest& PublicKey::spki_sha256() const {
  return impl_->spki_sha256;
}
BytesView PublicKey::point() const {
  return impl_->point;
}

bool PublicKey::verify(SignatureScheme scheme, BytesView message, BytesView signature) const {
  const KeepErrorQueue quiet;
  const bool ec = field_size(type()) != 0;
  const auto rsa = [&](int padding, HashAlgorithm algorithm) {
    return type() == KeyType::rsa && verify_rsa(*impl_, padding, algorithm, message, signature);
  };
  switch (scheme) {
    case SignatureScheme::ecdsa_sha256:
      return ec && verify_ecdsa(*impl_, HashAlgorithm::sha256, message, signature);
    case SignatureScheme::ecdsa_sha384:
      return ec && verify_ecdsa(*impl_, HashAlgorithm::sha384, message, signature);
    case SignatureScheme::ecdsa_sha512:
      return ec && verify_ecdsa(*impl_, HashAlgorithm::sha512, message, signature);
    case SignatureScheme::rsa_pkcs1_sha256:
      return rsa(RSA_PKCS1_PADDING, HashAlgorithm::sha256);
    case SignatureScheme::rsa_pkcs1_sha384:
      return rsa(RSA_PKCS1_PADDING, HashAlgorithm::sha384);
    case SignatureScheme::rsa_pkcs1_sha512:
      return rsa(RSA_PKCS1_PADDING, HashAlgorithm::sha512);
    case SignatureScheme::rsa_pss_sha256:
      return rsa(RSA_PKCS1_PSS_PADDING, HashAlgorithm::sha256);
    case SignatureScheme::rsa_pss_sha384:
      return rsa(RSA_PKCS1_PSS_PADDING, HashAlgorithm::sha384);
    case SignatureScheme::rsa_pss_sha512:
      return rsa(RSA_PKCS1_PSS_PADDING, HashAlgorithm::sha512);
    case SignatureScheme::ed25519:
      return type() == KeyType::ed25519 && verify_ed25519(*impl_, message, signature);
  }
  return false;
}

EVP_PKEY* lend(const PublicKey& key) {
  auto& slot = slot_of_thread(key.type());
  return slot.load(key.impl().point) ? slot.key() : nullptr;
}

Result<EvpPkeyPtr> native_copy(const PublicKey& key) {
  const KeepErrorQueue quiet;
  const auto& impl = key.impl();
  EvpPkeyPtr copy =
      impl.library_key ? EvpPkeyPtr{EVP_PKEY_dup(impl.library_key.get())} : slot_of_thread(key.type()).copy();
  if (!copy ||
      (!impl.library_key && EVP_PKEY_set1_encoded_public_key(copy.get(), impl.point.data(), impl.point.size()) != 1)) {
    return fail(Code::unavailable, "the library cannot copy a key");
  }
  return copy;
}

}  // namespace birthmark::crypto
