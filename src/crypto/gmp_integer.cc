// SPDX-License-Identifier: Apache-2.0
// Limb by limb: mpz_import and mpz_export go octet by octet, which costs a verification as much as its inverse.
#include "crypto/gmp_integer.h"

namespace birthmark::crypto {
namespace {

constexpr std::size_t kLimbOctets = sizeof(mp_limb_t);
constexpr unsigned kOctetBits = 8;

}  // namespace

void Integer::read(BytesView big_endian) {
  const auto limbs = (big_endian.size() + kLimbOctets - 1) / kLimbOctets;
  const std::span out{mpz_limbs_write(value_, static_cast<mp_size_t>(std::max<std::size_t>(limbs, 1))), limbs};
  for (auto& limb : out) {
    const auto octets = big_endian.last(std::min(kLimbOctets, big_endian.size()));
    big_endian = big_endian.first(big_endian.size() - octets.size());
    limb = 0;
    for (const auto octet : octets) {
      limb = limb << kOctetBits | octet;
    }
  }
  mpz_limbs_finish(value_, static_cast<mp_size_t>(limbs));
}

bool Integer::write(std::span<std::uint8_t> big_endian) const {
  const std::span limbs{mpz_limbs_read(value_), mpz_size(value_)};
  std::ranges::fill(big_endian, std::uint8_t{0});
  for (auto limb : limbs) {
    for (std::size_t left = kLimbOctets; left != 0; --left, limb >>= kOctetBits) {
      if (!big_endian.empty()) {
        big_endian.back() = static_cast<std::uint8_t>(limb);
        big_endian = big_endian.first(big_endian.size() - 1);
      } else if (limb != 0) {
        return false;
      }
    }
  }
  return true;
}

}  // namespace birthmark::crypto
