// SPDX-License-Identifier: Apache-2.0
// Chains of the Open Profile for DICE, in X.509 and in CBOR.
#include <gtest/gtest.h>

#include "codec/cbor.h"
#include "crypto/cose_signature.h"
#include "unit/attest/dice_case.h"

namespace birthmark::attest {
namespace {

using namespace testing;

// --- Open Profile for DICE ---

/// The same chain with names, ids and extensions of the Open Profile.
struct OpenCase : DiceCase {
  OpenCase() : DiceCase{KeyType::ed25519} {
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
        CborBroken{"another_devices_layer", "dice.path", [](CborCase& c) { c.layer_signer = &another_dice_key(); }},
        CborBroken{"device_may_not_sign_certificates", "dice.path", [](CborCase& c) { c.device.key_usage = kSigns; }},
        CborBroken{"layer_may_not_sign_certificates", "dice.path", [](CborCase& c) { c.layer.key_usage = kSigns; }},
        CborBroken{"leaf_signs_certificates_only", "dice.usage", [](CborCase& c) { c.leaf.key_usage = kCertSigns; }},
        CborBroken{"replay", "dice.signature", [](CborCase& c) { c.signed_value = fresh_value("session 0"); }},
        CborBroken{"mode_debug", "dice.debug", [](CborCase& c) { c.layer.input.mode = std::uint8_t{2}; }},
        CborBroken{"mode_not_said", "dice.debug", [](CborCase& c) { c.layer.input.mode.reset(); }},
        CborBroken{
            "x509_above_cbor", "dice.path",
            [](CborCase& c) { c.change = [](DiceEvidence& e) { e.layers[1] = DiceCase{}.evidence().layers[1]; }; }},
        CborBroken{
            "cbor_above_x509", "dice.path",
            [](CborCase& c) { c.change = [](DiceEvidence& e) { e.layers[0] = DiceCase{}.evidence().layers[0]; }; }}),
    [](const auto& row) { return std::string{row.param.name}; });

TEST(CborDice, an_unlisted_key_is_refused_whoever_it_says_issued_it) {
  CborCase unlisted;
  EXPECT_EQ(failed_check(unlisted.judge(unlisted.evidence(), false).findings), "dice.device");
  unlisted.device.issuer = std::string(40, '1');
  EXPECT_EQ(failed_check(unlisted.judge(unlisted.evidence()).findings), "dice.device");
}

}  // namespace
}  // namespace birthmark::attest
