// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "pki/path/path.h"
#include "pki/path/revocation.h"

// Internal to path: the steps of RFC 5280 §6.1, and the profiles on top.
namespace birthmark::pki::path {

/// Why a step fails, or nothing.
using Failure = std::optional<std::string>;

/// One walk over one path (RFC 5280 §6.1.2): what the steps look at and change. Numbers that the standard begins at n+1
/// begin at the largest.
struct Walk {
  const Path& path;
  const Options& options;
  Search& search;
  Revocation& revocation;
  std::size_t place = 0;  ///< of the certificate that is looked at; 0 is the anchor

  std::vector<const Subtrees*> subtrees = {};
  std::size_t comparisons = 0;
  PolicyGraph policies = {};
  std::uint32_t explicit_policy = 0, inhibit_any_policy = 0, policy_mapping = 0;
  std::size_t path_length = 0;

  [[nodiscard]] const Member& certificate() const { return *path[place]; }
  [[nodiscard]] const Member& issuer() const { return *path[place - 1]; }
  [[nodiscard]] bool is_anchor() const { return place == 0; }
  [[nodiscard]] bool is_leaf() const { return place + 1 == path.size(); }
};

/// To which certificates of a path a step belongs.
enum class Where : std::uint8_t { every, below_anchor, issuers, leaf };

struct Step {
  std::string_view check;
  std::string_view clause;
  Where where;
  Failure (*run)(Walk&);
};

/// All steps in their order.
std::span<const Step> steps();

/// Walks a path from the anchor to the leaf up to the first step that fails.
std::vector<Finding> walk(const Path& path, const Options& options, Search& search, Revocation& revocation);

// profile.cc: what RFC 5280 §4 obliges issuers to.
Failure form_is_allowed(Walk& walk);
Failure issuer_conforms(Walk& walk);
// server_profile.cc
Failure public_server_conforms(Walk& walk);

}  // namespace birthmark::pki::path
