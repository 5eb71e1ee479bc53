// SPDX-License-Identifier: Apache-2.0
#include "app/activations.h"

#include <gtest/gtest.h>

#include "adapters/entropy/generated_ephemerals.h"
#include "attest/endorsement.h"
#include "crypto/hash.h"
#include "support/world.h"

namespace birthmark::test {
namespace {

using Book = app::Activations<int>;

/// Counts the secrets and keys that are drawn.
class CountedEphemerals final : public crypto::EphemeralSource {
 public:
  explicit CountedEphemerals(Entropy& entropy) : real_{entropy} {}
  Result<crypto::PrivateKey> key(crypto::KeyType curve) override {
    ++drawn;
    return real_.key(curve);
  }
  Result<Secret> seed(std::size_t size_bytes) override {
    ++drawn;
    return real_.seed(size_bytes);
  }
  std::size_t drawn = 0;

 private:
  GeneratedEphemerals real_;
};

class ActivationBook : public testing::Test {
 protected:
  static Digest caller(std::string_view name) { return crypto::sha256(as_bytes(name)); }
  Result<app::ActivationChallenge> give(const Digest& who, const Bytes& chip) { return book_.give(who, ek_, chip, 7); }
  Result<app::ActivationChallenge> give_another(const Digest& who) { return give(who, another_chip()); }
  Bytes another_chip() {
    auto name = name_;
    entropy_.fill(std::span{name}.last(16));
    return name;
  }

  ManualClock clock_{from_ms(1'767'225'600'000)};
  SeededEntropy entropy_{1};
  CountedEphemerals ephemerals_{entropy_};
  const crypto::EndorsementKey ek_ = must(attest::endorsement_key(PaperKey{tpm::Template::ek_p256_low}.area));
  const Bytes name_ = must(attest::ak_name(PaperKey{tpm::Template::iak_birthmark}.public_area()));
  Book book_{{clock_, entropy_, ephemerals_}};
};

TEST_F(ActivationBook, has_room_for_others_when_one_caller_has_filled_his) {
  const auto greedy = caller("greedy"), other = caller("other");
  std::optional<app::ActivationChallenge> first;
  for (std::size_t i = 0; i < Book::kMaxPerCaller; ++i) {
    const auto given = must(give_another(greedy));
    first = first ? first : std::optional{given};
  }
  EXPECT_EQ(code_of(give_another(greedy)), Code::rate_limited);
  EXPECT_TRUE(give_another(other));
  EXPECT_EQ(code_of(book_.take(greedy, first->session, Bytes(32, 0))), Code::bad_evidence) << "answered, if wrongly";
  EXPECT_TRUE(give_another(greedy)) << "in the place of the one that was answered";
  EXPECT_EQ(code_of(give_another(greedy)), Code::rate_limited);
  clock_.advance(app::Challenges::kLifetime + std::chrono::milliseconds{1});
  EXPECT_TRUE(give_another(greedy)) << "the old ones have expired";
}

TEST_F(ActivationBook, a_chip_waits_once_whatever_it_asks) {
  const auto source = caller("one address, many devices");
  const auto first = must(give(source, name_));
  auto last = first;
  for (std::size_t i = 0; i < Book::kMaxPerCaller; ++i) {
    last = must(give(source, name_));
  }
  EXPECT_EQ(code_of(book_.take(source, first.session, Bytes(32, 0))), Code::nonce_used) << "replaced";
  for (std::size_t i = 1; i < Book::kMaxPerCaller; ++i) {
    EXPECT_TRUE(give_another(source)) << i;
  }
  EXPECT_EQ(code_of(give_another(source)), Code::rate_limited);
  last = must(give(source, name_));
  EXPECT_EQ(code_of(book_.take(source, last.session, Bytes(32, 0))), Code::bad_evidence) << "open in a full book";
}

TEST_F(ActivationBook, an_attempt_elsewhere_ends_the_one_here) {
  const auto here = caller("here"), there = caller("there");
  const auto first = must(give(here, name_));
  const auto second = must(give(there, name_));
  EXPECT_EQ(code_of(book_.take(here, first.session, Bytes(32, 0))), Code::nonce_used);
  EXPECT_EQ(code_of(book_.take(here, second.session, Bytes(32, 0))), Code::nonce_used) << "another caller's";
  EXPECT_EQ(code_of(book_.take(there, second.session, Bytes(32, 0))), Code::bad_evidence);
}

TEST_F(ActivationBook, a_refusal_costs_no_secret) {
  const auto greedy = caller("greedy");
  for (std::size_t i = 0; i < Book::kMaxPerCaller; ++i) {
    must(give_another(greedy));
  }
  const auto drawn = ephemerals_.drawn;
  EXPECT_EQ(code_of(give_another(greedy)), Code::rate_limited);
  EXPECT_EQ(ephemerals_.drawn, drawn);
}

}  // namespace
}  // namespace birthmark::test
