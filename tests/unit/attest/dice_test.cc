// SPDX-License-Identifier: Apache-2.0
#include "attest/dice.h"

#include "codec/cbor.h"
#include "codec/dice.h"
#include "codec/pkcs10.h"
#include "crypto/cose_signature.h"
#include "unit/attest/chains.h"

namespace birthmark::attest {
namespace {

using namespace testing;
using crypto::KeyType;
using pki::testing::new_key;

constexpr std::uint32_t kReported = dice::flag::not_configured | dice::flag::not_secure | dice::flag::debug;

dice::TcbInfo info_of(std::uint64_t layer, std::uint8_t digest) {
  return {.vendor = "ACME",
          .model = "Pump",
          .version = "1.0",
          .svn = 3,
          .layer = layer,
          .fwids = {{to_bytes(oids::sha256), Bytes(32, digest)}},
          .flags = std::uint32_t{0},
          .flags_mask = kReported};
}

OwnExtension purposes_of(std::initializer_list<dice::Purpose> purposes) {
  std::vector<Bytes> owned;
  der::Writer out;
  out.open(der::tag::sequence);
  for (const auto purpose : purposes) {
    out.oid(dice::purpose_oid(purpose));
  }
  out.close();
  return {to_bytes(oids::extended_key_usage), false, std::move(out).finish()};
}

/// A vendor's CA, a device, its first layer and the alias above it; all of it may be spoilt before it is signed.
struct Case {
  explicit Case(KeyType type = KeyType::p256)
      : ca_key{new_key(type)}, device_key{new_key(type)}, layer_key{new_key(type)}, leaf_key{new_key(type)} {
    const auto ca_id = octets20(ca_key.public_key()), device_id = octets20(device_key.public_key()),
               layer_id = octets20(layer_key.public_key());
    ca = {
        name_cn("ACME DICE CA"), name_cn("ACME DICE CA"), {ca_constraints({}), usage(kCertSigns), subject_key(ca_id)}};
    device = {ca.subject,
              name_serial("D-0001"),
              {ca_constraints({}), usage(kCertSigns), subject_key(device_id), authority_key(ca_id)}};
    layer = {device.subject,
             name_cn("layer"),
             {ca_constraints({}), usage(kCertSigns), subject_key(layer_id), authority_key(device_id),
              purposes_of({dice::Purpose::identity_loc, dice::Purpose::eca})}};
    leaf = {layer.subject, name_cn("alias"), {usage(kSigns), authority_key(layer_id)}};
    layer_info = info_of(1, 0xA1);
    leaf_info = info_of(2, 0xA2);
    const auto ueid = dice::write_ueid(Bytes(17, 5));
    layer.extensions.push_back({to_bytes(oids::dice_ueid), false, ueid});
  }

  crypto::PrivateKey ca_key, device_key, layer_key, leaf_key;
  CertSpec ca, device, layer, leaf;
  std::optional<dice::TcbInfo> layer_info, leaf_info;
  Instant now = later();
  Digest freshness = fresh_value();
  Digest signed_value = fresh_value();
  EvidencePolicy policy;
  DiceRules rules;
  AnchorClass anchor_class = AnchorClass::genuine;
  const crypto::PrivateKey* answers = &leaf_key;
  const crypto::PrivateKey* device_signer = &ca_key;
  const crypto::PrivateKey* layer_signer = &device_key;
  const crypto::PrivateKey* leaf_signer = &layer_key;
  const crypto::PrivateKey* requested = &device_key;
  std::function<void(DiceTrust&, const DiceEvidence&)> more_trust;
  std::function<void(DiceEvidence&)> change;

  [[nodiscard]] DiceEvidence evidence() const {
    auto first = layer, last = leaf;
    if (layer_info) {
      first.extensions.push_back({to_bytes(oids::dice_tcb_info), true, dice::write(*layer_info)});
    }
    if (leaf_info) {
      last.extensions.push_back({to_bytes(oids::dice_tcb_info), true, dice::write(*leaf_info)});
    }
    DiceEvidence out{
        certify(device, device_key.public_key(), *device_signer),
        {certify(first, layer_key.public_key(), *layer_signer), certify(last, leaf_key.public_key(), *leaf_signer)},
        answers->sign(signed_value.get()).value()};
    if (change) {
      change(out);
    }
    return out;
  }
  [[nodiscard]] DiceTrust trust(const DiceEvidence& shown) const {
    DiceTrust out;
    EXPECT_TRUE(out.add_issuer(certify(ca, ca_key.public_key(), ca_key), "ACME", anchor_class));
    if (more_trust) {
      more_trust(out, shown);
    }
    return out;
  }
  [[nodiscard]] Appraisal judge(const DiceEvidence& shown, const DiceTrust& trusted_keys) const {
    return appraise_dice(shown, trusted_keys, {freshness, requested->public_key().spki(), now}, policy, rules);
  }
  [[nodiscard]] Appraisal appraise() const {
    const auto shown = evidence();
    return judge(shown, trust(shown));
  }
};

TEST(Dice, a_genuine_device_passes_every_step) {
  const Case good;
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
    const Case good{type};
    EXPECT_EQ(failed_check(good.appraise().findings), "");
  }
}

TEST(Dice, in_the_field_the_alias_is_certified_and_the_identity_stays) {
  Case field;
  field.rules.key = DiceKey::leaf;
  field.requested = &field.leaf_key;
  const auto appraisal = field.appraise();
  EXPECT_EQ(failed_check(appraisal.findings), "");
  ASSERT_TRUE(appraisal.claims);
  EXPECT_EQ(appraisal.claims->key, field.leaf_key.public_key());
  EXPECT_EQ(appraisal.claims->hardware.listed_as, field.device_key.public_key().spki_sha256());
}

TEST(Dice, no_damage_to_any_part_passes) {
  const Case good;
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
  void (*spoil)(Case&);
  Code code = Code::bad_evidence;
};
class DiceStep : public ::testing::TestWithParam<Broken> {};
TEST_P(DiceStep, refuses) {
  Case spoilt;
  GetParam().spoil(spoilt);
  const auto appraisal = spoilt.appraise();
  EXPECT_EQ(failed_check(appraisal.findings), GetParam().check);
  EXPECT_FALSE(appraisal.claims);
  const auto refusal = verdict(appraisal.findings);
  ASSERT_FALSE(refusal);
  EXPECT_EQ(refusal.error().code, GetParam().code) << refusal.error().detail;
}

const crypto::PrivateKey& another_key() {
  static const auto key = new_key();
  return key;
}

INSTANTIATE_TEST_SUITE_P(
    Structure, DiceStep,
    ::testing::Values(
        Broken{"no_layer", "dice.evidence", [](Case& c) { c.change = [](DiceEvidence& e) { e.layers.clear(); }; }},
        Broken{"eleven_layers", "dice.evidence",
               [](Case& c) { c.change = [](DiceEvidence& e) { e.layers.resize(11, e.layers[0]); }; }},
        Broken{"no_device", "dice.evidence", [](Case& c) { c.change = [](DiceEvidence& e) { e.device.clear(); }; }},
        Broken{"oversize_layer", "dice.evidence",
               [](Case& c) { c.change = [](DiceEvidence& e) { e.layers[0].resize(20000); }; }},
        Broken{"another_key_requested", "dice.requested_key", [](Case& c) { c.requested = &c.leaf_key; },
               Code::key_not_attested},
        Broken{"alias_for_the_device_key", "dice.requested_key", [](Case& c) { c.rules.key = DiceKey::leaf; },
               Code::key_not_attested},
        Broken{"denied_device", "dice.denied",
               [](Case& c) {
                 c.more_trust = [](DiceTrust& known, const DiceEvidence& e) { known.deny(crypto::sha256(e.device)); };
               }},
        Broken{"denied_layer_key", "dice.denied",
               [](Case& c) {
                 c.more_trust = [id = c.layer_key.public_key().spki_sha256()](DiceTrust& known, const DiceEvidence&) {
                   known.deny(id);
                 };
               }},
        Broken{"no_crl_where_one_is_asked_for", "dice.denied",
               [](Case& c) {
                 c.more_trust = [](DiceTrust& known, const DiceEvidence&) {
                   known.set_crl_rule(CrlRule::fresh_required);
                 };
               }}),
    [](const auto& row) { return std::string{row.param.name}; });

INSTANTIATE_TEST_SUITE_P(
    Path, DiceStep,
    ::testing::Values(
        Broken{"another_vendor_of_the_same_name", "dice.device", [](Case& c) { c.device_signer = &another_key(); }},
        Broken{"unknown_vendor", "dice.device", [](Case& c) { c.device.issuer = name_cn("Other CA"); }},
        Broken{"self_signed_and_not_listed", "dice.device",
               [](Case& c) {
                 c.device.issuer = c.device.subject;
                 c.device.drop(oids::authority_key_identifier);
                 c.device_signer = &c.device_key;
               }},
        Broken{"device_expired", "dice.device", [](Case& c) { c.device.not_after = at("2027-01-01T00:00:00Z"); }},
        Broken{"device_not_yet_valid", "dice.device",
               [](Case& c) { c.device.not_before = at("2027-07-01T00:00:00Z"); }},
        Broken{"vendor_expired", "dice.device", [](Case& c) { c.ca.not_after = at("2027-01-01T00:00:00Z"); }},
        Broken{"vendor_is_no_ca", "dice.device", [](Case& c) { c.ca.drop(oids::basic_constraints); }},
        Broken{"vendor_path_length", "dice.device", [](Case& c) { c.ca[oids::basic_constraints] = ca_constraints(1); }},
        Broken{"device_is_no_ca", "dice.path", [](Case& c) { c.device[oids::basic_constraints] = no_ca(); }},
        Broken{"device_path_length", "dice.path",
               [](Case& c) { c.device[oids::basic_constraints] = ca_constraints(0); }},
        Broken{"device_may_not_sign_certificates", "dice.path",
               [](Case& c) { c.device[oids::key_usage] = usage(kSigns); }},
        Broken{"layer_is_no_ca", "dice.path", [](Case& c) { c.layer.drop(oids::basic_constraints); }},
        Broken{"layer_without_key_usage", "dice.path", [](Case& c) { c.layer.drop(oids::key_usage); }},
        Broken{"layer_of_another_device", "dice.path", [](Case& c) { c.layer_signer = &another_key(); }},
        Broken{"layer_under_another_name", "dice.path", [](Case& c) { c.layer.issuer = name_serial("D-0002"); }},
        Broken{"layer_with_another_authority", "dice.path",
               [](Case& c) { c.layer[oids::authority_key_identifier] = authority_key(Bytes(20, 9)); }},
        Broken{"layer_expired", "dice.path", [](Case& c) { c.layer.not_after = at("2027-01-01T00:00:00Z"); }},
        Broken{"leaf_not_yet_valid", "dice.path", [](Case& c) { c.leaf.not_before = at("2027-07-01T00:00:00Z"); }},
        Broken{"leaf_of_another_layer", "dice.path", [](Case& c) { c.leaf_signer = &another_key(); }},
        Broken{"layers_the_other_way_round", "dice.path",
               [](Case& c) { c.change = [](DiceEvidence& e) { std::swap(e.layers[0], e.layers[1]); }; }},
        Broken{"a_layer_left_out", "dice.path",
               [](Case& c) { c.change = [](DiceEvidence& e) { e.layers.erase(e.layers.begin()); }; }}),
    [](const auto& row) { return std::string{row.param.name}; });

INSTANTIATE_TEST_SUITE_P(
    Freshness, DiceStep,
    ::testing::Values(
        Broken{"replay", "dice.signature", [](Case& c) { c.signed_value = fresh_value("session 0"); }},
        Broken{"signed_by_the_layer_below", "dice.signature", [](Case& c) { c.answers = &c.layer_key; }},
        Broken{"signed_by_another_key", "dice.signature", [](Case& c) { c.answers = &another_key(); }},
        Broken{"signature_of_another_scheme", "dice.signature",
               [](Case& c) { c.change = [](DiceEvidence& e) { e.signature.assign(64, 1); }; }},
        Broken{"leaf_that_signs_certificates_only", "dice.usage",
               [](Case& c) { c.leaf[oids::key_usage] = usage(kCertSigns); }},
        Broken{"leaf_without_key_usage", "dice.usage", [](Case& c) { c.leaf.drop(oids::key_usage); }},
        Broken{"layer_without_eca", "dice.usage",
               [](Case& c) { c.layer[oids::extended_key_usage] = purposes_of({dice::Purpose::attest_loc}); }},
        Broken{"leaf_for_identity", "dice.usage",
               [](Case& c) { c.leaf[oids::extended_key_usage] = purposes_of({dice::Purpose::identity_loc}); }},
        Broken{"unknown_critical_extension", "dice.critical",
               [](Case& c) {
                 c.leaf.extensions.push_back({to_bytes(oids::name_constraints), true, {0x30, 0x00}});
               }},
        Broken{"unknown_critical_extension_of_the_device", "dice.critical",
               [](Case& c) {
                 c.device.extensions.push_back({to_bytes(oids::name_constraints), true, {0x30, 0x00}});
               }},
        Broken{"certificate_made_for_another_nonce", "dice.freshness",
               [](Case& c) {
                 c.leaf.extensions.push_back(
                     {to_bytes(oids::dice_tcb_freshness), false, dice::write_freshness(Bytes(32, 1))});
               }},
        Broken{"malformed_freshness", "dice.freshness",
               [](Case& c) {
                 c.leaf.extensions.push_back({to_bytes(oids::dice_tcb_freshness), false, {0x05, 0x00}});
               }}),
    [](const auto& row) { return std::string{row.param.name}; });

INSTANTIATE_TEST_SUITE_P(
    Layers, DiceStep,
    ::testing::Values(
        Broken{"malformed_tcb_info", "dice.layers",
               [](Case& c) {
                 c.leaf_info.reset();
                 c.leaf.extensions.push_back({to_bytes(oids::dice_tcb_info), false, {0x30, 0x02, 0xAA, 0x00}});
               }},
        Broken{"one_component_twice", "dice.layers", [](Case& c) { c.leaf_info->layer = 1; }},
        Broken{"debug", "dice.debug", [](Case& c) { c.leaf_info->flags = dice::flag::debug; }, Code::not_sealed},
        Broken{"debug_of_the_lower_layer", "dice.debug", [](Case& c) { c.layer_info->flags = dice::flag::debug; },
               Code::not_sealed},
        Broken{"not_secure", "dice.debug", [](Case& c) { c.layer_info->flags = dice::flag::not_secure; },
               Code::not_sealed},
        Broken{"not_configured", "dice.debug", [](Case& c) { c.leaf_info->flags = dice::flag::not_configured; },
               Code::not_sealed},
        Broken{"recovery", "dice.debug",
               [](Case& c) {
                 c.leaf_info->flags = dice::flag::recovery;
                 c.leaf_info->flags_mask.reset();
               },
               Code::not_sealed},
        Broken{"a_layer_that_does_not_say", "dice.debug",
               [](Case& c) {
                 c.leaf_info->flags.reset();
                 c.leaf_info->flags_mask.reset();
               },
               Code::not_sealed},
        Broken{"debug_masked_out", "dice.debug", [](Case& c) { c.leaf_info->flags_mask = dice::flag::not_secure; },
               Code::not_sealed},
        Broken{"nobody_says", "dice.debug",
               [](Case& c) {
                 c.layer_info.reset();
                 c.leaf_info.reset();
               },
               Code::not_sealed},
        Broken{"another_vendor", "dice.hardware", [](Case& c) { c.policy.vendors = {"Other"}; }, Code::policy},
        Broken{"another_model", "dice.hardware", [](Case& c) { c.policy.models = {"Boiler"}; }, Code::policy},
        Broken{"another_firmware", "dice.measurements",
               [](Case& c) { c.policy.reference_values = {{.component = "layer 2", .digests = {Bytes(32, 0xB2)}}}; }},
        Broken{"firmware_that_nobody_listed", "dice.measurements",
               [](Case& c) { c.policy.measurements = MeasurementRule::all_must_be_listed; }},
        Broken{"old_firmware", "dice.versions",
               [](Case& c) { c.policy.reference_values = {{.component = "layer 2", .svn_min = 4}}; },
               Code::fw_rollback}),
    [](const auto& row) { return std::string{row.param.name}; });

TEST(Dice, reference_values_of_the_environment_are_met) {
  Case good;
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
  Case lying;
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
  Case silicon;
  silicon.leaf_info->flags.reset();
  silicon.leaf_info->flags_mask.reset();
  EXPECT_EQ(failed_check(silicon.appraise().findings), "dice.debug");
  silicon.rules.reports = LayerReports::one_for_all;
  EXPECT_EQ(failed_check(silicon.appraise().findings), "");
  silicon.leaf_info->flags = dice::flag::debug;  // what a layer does say still counts
  EXPECT_EQ(failed_check(silicon.appraise().findings), "dice.debug");
}

TEST(Dice, a_certificate_made_for_this_nonce_passes) {
  Case good;
  good.leaf.extensions.push_back(
      {to_bytes(oids::dice_tcb_freshness), false, dice::write_freshness(good.freshness.get())});
  EXPECT_EQ(failed_check(good.appraise().findings), "");
}

TEST(Dice, a_device_on_its_issuers_crl_is_refused) {
  Case revoked;
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
Bytes self_signed_request(const Case& c, bool asks_to_be_ca, std::optional<unsigned> path_length = {}) {
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

void allow(Case& c) {
  c.more_trust = [id = c.device_key.public_key().spki_sha256()](DiceTrust& known, const DiceEvidence&) {
    known.allow_device(id, "Listed", AnchorClass::genuine);
  };
}

TEST(DiceAllowList, a_listed_key_that_signed_its_own_request_passes) {
  Case listed;
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
  Case listed;
  allow(listed);
  auto shown = listed.evidence();
  shown.device = self_signed_request(listed, true);
  const auto trusted_keys = listed.trust(shown);
  expect_no_damage_passes(shown.device, [&] { return listed.judge(shown, trusted_keys).claims.has_value(); });
}

TEST(DiceAllowList, an_unlisted_key_is_refused) {
  Case unlisted;
  unlisted.change = [der = self_signed_request(unlisted, true)](DiceEvidence& e) { e.device = der; };
  EXPECT_EQ(failed_check(unlisted.appraise().findings), "dice.device");
}

TEST(DiceAllowList, a_listed_key_may_show_its_own_certificate) {
  Case listed;
  allow(listed);
  listed.device.issuer = listed.device.subject;
  listed.device[oids::authority_key_identifier] = authority_key(octets20(listed.device_key.public_key()));
  listed.device_signer = &listed.device_key;
  EXPECT_EQ(failed_check(listed.appraise().findings), "");
  listed.device_signer = &another_key();
  EXPECT_EQ(failed_check(listed.appraise().findings), "dice.device");
}

TEST(DiceAllowList, the_request_of_another_device_is_refused) {
  Case victim, thief;
  allow(victim);
  thief.more_trust = victim.more_trust;
  thief.requested = &victim.device_key;
  thief.change = [der = self_signed_request(victim, true)](DiceEvidence& e) { e.device = der; };
  EXPECT_EQ(failed_check(thief.appraise().findings), "dice.path");
}

// --- Open Profile for DICE ---

/// The same chain with names, ids and extensions of the Open Profile.
struct OpenCase : Case {
  OpenCase() : Case{KeyType::ed25519} {
    const auto id_of = [](const crypto::PrivateKey& key) { return octets20(key.public_key()); };
    const auto name_of = [&](const crypto::PrivateKey& key) { return name_serial(to_hex(id_of(key))); };
    device = {ca.subject,
              name_of(device_key),
              {ca_constraints({}), usage(kCertSigns), subject_key(id_of(device_key)), authority_key(id_of(ca_key))}};
    layer = {device.subject,
             name_of(layer_key),
             {ca_constraints({}), usage(kCertSigns), subject_key(id_of(layer_key)), authority_key(id_of(device_key))}};
    leaf = {layer.subject, name_cn("attestation key"), {usage(kSigns), authority_key(id_of(layer_key))}};
    layer_info.reset();
    leaf_info.reset();
    set_input({.code_hash = Bytes(64, 1), .authority_hash = Bytes(64, 2), .mode = std::uint8_t{1}});
  }
  void set_input(const dice::OpenInput& input) {
    layer[oids::open_dice_input] = {to_bytes(oids::open_dice_input), true, dice::write(input)};
  }
};

TEST(OpenDice, a_genuine_device_passes_every_step) {
  const OpenCase good;
  const auto appraisal = good.appraise();
  EXPECT_EQ(failed_check(appraisal.findings), "") << verdict(appraisal.findings).error().detail;
  ASSERT_TRUE(appraisal.claims);
  EXPECT_EQ(appraisal.claims->debug, DebugState::disabled);
  ASSERT_EQ(appraisal.claims->measurements->size(), 2U);
  EXPECT_EQ(appraisal.claims->measurements->front().component, "certificate 1 code");
}

struct OpenBroken {
  const char* name;
  const char* check;
  void (*spoil)(OpenCase&);
};
class OpenDiceStep : public ::testing::TestWithParam<OpenBroken> {};
TEST_P(OpenDiceStep, refuses) {
  OpenCase spoilt;
  GetParam().spoil(spoilt);
  const auto appraisal = spoilt.appraise();
  EXPECT_EQ(failed_check(appraisal.findings), GetParam().check);
  EXPECT_FALSE(appraisal.claims);
}
INSTANTIATE_TEST_SUITE_P(
    Table, OpenDiceStep,
    ::testing::Values(
        OpenBroken{"mode_debug", "dice.debug", [](OpenCase& c) { c.set_input({.mode = std::uint8_t{2}}); }},
        OpenBroken{"mode_recovery", "dice.debug", [](OpenCase& c) { c.set_input({.mode = std::uint8_t{3}}); }},
        OpenBroken{"mode_not_configured", "dice.debug", [](OpenCase& c) { c.set_input({.mode = std::uint8_t{0}}); }},
        OpenBroken{"mode_unknown", "dice.debug", [](OpenCase& c) { c.set_input({.mode = std::uint8_t{9}}); }},
        OpenBroken{"mode_not_said", "dice.debug", [](OpenCase& c) { c.set_input({.code_hash = Bytes(64, 1)}); }},
        OpenBroken{"extension_not_critical", "dice.layers",
                   [](OpenCase& c) { c.layer[oids::open_dice_input].critical = false; }},
        OpenBroken{"subject_is_no_id", "dice.ids",
                   [](OpenCase& c) {
                     c.layer.subject = name_serial("layer");
                     c.leaf.issuer = c.layer.subject;
                   }},
        OpenBroken{"subject_in_upper_case", "dice.ids",
                   [](OpenCase& c) {
                     c.layer.subject = name_serial("AA" + std::string(38, '0'));
                     c.leaf.issuer = c.layer.subject;
                   }},
        OpenBroken{"subject_is_another_id", "dice.ids",
                   [](OpenCase& c) {
                     c.layer.subject = name_serial(std::string(40, '1'));
                     c.leaf.issuer = c.layer.subject;
                   }},
        OpenBroken{"issuer_is_no_id", "dice.ids",
                   [](OpenCase& c) {
                     c.device.subject = name_cn("device");
                     c.layer.issuer = c.device.subject;
                   }},
        OpenBroken{"cdi_key_answers", "dice.usage",
                   [](OpenCase& c) {
                     c.answers = &c.layer_key;
                     c.change = [](DiceEvidence& e) { e.layers.pop_back(); };
                   }}),
    [](const auto& row) { return std::string{row.param.name}; });

// --- the CBOR form ---

/// An encoded COSE_Key (RFC 9053 §7).
Bytes cose_key_of(const crypto::PublicKey& key) {
  cbor::Writer out;
  if (key.type() == KeyType::ed25519) {
    return out.map(3).integer(1).integer(1).integer(-1).integer(6).integer(-2).bytes(key.point()).finish();
  }
  const auto coordinates = key.point().subspan(1);
  const auto size = coordinates.size() / 2;
  out.map(4).integer(1).integer(2).integer(-1).integer(key.type() == KeyType::p256 ? 1 : 2);
  return out.integer(-2).bytes(coordinates.first(size)).integer(-3).bytes(coordinates.subspan(size)).finish();
}

std::string id_of(const crypto::PrivateKey& key) {
  return to_hex(octets20(key.public_key()));
}

/// A device, one layer and the key that answers, to be spoilt before they are signed.
struct CborCase {
  explicit CborCase(KeyType type = KeyType::ed25519)
      : device_key{new_key(type)}, layer_key{new_key(type)}, leaf_key{new_key(type)} {
    device = certificate_of(device_key, device_key, kCertSigns);
    layer = certificate_of(device_key, layer_key, kCertSigns);
    layer.input = {.code_hash = Bytes(64, 1), .configuration_descriptor = Bytes(9, 2), .mode = std::uint8_t{1}};
    leaf = certificate_of(layer_key, leaf_key, kSigns);
  }
  static dice::OpenCertificate certificate_of(const crypto::PrivateKey& issuer, const crypto::PrivateKey& subject,
                                              std::uint32_t usage_bits) {
    return {.issuer = id_of(issuer),
            .subject = id_of(subject),
            .subject_key = cose_key_of(subject.public_key()),
            .key_usage = usage_bits};
  }

  crypto::PrivateKey device_key, layer_key, leaf_key;
  dice::OpenCertificate device, layer, leaf;
  const crypto::PrivateKey* layer_signer = &device_key;
  const crypto::PrivateKey* answers = &leaf_key;
  Digest signed_value = fresh_value();
  std::function<void(DiceEvidence&)> change;

  static Bytes sign_open(const dice::OpenCertificate& says, const crypto::PrivateKey& signer) {
    return crypto::sign(signer, {.payload = dice::write(says)}).value();
  }
  [[nodiscard]] DiceEvidence evidence() const {
    DiceEvidence out{sign_open(device, device_key),
                     {sign_open(layer, *layer_signer), sign_open(leaf, layer_key)},
                     answers->sign(signed_value.get()).value()};
    if (change) {
      change(out);
    }
    return out;
  }
  [[nodiscard]] Appraisal judge(const DiceEvidence& shown, bool listed = true) const {
    DiceTrust trust;
    if (listed) {
      trust.allow_device(device_key.public_key().spki_sha256(), "Listed", AnchorClass::genuine);
    }
    return appraise_dice(shown, trust, {fresh_value(), device_key.public_key().spki(), later()}, {});
  }
};

TEST(CborDice, a_genuine_device_passes_every_step) {
  for (const auto type : {KeyType::ed25519, KeyType::p256, KeyType::p384}) {
    const CborCase good{type};
    const auto appraisal = good.judge(good.evidence());
    EXPECT_EQ(failed_check(appraisal.findings), "") << verdict(appraisal.findings).error().detail;
    ASSERT_TRUE(appraisal.claims);
    EXPECT_EQ(appraisal.claims->key, good.device_key.public_key());
    EXPECT_EQ(appraisal.claims->debug, DebugState::disabled);
    EXPECT_EQ(appraisal.claims->measurements->front().component, "certificate 1 code");
  }
}

TEST(CborDice, no_damage_to_any_part_passes) {
  const CborCase good;
  auto shown = good.evidence();
  const auto passes = [&] { return good.judge(shown).claims.has_value(); };
  expect_no_damage_passes(shown.device, passes);
  expect_no_damage_passes(shown.layers[0], passes);
  expect_no_damage_passes(shown.layers[1], passes);
}

struct CborBroken {
  const char* name;
  const char* check;
  void (*spoil)(CborCase&);
};
class CborDiceStep : public ::testing::TestWithParam<CborBroken> {};
TEST_P(CborDiceStep, refuses) {
  CborCase spoilt;
  GetParam().spoil(spoilt);
  const auto appraisal = spoilt.judge(spoilt.evidence());
  EXPECT_EQ(failed_check(appraisal.findings), GetParam().check);
  EXPECT_FALSE(appraisal.claims);
}
INSTANTIATE_TEST_SUITE_P(
    Table, CborDiceStep,
    ::testing::Values(
        CborBroken{"issuer_is_no_id", "dice.evidence", [](CborCase& c) { c.layer.issuer = "device"; }},
        CborBroken{"id_in_upper_case", "dice.evidence", [](CborCase& c) { c.layer.subject = std::string(40, 'A'); }},
        CborBroken{"key_that_is_none", "dice.evidence", [](CborCase& c) { c.layer.subject_key = {0xA0}; }},
        CborBroken{"short_hash", "dice.evidence", [](CborCase& c) { c.layer.input.code_hash = Bytes(20, 1); }},
        CborBroken{"another_issuer", "dice.path", [](CborCase& c) { c.layer.issuer = std::string(40, '1'); }},
        CborBroken{"another_devices_layer", "dice.path", [](CborCase& c) { c.layer_signer = &another_key(); }},
        CborBroken{"device_may_not_sign_certificates", "dice.path", [](CborCase& c) { c.device.key_usage = kSigns; }},
        CborBroken{"layer_may_not_sign_certificates", "dice.path", [](CborCase& c) { c.layer.key_usage = kSigns; }},
        CborBroken{"leaf_signs_certificates_only", "dice.usage", [](CborCase& c) { c.leaf.key_usage = kCertSigns; }},
        CborBroken{"replay", "dice.signature", [](CborCase& c) { c.signed_value = fresh_value("session 0"); }},
        CborBroken{"mode_debug", "dice.debug", [](CborCase& c) { c.layer.input.mode = std::uint8_t{2}; }},
        CborBroken{"mode_not_said", "dice.debug", [](CborCase& c) { c.layer.input.mode.reset(); }},
        CborBroken{"x509_above_cbor", "dice.path",
                   [](CborCase& c) { c.change = [](DiceEvidence& e) { e.layers[1] = Case{}.evidence().layers[1]; }; }},
        CborBroken{"cbor_above_x509", "dice.path",
                   [](CborCase& c) { c.change = [](DiceEvidence& e) { e.layers[0] = Case{}.evidence().layers[0]; }; }}),
    [](const auto& row) { return std::string{row.param.name}; });

TEST(CborDice, an_unlisted_key_is_refused_whoever_it_says_issued_it) {
  CborCase unlisted;
  EXPECT_EQ(failed_check(unlisted.judge(unlisted.evidence(), false).findings), "dice.device");
  unlisted.device.issuer = std::string(40, '1');
  EXPECT_EQ(failed_check(unlisted.judge(unlisted.evidence()).findings), "dice.device");
}

}  // namespace
}  // namespace birthmark::attest
