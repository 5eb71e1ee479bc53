// SPDX-License-Identifier: Apache-2.0
#include "crypto/common_factors.h"

#include <algorithm>

#include "unit/crypto/support.h"

namespace birthmark::crypto {
namespace {

using Places = std::vector<std::size_t>;

BnPtr prime_of(int bits) {
  BnPtr out{BN_new()};
  EXPECT_EQ(BN_generate_prime_ex(out.get(), bits, 0, nullptr, nullptr, nullptr), 1);
  return out;
}
Bytes product(const BnPtr& p, const BnPtr& q) {
  const BnPtr n{BN_new()};
  const BnCtxPtr context{BN_CTX_new()};
  BN_mul(n.get(), p.get(), q.get(), context.get());
  Bytes out(static_cast<std::size_t>(BN_num_bytes(n.get())));
  BN_bn2bin(n.get(), out.data());
  return out;
}

class CommonFactors : public testing::Test {
 protected:
  /// `count` moduli of primes that nobody else has.
  void add_sound(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      moduli_.push_back(product(prime_of(kBits), prime_of(kBits)));
    }
  }
  static constexpr int kBits = 128;  // of a prime: the arithmetic is the same for 1024
  std::vector<Bytes> moduli_;
};

TEST_F(CommonFactors, none_of_sound_keys) {
  for (std::size_t count : {0U, 1U, 2U, 3U, 7U, 33U}) {
    moduli_.clear();
    add_sound(count);
    EXPECT_EQ(sharing_a_factor(moduli_), Places{}) << count;
  }
}

TEST_F(CommonFactors, whoever_shares_a_prime_is_found_wherever_it_stands) {
  const auto shared = prime_of(kBits);
  for (std::size_t count : {2U, 3U, 5U, 8U, 13U}) {
    for (std::size_t first = 0; first < count; ++first) {
      for (std::size_t second = first + 1; second < count; ++second) {
        moduli_.clear();
        add_sound(count);
        moduli_[first] = product(shared, prime_of(kBits));
        moduli_[second] = product(prime_of(kBits), shared);
        ASSERT_EQ(sharing_a_factor(moduli_), (Places{first, second})) << count;
      }
    }
  }
}

TEST_F(CommonFactors, three_with_one_prime_two_that_are_equal_and_a_chain_are_all_found) {
  add_sound(20);
  const auto p = prime_of(kBits), q = prime_of(kBits);
  for (const std::size_t at : {1U, 8U, 19U}) {
    moduli_[at] = product(p, prime_of(kBits));
  }
  moduli_[3] = moduli_[4];
  moduli_[11] = product(p, q);  // both its primes are somebody else's too
  moduli_[12] = product(q, prime_of(kBits));
  EXPECT_EQ(sharing_a_factor(moduli_), (Places{1, 3, 4, 8, 11, 12, 19}));
}

TEST_F(CommonFactors, a_zero_is_passed_over) {
  add_sound(3);
  moduli_.insert(moduli_.begin() + 1, Bytes{0, 0});
  moduli_.push_back(moduli_[0]);
  moduli_.push_back({});
  EXPECT_EQ(sharing_a_factor(moduli_), (Places{0, 4}));
}

}  // namespace
}  // namespace birthmark::crypto
