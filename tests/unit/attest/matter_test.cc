// SPDX-License-Identifier: Apache-2.0
#include "attest/matter.h"

#include "codec/cms_signed.h"
#include "codec/matter_tlv.h"
#include "crypto/ecdsa_signature.h"
#include "unit/attest/chains.h"

namespace birthmark::attest {
namespace {

using namespace testing;
using pki::testing::new_key;

constexpr Octets<16> kSession{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};

Bytes matter_name(std::string_view text, std::optional<matter::Id> vendor, std::optional<matter::Id> product) {
  const auto vendor_text = matter::id_text(vendor.value_or(0)), product_text = matter::id_text(product.value_or(0));
  std::vector<x509::NamePart> parts{{oids::common_name, der::tag::utf8_string, text}};
  if (vendor) {
    parts.push_back({oids::matter_vendor_id, der::tag::utf8_string, vendor_text});
  }
  if (product) {
    parts.push_back({oids::matter_product_id, der::tag::utf8_string, product_text});
  }
  return x509::write_name(parts).value();
}

/// A genuine vendor's PAA, its PAI, a device and its declaration, each to be spoilt before it is signed.
struct Case {
  crypto::PrivateKey paa_key = new_key(), pai_key = new_key(), dac_key = new_key(), alliance_key = new_key();
  CertSpec paa{matter_name("PAA", 0x1234, {}),
               matter_name("PAA", 0x1234, {}),
               {ca_constraints(1), usage(kCertSigns | kCrlSigns), subject_key(octets20(paa_key.public_key())),
                authority_key(octets20(paa_key.public_key()))}};
  CertSpec pai{paa.subject,
               matter_name("PAI", 0x1234, 0x8000),
               {ca_constraints(0), usage(kCertSigns | kCrlSigns), subject_key(octets20(pai_key.public_key())),
                authority_key(octets20(paa_key.public_key()))}};
  CertSpec dac{pai.subject,
               matter_name("DAC 1", 0x1234, 0x8000),
               {no_ca(), usage(kSigns), subject_key(octets20(dac_key.public_key())),
                authority_key(octets20(pai_key.public_key()))}};
  CertSpec alliance{name_cn("CD signer"), name_cn("CD signer"), {subject_key(octets20(alliance_key.public_key()))}};
  matter::Declaration declaration{.vendor = 0x1234,
                                  .products = {0x8000},
                                  .device_type = 0x16,
                                  .certificate_id = "CSA22001MAT40001-24",
                                  .version_number = 7,
                                  .type = matter::CertificationType::official};
  Instant now = later();
  Digest asked = fresh_value(), answered = fresh_value();
  Octets<16> session = kSession;
  EvidencePolicy policy{.debug = DebugGate::not_judged};
  MatterRules rules;
  AnchorClass paa_class = AnchorClass::genuine, alliance_class = AnchorClass::genuine;
  const crypto::PrivateKey* requested = &dac_key;
  const crypto::PrivateKey* answers = &dac_key;
  const crypto::PrivateKey* dac_signer = &pai_key;
  const crypto::PrivateKey* pai_signer = &paa_key;
  const crypto::PrivateKey* declaration_signer = &alliance_key;
  Bytes elements;  ///< as they were signed, where they are not those of `declaration`
  std::function<void(MatterTrust&, const MatterEvidence&)> more_trust;

  [[nodiscard]] Bytes declared() const {
    const auto content = matter::write(declaration);
    return cms::write_signed_content(
        {content, octets20(alliance_key.public_key()), declaration_signer->sign(content).value()});
  }
  [[nodiscard]] MatterEvidence evidence() const {
    MatterEvidence out{certify(dac, dac_key.public_key(), *dac_signer),
                       certify(pai, pai_key.public_key(), *pai_signer),
                       elements.empty() ? matter::write(matter::AttestationElements{
                                              .certification_declaration = declared(), .nonce = answered.get()})
                                        : elements,
                       {}};
    auto message = out.elements;
    append(message, kSession);
    out.signature = crypto::ecdsa_der_to_raw(crypto::KeyType::p256, answers->sign(message).value()).value();
    return out;
  }
  [[nodiscard]] MatterTrust trust(const MatterEvidence& shown) const {
    MatterTrust out;
    const auto added = out.add_paa(certify(paa, paa_key.public_key(), paa_key), "ACME", paa_class);
    EXPECT_TRUE(added) << added.error().detail;
    EXPECT_TRUE(out.add_declaration_signer(certify(alliance, alliance_key.public_key(), alliance_key), alliance_class));
    if (more_trust) {
      more_trust(out, shown);
    }
    return out;
  }
  [[nodiscard]] Appraisal judge(const MatterEvidence& shown, const MatterTrust& trusted_keys) const {
    return appraise_matter(shown, session, trusted_keys, {asked, requested->public_key().spki(), now}, policy, rules);
  }
  [[nodiscard]] Appraisal appraise() const {
    const auto shown = evidence();
    return judge(shown, trust(shown));
  }
};

TEST(Matter, a_genuine_device_passes_every_step) {
  const Case good;
  const auto appraisal = good.appraise();
  EXPECT_EQ(failed_check(appraisal.findings), "") << verdict(appraisal.findings).error().detail;
  ASSERT_TRUE(appraisal.claims);
  const auto& claims = *appraisal.claims;
  EXPECT_EQ(claims.kind, EvidenceKind::matter);
  EXPECT_EQ(claims.key, good.dac_key.public_key());
  EXPECT_EQ(claims.hardware.vendor, "ACME");
  EXPECT_EQ(claims.hardware.model, "1234:8000");
  EXPECT_EQ(claims.hardware.version, "7");
  EXPECT_EQ(claims.hardware.anchor_class, AnchorClass::genuine);
  EXPECT_FALSE(claims.debug || claims.origin || claims.measurements);
  EXPECT_EQ(claims.freshness, good.asked);
}

TEST(Matter, no_damage_to_any_part_passes) {
  const Case good;
  auto shown = good.evidence();
  const auto trusted_keys = good.trust(shown);
  const auto passes = [&] { return good.judge(shown, trusted_keys).claims.has_value(); };
  expect_no_damage_passes(shown.dac, passes);
  expect_no_damage_passes(shown.pai, passes);
  expect_no_damage_passes(shown.elements, passes);
  expect_no_damage_passes(shown.signature, passes);
}

// The declaration is signed by another key than the elements around it: damage that the device itself signed.
TEST(Matter, no_damage_to_the_declaration_passes) {
  Case good;
  const auto declared = good.declared();
  std::size_t taken = 0;
  const auto with = [&](const Bytes& changed) {
    Case spoilt;
    spoilt.elements = matter::write(
        matter::AttestationElements{.certification_declaration = changed, .nonce = spoilt.answered.get()});
    auto shown = spoilt.evidence();
    taken += spoilt.judge(shown, good.trust(shown)).claims ? 1 : 0;
  };
  for (std::size_t at_place = 0; at_place < declared.size(); at_place += 2) {
    auto changed = declared;
    changed[at_place] ^= 0x01;
    with(changed);
  }
  EXPECT_EQ(taken, 0U);
}

struct Broken {
  const char* name;
  const char* check;
  void (*spoil)(Case&);
  Code code = Code::bad_evidence;
};
class MatterStep : public ::testing::TestWithParam<Broken> {};
TEST_P(MatterStep, refuses) {
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
    Certificates, MatterStep,
    ::testing::Values(
        Broken{"dac_is_a_ca", "matter.certificates",
               [](Case& c) { c.dac[oids::basic_constraints] = ca_constraints({}); }},
        Broken{"dac_without_constraints", "matter.certificates", [](Case& c) { c.dac.drop(oids::basic_constraints); }},
        Broken{"dac_for_more_than_signing", "matter.certificates",
               [](Case& c) { c.dac[oids::key_usage] = usage(kSigns | 1U << 4); }},
        Broken{"dac_usage_not_critical", "matter.certificates",
               [](Case& c) { c.dac[oids::key_usage].critical = false; }},
        Broken{"dac_without_subject_key", "matter.certificates",
               [](Case& c) { c.dac.drop(oids::subject_key_identifier); }},
        Broken{"dac_without_authority_key", "matter.certificates",
               [](Case& c) { c.dac.drop(oids::authority_key_identifier); }},
        Broken{"dac_without_product", "matter.certificates",
               [](Case& c) { c.dac.subject = matter_name("DAC", 0x1234, {}); }},
        Broken{"dac_unknown_critical", "matter.certificates",
               [](Case& c) {
                 c.dac.extensions.push_back({to_bytes(oids::name_constraints), true, {0x30, 0x00}});
               }},
        Broken{"dac_with_ids_both_ways", "matter.certificates",
               [](Case& c) { c.dac.subject = matter_name("Mvid:1234", 0x1234, 0x8000); }},
        Broken{"pai_with_room_for_a_ca", "matter.certificates",
               [](Case& c) { c.pai[oids::basic_constraints] = ca_constraints(1); }},
        Broken{"pai_without_path_length", "matter.certificates",
               [](Case& c) { c.pai[oids::basic_constraints] = ca_constraints({}); }},
        Broken{"pai_without_crl_sign", "matter.certificates",
               [](Case& c) { c.pai[oids::key_usage] = usage(kCertSigns); }},
        Broken{"pai_without_vendor", "matter.certificates",
               [](Case& c) {
                 c.pai.subject = matter_name("PAI", {}, {});
                 c.dac.issuer = c.pai.subject;
               }},
        Broken{"another_key_requested", "matter.requested_key", [](Case& c) { c.requested = &c.pai_key; },
               Code::key_not_attested},
        Broken{"another_pai", "matter.chain", [](Case& c) { c.dac_signer = &another_key(); }},
        Broken{"another_paa", "matter.chain", [](Case& c) { c.pai_signer = &another_key(); }},
        Broken{"pai_under_another_name", "matter.chain", [](Case& c) { c.pai.issuer = matter_name("x", 0x1234, {}); }},
        Broken{"dac_with_another_authority", "matter.chain",
               [](Case& c) { c.dac[oids::authority_key_identifier] = authority_key(Bytes(20, 1)); }}),
    [](const auto& row) { return std::string{row.param.name}; });

INSTANTIATE_TEST_SUITE_P(
    Chain, MatterStep,
    ::testing::Values(
        Broken{"dac_expired", "matter.validity", [](Case& c) { c.dac.not_after = at("2027-01-01T00:00:00Z"); }},
        Broken{"dac_not_yet_valid", "matter.validity", [](Case& c) { c.dac.not_before = at("2027-07-01T00:00:00Z"); }},
        Broken{"dac_made_after_the_pai_ended", "matter.validity",
               [](Case& c) {
                 c.pai.not_after = at("2026-12-01T00:00:00Z");
                 c.dac.not_before = at("2026-12-02T00:00:00Z");
               }},
        Broken{"dac_made_before_the_paa_began", "matter.validity",
               [](Case& c) { c.paa.not_before = at("2026-11-24T00:00:00Z"); }},
        Broken{"vendor_of_the_pai_differs", "matter.ids",
               [](Case& c) {
                 c.pai.subject = matter_name("PAI", 0x1235, 0x8000);
                 c.dac.issuer = c.pai.subject;
               }},
        Broken{"vendor_of_the_paa_differs", "matter.ids",
               [](Case& c) {
                 c.paa.subject = c.paa.issuer = matter_name("PAA", 0x1235, {});
                 c.pai.issuer = c.paa.subject;
               }},
        Broken{"product_of_the_pai_differs", "matter.ids",
               [](Case& c) {
                 c.pai.subject = matter_name("PAI", 0x1234, 0x8001);
                 c.dac.issuer = c.pai.subject;
               }},
        Broken{"dac_revoked", "matter.revocation",
               [](Case& c) {
                 c.more_trust = [&c](MatterTrust& known, const MatterEvidence&) {
                   known.revoke({octets20(c.pai_key.public_key()), c.pai.subject, c.dac.serial});
                 };
               }},
        Broken{"pai_revoked", "matter.revocation",
               [](Case& c) {
                 c.more_trust = [&c](MatterTrust& known, const MatterEvidence&) {
                   known.revoke({octets20(c.paa_key.public_key()), c.paa.subject, c.pai.serial});
                 };
               }},
        Broken{"dac_denied", "matter.revocation",
               [](Case& c) {
                 c.more_trust = [](MatterTrust& known, const MatterEvidence& e) { known.deny(crypto::sha256(e.dac)); };
               }},
        Broken{"signed_by_another_key", "matter.signature", [](Case& c) { c.answers = &another_key(); }},
        Broken{"of_another_session", "matter.signature", [](Case& c) { c.session[15] ^= 1; }},
        Broken{"elements_that_are_none", "matter.elements",
               [](Case& c) {
                 c.elements = {0x15, 0x18};
               }},
        Broken{"replayed_nonce", "matter.nonce", [](Case& c) { c.answered = fresh_value("session 0"); }}),
    [](const auto& row) { return std::string{row.param.name}; });

INSTANTIATE_TEST_SUITE_P(
    Declaration, MatterStep,
    ::testing::Values(
        Broken{"signed_by_nobody_known", "matter.declaration_signature",
               [](Case& c) { c.declaration_signer = &another_key(); }},
        Broken{"of_an_unpinned_signer", "matter.declaration_signature",
               [](Case& c) {
                 const auto content = matter::write(c.declaration);
                 c.elements = matter::write(matter::AttestationElements{
                     .certification_declaration = cms::write_signed_content(
                         {content, octets20(another_key().public_key()), another_key().sign(content).value()}),
                     .nonce = c.answered.get()});
               }},
        Broken{"malformed", "matter.declaration_signature", [](Case& c) { c.declaration.products.clear(); }},
        Broken{"another_vendor", "matter.declaration", [](Case& c) { c.declaration.vendor = 0x1235; }},
        Broken{"another_product", "matter.declaration", [](Case& c) { c.declaration.products = {0x8001}; }},
        Broken{"another_origin", "matter.declaration",
               [](Case& c) {
                 c.declaration.dac_origin = matter::VendorProduct{0x1234, 0x8001};
               }},
        Broken{"vendor_that_was_not_planned", "matter.declaration",
               [](Case& c) { c.rules.vendor = matter::Id{0x1235}; }},
        Broken{"product_that_was_not_planned", "matter.declaration",
               [](Case& c) { c.rules.product = matter::Id{0x8001}; }},
        Broken{"paa_that_is_not_authorized", "matter.declaration",
               [](Case& c) { c.declaration.authorized_paas = {Octets<20>{1}}; }},
        Broken{"certificate_id_that_nobody_gave_out", "matter.declaration",
               [](Case& c) { c.rules.certificate_ids = {"CSA22001MAT40002-24"}; }},
        Broken{"type_test", "matter.declaration_type",
               [](Case& c) { c.declaration.type = matter::CertificationType::test; }, Code::test_anchor},
        Broken{"debug_asked_for", "matter.debug", [](Case& c) { c.policy.debug = DebugGate::closed_required; },
               Code::not_sealed},
        Broken{"model_not_allowed", "matter.hardware", [](Case& c) { c.policy.models = {"1234:8001"}; }, Code::policy}),
    [](const auto& row) { return std::string{row.param.name}; });

// What our own CA makes for a Matter product is what a commissioner asks for.
TEST(Matter, a_device_with_certificates_of_ours_passes) {
  const auto& w = pki::testing::world();
  Case alliance;  // for its declaration
  alliance.declaration.vendor = 0xFFF1;
  MatterEvidence shown{w.certificate(pki::ProfileId::matter_dac),
                       to_bytes(w.matter_pai.der()),
                       matter::write(matter::AttestationElements{.certification_declaration = alliance.declared(),
                                                                 .nonce = fresh_value().get()}),
                       {}};
  auto message = shown.elements;
  append(message, kSession);
  shown.signature = crypto::ecdsa_der_to_raw(crypto::KeyType::p256, w.device.sign(message).value()).value();
  EXPECT_LE(shown.dac.size(), pki::kMatterMaxBytes);
  EXPECT_LE(shown.pai.size(), pki::kMatterMaxBytes);
  MatterTrust trust;
  ASSERT_TRUE(trust.add_paa(w.matter_paa.der(), "ours", AnchorClass::genuine));
  ASSERT_TRUE(trust.add_declaration_signer(
      certify(alliance.alliance, alliance.alliance_key.public_key(), alliance.alliance_key), AnchorClass::genuine));
  const auto appraisal = appraise_matter(shown, kSession, trust, {fresh_value(), w.device.public_key().spki(), later()},
                                         {.debug = DebugGate::not_judged});
  EXPECT_EQ(failed_check(appraisal.findings), "") << verdict(appraisal.findings).error().detail;
}

// §6.2.3.1: what has ended since the device was made does not end the device.
TEST(Matter, a_pai_that_ended_since_still_vouches) {
  Case old;
  old.pai.not_after = at("2026-12-01T00:00:00Z");
  old.paa.not_after = at("2026-12-01T00:00:00Z");
  EXPECT_EQ(failed_check(old.appraise().findings), "");
}

TEST(Matter, a_declared_origin_stands_for_the_declared_vendor) {
  Case rebranded;
  rebranded.declaration.vendor = 0x4321;
  rebranded.declaration.products = {0x0001};
  rebranded.declaration.dac_origin = matter::VendorProduct{0x1234, 0x8000};
  rebranded.rules.vendor = matter::Id{0x4321};
  rebranded.rules.product = matter::Id{0x0001};
  EXPECT_EQ(failed_check(rebranded.appraise().findings), "");
}

TEST(Matter, authorized_paas_and_known_ids_pass) {
  Case good;
  good.declaration.authorized_paas = {Octets<20>{1}, octets<20>(octets20(good.paa_key.public_key())).value()};
  good.rules.certificate_ids = {good.declaration.certificate_id};
  EXPECT_EQ(failed_check(good.appraise().findings), "");
}

TEST(Matter, ids_in_the_common_name_pass) {
  Case fallback;
  fallback.pai.subject = name_cn("ACME PAI Mvid:1234");
  fallback.dac.issuer = fallback.pai.subject;
  fallback.dac.subject = name_cn("ACME DAC Mvid:1234 Mpid:8000");
  EXPECT_EQ(failed_check(fallback.appraise().findings), "");
}

// AC-03: what anything of a test says is simulated.
TEST(Matter, whatever_is_of_a_test_makes_the_evidence_simulated) {
  for (void (*make)(Case&) : {+[](Case& c) { c.paa_class = AnchorClass::simulated; },
                              +[](Case& c) { c.alliance_class = AnchorClass::simulated; },
                              +[](Case& c) {
                                c.declaration.type = matter::CertificationType::test;
                                c.rules.test_declarations = TestDeclarations::allowed;
                              },
                              +[](Case& c) {
                                c.paa.subject = c.paa.issuer = c.pai.issuer = matter_name("PAA", 0xFFF1, {});
                                c.pai.subject = c.dac.issuer = matter_name("PAI", 0xFFF1, {});
                                c.dac.subject = matter_name("DAC", 0xFFF1, 0x8000);
                                c.declaration.vendor = 0xFFF1;
                              }}) {
    Case test_device;
    make(test_device);
    const auto appraisal = test_device.appraise();
    EXPECT_EQ(failed_check(appraisal.findings), "");
    ASSERT_TRUE(appraisal.claims);
    EXPECT_EQ(appraisal.claims->hardware.anchor_class, AnchorClass::simulated);
  }
}

TEST(MatterTrust, a_paa_has_its_form) {
  for (void (*spoil)(Case&) : {+[](Case& c) { c.paa[oids::basic_constraints] = ca_constraints(0); },
                               +[](Case& c) { c.paa[oids::basic_constraints] = no_ca(); },
                               +[](Case& c) { c.paa.subject = matter_name("PAA", 0x1234, 0x8000); },
                               +[](Case& c) { c.paa[oids::key_usage] = usage(kSigns); },
                               +[](Case& c) { c.paa.drop(oids::subject_key_identifier); }}) {
    Case spoilt;
    spoil(spoilt);
    MatterTrust trust;
    const auto added =
        trust.add_paa(certify(spoilt.paa, spoilt.paa_key.public_key(), spoilt.paa_key), "x", AnchorClass::genuine);
    ASSERT_FALSE(added);
    EXPECT_EQ(added.error().code, Code::bad_request);
  }
}

TEST(MatterTrust, one_identifier_is_one_signer) {
  const Case good;
  auto trust = good.trust(good.evidence());
  const auto again = trust.add_declaration_signer(certify(good.alliance, another_key().public_key(), another_key()),
                                                  AnchorClass::genuine);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, Code::conflict);
}

}  // namespace
}  // namespace birthmark::attest
