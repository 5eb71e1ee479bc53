// SPDX-License-Identifier: Apache-2.0
#include "attest/dice.h"

#include "codec/cbor.h"
#include "codec/dice.h"
#include "codec/pkcs10.h"
#include "crypto/cose_signature.h"
#include "unit/attest/dice_case.h"

namespace birthmark::attest {
namespace {

using namespace testing;
using crypto::KeyType;
using pki::testing::new_key;

TEST(Dice, a_genuine_device_passes_every_step) {
  const DiceCase good;
  const auto appraisal = good.appraise();
  EXPECT_EQ(failed_check(appraisal.findings), "") << verdict(appraisal.findings).error().detail;
  ASSERT_TRUE(appraisal.claims);
  const auto& claims = *appraisal.claims;
  EXPECT_EQ(claims.kind, EvidenceKind::dice);
  EXPECT_EQ(claims.binding, KeyBinding::chain);
  EXPECT_EQ(claims.key, good.device_key.public_key());
  EXPECT_EQ(claims.hardware.public_identity, to_bytes(good.device_key.public_key().spki()));
  EXPECT_EQ(claims.hardware.listed_as, good.device_key.public_key().spki_sha256());
  EXPECT_EQ(claims.hardware.vendor, "ACME");
  EXPECT_EQ(claims.hardware.anchor_class, AnchorClass::genuine);
  EXPECT_EQ(claims.hardware.model, "Pump");
  EXPECT_EQ(claims.hardware.serial, to_hex(Bytes(17, 5)));
  EXPECT_EQ(claims.origin, KeyOrigin::derived_inside);
  EXPECT_EQ(claims.debug, DebugState::disabled);
  EXPECT_FALSE(claims.lifecycle);
  EXPECT_EQ(claims.freshness, good.freshness);
  ASSERT_TRUE(claims.measurements);
  ASSERT_EQ(claims.measurements->size(), 2U);
  EXPECT_EQ((*claims.measurements)[0].component, "layer 1");
  EXPECT_EQ((*claims.measurements)[1].component, "layer 2");
  EXPECT_EQ((*claims.measurements)[1].digest, Bytes(32, 0xA2));
  EXPECT_EQ((*claims.measurements)[1].svn, 3U);
}

TEST(Dice, every_key_type_of_layers_passes) {
  for (const auto type : {KeyType::p256, KeyType::p384, KeyType::ed25519}) {
    const DiceCase good{type};
    EXPECT_EQ(failed_check(good.appraise().findings), "");
  }
}

TEST(Dice, in_the_field_the_alias_is_certified_and_the_identity_stays) {
  DiceCase field;
  field.rules.key = DiceKey::leaf;
  field.requested = &field.leaf_key;
  const auto appraisal = field.appraise();
  EXPECT_EQ(failed_check(appraisal.findings), "");
  ASSERT_TRUE(appraisal.claims);
  EXPECT_EQ(appraisal.claims->key, field.leaf_key.public_key());
  EXPECT_EQ(appraisal.claims->hardware.listed_as, field.device_key.public_key().spki_sha256());
}

TEST(Dice, no_damage_to_any_part_passes) {
  const DiceCase good;
  auto shown = good.evidence();
  const auto trusted_keys = good.trust(shown);
  const auto passes = [&] { return good.judge(shown, trusted_keys).claims.has_value(); };
  expect_no_damage_passes(shown.device, passes);
  expect_no_damage_passes(shown.layers[0], passes);
  expect_no_damage_passes(shown.layers[1], passes);
  expect_no_damage_passes(shown.signature, passes);
}

struct Broken {
  const char* name;
  const char* check;
  void (*spoil)(DiceCase&);
  Code code = Code::bad_evidence;
};
class DiceStep : public ::testing::TestWithParam<Broken> {};
TEST_P(DiceStep, refuses) {
  DiceCase spoilt;
  GetParam().spoil(spoilt);
  const auto appraisal = spoilt.appraise();
  EXPECT_EQ(failed_check(appraisal.findings), GetParam().check);
  EXPECT_FALSE(appraisal.claims);
  const auto refusal = verdict(appraisal.findings);
  ASSERT_FALSE(refusal);
  EXPECT_EQ(refusal.error().code, GetParam().code) << refusal.error().detail;
}

INSTANTIATE_TEST_SUITE_P(
    Structure, DiceStep,
    ::testing::Values(
        Broken{"no_layer", "dice.evidence", [](DiceCase& c) { c.change = [](DiceEvidence& e) { e.layers.clear(); }; }},
        Broken{"eleven_layers", "dice.evidence",
               [](DiceCase& c) { c.change = [](DiceEvidence& e) { e.layers.resize(11, e.layers[0]); }; }},
        Broken{"no_device", "dice.evidence", [](DiceCase& c) { c.change = [](DiceEvidence& e) { e.device.clear(); }; }},
        Broken{"oversize_layer", "dice.evidence",
               [](DiceCase& c) { c.change = [](DiceEvidence& e) { e.layers[0].resize(20000); }; }},
        Broken{"another_key_requested", "dice.requested_key", [](DiceCase& c) { c.requested = &c.leaf_key; },
               Code::key_not_attested},
        Broken{"alias_for_the_device_key", "dice.requested_key", [](DiceCase& c) { c.rules.key = DiceKey::leaf; },
               Code::key_not_attested},
        Broken{"denied_device", "dice.denied",
               [](DiceCase& c) {
                 c.more_trust = [](DiceTrust& known, const DiceEvidence& e) { known.deny(crypto::sha256(e.device)); };
               }},
        Broken{"denied_layer_key", "dice.denied",
               [](DiceCase& c) {
                 c.more_trust = [id = c.layer_key.public_key().spki_sha256()](DiceTrust& known, const DiceEvidence&) {
                   known.deny(id);
                 };
               }},
        Broken{"no_crl_where_one_is_asked_for", "dice.denied",
               [](DiceCase& c) {
                 c.more_trust = [](DiceTrust& known, const DiceEvidence&) {
                   known.set_crl_rule(CrlRule::fresh_required);
                 };
               }}),
    [](const auto& row) { return std::string{row.param.name}; });

INSTANTIATE_TEST_SUITE_P(
    Path, DiceStep,
    ::testing::Values(
        Broken{"another_vendor_of_the_same_name", "dice.device",
               [](DiceCase& c) { c.device_signer = &another_dice_key(); }},
        Broken{"unknown_vendor", "dice.device", [](DiceCase& c) { c.device.issuer = name_cn("Other CA"); }},
        Broken{"self_signed_and_not_listed", "dice.device",
               [](DiceCase& c) {
                 c.device.issuer = c.device.subject;
                 c.device.drop(oids::authority_key_identifier);
                 c.device_signer = &c.device_key;
               }},
        Broken{"device_expired", "dice.device", [](DiceCase& c) { c.device.not_after = at("2027-01-01T00:00:00Z"); }},
        Broken{"device_not_yet_valid", "dice.device",
               [](DiceCase& c) { c.device.not_before = at("2027-07-01T00:00:00Z"); }},
        Broken{"vendor_expired", "dice.device", [](DiceCase& c) { c.ca.not_after = at("2027-01-01T00:00:00Z"); }},
        Broken{"vendor_is_no_ca", "dice.device", [](DiceCase& c) { c.ca.drop(oids::basic_constraints); }},
        Broken{"vendor_path_length", "dice.device",
               [](DiceCase& c) { c.ca[oids::basic_constraints] = ca_constraints(1); }},
        Broken{"device_is_no_ca", "dice.path", [](DiceCase& c) { c.device[oids::basic_constraints] = no_ca(); }},
        Broken{"device_path_length", "dice.path",
               [](DiceCase& c) { c.device[oids::basic_constraints] = ca_constraints(0); }},
        Broken{"device_may_not_sign_certificates", "dice.path",
               [](DiceCase& c) { c.device[oids::key_usage] = usage(kSigns); }},
        Broken{"layer_is_no_ca", "dice.path", [](DiceCase& c) { c.layer.drop(oids::basic_constraints); }},
        Broken{"layer_without_key_usage", "dice.path", [](DiceCase& c) { c.layer.drop(oids::key_usage); }},
        Broken{"layer_of_another_device", "dice.path", [](DiceCase& c) { c.layer_signer = &another_dice_key(); }},
        Broken{"layer_under_another_name", "dice.path", [](DiceCase& c) { c.layer.issuer = name_serial("D-0002"); }},
        Broken{"layer_with_another_authority", "dice.path",
               [](DiceCase& c) { c.layer[oids::authority_key_identifier] = authority_key(Bytes(20, 9)); }},
        Broken{"layer_expired", "dice.path", [](DiceCase& c) { c.layer.not_after = at("2027-01-01T00:00:00Z"); }},
        Broken{"leaf_not_yet_valid", "dice.path", [](DiceCase& c) { c.leaf.not_before = at("2027-07-01T00:00:00Z"); }},
        Broken{"leaf_of_another_layer", "dice.path", [](DiceCase& c) { c.leaf_signer = &another_dice_key(); }},
        Broken{"layers_the_other_way_round", "dice.path",
               [](DiceCase& c) { c.change = [](DiceEvidence& e) { std::swap(e.layers[0], e.layers[1]); }; }},
        Broken{"a_layer_left_out", "dice.path",
               [](DiceCase& c) { c.change = [](DiceEvidence& e) { e.layers.erase(e.layers.begin()); }; }}),
    [](const auto& row) { return std::string{row.param.name}; });

INSTANTIATE_TEST_SUITE_P(
    Freshness, DiceStep,
    ::testing::Values(
        Broken{"replay", "dice.signature", [](DiceCase& c) { c.signed_value = fresh_value("session 0"); }},
        Broken{"signed_by_the_layer_below", "dice.signature", [](DiceCase& c) { c.answers = &c.layer_key; }},
        Broken{"signed_by_another_key", "dice.signature", [](DiceCase& c) { c.answers = &another_dice_key(); }},
        Broken{"signature_of_another_scheme", "dice.signature",
               [](DiceCase& c) { c.change = [](DiceEvidence& e) { e.signature.assign(64, 1); }; }},
        Broken{"leaf_that_signs_certificates_only", "dice.usage",
               [](DiceCase& c) { c.leaf[oids::key_usage] = usage(kCertSigns); }},
        Broken{"leaf_without_key_usage", "dice.usage", [](DiceCase& c) { c.leaf.drop(oids::key_usage); }},
        Broken{"layer_without_eca", "dice.usage",
               [](DiceCase& c) { c.layer[oids::extended_key_usage] = purposes_of({dice::Purpose::attest_loc}); }},
        Broken{"leaf_for_identity", "dice.usage",
               [](DiceCase& c) { c.leaf[oids::extended_key_usage] = purposes_of({dice::Purpose::identity_loc}); }},
        Broken{"unknown_critical_extension", "dice.critical",
               [](DiceCase& c) {
                 c.leaf.extensions.push_back({to_bytes(oids::name_constraints), true, {0x30, 0x00}});
               }},
        Broken{"unknown_critical_extension_of_the_device", "dice.critical",
               [](DiceCase& c) {
                 c.device.extensions.push_back({to_bytes(oids::name_constraints), true, {0x30, 0x00}});
               }},
        Broken{"certificate_made_for_another_nonce", "dice.freshness",
               [](DiceCase& c) {
                 c.leaf.extensions.push_back(
                     {to_bytes(oids::dice_tcb_freshness), false, dice::write_freshness(Bytes(32, 1))});
               }},
        Broken{"malformed_freshness", "dice.freshness",
               [](DiceCase& c) {
                 c.leaf.extensions.push_back({to_bytes(oids::dice_tcb_freshness), false, {0x05, 0x00}});
               }}),
    [](const auto& row) { return std::string{row.param.name}; });

INSTANTIATE_TEST_SUITE_P(
    Layers, DiceStep,
    ::testing::Values(
        Broken{"malformed_tcb_info", "dice.layers",
               [](DiceCase& c) {
                 c.leaf_info.reset();
                 c.leaf.extensions.push_back({to_bytes(oids::dice_tcb_info), false, {0x30, 0x02, 0xAA, 0x00}});
               }},
        Broken{"one_component_twice", "dice.layers", [](DiceCase& c) { c.leaf_info->layer = 1; }},
        Broken{"debug", "dice.debug", [](DiceCase& c) { c.leaf_info->flags = dice::flag::debug; }, Code::not_sealed},
        Broken{"debug_of_the_lower_layer", "dice.debug", [](DiceCase& c) { c.layer_info->flags = dice::flag::debug; },
               Code::not_sealed},
        Broken{"not_secure", "dice.debug", [](DiceCase& c) { c.layer_info->flags = dice::flag::not_secure; },
               Code::not_sealed},
        Broken{"not_configured", "dice.debug", [](DiceCase& c) { c.leaf_info->flags = dice::flag::not_configured; },
               Code::not_sealed},
        Broken{"recovery", "dice.debug",
               [](DiceCase& c) {
                 c.leaf_info->flags = dice::flag::recovery;
                 c.leaf_info->flags_mask.reset();
               },
               Code::not_sealed},
        Broken{"a_layer_that_does_not_say", "dice.debug",
               [](DiceCase& c) {
                 c.leaf_info->flags.reset();
                 c.leaf_info->flags_mask.reset();
               },
               Code::not_sealed},
        Broken{"debug_masked_out", "dice.debug", [](DiceCase& c) { c.leaf_info->flags_mask = dice::flag::not_secure; },
               Code::not_sealed},
        Broken{"nobody_says", "dice.debug",
               [](DiceCase& c) {
                 c.layer_info.reset();
                 c.leaf_info.reset();
               },
               Code::not_sealed},
        Broken{"another_vendor", "dice.hardware", [](DiceCase& c) { c.policy.vendors = {"Other"}; }, Code::policy},
        Broken{"another_model", "dice.hardware", [](DiceCase& c) { c.policy.models = {"Boiler"}; }, Code::policy},
        Broken{
            "another_firmware", "dice.measurements",
            [](DiceCase& c) { c.policy.reference_values = {{.component = "layer 2", .digests = {Bytes(32, 0xB2)}}}; }},
        Broken{"firmware_that_nobody_listed", "dice.measurements",
               [](DiceCase& c) { c.policy.measurements = MeasurementRule::all_must_be_listed; }},
        Broken{"old_firmware", "dice.versions",
               [](DiceCase& c) { c.policy.reference_values = {{.component = "layer 2", .svn_min = 4}}; },
               Code::fw_rollback}),
    [](const auto& row) { return std::string{row.param.name}; });

TEST(Dice, reference_values_of_the_environment_are_met) {
  DiceCase good;
  good.policy.measurements = MeasurementRule::all_must_be_listed;
  const auto environment = dice_environment("ACME", "Pump");
  good.policy.reference_values = {
      {.environment = environment, .component = "layer 1", .digests = {Bytes(32, 0xA1)}, .svn_min = 3},
      {.environment = environment, .component = "layer 2", .digests = {Bytes(32, 0xB2), Bytes(32, 0xA2)}},
      {.environment = dice_environment("ACME", "Boiler"), .component = "layer 2", .digests = {Bytes(32, 1)}}};
  EXPECT_EQ(failed_check(good.appraise().findings), "");
}

// A layer that says another model would choose the reference values that it is compared with.
TEST(Dice, only_the_lowest_layer_names_the_hardware) {
  DiceCase lying;
  lying.layer_info->vendor.reset();
  lying.layer_info->model.reset();
  lying.policy.reference_values = {
      {.environment = dice_environment("", ""), .component = "layer 2", .digests = {Bytes(32, 0xB2)}}};
  EXPECT_EQ(failed_check(lying.appraise().findings), "dice.measurements");
  lying.policy.reference_values.clear();
  const auto appraisal = lying.appraise();
  ASSERT_TRUE(appraisal.claims);
  EXPECT_EQ(appraisal.claims->hardware.model, "");
}

TEST(Dice, one_layer_may_report_for_all_where_the_policy_says_so) {
  DiceCase silicon;
  silicon.leaf_info->flags.reset();
  silicon.leaf_info->flags_mask.reset();
  EXPECT_EQ(failed_check(silicon.appraise().findings), "dice.debug");
  silicon.rules.reports = LayerReports::one_for_all;
  EXPECT_EQ(failed_check(silicon.appraise().findings), "");
  silicon.leaf_info->flags = dice::flag::debug;  // what a layer does say still counts
  EXPECT_EQ(failed_check(silicon.appraise().findings), "dice.debug");
}

TEST(Dice, a_certificate_made_for_this_nonce_passes) {
  DiceCase good;
  good.leaf.extensions.push_back(
      {to_bytes(oids::dice_tcb_freshness), false, dice::write_freshness(good.freshness.get())});
  EXPECT_EQ(failed_check(good.appraise().findings), "");
}

TEST(Dice, a_device_on_its_issuers_crl_is_refused) {
  DiceCase revoked;
  revoked.ca[oids::key_usage] = usage(kCertSigns | kCrlSigns);
  const auto crl = [&](const Bytes& serial) {
    Crl list;
    list.issuer = revoked.ca.subject;
    list.serials = {serial};
    return pki::testing::sign(revoked.ca_key, list.tbs());
  };
  revoked.more_trust = [der = crl(revoked.device.serial)](DiceTrust& known, const DiceEvidence&) {
    EXPECT_TRUE(known.add_crl(der));
  };
  EXPECT_EQ(failed_check(revoked.appraise().findings), "dice.denied");
  revoked.more_trust = [der = crl({0x01})](DiceTrust& known, const DiceEvidence&) { EXPECT_TRUE(known.add_crl(der)); };
  EXPECT_EQ(failed_check(revoked.appraise().findings), "");
}

// --- by the allow list ---

/// A device that shows a request or a certificate which its own key signed.
Bytes self_signed_request(const DiceCase& c, bool asks_to_be_ca, std::optional<unsigned> path_length = {}) {
  std::vector<pkcs10::Attribute> attributes;
  const auto constraints = ca_constraints(path_length), key_usage = usage(kCertSigns);
  const std::array wanted{x509::Extension{constraints.type, true, constraints.value},
                          x509::Extension{key_usage.type, true, key_usage.value}};
  const auto extensions = x509::write_extensions(wanted);
  if (asks_to_be_ca) {
    attributes.push_back({oids::extension_request, extensions});
  }
  return pkcs10::write_request(c.device.subject, c.device_key.public_key().spki(), attributes,
                               algorithm_of(c.device_key), [&](BytesView info) { return c.device_key.sign(info); })
      .value();
}

void allow(DiceCase& c) {
  c.more_trust = [id = c.device_key.public_key().spki_sha256()](DiceTrust& known, const DiceEvidence&) {
    known.allow_device(id, "Listed", AnchorClass::genuine);
  };
}

TEST(DiceAllowList, a_listed_key_that_signed_its_own_request_passes) {
  DiceCase listed;
  allow(listed);
  for (const bool asks : {false, true}) {
    listed.change = [der = self_signed_request(listed, asks)](DiceEvidence& e) { e.device = der; };
    const auto appraisal = listed.appraise();
    EXPECT_EQ(failed_check(appraisal.findings), "");
    ASSERT_TRUE(appraisal.claims);
    EXPECT_EQ(appraisal.claims->hardware.vendor, "Listed");
    EXPECT_EQ(appraisal.claims->key, listed.device_key.public_key());
  }
  listed.change = [der = self_signed_request(listed, true, 0)](DiceEvidence& e) { e.device = der; };
  EXPECT_EQ(failed_check(listed.appraise().findings), "dice.path");
}

TEST(DiceAllowList, no_damage_to_the_request_passes) {
  DiceCase listed;
  allow(listed);
  auto shown = listed.evidence();
  shown.device = self_signed_request(listed, true);
  const auto trusted_keys = listed.trust(shown);
  expect_no_damage_passes(shown.device, [&] { return listed.judge(shown, trusted_keys).claims.has_value(); });
}

TEST(DiceAllowList, an_unlisted_key_is_refused) {
  DiceCase unlisted;
  unlisted.change = [der = self_signed_request(unlisted, true)](DiceEvidence& e) { e.device = der; };
  EXPECT_EQ(failed_check(unlisted.appraise().findings), "dice.device");
}

TEST(DiceAllowList, a_listed_key_may_show_its_own_certificate) {
  DiceCase listed;
  allow(listed);
  listed.device.issuer = listed.device.subject;
  listed.device[oids::authority_key_identifier] = authority_key(octets20(listed.device_key.public_key()));
  listed.device_signer = &listed.device_key;
  EXPECT_EQ(failed_check(listed.appraise().findings), "");
  listed.device_signer = &another_dice_key();
  EXPECT_EQ(failed_check(listed.appraise().findings), "dice.device");
}

TEST(DiceAllowList, the_request_of_another_device_is_refused) {
  DiceCase victim, thief;
  allow(victim);
  thief.more_trust = victim.more_trust;
  thief.requested = &victim.device_key;
  thief.change = [der = self_signed_request(victim, true)](DiceEvidence& e) { e.device = der; };
  EXPECT_EQ(failed_check(thief.appraise().findings), "dice.path");
}

}  // namespace
}  // namespace birthmark::attest
