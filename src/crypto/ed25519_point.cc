// SPDX-License-Identifier: Apache-2.0
#include "crypto/ed25519_point.h"

#include "crypto/openssl.h"

namespace birthmark::crypto {
namespace {

/// Arithmetic modulo 2^255 - 19; `good` turns false for ever when the library runs out of memory.
class Field {
 public:
  Field() : context_{BN_CTX_new()}, p_{BN_new()} {
    good_ = context_ && p_ && BN_set_bit(p_.get(), 255) == 1 && BN_sub_word(p_.get(), 19) == 1;
  }
  [[nodiscard]] bool good() const { return good_; }
  [[nodiscard]] const BIGNUM* p() const { return p_.get(); }

  BnPtr small(unsigned value) {
    BnPtr out{BN_new()};
    good_ = good_ && out && BN_set_word(out.get(), value) == 1;
    return out;
  }
  BnPtr add(const BnPtr& a, const BnPtr& b) {
    return apply([&](BIGNUM* out) { return BN_mod_add(out, a.get(), b.get(), p_.get(), context_.get()); });
  }
  BnPtr sub(const BnPtr& a, const BnPtr& b) {
    return apply([&](BIGNUM* out) { return BN_mod_sub(out, a.get(), b.get(), p_.get(), context_.get()); });
  }
  BnPtr mul(const BnPtr& a, const BnPtr& b) {
    return apply([&](BIGNUM* out) { return BN_mod_mul(out, a.get(), b.get(), p_.get(), context_.get()); });
  }
  BnPtr inverse(const BnPtr& a) {
    return apply(
        [&](BIGNUM* out) { return BN_mod_inverse(out, a.get(), p_.get(), context_.get()) == nullptr ? 0 : 1; });
  }
  bool is_square(const BnPtr& a) {
    const int symbol = good_ ? BN_kronecker(a.get(), p_.get(), context_.get()) : -2;
    return symbol == 0 || symbol == 1;
  }

 private:
  template <class Operation>
  BnPtr apply(Operation operation) {
    BnPtr out{BN_new()};
    good_ = good_ && out && operation(out.get()) == 1;
    return out;
  }

  BnCtxPtr context_;
  BnPtr p_;
  bool good_ = false;
};

}  // namespace

bool is_sound_ed25519_point(BytesView raw) {
  if (raw.size() != 32) {
    return false;
  }
  const KeepErrorQueue quiet;
  auto y_bytes = *octets<32>(raw);
  y_bytes[31] &= 0x7F;  // the highest bit is the sign of x
  Field field;
  const BnPtr y{BN_lebin2bn(y_bytes.data(), static_cast<int>(y_bytes.size()), nullptr)};
  if (!y || !field.good() || BN_cmp(y.get(), field.p()) >= 0) {
    return false;
  }
  const auto zero = field.small(0), one = field.small(1);
  const auto d = field.mul(field.sub(zero, field.small(121665)), field.inverse(field.small(121666)));
  const auto y2 = field.mul(y, y);
  const auto u = field.sub(y2, one);
  const auto v = field.add(field.mul(d, y2), one);
  // The curve is -x^2 + y^2 = 1 + d x^2 y^2, so x^2 = u/v, which is a square exactly if uv is.
  if (!field.is_square(field.mul(u, v))) {
    return false;
  }
  // Order 1 and 2: y = 1, -1, where u = 0. Order 4: y = 0. Order 8: doubling gives y = 0, so y^2 = -x^2, and the
  // equation of the curve becomes d y^4 + 2 y^2 - 1 = 0.
  const auto eight = field.sub(field.add(field.mul(d, field.mul(y2, y2)), field.add(y2, y2)), one);
  return field.good() && !BN_is_zero(u.get()) && !BN_is_zero(y.get()) && !BN_is_zero(eight.get());
}

}  // namespace birthmark::crypto
