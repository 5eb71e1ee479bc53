// SPDX-License-Identifier: Apache-2.0
#include "crypto/common_factors.h"

#include "crypto/gmp_integer.h"

namespace birthmark::crypto {
namespace {

using Level = std::vector<Integer>;

/// Products of two by two; an odd one goes on as it is.
Level above(const Level& below) {
  Level out((below.size() + 1) / 2);
  for (std::size_t i = 0; i < below.size(); ++i) {
    if (i % 2 == 0) {
      mpz_set(out[i / 2].get(), below[i].get());
    } else {
      mpz_mul(out[i / 2].get(), out[i / 2].get(), below[i].get());
    }
  }
  return out;
}

/// Each remainder of the level above modulo the square of what stands here.
Level remainders(const Level& over, const Level& here) {
  Level out(here.size());
  Integer square;
  for (std::size_t i = 0; i < here.size(); ++i) {
    mpz_mul(square.get(), here[i].get(), here[i].get());
    mpz_mod(out[i].get(), over[i / 2].get(), square.get());
  }
  return out;
}

}  // namespace

std::vector<std::size_t> sharing_a_factor(std::span<const Bytes> moduli) {
  std::vector<std::size_t> place;
  std::vector<Level> tree(1);
  for (std::size_t i = 0; i < moduli.size(); ++i) {
    Integer modulus;
    modulus.read(moduli[i]);
    if (mpz_sgn(modulus.get()) != 0) {
      place.push_back(i);
      tree.front().push_back(std::move(modulus));
    }
  }
  if (place.size() < 2) {
    return {};
  }
  while (tree.back().size() > 1) {
    tree.push_back(above(tree.back()));
  }
  auto rest = std::move(tree.back());  // the product of all
  for (auto level = tree.size() - 1; level-- > 0;) {
    rest = remainders(rest, tree[level]);
  }
  std::vector<std::size_t> out;
  Integer others;
  for (std::size_t i = 0; i < place.size(); ++i) {  // (all mod n²) / n is the product of the others modulo n
    mpz_divexact(others.get(), rest[i].get(), tree.front()[i].get());
    mpz_gcd(others.get(), others.get(), tree.front()[i].get());
    if (mpz_cmp_ui(others.get(), 1) != 0) {
      out.push_back(place[i]);
    }
  }
  return out;
}

}  // namespace birthmark::crypto
