// SPDX-License-Identifier: Apache-2.0
#include "daemon/policy_file.h"

#include <gtest/gtest.h>

namespace birthmark::daemon {
namespace {

using policy::Action;
using policy::Environment;

TEST(PolicyFile, an_empty_one_is_the_default_policy) {
  const auto policy = read_policy("", Environment::production);
  ASSERT_TRUE(policy);
  EXPECT_EQ(*policy, policy::ProductPolicy{});
}

TEST(PolicyFile, takes_every_setting) {
  const auto policy = read_policy(R"(
root_kinds = ["tpm", "software"]
vendors = ["acme-silicon"]
models = ["A-100"]
debug = "not_judged"
measurements = "all"
submodules = ["modem"]
simulated_roots = true
released_for_field = true
minimum_firmware = "4.12.0"
gate_max_age_minutes = 60
ldevid_lifetime_days = 10
renew_from_day = 7
[actions]
S3 = ["telemetry.publish", "revalidate"]
S4 = ["firmware.fetch", "revalidate"]
[[resource]]
action = "telemetry.publish"
pattern = "device/{device}/#"
[[reference]]
component = "BL"
environment = "acac"
digests = ["0101010101010101010101010101010101010101010101010101010101010101"]
svn_min = 3
[[reference]]
component = "layer 1"
[[secure_keys]]
environment = "acac"
[[secure_keys]]
environment = "adad"
caller = "any"
)",
                                  Environment::development);
  ASSERT_TRUE(policy) << policy.error().detail;
  EXPECT_EQ(policy->root_kinds, (std::vector{lifecycle::RootKind::tpm, lifecycle::RootKind::software}));
  attest::EvidencePolicy evidence;
  evidence.debug = attest::DebugGate::not_judged;
  evidence.measurements = attest::MeasurementRule::all_must_be_listed;
  evidence.vendors = {"acme-silicon"};
  evidence.models = {"A-100"};
  evidence.submodules = {"modem"};
  evidence.reference_values = {
      {.environment = {0xAC, 0xAC}, .component = "BL", .digests = {Bytes(32, 1)}, .svn_min = 3},
      {.component = "layer 1"}};
  evidence.secure_keys = {{.environment = {0xAC, 0xAC}},
                          {.environment = {0xAD, 0xAD}, .caller = attest::TokenCaller::any}};
  EXPECT_EQ(policy->evidence, evidence);
  EXPECT_EQ(policy->resources, (std::vector{policy::ResourceRule{Action::telemetry_publish, "device/{device}/#"}}));
  EXPECT_EQ(policy->simulated, policy::SimulatedRoots::allowed);
  EXPECT_EQ(policy->released_for_field, policy::RequiresRelease::yes);
  EXPECT_EQ(policy->minimum_firmware, lifecycle::FirmwareVersion::parse("4.12.0"));
  EXPECT_EQ(policy->gate_max_age, std::chrono::minutes{60});
  EXPECT_EQ(policy->ldevid_lifetime, std::chrono::days{10});
  EXPECT_EQ(policy->renew_from, std::chrono::days{7});
  EXPECT_EQ(policy->actions.at(3), (policy::ActionSet{Action::telemetry_publish, Action::revalidate}));
  EXPECT_EQ(policy->actions.at(4), (policy::ActionSet{Action::firmware_fetch, Action::revalidate}));
}

struct BadPolicy {
  const char* name;
  const char* text;
  Environment environment;
  Code code;
};
class PolicyFileRefuses : public testing::TestWithParam<BadPolicy> {};
TEST_P(PolicyFileRefuses, with_the_code_of_its_cause) {
  const auto policy = read_policy(GetParam().text, GetParam().environment);
  ASSERT_FALSE(policy);
  EXPECT_EQ(policy.error().code, GetParam().code) << policy.error().detail;
}
constexpr auto kDevelopment = Environment::development;
INSTANTIATE_TEST_SUITE_P(
    Texts, PolicyFileRefuses,
    testing::Values(
        BadPolicy{"no_toml", "root_kinds", kDevelopment, Code::bad_request},
        BadPolicy{"unknown_key", "root_kind = [\"tpm\"]", kDevelopment, Code::bad_request},
        BadPolicy{"unknown_root", "root_kinds = [\"magic\"]", kDevelopment, Code::bad_request},
        BadPolicy{"no_root", "root_kinds = []", kDevelopment, Code::policy},
        BadPolicy{"debug_is_no_word", "debug = \"open\"", kDevelopment, Code::bad_request},
        BadPolicy{"reference_without_component", "[[reference]]\nsvn_min = 1", kDevelopment, Code::bad_request},
        BadPolicy{"reference_with_an_unknown_key", "[[reference]]\ncomponent = \"BL\"\nhash = \"00\"", kDevelopment,
                  Code::bad_request},
        BadPolicy{"digest_of_no_hash", "[[reference]]\ncomponent = \"BL\"\ndigests = [\"00\"]", kDevelopment,
                  Code::bad_request},
        BadPolicy{"negative_svn", "[[reference]]\ncomponent = \"BL\"\nsvn_min = -1", kDevelopment, Code::policy},
        BadPolicy{"secure_keys_of_nobody", "[[secure_keys]]\nenvironment = \"\"", kDevelopment, Code::bad_request},
        BadPolicy{"secure_keys_of_no_word", "[[secure_keys]]\nenvironment = \"ac\"\ncaller = \"all\"", kDevelopment,
                  Code::bad_request},
        BadPolicy{"vendor_is_no_text", "vendors = [7]", kDevelopment, Code::bad_request},
        BadPolicy{"unknown_action", "[actions]\nS3 = [\"fly\"]", kDevelopment, Code::bad_request},
        BadPolicy{"unknown_state", "[actions]\nS7 = []", kDevelopment, Code::bad_request},
        BadPolicy{"above_the_ceiling", "[actions]\nS5 = [\"revalidate\"]", kDevelopment, Code::policy},
        BadPolicy{"half_a_resource", "[[resource]]\naction = \"renew\"", kDevelopment, Code::bad_request},
        BadPolicy{"number_as_text", "ldevid_lifetime_days = \"10\"", kDevelopment, Code::bad_request},
        BadPolicy{"days_beyond_any_calendar", "ldevid_lifetime_days = 4294967306", kDevelopment, Code::policy},
        BadPolicy{"minutes_beyond_any_calendar", "gate_max_age_minutes = 9223372036854775807", kDevelopment,
                  Code::policy},
        BadPolicy{"simulated_in_production", "simulated_roots = true", Environment::production, Code::test_anchor}),
    [](const auto& row) { return std::string{row.param.name}; });

}  // namespace
}  // namespace birthmark::daemon
