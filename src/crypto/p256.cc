// SPDX-License-Identifier: Apache-2.0
// EC_POINT_get_Jprojective_coordinates_GFp is deprecated, and has no successor that does not divide.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "crypto/p256.h"

#include <openssl/ec.h>
#include <openssl/obj_mac.h>

#include <algorithm>
#include <array>

#include "crypto/gmp_integer.h"
#include "crypto/openssl.h"

namespace birthmark::crypto {
namespace {

constexpr std::size_t kFieldBytes = 32;
constexpr std::size_t kPointBytes = 1 + 2 * kFieldBytes;
constexpr std::uint8_t kUncompressed = 0x04;
/// n of P-256 (SP 800-186 §3.2.1.3).
constexpr const char* kOrder = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";

using PointPtr = OpensslPtr<EC_POINT, EC_POINT_free>;

/// Whether `out` now is the value, which must be below 2^256.
bool to_bignum(const Integer& value, BIGNUM* out) {
  Octets<kFieldBytes> bytes;
  return value.write(bytes) && BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), out) != nullptr;
}

using BignumPtr = OpensslPtr<BIGNUM, BN_free>;

/// Numbers and points of one thread.
struct Scratch {
  Scratch() { mpz_set_str(order.get(), kOrder, 16); }

  /// A key's point; one that is there already costs nothing. Null: not on the curve, or not 04 || x || y.
  const EC_POINT* load(BytesView point) {
    if (point.size() != kPointBytes || point.front() != kUncompressed) {
      return nullptr;
    }
    const auto at = std::ranges::find_if(keys, [&](const Key& key) { return equal(point, key.encoded); });
    if (at != keys.end()) {
      return at->point.get();
    }
    auto& key = keys.at(next++ % keys.size());
    key.encoded.clear();
    if (EC_POINT_oct2point(p256(), key.point.get(), point.data(), point.size(), context.get()) != 1) {
      return nullptr;
    }
    key.encoded.assign(point.begin(), point.end());
    return key.point.get();
  }

  struct Key {
    Bytes encoded;  ///< empty: none
    PointPtr point{EC_POINT_new(p256())};
  };
  /// The last keys seen: one request shows few, each of them more than once.
  std::array<Key, 4> keys;
  std::size_t next = 0;
  BnCtxPtr context{BN_CTX_new()};
  PointPtr sum{EC_POINT_new(p256())};
  PointPtr part{EC_POINT_new(p256())};
  BignumPtr u{BN_new()}, v{BN_new()}, x{BN_new()}, z{BN_new()}, r{BN_new()};
  Integer order, e, w, product;
  Integer r_value, s_value;
  [[nodiscard]] bool whole() const {
    return context && sum && part && u && v && x && z && r &&
           std::ranges::all_of(keys, [](const Key& key) { return key.point != nullptr; });
  }
};

/// u = e/s and v = r/s modulo the order n.
bool divide(Scratch& scratch, const Digest& digest, const EcdsaSignature& signature) {
  scratch.e.read(digest.get());
  scratch.r_value.read(signature.r);  // the reader holds r and s in 1..n-1
  scratch.s_value.read(signature.s);
  if (mpz_invert(scratch.w.get(), scratch.s_value.get(), scratch.order.get()) == 0) {
    return false;
  }
  const auto times_inverse = [&](Integer& factor, BIGNUM* out) {
    mpz_mul(scratch.product.get(), factor.get(), scratch.w.get());
    mpz_mod(scratch.product.get(), scratch.product.get(), scratch.order.get());
    return to_bignum(scratch.product, out);
  };
  return times_inverse(scratch.e, scratch.u.get()) && times_inverse(scratch.r_value, scratch.v.get());
}

/// Whether the sum is a point whose x is r modulo the order. Its coordinates are Jacobian, x = X/Z²: asking for
/// X = r Z² costs less than dividing.
bool has_x(Scratch& scratch) {
  BN_CTX* const context = scratch.context.get();
  const EC_POINT* const sum = scratch.sum.get();
  const BIGNUM* const field = EC_GROUP_get0_field(p256());
  BIGNUM* const r = scratch.r.get();
  if (EC_POINT_is_at_infinity(p256(), sum) == 1 ||
      EC_POINT_get_Jprojective_coordinates_GFp(p256(), sum, scratch.x.get(), nullptr, scratch.z.get(), context) != 1 ||
      BN_sqr(scratch.z.get(), scratch.z.get(), context) != 1 ||
      BN_nist_mod_256(scratch.z.get(), scratch.z.get(), field, context) != 1) {
    return false;
  }
  const auto fits = [&] {
    return BN_mul(scratch.u.get(), r, scratch.z.get(), context) == 1 &&
           BN_nist_mod_256(scratch.u.get(), scratch.u.get(), field, context) == 1 &&
           BN_cmp(scratch.u.get(), scratch.x.get()) == 0;
  };
  // x may be r + n as well, where that is below p.
  return fits() || (BN_add(r, r, EC_GROUP_get0_order(p256())) == 1 && BN_cmp(r, field) < 0 && fits());
}

/// sum = u G + v Q
bool add_up(Scratch& scratch, BytesView point, const VerifyTable* multiples) {
  BN_CTX* const context = scratch.context.get();
  EC_POINT* const sum = scratch.sum.get();
  if (multiples == nullptr) {
    const EC_POINT* const key = scratch.load(point);
    return key != nullptr && EC_POINT_mul(p256(), sum, scratch.u.get(), key, scratch.v.get(), context) == 1;
  }
  EC_POINT* const part = scratch.part.get();
  return EC_POINT_mul(p256(), sum, scratch.u.get(), nullptr, nullptr, context) == 1 &&
         EC_POINT_mul(multiples->group(), part, scratch.v.get(), nullptr, nullptr, context) == 1 &&
         EC_POINT_add(p256(), sum, sum, part, context) == 1;
}

Scratch& scratch_of_thread() {
  thread_local Scratch scratch;
  if (!scratch.whole()) {
    library_broken("P-256");
  }
  return scratch;
}

}  // namespace

const EC_GROUP* p256() {
  static const EC_GROUP* const group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);  // never freed, as the digests
  if (group == nullptr) {
    library_broken("P-256");
  }
  return group;
}

bool is_p256_point(BytesView point) {
  return scratch_of_thread().load(point) != nullptr;
}

bool verify_p256(BytesView point, const VerifyTable* multiples, const Digest& digest, const EcdsaSignature& signature) {
  auto& scratch = scratch_of_thread();
  return divide(scratch, digest, signature) &&
         BN_bin2bn(signature.r.data(), static_cast<int>(signature.r.size()), scratch.r.get()) != nullptr &&
         add_up(scratch, point, multiples) && has_x(scratch);
}

}  // namespace birthmark::crypto
