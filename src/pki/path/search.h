// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <set>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include "pki/path/effort.h"
#include "pki/path/member.h"

namespace birthmark::pki::path {

/// The certificates that are trusted, and those that are known to lead to them. Immutable once made; read from several
/// threads. Signatures between them are verified when they are put in, and never again.
class Trust {
 public:
  void add_anchor(MemberPtr anchor);
  void add_intermediate(MemberPtr intermediate);

  [[nodiscard]] bool is_anchor(const Member& member) const;
  /// Those of that subject (`MatchName::key`), in the order in which they were put in.
  [[nodiscard]] std::span<const MemberPtr> anchors_named(const std::string& subject) const;
  [[nodiscard]] std::span<const MemberPtr> intermediates_named(const std::string& subject) const;
  [[nodiscard]] std::span<const MemberPtr> intermediates() const { return intermediates_; }
  /// Whether it is known that the key of `issuer` signed `below`; both are in here.
  [[nodiscard]] bool links(const Member& issuer, const Member& below) const;

 private:
  using ByName = std::unordered_map<std::string, std::vector<MemberPtr>>;
  void link(const MemberPtr& added);

  ByName anchors_, intermediates_by_name_;
  std::vector<MemberPtr> all_, intermediates_;
  std::set<std::pair<const Member*, const Member*>> links_;
};

/// From the anchor to the leaf, both included.
using Path = std::vector<MemberPtr>;

/// Looks for paths from a certificate to anchors (RFC 4158), depth first, the likeliest issuers first: those whose key
/// identifier is the one asked for, that are in date, that are CAs, that are nearer to an anchor. By names and
/// signatures only: whether a path is good is for the steps to say. Nothing is ever fetched.
class Search {
 public:
  /// @param hints more certificates; no anchors. @param trust, effort outlive the search.
  Search(const Trust& trust, std::span<const MemberPtr> hints, Instant at, Effort& effort);

  /// Calls `judge` with each path from an anchor to `leaf` whose signatures verify, until it says that one will do or
  /// nothing is left. The leaf itself is never the anchor.
  /// @param intermediates_max certificates between the two. @return whether `judge` said so.
  bool each_path(const MemberPtr& leaf, std::size_t intermediates_max, const std::function<bool(const Path&)>& judge);

  /// Whether the key of `issuer` signed `below`; verified at most once, within the effort.
  bool signed_by(const Member& below, const Member& issuer);
  /// As above, of any bytes, not remembered.
  bool verifies(const Member& issuer, x509::SignatureAlgorithm algorithm, BytesView message, BytesView signature);

  /// All certificates of that subject: anchors, intermediates, hints.
  [[nodiscard]] std::vector<MemberPtr> named(const std::string& subject) const;
  /// Names of issuers that were there and had not signed what names them, for people.
  [[nodiscard]] const Member* broken_signature() const { return broken_; }
  [[nodiscard]] const Trust& trust() const { return trust_; }
  [[nodiscard]] Instant at() const { return at_; }
  [[nodiscard]] Effort& effort() { return effort_; }

 private:
  struct Candidate {
    MemberPtr member;
    bool anchor = false;
    int rank = 0;  ///< less is better
  };
  [[nodiscard]] std::vector<Candidate> candidates(const Member& below) const;
  [[nodiscard]] int rank(const Member& issuer, const Member& below, bool anchor) const;
  bool extend(std::vector<MemberPtr>& from_leaf, std::size_t intermediates_max,
              const std::function<bool(const Path&)>& judge);
  void measure_distances();

  const Trust& trust_;
  Instant at_;
  Effort& effort_;
  std::vector<MemberPtr> hints_;
  std::unordered_map<std::string, std::vector<MemberPtr>> hints_named_;
  std::unordered_map<std::string, std::size_t> distance_;  ///< from a subject to the nearest anchor, by names alone
  std::map<std::pair<const Member*, const Member*>, bool> verified_;
  const Member* broken_ = nullptr;
};

}  // namespace birthmark::pki::path
