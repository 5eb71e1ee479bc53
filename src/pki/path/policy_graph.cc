// SPDX-License-Identifier: Apache-2.0
#include "pki/path/policy_graph.h"

#include <algorithm>
#include <set>

#include "codec/oid.h"

namespace birthmark::pki::path {
namespace {

bool is_any(BytesView policy) {
  return equal(policy, oids::any_policy);
}

}  // namespace

std::map<std::string_view, std::vector<std::size_t>> PolicyGraph::expected() const {
  std::map<std::string_view, std::vector<std::size_t>> expected;
  std::size_t place = 0;
  for (const auto& [policy, node] : levels_.back().nodes) {
    bool mapped = false;
    for (const auto& mapping : mappings_) {
      if (as_text(mapping.issuer_domain) == policy) {
        auto& parents = expected[as_text(mapping.subject_domain)];
        if (parents.empty() || parents.back() != place) {
          parents.push_back(place);
        }
        mapped = true;
      }
    }
    if (!mapped) {
      expected[policy].push_back(place);
    }
    ++place;
  }
  return expected;
}

void PolicyGraph::assert_policies(const std::vector<x509::PolicyInformation>* policies, bool any_allowed) {
  Level next;
  if (policies != nullptr && valid()) {
    const auto wanted = expected();
    const bool above_has_any = levels_.back().has_any;
    const bool asserts_any = any_allowed && std::ranges::any_of(*policies, [](const x509::PolicyInformation& one) {
                               return is_any(one.policy);
                             });
    for (const auto& [policy, unused] : *policies) {
      if (is_any(policy)) {
        continue;
      }
      const auto found = wanted.find(as_text(policy));
      if (found != wanted.end()) {
        next.nodes.try_emplace(as_text(policy), Node{.parents = found->second, .under_any = false});
      } else if (above_has_any) {
        next.nodes.try_emplace(as_text(policy), Node{.parents = {}, .under_any = true});
      }
    }
    if (asserts_any) {
      for (const auto& [policy, parents] : wanted) {
        next.nodes.try_emplace(policy, Node{.parents = parents, .under_any = false});
      }
      next.has_any = above_has_any;
    }
  }
  mappings_.clear();
  levels_.push_back(std::move(next));
}

void PolicyGraph::map(const std::vector<x509::PolicyMapping>& mappings, bool allowed) {
  auto& level = levels_.back();
  for (const auto& mapping : mappings) {
    if (!allowed) {
      level.nodes.erase(as_text(mapping.issuer_domain));
    } else if (level.has_any) {
      level.nodes.try_emplace(as_text(mapping.issuer_domain), Node{.parents = {}, .under_any = true});
    }
  }
  if (allowed) {
    mappings_ = mappings;
  }
}

bool PolicyGraph::valid_for(const std::optional<std::vector<Bytes>>& user) const {
  if (!user || std::ranges::any_of(*user, [](const Bytes& one) { return is_any(one); })) {
    return valid();
  }
  if (levels_.back().has_any) {
    return !user->empty();
  }
  // From the last level up: a policy that was asserted under anyPolicy is one of the issuing domain of the anchor,
  // where the user speaks.
  const auto is_users = [&](std::string_view policy) {
    return std::ranges::any_of(*user, [&](const Bytes& one) { return as_text(one) == policy; });
  };
  std::set<std::size_t> reached;
  for (std::size_t place = 0; place < levels_.back().nodes.size(); ++place) {
    reached.insert(place);
  }
  for (auto level = levels_.rbegin(); level != levels_.rend(); ++level) {
    std::set<std::size_t> above;
    std::size_t place = 0;
    for (const auto& [policy, node] : level->nodes) {
      if (!reached.contains(place++)) {
        continue;
      }
      if (node.under_any && is_users(policy)) {
        return true;
      }
      above.insert(node.parents.begin(), node.parents.end());
    }
    reached = std::move(above);
  }
  return false;
}

std::size_t PolicyGraph::size() const {
  std::size_t nodes = 0;
  for (const auto& level : levels_) {
    nodes += level.nodes.size() + (level.has_any ? 1 : 0);
  }
  return nodes;
}

}  // namespace birthmark::pki::path
