// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "codec/policies.h"

namespace birthmark::pki::path {

/// What a relying party brings to the processing of policies (RFC 5280 §6.1.1(c), (e), (f), (g)).
struct PolicyInputs {
  /// Contents of OIDs; absent: any policy will do. Empty: none will.
  std::optional<std::vector<Bytes>> user_initial_policy_set;
  bool initial_policy_mapping_inhibit = false;
  bool initial_explicit_policy = false;
  bool initial_any_policy_inhibit = false;
};

/// The valid policy tree of RFC 5280 §6.1.2(a), kept as a graph (RFC 9618 §5): a policy that is reached over several
/// mappings is one node with several parents, so that its size is linear in the certificates and no mapping explodes.
/// Aliases the certificates' bytes.
class PolicyGraph {
 public:
  /// The root: any policy.
  PolicyGraph() { levels_.push_back({.nodes = {}, .has_any = true}); }

  /// RFC 5280 §6.1.3(d), (e): what one certificate asserts.
  /// @param policies null: it has no such extension. @param any_allowed whether anyPolicy counts in it
  void assert_policies(const std::vector<x509::PolicyInformation>* policies, bool any_allowed);
  /// RFC 5280 §6.1.4(b). None of the mappings has anyPolicy on either side.
  /// @param allowed policy_mapping > 0
  void map(const std::vector<x509::PolicyMapping>& mappings, bool allowed);

  /// valid_policy_tree is not NULL.
  [[nodiscard]] bool valid() const { return !levels_.back().nodes.empty() || levels_.back().has_any; }
  /// RFC 5280 §6.1.5(g): whether something is left when only the user's policies count. @param user absent: any
  [[nodiscard]] bool valid_for(const std::optional<std::vector<Bytes>>& user) const;
  /// How many nodes there are, all levels together; for tests.
  [[nodiscard]] std::size_t size() const;

 private:
  struct Node {
    std::vector<std::size_t> parents;  ///< places in the level above, in ascending order
    bool under_any = false;            ///< its parent is anyPolicy
  };
  /// By policy, as the certificate of this level names it.
  using Nodes = std::map<std::string_view, Node>;
  struct Level {
    Nodes nodes;
    bool has_any = false;
  };
  /// The policies that the next certificate is expected to assert, each with the nodes of the last level that ask for
  /// it.
  [[nodiscard]] std::map<std::string_view, std::vector<std::size_t>> expected() const;

  std::vector<Level> levels_;
  std::vector<x509::PolicyMapping> mappings_;  ///< of the last certificate, where they are allowed
};

}  // namespace birthmark::pki::path
