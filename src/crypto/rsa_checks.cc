// SPDX-License-Identifier: Apache-2.0
#include "crypto/rsa_checks.h"

#include <numeric>

#include "crypto/gmp_integer.h"
#include "crypto/key_impl.h"

namespace birthmark::crypto {
namespace {

constexpr std::uint32_t kGenerator = 65537;
/// The largest factor of M for the shortest keys that were made (512 bits); longer keys use more, never fewer.
constexpr std::uint32_t kLargestPrime = 167;

constexpr bool is_prime(std::uint32_t n) {
  for (std::uint32_t divisor = 2; divisor * divisor <= n; ++divisor) {
    if (n % divisor == 0) {
      return false;
    }
  }
  return n >= 2;
}

constexpr std::size_t count_odd_primes() {
  std::size_t count = 0;
  for (std::uint32_t n = 3; n <= kLargestPrime; n += 2) {
    count += is_prime(n) ? 1U : 0U;
  }
  return count;
}

constexpr auto make_primes() {
  std::array<std::uint32_t, count_odd_primes()> primes{};
  std::size_t at = 0;
  for (std::uint32_t n = 3; n <= kLargestPrime; n += 2) {
    if (is_prime(n)) {
      primes[at++] = n;
    }
  }
  return primes;
}

constexpr auto kPrimes = make_primes();

/// "The exponent is `residue` modulo `order`", as one prime tells it.
struct Congruence {
  std::uint32_t residue;
  std::uint32_t order;
};

std::uint32_t remainder(BytesView number, std::uint32_t divisor) {
  std::uint32_t rest = 0;
  for (const auto byte : number) {
    rest = (rest * 256 + byte) % divisor;
  }
  return rest;
}

/// The discrete logarithm of `value` to the base 65537 modulo `prime`; nothing if it is no power.
std::optional<Congruence> logarithm(std::uint32_t value, std::uint32_t prime) {
  std::optional<std::uint32_t> found;
  std::uint32_t power = 1;
  std::uint32_t exponent = 0;
  do {
    if (power == value) {
      found = exponent;
    }
    power = power * (kGenerator % prime) % prime;
    ++exponent;
  } while (power != 1);
  return found ? std::optional{Congruence{*found, exponent}} : std::nullopt;
}

}  // namespace

bool has_roca_fingerprint(BytesView modulus) {
  std::array<Congruence, kPrimes.size()> seen{};
  for (std::size_t i = 0; i < kPrimes.size(); ++i) {
    const auto here = logarithm(remainder(modulus, kPrimes[i]), kPrimes[i]);
    if (!here) {
      return false;
    }
    // One exponent must serve all primes: congruences have a common solution exactly if each pair has.
    for (std::size_t j = 0; j < i; ++j) {
      const auto common = std::gcd(here->order, seen[j].order);
      if (here->residue % common != seen[j].residue % common) {
        return false;
      }
    }
    seen[i] = *here;
  }
  return true;
}

bool has_roca_fingerprint(const PublicKey& key) {
  return key.type() == KeyType::rsa && has_roca_fingerprint(key.impl().modulus);
}

bool is_easily_factored(BytesView modulus) {
  constexpr unsigned kSmallPrimeMax = 751, kFermatSteps = 100;
  Integer n;
  n.read(modulus);
  for (std::uint32_t divisor = 2; divisor <= kSmallPrimeMax; ++divisor) {
    if (mpz_divisible_ui_p(n.get(), divisor) != 0) {
      return true;
    }
  }
  // n = a² - b² with a just above the root of n, if the two primes are close.
  Integer a, square;
  mpz_sqrt(a.get(), n.get());
  for (unsigned step = 0; step <= kFermatSteps; ++step, mpz_add_ui(a.get(), a.get(), 1)) {
    mpz_mul(square.get(), a.get(), a.get());
    mpz_sub(square.get(), square.get(), n.get());
    if (mpz_sgn(square.get()) >= 0 && mpz_perfect_square_p(square.get()) != 0) {
      return true;
    }
  }
  return false;
}

bool is_easily_factored(const PublicKey& key) {
  return key.type() == KeyType::rsa && is_easily_factored(key.impl().modulus);
}

}  // namespace birthmark::crypto
