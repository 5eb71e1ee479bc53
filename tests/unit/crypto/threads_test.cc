// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <latch>
#include <thread>

#include "crypto/native.h"
#include "unit/crypto/support.h"

namespace birthmark::crypto {
namespace {

class Threads : public testing::TestWithParam<KeyType> {};
INSTANTIATE_TEST_SUITE_P(Keys, Threads, testing::Values(KeyType::p256, KeyType::p384, KeyType::p521, KeyType::ed25519));

TEST_P(Threads, four_sign_and_verify_with_one_key) {
  constexpr int kThreads = 4;
  const int rounds = GetParam() == KeyType::p256 ? 200 : 8;  // far enough to get a table on the way
  const auto key = test::generate(GetParam());
  const auto other = test::generate(GetParam());
  std::atomic<int> wrong = 0;
  std::latch start{kThreads};
  {
    std::vector<std::jthread> threads;
    for (int id = 0; id < kThreads; ++id) {
      threads.emplace_back([&, id] {
        start.arrive_and_wait();
        for (int round = 0; round < rounds; ++round) {
          const std::string message = std::to_string(id) + "/" + std::to_string(round);
          const auto signature = key.sign(as_bytes(message));
          const auto half = PublicKey::from_spki(key.public_key().spki());
          const bool good = signature && half && key.public_key().verify(key.scheme(), as_bytes(message), *signature) &&
                            half->verify(key.scheme(), as_bytes(message), *signature) &&
                            !other.public_key().verify(key.scheme(), as_bytes(message), *signature);
          wrong += good ? 0 : 1;
        }
      });
    }
  }
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace birthmark::crypto
