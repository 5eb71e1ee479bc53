// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gmp.h>

#include "base/bytes.h"

namespace birthmark::crypto {

/// An integer of GMP. Nothing secret goes into one: its arithmetic is not constant in time, its memory is not wiped.
class Integer {
 public:
  Integer() { mpz_init(value_); }
  ~Integer() { mpz_clear(value_); }
  Integer(Integer&& other) noexcept : Integer{} { mpz_swap(value_, other.value_); }
  Integer& operator=(Integer&& other) noexcept {
    mpz_swap(value_, other.value_);
    return *this;
  }
  Integer(const Integer&) = delete;
  Integer& operator=(const Integer&) = delete;
  void read(BytesView big_endian);
  /// Fills the whole of `big_endian`, zeros in front. @return false: the value needs more octets
  [[nodiscard]] bool write(std::span<std::uint8_t> big_endian) const;
  mpz_ptr get() { return value_; }
  [[nodiscard]] mpz_srcptr get() const { return value_; }

 private:
  mpz_t value_;
};

}  // namespace birthmark::crypto
