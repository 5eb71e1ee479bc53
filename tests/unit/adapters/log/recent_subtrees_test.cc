// SPDX-License-Identifier: Apache-2.0
#include "adapters/log/recent_subtrees.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <string>

namespace birthmark {
namespace {

/// The hashes of a tree, and how many of them were asked for.
class CountedTree {
 public:
  explicit CountedTree(std::uint64_t size) {
    for (std::uint64_t i = 0; i < size; ++i) {
      tree_.append(audit::leaf_hash(as_bytes(std::to_string(i))),
                   [this](unsigned level, std::uint64_t index, const Digest& hash) {
                     hashes_[{level, index}] = hash;
                   });
    }
  }
  /// @param memo null: none
  std::vector<Digest> prove(std::uint64_t index, std::uint64_t size, audit::SubtreeMemo* memo = nullptr) {
    const audit::HashReader read = [this](unsigned level, std::uint64_t at) -> Result<Digest> {
      ++asked;
      return hashes_.at({level, at});
    };
    return audit::prove_inclusion(index, size, read, memo).value();
  }

  std::size_t asked = 0;

 private:
  audit::Tree tree_;
  std::map<std::pair<unsigned, std::uint64_t>, Digest> hashes_;
};

constexpr std::uint64_t kSize = 70'000;  // three tile levels

CountedTree& tree() {
  static CountedTree made{kSize};
  return made;
}

RC_GTEST_PROP(RecentSubtrees, change_no_proof_whatever_was_asked_before, ()) {
  RecentSubtrees memo;
  const auto questions = *rc::gen::container<std::vector<std::uint64_t>>(rc::gen::inRange<std::uint64_t>(1, kSize + 1));
  for (const auto size : questions) {
    const auto index = *rc::gen::inRange<std::uint64_t>(0, size);
    RC_ASSERT(tree().prove(index, size, &memo) == tree().prove(index, size));
  }
}

TEST(RecentSubtrees, change_no_proof_while_a_log_grows) {
  RecentSubtrees memo;
  for (std::uint64_t size = 65'000; size < 66'000; ++size) {
    ASSERT_EQ(tree().prove(size - 1, size, &memo), tree().prove(size - 1, size)) << size;
    ASSERT_EQ(tree().prove(size - 300, size, &memo), tree().prove(size - 300, size)) << size;
  }
}

TEST(RecentSubtrees, spare_nearly_all_hashes_of_the_next_proof) {
  RecentSubtrees memo;
  constexpr std::uint64_t kNearlyFull = 65'536 + 255;
  const auto asked = [&](std::uint64_t index) {
    tree().asked = 0;
    tree().prove(index, kNearlyFull, &memo);
    return tree().asked;
  };
  EXPECT_GT(asked(kNearlyFull - 1), 200U);
  EXPECT_LT(asked(kNearlyFull - 2), 8U);
}

TEST(RecentSubtrees, know_nothing_that_was_not_kept) {
  RecentSubtrees memo;
  EXPECT_FALSE(memo.find(1, 0));
  memo.keep(1, 5, audit::empty_root());
  EXPECT_TRUE(memo.find(1, 5));
  EXPECT_FALSE(memo.find(1, 5 + 128)) << "the same place in the next tile";
  EXPECT_FALSE(memo.find(33, 5)) << "the same place four levels up";
}

}  // namespace
}  // namespace birthmark
