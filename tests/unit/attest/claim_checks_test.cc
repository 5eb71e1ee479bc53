// SPDX-License-Identifier: Apache-2.0
#include "attest/claim_checks.h"

#include <gtest/gtest.h>

#include "crypto/keys.h"

namespace birthmark::attest {
namespace {

Claims claims_of(EvidenceKind kind) {
  static const auto key = crypto::PrivateKey::generate(crypto::KeyType::p256).value();
  return {.kind = kind,
          .hardware = {.public_identity = {1}, .listed_as = Digest{{}}, .vendor = "acme", .model = "X1"},
          .key = key.public_key()};
}

Measurement measurement(std::string component, std::uint8_t octet, std::optional<std::uint64_t> svn = std::nullopt) {
  return {.component = std::move(component), .digest = Bytes(32, octet), .svn = svn};
}

ReferenceValue reference(std::string component, std::uint8_t octet) {
  return {.component = std::move(component), .digests = {Bytes(32, octet)}};
}

TEST(DebugGate, what_is_not_reported_is_not_closed) {
  for (const auto kind : {EvidenceKind::tpm, EvidenceKind::psa, EvidenceKind::eat, EvidenceKind::dice,
                          EvidenceKind::secure_element, EvidenceKind::software, EvidenceKind::matter}) {
    const auto claims = claims_of(kind);
    EXPECT_FALSE(debug_closed(claims)) << name(kind);
    EXPECT_TRUE(debug_gate_holds(claims, {}).has_value()) << name(kind);
    EXPECT_FALSE(debug_gate_holds(claims, {.debug = DebugGate::not_judged}).has_value()) << name(kind);
  }
}

TEST(DebugGate, an_eat_needs_dbgstat_3_or_4) {
  auto claims = claims_of(EvidenceKind::eat);
  for (const auto state : {DebugState::enabled, DebugState::disabled, DebugState::disabled_since_boot,
                           DebugState::disabled_permanently, DebugState::disabled_fully_and_permanently}) {
    claims.debug = state;
    EXPECT_EQ(debug_closed(claims), static_cast<int>(state) >= 3) << static_cast<int>(state);
  }
}

TEST(DebugGate, a_psa_token_must_be_secured_whatever_else_it_says) {
  auto claims = claims_of(EvidenceKind::psa);
  claims.debug = DebugState::disabled_fully_and_permanently;
  for (const auto lifecycle :
       {SecurityLifecycle::unknown, SecurityLifecycle::assembly_and_test, SecurityLifecycle::rot_provisioning,
        SecurityLifecycle::secured, SecurityLifecycle::non_rot_debug, SecurityLifecycle::recoverable_rot_debug,
        SecurityLifecycle::decommissioned}) {
    claims.lifecycle = lifecycle;
    EXPECT_EQ(debug_closed(claims), lifecycle == SecurityLifecycle::secured);
  }
}

TEST(DebugGate, dice_layers_without_debug_are_closed) {
  auto claims = claims_of(EvidenceKind::dice);
  claims.debug = DebugState::enabled;
  EXPECT_FALSE(debug_closed(claims));
  claims.debug = DebugState::disabled;
  EXPECT_TRUE(debug_closed(claims));
}

TEST(AllowedHardware, only_what_the_policy_names) {
  const auto claims = claims_of(EvidenceKind::psa);
  EXPECT_FALSE(hardware_is_allowed(claims, {}).has_value());
  EvidencePolicy policy;
  policy.vendors = {"acme"};
  policy.models = {"X1"};
  EXPECT_FALSE(hardware_is_allowed(claims, policy).has_value());
  policy.models = {"X2"};
  EXPECT_EQ(hardware_is_allowed(claims, policy), "model \"X1\" is not allowed");
  policy.vendors = {"other"};
  EXPECT_EQ(hardware_is_allowed(claims, policy), "vendor \"acme\" is not allowed");
}

TEST(Measurements, what_is_listed_must_be_measured_as_listed) {
  auto claims = claims_of(EvidenceKind::psa);
  EvidencePolicy policy;
  EXPECT_FALSE(measurements_are_expected(claims, {}, policy).has_value());
  policy.reference_values = {reference("BL", 1)};
  EXPECT_EQ(measurements_are_expected(claims, {}, policy), "\"BL\" was not measured");
  claims.measurements = {{measurement("BL", 2)}};
  EXPECT_TRUE(measurements_are_expected(claims, {}, policy).has_value());
  claims.measurements = {{measurement("BL", 1), measurement("M1", 9)}};
  EXPECT_FALSE(measurements_are_expected(claims, {}, policy).has_value());
}

TEST(Measurements, each_of_one_name_counts) {
  auto claims = claims_of(EvidenceKind::psa);
  EvidencePolicy policy;
  policy.reference_values = {reference("BL", 1)};
  claims.measurements = {{measurement("BL", 1), measurement("BL", 1)}};
  EXPECT_FALSE(measurements_are_expected(claims, {}, policy).has_value());
  claims.measurements->back().digest = Bytes(32, 2);
  EXPECT_TRUE(measurements_are_expected(claims, {}, policy).has_value());
  policy.reference_values = {{.component = "BL", .svn_min = 2}};
  claims.measurements = {{measurement("BL", 1, 2), measurement("BL", 1, 1)}};
  EXPECT_TRUE(versions_are_current(claims, {}, policy).has_value());
  claims.measurements->back().svn.reset();
  EXPECT_EQ(versions_are_current(claims, {}, policy), "\"BL\" says no security version");
  claims.measurements->back().svn = 2;
  EXPECT_FALSE(versions_are_current(claims, {}, policy).has_value());
}

TEST(Measurements, a_digest_of_another_length_differs) {
  auto claims = claims_of(EvidenceKind::psa);
  claims.measurements = {{{.component = "BL", .digest = Bytes(48, 1)}}};
  EvidencePolicy policy;
  policy.reference_values = {reference("BL", 1)};
  EXPECT_TRUE(measurements_are_expected(claims, {}, policy).has_value());
}

TEST(Measurements, values_of_another_environment_do_not_count) {
  auto claims = claims_of(EvidenceKind::psa);
  claims.measurements = {{measurement("BL", 2)}};
  EvidencePolicy policy;
  policy.reference_values = {reference("BL", 1)};
  policy.reference_values.front().environment = {7};
  EXPECT_FALSE(measurements_are_expected(claims, Bytes{8}, policy).has_value());
  EXPECT_TRUE(measurements_are_expected(claims, Bytes{7}, policy).has_value());
  policy.measurements = MeasurementRule::all_must_be_listed;
  EXPECT_EQ(measurements_are_expected(claims, Bytes{8}, policy), "\"BL\" is not listed");
}

TEST(Measurements, all_listed_asks_for_at_least_one) {
  auto claims = claims_of(EvidenceKind::psa);
  EvidencePolicy policy;
  policy.measurements = MeasurementRule::all_must_be_listed;
  EXPECT_EQ(measurements_are_expected(claims, {}, policy), "nothing was measured");
  claims.measurements = std::vector<Measurement>{};
  EXPECT_EQ(measurements_are_expected(claims, {}, policy), "nothing was measured");
}

TEST(Versions, an_old_or_silent_component_is_refused) {
  auto claims = claims_of(EvidenceKind::dice);
  EvidencePolicy policy;
  policy.reference_values = {{.component = "layer 1", .svn_min = 4}};
  EXPECT_TRUE(versions_are_current(claims, {}, policy).has_value());
  claims.measurements = {{measurement("layer 1", 1)}};
  EXPECT_EQ(versions_are_current(claims, {}, policy), "\"layer 1\" says no security version");
  claims.measurements = {{measurement("layer 1", 1, 3)}};
  EXPECT_TRUE(versions_are_current(claims, {}, policy).has_value());
  claims.measurements = {{measurement("layer 1", 1, 4)}};
  EXPECT_FALSE(versions_are_current(claims, {}, policy).has_value());
  EXPECT_FALSE(measurements_are_expected(claims, {}, policy).has_value()) << "no digest is listed";
}

}  // namespace
}  // namespace birthmark::attest
