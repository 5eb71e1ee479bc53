// SPDX-License-Identifier: Apache-2.0
#include "audit/merkle.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <bit>
#include <random>

#include "memory_log.h"

namespace birthmark::audit {
namespace {

using testing::HashStore;
using testing::must;

Digest flip_one_bit(Digest digest, std::size_t bit = 3) {
  auto bytes = digest.get();
  bytes[bit / 8 % bytes.size()] ^= static_cast<std::uint8_t>(1U << bit % 8);
  return Digest{bytes};
}

Digest leaf(std::uint64_t i) {
  return leaf_hash(as_bytes("entry " + std::to_string(i)));
}

// RFC 6962 §2.1 as it stands there: MTH over leaves [begin, end), by recursion and without any storage.
Digest mth(std::uint64_t begin, std::uint64_t end) {
  if (end - begin == 1) {
    return leaf(begin);
  }
  const auto middle = begin + std::bit_floor(end - begin - 1);
  return node_hash(mth(begin, middle), mth(middle, end));
}

struct Log {
  Tree tree;
  HashStore hashes;
  std::vector<Digest> roots{empty_root()};  // by size
};

Log log_of(std::uint64_t size) {
  Log log;
  for (std::uint64_t i = 0; i < size; ++i) {
    log.tree.append(leaf(i), log.hashes.writer());
    log.roots.push_back(log.tree.root());
  }
  return log;
}

TEST(Merkle, hashes_are_those_of_rfc_6962) {
  EXPECT_EQ(to_hex(empty_root().get()), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(to_hex(leaf_hash({}).get()), "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
  EXPECT_NE(node_hash(leaf(0), leaf(1)), node_hash(leaf(1), leaf(0)));
  auto pair = to_bytes(leaf(0).get());
  append(pair, leaf(1).get());
  EXPECT_NE(leaf_hash(pair), node_hash(leaf(0), leaf(1))) << "an entry must not pass for a node";
}

TEST(Merkle, incremental_root_is_the_recursive_one) {
  const auto log = log_of(300);
  for (std::uint64_t n = 1; n <= 300; ++n) {
    EXPECT_EQ(log.roots[n], mth(0, n)) << n;
    EXPECT_EQ(must(root_at(n, log.hashes.reader())), log.roots[n]) << n;
  }
  EXPECT_EQ(Tree{}.root(), empty_root());
  EXPECT_EQ(must(root_at(0, {})), empty_root());
}

TEST(Merkle, frontier_has_one_hash_for_each_bit_of_the_size) {
  Tree tree;
  for (std::uint64_t i = 0; i < 600; ++i) {
    EXPECT_EQ(tree.frontier().size(), static_cast<std::size_t>(std::popcount(tree.size())));
    tree.append(leaf(i));
  }
}

TEST(Merkle, a_resumed_tree_goes_on_as_if_never_stopped) {
  const auto log = log_of(300);
  Tree whole;
  for (std::uint64_t n = 0; n < 300; ++n) {
    auto from_frontier = must(Tree::resume(n, whole.frontier()));
    auto from_hashes = must(Tree::resume(n, log.hashes.reader()));
    EXPECT_EQ(from_hashes.frontier(), whole.frontier());
    EXPECT_EQ(from_frontier.root(), log.roots[n]);
    from_frontier.append(leaf(n));
    from_hashes.append(leaf(n));
    whole.append(leaf(n));
    EXPECT_EQ(from_frontier.root(), whole.root());
    EXPECT_EQ(from_hashes.root(), whole.root());
  }
}

TEST(Merkle, a_frontier_that_does_not_fit_is_refused) {
  EXPECT_FALSE(Tree::resume(3, {leaf(0)}));
  EXPECT_FALSE(Tree::resume(4, {leaf(0), leaf(1)}));
  EXPECT_FALSE(Tree::resume(0, {leaf(0)}));
  EXPECT_FALSE(Tree::resume(std::uint64_t{1} << 63, std::vector<Digest>{leaf(0)}));
  EXPECT_FALSE(Tree::resume(std::uint64_t{1} << 63, log_of(1).hashes.reader()));
}

TEST(Merkle, stored_hashes_come_in_the_order_of_their_tiles) {
  std::map<unsigned, std::uint64_t> next;
  Tree tree;
  for (std::uint64_t i = 0; i < 70'000; ++i) {
    tree.append(Digest{}, [&](unsigned level, std::uint64_t index, const Digest&) { EXPECT_EQ(index, next[level]++); });
  }
  EXPECT_EQ(next, (std::map<unsigned, std::uint64_t>{{0, 70'000}, {1, 273}, {2, 1}}));
}

TEST(Inclusion, every_pair_up_to_64) {  // RFC 9162 §2.1.3.1, §2.1.3.2
  const auto log = log_of(64);
  for (std::uint64_t n = 1; n <= 64; ++n) {
    for (std::uint64_t m = 0; m < n; ++m) {
      const auto path = must(prove_inclusion(m, n, log.hashes.reader()));
      EXPECT_TRUE(verify_inclusion(m, n, leaf(m), path, log.roots[n]));
      EXPECT_FALSE(verify_inclusion(m, n, leaf(m), path, flip_one_bit(log.roots[n])));
      EXPECT_FALSE(verify_inclusion(m, n, flip_one_bit(leaf(m)), path, log.roots[n]));
      for (std::uint64_t other = 0; other <= n; ++other) {
        EXPECT_EQ(verify_inclusion(other, n, leaf(m), path, log.roots[n]).has_value(), other == m);
      }
    }
  }
}

TEST(Inclusion, every_changed_path_up_to_64_is_refused) {
  const auto log = log_of(64);
  for (std::uint64_t n = 1; n <= 64; ++n) {
    for (std::uint64_t m = 0; m < n; ++m) {
      const auto path = must(prove_inclusion(m, n, log.hashes.reader()));
      const auto refused = [&](const std::vector<Digest>& wrong) {
        return !verify_inclusion(m, n, leaf(m), wrong, log.roots[n]);
      };
      for (std::size_t i = 0; i < path.size(); ++i) {
        auto wrong = path;
        wrong[i] = flip_one_bit(wrong[i], m);
        EXPECT_TRUE(refused(wrong));
        wrong = path;
        wrong.erase(wrong.begin() + static_cast<std::ptrdiff_t>(i));
        EXPECT_TRUE(refused(wrong));
      }
      auto longer = path;
      longer.push_back(log.roots[n]);
      EXPECT_TRUE(refused(longer));
      longer.insert(longer.begin(), leaf(m));
      EXPECT_TRUE(refused(longer));
    }
  }
}

TEST(Consistency, every_pair_up_to_64) {  // RFC 9162 §2.1.4.1, §2.1.4.2
  const auto log = log_of(64);
  for (std::uint64_t n = 1; n <= 64; ++n) {
    for (std::uint64_t m = 1; m <= n; ++m) {
      const auto proof = must(prove_consistency(m, n, log.hashes.reader()));
      EXPECT_TRUE(verify_consistency(m, n, proof, log.roots[m], log.roots[n]));
      EXPECT_FALSE(verify_consistency(m, n, proof, flip_one_bit(log.roots[m]), log.roots[n]));
      EXPECT_FALSE(verify_consistency(m, n, proof, log.roots[m], flip_one_bit(log.roots[n])));
      EXPECT_EQ(verify_consistency(n, m, proof, log.roots[n], log.roots[m]).has_value(), m == n);
    }
  }
}

TEST(Consistency, every_changed_proof_up_to_64_is_refused) {
  const auto log = log_of(64);
  for (std::uint64_t n = 1; n <= 64; ++n) {
    for (std::uint64_t m = 1; m <= n; ++m) {
      const auto proof = must(prove_consistency(m, n, log.hashes.reader()));
      const auto refused = [&](const std::vector<Digest>& wrong) {
        return !verify_consistency(m, n, wrong, log.roots[m], log.roots[n]);
      };
      for (std::size_t i = 0; i < proof.size(); ++i) {
        auto wrong = proof;
        wrong[i] = flip_one_bit(wrong[i], n);
        EXPECT_TRUE(refused(wrong));
        wrong = proof;
        wrong.erase(wrong.begin() + static_cast<std::ptrdiff_t>(i));
        EXPECT_TRUE(refused(wrong));
      }
      auto longer = proof;
      longer.push_back(log.roots[n]);
      EXPECT_TRUE(refused(longer));
      longer.insert(longer.begin(), log.roots[m]);
      EXPECT_TRUE(refused(longer));
    }
  }
}

TEST(Consistency, a_rewritten_history_has_no_proof) {
  const auto log = log_of(64);
  Tree other;
  std::vector<Digest> other_roots{empty_root()};
  for (std::uint64_t i = 0; i < 64; ++i) {
    other.append(i == 5 ? leaf(1000) : leaf(i));
    other_roots.push_back(other.root());
  }
  for (std::uint64_t m = 6; m <= 64; ++m) {
    const auto proof = must(prove_consistency(m, 64, log.hashes.reader()));
    EXPECT_FALSE(verify_consistency(m, 64, proof, other_roots[m], log.roots[64]));
    EXPECT_FALSE(verify_consistency(m, 64, proof, log.roots[m], other_roots[64]));
  }
}

TEST(Consistency, the_empty_tree_proves_nothing) {
  const auto log = log_of(4);
  EXPECT_FALSE(prove_consistency(0, 4, log.hashes.reader()));
  EXPECT_FALSE(verify_consistency(0, 4, {}, empty_root(), log.roots[4]));
  EXPECT_FALSE(verify_consistency(0, 0, {}, empty_root(), empty_root()));
}

TEST(Merkle, proofs_over_three_tile_levels_hold) {
  const auto log = log_of(70'000);
  const auto read = log.hashes.reader();
  ASSERT_TRUE(rc::check("inclusion and consistency at any place", [&] {
    const auto n = *rc::gen::inRange<std::uint64_t>(1, 70'001);
    const auto m = *rc::gen::inRange<std::uint64_t>(1, n + 1);
    const auto path = must(prove_inclusion(m - 1, n, read));
    RC_ASSERT(verify_inclusion(m - 1, n, leaf(m - 1), path, log.roots[n]).has_value());
    RC_ASSERT(!verify_inclusion(m - 1, n, leaf(m), path, log.roots[n]).has_value());
    const auto proof = must(prove_consistency(m, n, read));
    RC_ASSERT(verify_consistency(m, n, proof, log.roots[m], log.roots[n]).has_value());
    RC_ASSERT(!verify_consistency(m, n, proof, log.roots[m - 1], log.roots[n]).has_value());
  }));
}

TEST(Merkle, the_readers_error_is_handed_on) {
  const HashReader broken = [](unsigned, std::uint64_t) -> Result<Digest> { return fail(Code::storage, "disk"); };
  EXPECT_EQ(prove_inclusion(3, 10, broken).error().code, Code::storage);
  EXPECT_EQ(prove_consistency(3, 10, broken).error().code, Code::storage);
  EXPECT_EQ(root_at(10, broken).error().code, Code::storage);
  EXPECT_EQ(Tree::resume(10, broken).error().code, Code::storage);
}

TEST(Merkle, nothing_is_asked_outside_the_tree) {
  const auto log = log_of(700);
  for (std::uint64_t n = 1; n <= 700; n += 37) {
    const HashReader strict = [&](unsigned level, std::uint64_t index) -> Result<Digest> {
      EXPECT_LE((index + 1) << (level * kTileHeight), n);
      return log.hashes.reader()(level, index);
    };
    EXPECT_TRUE(prove_inclusion(n / 2, n, strict));
    EXPECT_TRUE(prove_consistency((n + 1) / 2, n, strict));
    EXPECT_TRUE(root_at(n, strict));
  }
}

TEST(Merkle, absurd_sizes_end_at_once) {
  const auto top = std::uint64_t{1} << 63;
  EXPECT_FALSE(prove_inclusion(0, 0, {}));
  EXPECT_FALSE(prove_inclusion(5, 5, {}));
  EXPECT_FALSE(prove_inclusion(0, top, {}));
  EXPECT_FALSE(prove_consistency(2, 1, {}));
  EXPECT_FALSE(prove_consistency(1, top, {}));
  EXPECT_FALSE(root_at(top, {}));
  EXPECT_FALSE(verify_inclusion(top, ~std::uint64_t{0}, leaf(0), {}, leaf(0)));
  EXPECT_FALSE(verify_inclusion(0, 0, leaf(0), {}, leaf(0)));
  EXPECT_FALSE(verify_consistency(1, ~std::uint64_t{0}, std::vector<Digest>(200, leaf(0)), leaf(0), leaf(0)));
}

}  // namespace
}  // namespace birthmark::audit
