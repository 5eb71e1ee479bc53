// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"

namespace birthmark::audit {

/// Tree levels between one tile level and the next: a tile is a subtree of this height (C2SP tlog-tiles).
inline constexpr unsigned kTileHeight = 8;

/// SHA-256(00 || entry), RFC 6962 §2.1. The prefix keeps a leaf from being read as a node.
Digest leaf_hash(BytesView entry);
/// SHA-256(01 || left || right), RFC 6962 §2.1.
Digest node_hash(const Digest& left, const Digest& right);
/// The root of the tree without entries: SHA-256 of nothing.
Digest empty_root();

/// Reads one stored hash in tile coordinates: (level, index) is the root of the full subtree over the leaves
/// [index * 256^level, (index + 1) * 256^level). Called only for subtrees that lie wholly inside the tree.
/// @error whatever the storage says; it is handed on.
using HashReader = std::function<Result<Digest>(unsigned level, std::uint64_t index)>;
/// Takes one hash to be stored, in the same coordinates; called in the order in which a tile must hold them.
using HashWriter = std::function<void(unsigned level, std::uint64_t index, const Digest& hash)>;

/// Remembers roots of full subtrees between two tile levels, which no tile holds: they never change, and proofs near
/// the end of a tree ask for the same ones over and over. May forget; must not mistake one for another.
class SubtreeMemo {
 public:
  virtual ~SubtreeMemo() = default;
  /// @param height no multiple of kTileHeight @param index of the subtree among those of its height
  [[nodiscard]] virtual std::optional<Digest> find(unsigned height, std::uint64_t index) const = 0;
  virtual void keep(unsigned height, std::uint64_t index, const Digest& root) = 0;
};

/// The growing tree, of which only the frontier is kept: the roots of the full subtrees that cover the leaves, largest
/// first, one for each bit that is set in the size (so at most 63).
class Tree {
 public:
  /// The empty tree.
  Tree() = default;
  /// A tree as `frontier` left it. @error bad_request: not one hash for each bit set in `size`, or size above 2^63 - 1.
  static Result<Tree> resume(std::uint64_t size, std::vector<Digest> frontier);
  /// A tree of `size` leaves whose hashes are stored. @error as above, or the reader's.
  static Result<Tree> resume(std::uint64_t size, const HashReader& read);

  /// Adds one leaf; `write`, if given, gets every hash that becomes complete by it: the leaf, then one for each tile
  /// level that it ends.
  void append(const Digest& leaf, const HashWriter& write = {});

  [[nodiscard]] std::uint64_t size() const { return size_; }
  /// The root over all leaves so far (RFC 6962 §2.1, MTH).
  [[nodiscard]] Digest root() const;
  [[nodiscard]] const std::vector<Digest>& frontier() const { return frontier_; }

 private:
  std::uint64_t size_ = 0;
  std::vector<Digest> frontier_;
};

/// The root of the first `size` leaves, from stored hashes. @error the reader's
Result<Digest> root_at(std::uint64_t size, const HashReader& read);

/// The path from leaf `index` to the root over `size` leaves, the leaf's sibling first (RFC 9162 §2.1.3.1).
/// @param memo of this tree alone, for whoever proves often; null: every subtree is hashed anew
/// @error bad_request: index not below size, or size above 2^63 - 1; else the reader's.
Result<std::vector<Digest>> prove_inclusion(std::uint64_t index, std::uint64_t size, const HashReader& read,
                                            SubtreeMemo* memo = nullptr);

/// The proof that the tree of `to` leaves continues the one of `from` leaves (RFC 9162 §2.1.4.1); empty if equal.
/// @error bad_request: not 0 < from <= to <= 2^63 - 1; else the reader's.
Result<std::vector<Digest>> prove_consistency(std::uint64_t from, std::uint64_t to, const HashReader& read);

/// Checks a path by RFC 9162 §2.1.3.2. Proves that the leaf is in the tree with that root, not that the root is right.
/// @error bad_evidence, check "log.inclusion": index not below size, path of another length, or another root.
Result<void> verify_inclusion(std::uint64_t index, std::uint64_t size, const Digest& leaf, std::span<const Digest> path,
                              const Digest& root);

/// Checks by RFC 9162 §2.1.4.2 that the tree (to, to_root) begins with the whole tree (from, from_root).
/// A tree without entries is continued by everything, which proves nothing: it is refused here.
/// @error bad_evidence, check "log.consistency": sizes, length of the proof, or one of the roots.
Result<void> verify_consistency(std::uint64_t from, std::uint64_t to, std::span<const Digest> proof,
                                const Digest& from_root, const Digest& to_root);

}  // namespace birthmark::audit
