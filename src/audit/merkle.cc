// SPDX-License-Identifier: Apache-2.0
#include "audit/merkle.h"

#include <algorithm>
#include <bit>
#include <string>

#include "audit/text.h"
#include "crypto/hash.h"

namespace birthmark::audit {
namespace {

constexpr Octets<1> kLeafPrefix{0x00};
constexpr Octets<1> kNodePrefix{0x01};

// Where hashes come from.
struct Source {
  const HashReader& read;
  SubtreeMemo* memo = nullptr;
};

// The root of a full subtree of 2^height leaves: stored at the heights of the tile levels, hashed in between.
Result<Digest> full_subtree(unsigned height, std::uint64_t index, const Source& from) {
  if (height % kTileHeight == 0) {
    return from.read(height / kTileHeight, index);
  }
  if (const auto known = from.memo != nullptr ? from.memo->find(height, index) : std::nullopt) {
    return *known;
  }
  BM_TRY(const auto left, full_subtree(height - 1, 2 * index, from));
  BM_TRY(const auto right, full_subtree(height - 1, 2 * index + 1, from));
  const auto root = node_hash(left, right);
  if (from.memo != nullptr) {
    from.memo->keep(height, index, root);
  }
  return root;
}

// The largest power of two below `leaves`, which is where RFC 6962 §2.1 divides them; leaves > 1.
std::uint64_t split_of(std::uint64_t leaves) {
  return std::bit_floor(leaves - 1);
}

// MTH(D[begin : end]) for a range that the recursion of RFC 6962 §2.1 reaches, begin < end.
Result<Digest> range_root(std::uint64_t begin, std::uint64_t end, const Source& from) {
  const auto leaves = end - begin;
  if (std::has_single_bit(leaves)) {
    const auto height = static_cast<unsigned>(std::countr_zero(leaves));
    return full_subtree(height, begin >> height, from);
  }
  const auto middle = begin + split_of(leaves);
  BM_TRY(const auto left, range_root(begin, middle, from));
  BM_TRY(const auto right, range_root(middle, end, from));
  return node_hash(left, right);
}

tl::unexpected<Error> not_included(std::string why) {
  return fail(Code::bad_evidence, std::move(why), "log.inclusion");
}

tl::unexpected<Error> not_consistent(std::string why) {
  return fail(Code::bad_evidence, std::move(why), "log.consistency");
}

// One level up: of the node that is followed, and of the last node of its level.
void climb(std::uint64_t& fn, std::uint64_t& sn) {
  fn >>= 1;
  sn >>= 1;
}

}  // namespace

Digest leaf_hash(BytesView entry) {
  return crypto::sha256({kLeafPrefix, entry});
}

Digest node_hash(const Digest& left, const Digest& right) {
  return crypto::sha256({kNodePrefix, left.get(), right.get()});
}

Digest empty_root() {
  return crypto::sha256(BytesView{});
}

Result<Tree> Tree::resume(std::uint64_t size, std::vector<Digest> frontier) {
  if (size > kLogNumberMax || frontier.size() != static_cast<std::size_t>(std::popcount(size))) {
    return fail(Code::bad_request, "the frontier does not fit the size of the tree");
  }
  Tree tree;
  tree.size_ = size;
  tree.frontier_ = std::move(frontier);
  return tree;
}

Result<Tree> Tree::resume(std::uint64_t size, const HashReader& read) {
  if (size > kLogNumberMax) {
    return fail(Code::bad_request, "the tree is too large");
  }
  std::vector<Digest> frontier;
  for (std::uint64_t begin = 0; begin < size;) {
    const auto height = static_cast<unsigned>(std::bit_width(size - begin) - 1);
    BM_TRY(auto root, full_subtree(height, begin >> height, {read}));
    frontier.push_back(root);
    begin += std::uint64_t{1} << height;
  }
  return resume(size, std::move(frontier));
}

void Tree::append(const Digest& leaf, const HashWriter& write) {
  auto hash = leaf;
  if (write) {
    write(0, size_, hash);
  }
  // Each subtree that the new leaf completes merges with its equal to the left, as a carry runs through a sum.
  unsigned height = 0;
  for (auto rest = size_; (rest & 1) != 0; rest >>= 1) {
    hash = node_hash(frontier_.back(), hash);
    frontier_.pop_back();
    ++height;
    if (write && height % kTileHeight == 0) {
      write(height / kTileHeight, size_ >> height, hash);
    }
  }
  frontier_.push_back(hash);
  ++size_;
}

Digest Tree::root() const {
  if (frontier_.empty()) {
    return empty_root();
  }
  auto root = frontier_.back();
  for (auto left = frontier_.rbegin() + 1; left != frontier_.rend(); ++left) {
    root = node_hash(*left, root);
  }
  return root;
}

Result<Digest> root_at(std::uint64_t size, const HashReader& read) {
  if (size == 0) {
    return empty_root();
  }
  if (size > kLogNumberMax) {
    return fail(Code::bad_request, "the tree is too large");
  }
  return range_root(0, size, {read});
}

Result<std::vector<Digest>> prove_inclusion(std::uint64_t index, std::uint64_t size, const HashReader& read,
                                            SubtreeMemo* memo) {
  if (index >= size || size > kLogNumberMax) {
    return fail(Code::bad_request,
                "there is no entry " + std::to_string(index) + " in a tree of " + std::to_string(size) + " entries");
  }
  const Source from{read, memo};
  std::vector<Digest> path;
  for (std::uint64_t begin = 0, end = size; end - begin > 1;) {
    const auto middle = begin + split_of(end - begin);
    const bool left = index < middle;
    BM_TRY(auto sibling, left ? range_root(middle, end, from) : range_root(begin, middle, from));
    path.push_back(sibling);
    (left ? end : begin) = middle;
  }
  std::ranges::reverse(path);
  return path;
}

Result<std::vector<Digest>> prove_consistency(std::uint64_t from, std::uint64_t to, const HashReader& read) {
  if (from == 0 || from > to || to > kLogNumberMax) {
    return fail(Code::bad_request, "no proof leads from " + std::to_string(from) + " entries to " + std::to_string(to));
  }
  const Source source{read};
  std::vector<Digest> proof;
  std::uint64_t begin = 0;
  std::uint64_t end = to;
  // While the old tree's edge cuts the range, its other half goes into the proof.
  while (end != from) {
    const auto middle = begin + split_of(end - begin);
    const bool left = from <= middle;
    BM_TRY(auto sibling, left ? range_root(middle, end, source) : range_root(begin, middle, source));
    proof.push_back(sibling);
    (left ? end : begin) = middle;
  }
  // If the old tree is itself this subtree, its root is known to the verifier.
  if (begin != 0) {
    BM_TRY(auto edge, range_root(begin, end, source));
    proof.push_back(edge);
  }
  std::ranges::reverse(proof);
  return proof;
}

Result<void> verify_inclusion(std::uint64_t index, std::uint64_t size, const Digest& leaf, std::span<const Digest> path,
                              const Digest& root) {
  if (index >= size) {
    return not_included("entry " + std::to_string(index) + " lies outside a tree of " + std::to_string(size));
  }
  auto fn = index;
  auto sn = size - 1;
  auto hash = leaf;
  for (const auto& sibling : path) {
    if (sn == 0) {
      return not_included("the path is too long");
    }
    if ((fn & 1) != 0 || fn == sn) {
      hash = node_hash(sibling, hash);
      while ((fn & 1) == 0 && fn != 0) {
        climb(fn, sn);
      }
    } else {
      hash = node_hash(hash, sibling);
    }
    climb(fn, sn);
  }
  if (sn != 0) {
    return not_included("the path is too short");
  }
  if (hash != root) {
    return not_included("the path leads to another root");
  }
  return {};
}

Result<void> verify_consistency(std::uint64_t from, std::uint64_t to, std::span<const Digest> proof,
                                const Digest& from_root, const Digest& to_root) {
  if (from == 0 || from > to) {
    return not_consistent("a tree of " + std::to_string(to) + " entries cannot continue one of " +
                          std::to_string(from));
  }
  if (from == to) {
    if (!proof.empty() || from_root != to_root) {
      return not_consistent(proof.empty() ? "the same size with another root" : "the proof is too long");
    }
    return {};
  }
  auto fn = from - 1;
  auto sn = to - 1;
  while ((fn & 1) != 0) {
    climb(fn, sn);
  }
  // With a power of two the old root is the first step of its own proof.
  const bool implied = std::has_single_bit(from);
  if (proof.empty()) {
    return not_consistent("the proof is too short");
  }
  auto old_hash = implied ? from_root : proof.front();
  auto new_hash = old_hash;
  for (const auto& sibling : proof.subspan(implied ? 0 : 1)) {
    if (sn == 0) {
      return not_consistent("the proof is too long");
    }
    if ((fn & 1) != 0 || fn == sn) {
      old_hash = node_hash(sibling, old_hash);
      new_hash = node_hash(sibling, new_hash);
      while ((fn & 1) == 0 && fn != 0) {
        climb(fn, sn);
      }
    } else {
      new_hash = node_hash(new_hash, sibling);
    }
    climb(fn, sn);
  }
  if (sn != 0) {
    return not_consistent("the proof is too short");
  }
  if (old_hash != from_root || new_hash != to_root) {
    return not_consistent(old_hash != from_root ? "the proof leads to another old root" : "to another new root");
  }
  return {};
}

}  // namespace birthmark::audit
