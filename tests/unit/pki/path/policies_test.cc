// SPDX-License-Identifier: Apache-2.0
// Certificate policies (RFC 5280 §6.1, RFC 9618), with OpenSSL beside.
#include "unit/pki/path/chain.h"

namespace birthmark::pki::path {
namespace {

using testing::Chain;

constexpr auto kGold = oid<1, 3, 6, 1, 4, 1, 99999, 10, 1>;
constexpr auto kSilver = oid<1, 3, 6, 1, 4, 1, 99999, 10, 2>;
constexpr auto kBronze = oid<1, 3, 6, 1, 4, 1, 99999, 10, 3>;

std::vector<Bytes> set_of(std::initializer_list<BytesView> policies) {
  std::vector<Bytes> out;
  for (const auto policy : policies) {
    out.push_back(to_bytes(policy));
  }
  return out;
}

struct Case {
  const char* name;
  void (*set)(Chain&);
  const char* check;  ///< empty: accepted
  std::size_t intermediates = 1;
};

void explicitly(Chain& c, std::initializer_list<BytesView> user) {
  c.options.policies.initial_explicit_policy = true;
  if (user.size() != 0) {
    c.options.policies.user_initial_policy_set = set_of(user);
  }
}

const Case kCases[] = {
    {"none_asked_none_there", [](Chain&) {}, ""},
    {"required_and_none_there", [](Chain& c) { explicitly(c, {}); }, "path.policies"},
    {"required_and_there",
     [](Chain& c) {
       explicitly(c, {});
       c.ca().put(test::policies({kGold}));
       c.leaf().put(test::policies({kGold}));
     },
     ""},
    {"the_one_that_is_asked",
     [](Chain& c) {
       explicitly(c, {kGold});
       c.ca().put(test::policies({kGold, kSilver}));
       c.leaf().put(test::policies({kGold}));
     },
     ""},
    {"another_than_is_asked",
     [](Chain& c) {
       explicitly(c, {kSilver});
       c.ca().put(test::policies({kGold, kSilver}));
       c.leaf().put(test::policies({kGold}));
     },
     "path.explicit_policy"},
    {"asked_of_nothing",
     [](Chain& c) {
       explicitly(c, {});
       c.options.policies.user_initial_policy_set.emplace();
       c.ca().put(test::policies({kGold}));
       c.leaf().put(test::policies({kGold}));
     },
     "path.explicit_policy"},
    {"nothing_in_common",
     [](Chain& c) {
       explicitly(c, {});
       c.ca().put(test::policies({kGold}));
       c.leaf().put(test::policies({kSilver}));
     },
     "path.policies"},
    {"nothing_in_common_and_nobody_asks",
     [](Chain& c) {
       c.ca().put(test::policies({kGold}));
       c.leaf().put(test::policies({kSilver}));
     },
     ""},
    {"ca_of_any_policy",
     [](Chain& c) {
       explicitly(c, {kGold});
       c.ca().put(test::policies({oids::any_policy}));
       c.leaf().put(test::policies({kGold}));
     },
     ""},
    {"leaf_of_any_policy",
     [](Chain& c) {
       explicitly(c, {kGold});
       c.ca().put(test::policies({kGold}));
       c.leaf().put(test::policies({oids::any_policy}));
     },
     ""},
    {"any_policy_is_inhibited",
     [](Chain& c) {
       explicitly(c, {kGold});
       c.options.policies.initial_any_policy_inhibit = true;
       c.ca().put(test::policies({oids::any_policy}));
       c.leaf().put(test::policies({kGold}));
     },
     "path.policies"},
    {"inhibited_by_the_ca",
     [](Chain& c) {
       explicitly(c, {kGold});
       c.ca().put(test::policies({kGold}));
       c.ca().put(test::inhibit_any_policy(0));
       c.leaf().put(test::policies({oids::any_policy}));
     },
     "path.policies"},
    {"inhibited_one_below",
     [](Chain& c) {
       explicitly(c, {kGold});
       c.ca(1).put(test::policies({kGold}));
       c.ca(1).put(test::inhibit_any_policy(1));
       c.ca(2).put(test::policies({oids::any_policy}));
       c.leaf().put(test::policies({kGold}));
     },
     "", 2},
    {"required_by_the_ca",
     [](Chain& c) {
       c.ca().put(test::policies({kGold}));
       c.ca().put(test::policy_constraints(std::uint8_t{0}, {}));
     },
     "path.policies"},
    {"required_too_far_below",
     [](Chain& c) {
       c.ca().put(test::policies({kGold}));
       c.ca().put(test::policy_constraints(std::uint8_t{5}, {}));
     },
     ""},
    {"required_by_the_leaf_itself", [](Chain& c) { c.leaf().put(test::policy_constraints(std::uint8_t{0}, {})); },
     "path.explicit_policy"},
    {"mapped",
     [](Chain& c) {
       explicitly(c, {kGold});
       c.ca().put(test::policies({kGold}));
       c.ca().put(test::policy_mappings({{to_bytes(kGold), to_bytes(kSilver)}}));
       c.leaf().put(test::policies({kSilver}));
     },
     ""},
    {"mapped_away",
     [](Chain& c) {
       explicitly(c, {kGold});
       c.ca().put(test::policies({kGold}));
       c.ca().put(test::policy_mappings({{to_bytes(kGold), to_bytes(kSilver)}}));
       c.leaf().put(test::policies({kGold}));
     },
     "path.policies"},
    {"mapped_name_is_not_the_users",
     [](Chain& c) {
       explicitly(c, {kSilver});
       c.ca().put(test::policies({kGold}));
       c.ca().put(test::policy_mappings({{to_bytes(kGold), to_bytes(kSilver)}}));
       c.leaf().put(test::policies({kSilver}));
     },
     "path.explicit_policy"},
    {"mapping_is_inhibited",
     [](Chain& c) {
       explicitly(c, {kGold});
       c.options.policies.initial_policy_mapping_inhibit = true;
       c.ca().put(test::policies({kGold}));
       c.ca().put(test::policy_mappings({{to_bytes(kGold), to_bytes(kSilver)}}));
       c.leaf().put(test::policies({kSilver}));
     },
     "path.policies"},
    {"mapping_inhibited_by_the_ca_above",
     [](Chain& c) {
       explicitly(c, {kGold});
       c.ca(1).put(test::policies({kGold}));
       c.ca(1).put(test::policy_constraints({}, std::uint8_t{0}));
       c.ca(2).put(test::policies({kGold}));
       c.ca(2).put(test::policy_mappings({{to_bytes(kGold), to_bytes(kSilver)}}));
       c.leaf().put(test::policies({kSilver}));
     },
     "path.policies", 2},
    {"any_policy_is_mapped",
     [](Chain& c) {
       c.ca().put(test::policies({oids::any_policy}));
       c.ca().put(test::policy_mappings({{to_bytes(oids::any_policy), to_bytes(kSilver)}}));
       c.leaf().put(test::policies({kSilver}));
     },
     "path.mappings"},
    {"any_policy_is_mapped_by_the_leaf",
     [](Chain& c) {
       c.ca().put(test::policies({kGold}));
       c.leaf().put(test::policies({kGold}));
       c.leaf().put(test::policy_mappings({{to_bytes(kGold), to_bytes(oids::any_policy)}}));
     },
     "path.allowed"},
    {"mapped_from_any_policy_of_the_ca",
     [](Chain& c) {
       explicitly(c, {kGold});
       c.ca().put(test::policies({oids::any_policy}));
       c.ca().put(test::policy_mappings({{to_bytes(kGold), to_bytes(kSilver)}}));
       c.leaf().put(test::policies({kSilver}));
     },
     ""},
    {"mapped_twice",
     [](Chain& c) {
       explicitly(c, {kGold});
       c.ca(1).put(test::policies({kGold}));
       c.ca(1).put(test::policy_mappings({{to_bytes(kGold), to_bytes(kSilver)}}));
       c.ca(2).put(test::policies({kSilver}));
       c.ca(2).put(test::policy_mappings({{to_bytes(kSilver), to_bytes(kBronze)}}));
       c.leaf().put(test::policies({kBronze}));
     },
     "", 2},
    {"lost_on_the_way",
     [](Chain& c) {
       explicitly(c, {});
       c.ca(1).put(test::policies({kGold}));
       c.leaf().put(test::policies({kGold}));
     },
     "path.policies", 2},
    {"policy_constraints_not_critical",
     [](Chain& c) {
       c.ca().put(test::policies({kGold}));
       c.ca().put(test::policy_constraints(std::uint8_t{5}, {}));
       c.ca().find(oids::policy_constraints)->critical = false;
     },
     "path.allowed"},
};

class Policies : public ::testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(Rfc5280, Policies, ::testing::ValuesIn(kCases),
                         [](const auto& one) { return std::string{one.param.name}; });

TEST_P(Policies, are_processed_as_the_standard_says) {  // RFC 5280 §6.1.3(d)-(f), §6.1.4(a)-(j), §6.1.5(g)
  Chain chain{GetParam().intermediates};
  GetParam().set(chain);
  const auto judgement = chain.judge();
  const auto* const failure = judgement.failure();
  EXPECT_EQ(failure == nullptr ? "" : failure->check, GetParam().check) << (failure == nullptr ? "" : failure->detail);
}

TEST_P(Policies, are_seen_by_openssl_alike) {
  Chain chain{GetParam().intermediates};
  GetParam().set(chain);
  // Criticality is not its business.
  const bool in_path = std::string_view{GetParam().name} == "policy_constraints_not_critical";
  const auto answer = chain.ask_openssl();
  EXPECT_EQ(answer.accepted, GetParam().check[0] == '\0' || in_path) << answer.reason;
}

Bytes numbered(std::uint8_t number) {
  auto policy = to_bytes(kGold);
  policy.back() = static_cast<std::uint8_t>(number & 0x7F);
  return policy;
}

/// Every policy mapped to every other, level by level: a tree would have 8^12 leaves (CVE-2023-0464).
TEST(PolicyGraph, does_not_explode) {
  std::vector<Bytes> names;
  std::vector<x509::PolicyInformation> policies;
  std::vector<x509::PolicyMapping> mappings;
  for (std::uint8_t i = 1; i <= 8; ++i) {
    names.push_back(numbered(i));
  }
  for (const auto& a : names) {
    policies.push_back({.policy = a});
    for (const auto& b : names) {
      mappings.push_back({.issuer_domain = a, .subject_domain = b});
    }
  }
  PolicyGraph graph;
  for (int level = 0; level < 12; ++level) {
    graph.assert_policies(&policies, true);
    graph.map(mappings, true);
  }
  graph.assert_policies(&policies, true);
  EXPECT_TRUE(graph.valid_for(std::vector<Bytes>{names[3]}));
  EXPECT_FALSE(graph.valid_for(std::vector<Bytes>{numbered(99)}));
  EXPECT_LE(graph.size(), 13U * 8U + 1U);
}

TEST(PolicyGraph, without_a_policy_nothing_is_left) {
  PolicyGraph graph;
  EXPECT_TRUE(graph.valid());
  graph.assert_policies(nullptr, true);
  EXPECT_FALSE(graph.valid());
  const std::vector<x509::PolicyInformation> gold{{.policy = kGold}};
  graph.assert_policies(&gold, true);
  EXPECT_FALSE(graph.valid());
}

}  // namespace
}  // namespace birthmark::pki::path
