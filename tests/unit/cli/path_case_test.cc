// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "cli/verify_path.h"

namespace birthmark::cli {
namespace {

const auto kNow = from_ms(1'800'000'000'000);

Result<PathCase> read(const std::string& members) {
  return read_path_case(R"({"trusted": [], "untrusted": [], "leaf": "")" + members + "}", kNow);
}

TEST(PathCase, has_defaults) {
  const auto one = read("");
  ASSERT_TRUE(one) << one.error().detail;
  EXPECT_EQ(one->options.at, kNow);
  EXPECT_EQ(one->options.purpose, pki::path::Purpose::any);
  EXPECT_EQ(one->options.revocation, pki::path::RevocationScope::none);
  EXPECT_FALSE(one->options.policies.user_initial_policy_set);
}

TEST(PathCase, times_have_any_offset_and_any_fineness) {
  const std::pair<const char*, const char*> kTimes[] = {{"2024-03-01T00:00:00Z", "2024-03-01T00:00:00Z"},
                                                        {"2024-03-01T00:00:00+00:00", "2024-03-01T00:00:00Z"},
                                                        {"2024-03-01T02:30:00+02:30", "2024-03-01T00:00:00Z"},
                                                        {"2024-02-29T23:00:00-01:00", "2024-03-01T00:00:00Z"},
                                                        {"2024-03-01T00:00:00.999999Z", "2024-03-01T00:00:00.999Z"}};
  for (const auto& [text, expected] : kTimes) {
    const auto one = read(std::string{R"(, "time": ")"} + text + "\"");
    ASSERT_TRUE(one) << text;
    EXPECT_EQ(one->options.at, from_rfc3339(expected)) << text;
  }
  for (const auto* bad : {"", "now", "2024-03-01", "2024-13-01T00:00:00Z", "2024-03-01T00:00:00+aa:00", "+00:00"}) {
    EXPECT_FALSE(read(std::string{R"(, "time": ")"} + bad + "\"")) << bad;
  }
}

TEST(PathCase, what_is_not_known_is_not_supported) {
  for (const auto* unknown : {R"(, "purpose": "mail")", R"(, "revocation": "some")",
                              R"(, "host": {"kind": "uri", "value": "x"})", R"(, "policy": {"another_input": true})"}) {
    const auto one = read(unknown);
    ASSERT_FALSE(one) << unknown;
    EXPECT_EQ(one.error().code, Code::unsupported_media_type) << unknown;
  }
  for (const auto* bad :
       {R"(, "max_depth": -1)", R"(, "policy": [])", R"(, "host": "x")", R"(, "crls": [1])",
        R"(, "policy": {"initial_explicit_policy": 1})", R"(, "policy": {"user_initial_policy_set": ["1.2.x"]})"}) {
    EXPECT_FALSE(read(bad)) << bad;
  }
}

TEST(PathCase, policies_are_named_as_the_standard_names_them) {
  const auto one = read(
      R"(, "policy": {"user-initial-policy-set": ["2.999.1", "anyPolicy"], "initial-explicit-policy": true,
          "initial_policy_mapping_inhibit": true, "initial_any_policy_inhibit": false})");
  ASSERT_TRUE(one) << one.error().detail;
  const auto& policies = one->options.policies;
  EXPECT_EQ(policies.user_initial_policy_set, (std::vector<Bytes>{{0x88, 0x37, 0x01}, {0x55, 0x1D, 0x20, 0x00}}));
  EXPECT_TRUE(policies.initial_explicit_policy);
  EXPECT_TRUE(policies.initial_policy_mapping_inhibit);
  EXPECT_FALSE(policies.initial_any_policy_inhibit);
}

TEST(PathCase, a_leaf_that_cannot_be_read_is_refused) {
  const auto answer = judge_path_case(read("").value());
  EXPECT_EQ(answer.verdict, PathVerdict::reject);
  EXPECT_EQ(answer.said.at("check").as_string(), "path.leaf");
  EXPECT_EQ(answer.said.at("openssl").at("verdict").as_string(), "reject");
}

}  // namespace
}  // namespace birthmark::cli
