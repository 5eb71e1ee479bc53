// SPDX-License-Identifier: Apache-2.0
// EC_GROUP_precompute_mult is deprecated, for a table of the usual base point is built in; there is no other way to one
// of another point.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "crypto/verify_table.h"

#include <openssl/ec.h>
#include <openssl/obj_mac.h>

namespace birthmark::crypto {
namespace {

using PointPtr = OpensslPtr<EC_POINT, EC_POINT_free>;

/// The curve with its own base point, for the life of the process. Never freed, as the digests.
const EC_GROUP* p256() {
  static const EC_GROUP* const group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
  if (group == nullptr) {
    library_broken("P-256");
  }
  return group;
}

/// Numbers and points of one thread.
struct Scratch {
  BnCtxPtr context{BN_CTX_new()};
  PointPtr of_base{EC_POINT_new(p256())};
  PointPtr of_key{EC_POINT_new(p256())};
};

/// Numbers that live as long as this.
class Frame {
 public:
  explicit Frame(BN_CTX* context) : context_{context} { BN_CTX_start(context_); }
  ~Frame() { BN_CTX_end(context_); }
  Frame(const Frame&) = delete;
  Frame& operator=(const Frame&) = delete;
  /// Null if there is no memory, and then for every later one as well.
  BIGNUM* number() { return BN_CTX_get(context_); }
  BIGNUM* number(BytesView value) {
    BIGNUM* const out = number();
    return out == nullptr ? nullptr : BN_bin2bn(value.data(), static_cast<int>(value.size()), out);
  }

 private:
  BN_CTX* context_;
};

}  // namespace

std::unique_ptr<const VerifyTable> VerifyTable::make(BytesView point) {
  const BnCtxPtr context{BN_CTX_new()};
  const PointPtr key{EC_POINT_new(p256())};
  GroupPtr group{EC_GROUP_dup(p256())};
  const bool good = context && key && group &&
                    EC_POINT_oct2point(group.get(), key.get(), point.data(), point.size(), context.get()) == 1 &&
                    EC_GROUP_set_generator(group.get(), key.get(), EC_GROUP_get0_order(p256()), BN_value_one()) == 1 &&
                    EC_GROUP_precompute_mult(group.get(), context.get()) == 1;
  return good ? std::unique_ptr<const VerifyTable>{new VerifyTable{std::move(group)}} : nullptr;
}

bool VerifyTable::verify(const Digest& digest, const EcdsaSignature& signature) const {
  thread_local const Scratch scratch;
  BN_CTX* const context = scratch.context.get();
  if (context == nullptr || !scratch.of_base || !scratch.of_key) {
    return false;
  }
  const BIGNUM* const order = EC_GROUP_get0_order(p256());
  Frame frame{context};
  BIGNUM* const e = frame.number(digest.get());
  BIGNUM* const r = frame.number(signature.r);  // the reader holds r and s in 1..n-1
  BIGNUM* const s = frame.number(signature.s);
  BIGNUM* const w = frame.number();
  BIGNUM* const u = frame.number();
  BIGNUM* const v = frame.number();
  BIGNUM* const x = frame.number();
  if (x == nullptr || e == nullptr || r == nullptr || s == nullptr) {
    return false;
  }
  // R = (e/s) G + (r/s) Q; a point at infinity has no coordinates, and is refused there.
  return BN_mod_inverse(w, s, order, context) != nullptr && BN_mod_mul(u, e, w, order, context) == 1 &&
         BN_mod_mul(v, r, w, order, context) == 1 &&
         EC_POINT_mul(p256(), scratch.of_base.get(), u, nullptr, nullptr, context) == 1 &&
         EC_POINT_mul(multiples_.get(), scratch.of_key.get(), v, nullptr, nullptr, context) == 1 &&
         EC_POINT_add(p256(), scratch.of_base.get(), scratch.of_base.get(), scratch.of_key.get(), context) == 1 &&
         EC_POINT_get_affine_coordinates(p256(), scratch.of_base.get(), x, nullptr, context) == 1 &&
         BN_nnmod(x, x, order, context) == 1 && BN_cmp(x, r) == 0;
}

const VerifyTable* TableWhenHot::use(BytesView point) {
  if (const auto* const table = table_.load(std::memory_order_acquire)) {
    return table;
  }
  if (uses_.load(std::memory_order_relaxed) >= kUses || uses_.fetch_add(1) + 1 != kUses) {
    return nullptr;  // one thread makes it, the others go on without
  }
  auto table = VerifyTable::make(point);
  table_.store(table.get(), std::memory_order_release);
  return table.release();
}

}  // namespace birthmark::crypto
