// SPDX-License-Identifier: Apache-2.0
#include "codec/policies.h"

#include <gtest/gtest.h>

#include <array>

#include "codec/oid.h"
#include "support/inputs.h"

namespace birthmark::x509 {
namespace {

struct Case {
  const char* name;
  const char* value;
  bool accepted;
};

template <class Read>
void expect_verdicts(BytesView type, std::span<const Case> cases, Read read) {
  for (const auto& [name, value, accepted] : cases) {
    const auto bytes = test::hex(value);
    const Extension extension{.type = type, .critical = false, .value = bytes};
    EXPECT_EQ(read(Extensions{&extension, 1}).has_value(), accepted) << name;
    const auto longer = test::hex(std::string{value} + "00");
    const Extension more{.type = type, .critical = false, .value = longer};
    EXPECT_FALSE(read(Extensions{&more, 1}).has_value()) << name << " and more";
  }
}

TEST(CertificatePolicies, are_a_list_of_policies_and_qualifiers) {  // RFC 5280 §4.2.1.4
  constexpr std::array kCases{
      Case{"one", "300630040602 2a03", true},
      Case{"two", "300c 30040602 2a03 30040602 2a04", true},
      Case{"one_twice", "300c 30040602 2a03 30040602 2a03", false},
      Case{"none", "3000", false},
      Case{"without_a_policy", "30023000", false},
      Case{"no_qualifiers", "3008 3006 0602 2a03 3000", false},
      Case{"practice_statement", "3017 3015 0602 2a03 300f 300d 0608 2b06010505070201 1601 61", true},
      Case{"practice_statement_in_utf8", "3017 3015 0602 2a03 300f 300d 0608 2b06010505070201 0c01 61", false},
      Case{"empty_notice", "3016 3014 0602 2a03 300e 300c 0608 2b06010505070202 3000", true},
      Case{"unknown_qualifier", "3010 300e 0602 2a03 3008 3006 0602 2a05 0500", true},
  };
  expect_verdicts(oids::certificate_policies, kCases, certificate_policies);
  const auto bytes = test::hex("3010 300e 0602 2a03 3008 3006 0602 2a05 0500");
  const Extension unknown{.type = oids::certificate_policies, .critical = true, .value = bytes};
  EXPECT_TRUE(certificate_policies({&unknown, 1})->value()[0].has_unknown_qualifier);
}

TEST(PolicyMappings, are_pairs) {  // RFC 5280 §4.2.1.5
  constexpr std::array kCases{
      Case{"one", "300a 3008 0602 2a03 0602 2a04", true},
      Case{"none", "3000", false},
      Case{"half", "3006 3004 0602 2a03", false},
      Case{"three", "300e 300c 0602 2a03 0602 2a04 0602 2a05", false},
  };
  expect_verdicts(oids::policy_mappings, kCases, policy_mappings);
}

TEST(PolicyConstraints, are_one_or_two_numbers) {  // RFC 5280 §4.2.1.11
  constexpr std::array kCases{
      Case{"both", "3006 800100 810105", true},
      Case{"require", "3003 800100", true},
      Case{"inhibit", "3003 810102", true},
      Case{"none", "3000", false},
      Case{"out_of_order", "3006 810105 800100", false},
      Case{"negative", "3003 8001ff", false},
      Case{"not_minimal", "3004 80020001", false},
      Case{"no_number", "3002 8000", false},
      Case{"plain_integer", "3003 020100", false},
  };
  expect_verdicts(oids::policy_constraints, kCases, policy_constraints);
  const auto bytes = test::hex("3008 8006 010000000000");
  const Extension large{.type = oids::policy_constraints, .critical = true, .value = bytes};
  EXPECT_EQ(policy_constraints({&large, 1})->value().require_explicit_policy, 0xFFFFFFFFU);
}

TEST(InhibitAnyPolicy, is_a_number) {  // RFC 5280 §4.2.1.14
  constexpr std::array kCases{Case{"zero", "020100", true}, Case{"five", "020105", true},
                              Case{"negative", "0201ff", false}, Case{"not_minimal", "02020005", false},
                              Case{"sequence", "3003020100", false}};
  expect_verdicts(oids::inhibit_any_policy, kCases, inhibit_any_policy);
}

}  // namespace
}  // namespace birthmark::x509
