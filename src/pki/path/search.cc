// SPDX-License-Identifier: Apache-2.0
#include "pki/path/search.h"

#include <algorithm>

namespace birthmark::pki::path {
namespace {

bool same(const Member& a, const Member& b) {
  return a.certificate == b.certificate;
}

/// RFC 4158 §2.4.2: the same name and key a second time lead nowhere new.
bool repeats(const Member& a, const Member& b) {
  return same(a, b) || (a.subject_key == b.subject_key && equal(a.certificate.spki(), b.certificate.spki()));
}

std::span<const MemberPtr> find(const std::unordered_map<std::string, std::vector<MemberPtr>>& by_name,
                                const std::string& name) {
  const auto found = by_name.find(name);
  return found == by_name.end() ? std::span<const MemberPtr>{} : std::span<const MemberPtr>{found->second};
}

bool verify(const Member& issuer, const Member& below) {
  return below.scheme && issuer.key() &&
         issuer.key()->verify(*below.scheme, below.certificate.tbs(), below.certificate.signature());
}

}  // namespace

void Trust::add_anchor(MemberPtr anchor) {
  link(anchor);
  anchors_[anchor->subject_key].push_back(std::move(anchor));
}

void Trust::add_intermediate(MemberPtr intermediate) {
  link(intermediate);
  intermediates_.push_back(intermediate);
  intermediates_by_name_[intermediate->subject_key].push_back(std::move(intermediate));
}

void Trust::link(const MemberPtr& added) {
  const auto one_way = [&](const Member& issuer, const Member& below) {
    if (issuer.subject_key == below.issuer_key && verify(issuer, below)) {
      links_.emplace(&issuer, &below);
    }
  };
  for (const auto& other : all_) {
    one_way(*other, *added);
    one_way(*added, *other);
  }
  all_.push_back(added);
}

bool Trust::is_anchor(const Member& member) const {
  return std::ranges::any_of(anchors_named(member.subject_key),
                             [&](const MemberPtr& anchor) { return same(*anchor, member); });
}

std::span<const MemberPtr> Trust::anchors_named(const std::string& subject) const {
  return find(anchors_, subject);
}

std::span<const MemberPtr> Trust::intermediates_named(const std::string& subject) const {
  return find(intermediates_by_name_, subject);
}

bool Trust::links(const Member& issuer, const Member& below) const {
  return links_.contains({&issuer, &below});
}

Search::Search(const Trust& trust, std::span<const MemberPtr> hints, Instant at, Effort& effort)
    : trust_{trust}, at_{at}, effort_{effort} {
  for (const auto& hint : hints) {
    const auto known = find(hints_named_, hint->subject_key);
    if (std::ranges::any_of(known, [&](const MemberPtr& other) { return same(*other, *hint); })) {
      continue;
    }
    hints_.push_back(hint);
    hints_named_[hint->subject_key].push_back(hint);
  }
  measure_distances();
}

/// Breadth first from the anchors down: what does not lead to one costs no signature.
void Search::measure_distances() {
  std::unordered_map<std::string, std::vector<const Member*>> by_issuer;
  std::vector<std::string> reached;
  const auto put = [&](const MemberPtr& member) {
    by_issuer[member->issuer_key].push_back(member.get());
    if (!trust_.anchors_named(member->issuer_key).empty() && distance_.try_emplace(member->subject_key, 1).second) {
      reached.push_back(member->subject_key);
    }
  };
  std::ranges::for_each(hints_, put);
  std::ranges::for_each(trust_.intermediates(), put);
  for (std::size_t next = 0; next < reached.size(); ++next) {
    const auto below = distance_.at(reached[next]) + 1;
    for (const auto* const member : by_issuer[reached[next]]) {
      if (distance_.try_emplace(member->subject_key, below).second) {
        reached.push_back(member->subject_key);
      }
    }
  }
}

std::vector<MemberPtr> Search::named(const std::string& subject) const {
  std::vector<MemberPtr> out;
  for (const auto& list :
       {trust_.anchors_named(subject), trust_.intermediates_named(subject), find(hints_named_, subject)}) {
    out.insert(out.end(), list.begin(), list.end());
  }
  return out;
}

int Search::rank(const Member& issuer, const Member& below, bool anchor) const {
  constexpr int kOtherKey = 8, kNotInDate = 4, kNoCa = 2, kNoAnchor = 1;
  const bool asks = below.authority_key_id && below.authority_key_id->key_id;
  const bool other_key =
      asks && issuer.subject_key_id && !equal(*issuer.subject_key_id, *below.authority_key_id->key_id);
  return (other_key ? kOtherKey : 0) + (issuer.valid_at(at_) ? 0 : kNotInDate) + (issuer.is_ca() ? 0 : kNoCa) +
         (anchor ? 0 : kNoAnchor);
}

std::vector<Search::Candidate> Search::candidates(const Member& below) const {
  std::vector<Candidate> out;
  const auto put = [&](std::span<const MemberPtr> list, bool anchor) {
    for (const auto& one : list) {
      out.push_back({.member = one, .anchor = anchor, .rank = rank(*one, below, anchor)});
    }
  };
  put(trust_.anchors_named(below.issuer_key), true);
  if (distance_.contains(below.issuer_key)) {
    put(trust_.intermediates_named(below.issuer_key), false);
    put(find(hints_named_, below.issuer_key), false);
  }
  std::ranges::stable_sort(out, {}, &Candidate::rank);
  return out;
}

bool Search::verifies(const Member& issuer, x509::SignatureAlgorithm algorithm, BytesView message,
                      BytesView signature) {
  const auto scheme = crypto::scheme_of(algorithm);
  return scheme && issuer.key() && effort_.spend_signature(issuer.key()->type()) &&
         issuer.key()->verify(*scheme, message, signature);
}

bool Search::signed_by(const Member& below, const Member& issuer) {
  if (trust_.links(issuer, below)) {
    return true;
  }
  const auto known = verified_.find({&issuer, &below});
  if (known != verified_.end()) {
    return known->second;
  }
  if (!below.scheme || !issuer.key() || !effort_.spend_signature(issuer.key()->type())) {
    return false;
  }
  const bool good = verify(issuer, below);
  verified_.emplace(std::pair{&issuer, &below}, good);
  broken_ = good || broken_ != nullptr ? broken_ : &below;
  return good;
}

bool Search::each_path(const MemberPtr& leaf, std::size_t intermediates_max,
                       const std::function<bool(const Path&)>& judge) {
  std::vector<MemberPtr> from_leaf{leaf};
  return extend(from_leaf, intermediates_max, judge);
}

bool Search::extend(std::vector<MemberPtr>& from_leaf, std::size_t intermediates_max,
                    const std::function<bool(const Path&)>& judge) {
  const auto& below = *from_leaf.back();
  for (const auto& [issuer, anchor, unused] : candidates(below)) {
    if (effort_.exhausted() || !effort_.spend_visit()) {
      return false;
    }
    const auto is_repeated = [&](const MemberPtr& one) { return repeats(*one, *issuer); };
    // What is between: all behind the leaf, this one, and at least those that its name needs to an anchor.
    const bool too_long = !anchor && from_leaf.size() + distance_.at(issuer->subject_key) - 1 > intermediates_max;
    if (too_long || std::ranges::any_of(from_leaf, is_repeated) || !signed_by(below, *issuer)) {
      continue;
    }
    from_leaf.push_back(issuer);
    const bool will_do = anchor ? effort_.spend_path() && judge(Path{from_leaf.rbegin(), from_leaf.rend()})
                                : extend(from_leaf, intermediates_max, judge);
    from_leaf.pop_back();
    if (will_do) {
      return true;
    }
  }
  return false;
}

}  // namespace birthmark::pki::path
