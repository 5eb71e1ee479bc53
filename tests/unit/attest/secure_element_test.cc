// SPDX-License-Identifier: Apache-2.0
#include "attest/secure_element.h"

#include "lifecycle/device_id.h"
#include "unit/attest/manifests.h"

namespace birthmark::attest {
namespace {

using namespace testing;
using pki::testing::new_key;

EvidencePolicy lock_checked() {
  return {.debug = DebugGate::not_judged};
}

const crypto::PrivateKey& another_key() {
  static const auto key = new_key();
  return key;
}

// --- listed ---

struct Listed {
  Supplier supplier;
  Chip chip;
  ManifestSet manifests;
  ListedElement evidence;
  EvidencePolicy policy = lock_checked();
  const crypto::PrivateKey* requested = &chip.slot;

  Listed() {
    const auto text = manifest_of({chip.entry(supplier)});
    EXPECT_TRUE(manifests.add(
        std::make_shared<const ComponentManifest>(read_chip_manifest(text, supplier.pinned(), later()).value())));
    evidence = {from_hex(chip.id).value(), chip.slot.sign(fresh_value().get()).value()};
  }
  [[nodiscard]] Appraisal appraise(const Digest& freshness = fresh_value()) const {
    return appraise_listed_element(evidence, manifests, {freshness, requested->public_key().spki(), later()}, policy);
  }
};

TEST(ListedElement, a_listed_slot_that_answers_passes) {
  const Listed good;
  const auto appraisal = good.appraise();
  EXPECT_EQ(failed_check(appraisal.findings), "");
  ASSERT_TRUE(appraisal.claims);
  const auto& claims = *appraisal.claims;
  EXPECT_EQ(claims.kind, EvidenceKind::secure_element);
  EXPECT_EQ(claims.binding, KeyBinding::possession);
  EXPECT_EQ(claims.key, good.chip.slot.public_key());
  EXPECT_EQ(claims.hardware.vendor, "Chips");
  EXPECT_EQ(claims.hardware.model, "ATECC608A-TNGTLS");
  EXPECT_EQ(claims.hardware.serial, good.chip.id);
  EXPECT_FALSE(claims.debug);
  EXPECT_FALSE(claims.origin);
  // The registry makes its DeviceId of the same bytes.
  EXPECT_EQ(claims.hardware.public_identity,
            lifecycle::secure_element_identity(good.supplier.pinned().vendor_ca, from_hex(good.chip.id).value()));
}

TEST(ListedElement, no_damage_to_the_signature_or_the_id_passes) {
  Listed good;
  const auto passes = [&] { return good.appraise().claims.has_value(); };
  expect_no_damage_passes(good.evidence.signature, passes);
  expect_no_damage_passes(good.evidence.chip_id, passes);
}

TEST(ListedElement, each_step_refuses) {
  Listed unlisted;
  unlisted.evidence.chip_id = Bytes(9, 1);
  EXPECT_EQ(failed_check(unlisted.appraise().findings), "se.listed");
  Listed other_key;
  other_key.requested = &another_key();
  EXPECT_EQ(failed_check(other_key.appraise().findings), "se.requested_key");
  Listed replayed;
  EXPECT_EQ(failed_check(replayed.appraise(fresh_value("session 2")).findings), "se.signature");
  Listed stolen;  // the listing is public: whoever shows it must hold the key
  stolen.evidence.signature = another_key().sign(fresh_value().get()).value();
  EXPECT_EQ(failed_check(stolen.appraise().findings), "se.signature");
  Listed unlocked;
  unlocked.policy.debug = DebugGate::closed_required;
  EXPECT_EQ(failed_check(unlocked.appraise().findings), "se.debug");
  Listed not_allowed;
  not_allowed.policy.vendors = {"Others"};
  EXPECT_EQ(failed_check(not_allowed.appraise().findings), "se.hardware");
  Listed simulated;
  simulated.policy.models = {"ATECC608B"};
  EXPECT_EQ(failed_check(simulated.appraise().findings), "se.hardware");
}

// --- attested ---

Bytes integer(std::uint64_t value) {
  der::Writer out;
  out.unsigned_int(value);
  return std::move(out).finish();
}
Bytes bits(BytesView octets) {
  der::Writer out;
  out.bit_string(octets);
  return std::move(out).finish();
}
template <std::uint64_t Last>
Bytes piv() {
  return to_bytes(oid<1, 3, 6, 1, 4, 1, 41482, 3, Last>);
}
template <std::uint64_t Last>
Bytes hsm() {
  return to_bytes(oid<1, 3, 6, 1, 4, 1, 41482, 4, Last>);
}

/// A vendor's root, the attestation key of one chip, and a slot's certificate by that key.
struct Attested {
  crypto::PrivateKey root_key = new_key(), chip_key = new_key(), slot_key = new_key();
  CertSpec root{name_cn("Element root"), name_cn("Element root"), {ca_constraints(1), usage(kCertSigns)}};
  CertSpec chip{root.subject, name_cn("Chip attestation"), {ca_constraints(0)}};
  CertSpec slot{chip.subject,
                name_cn("Slot 9a"),
                {{piv<3>(), false, {5, 4, 3}}, {piv<7>(), false, integer(0xF00F14)}, {piv<8>(), false, {2, 1}}}};
  Instant now = later();
  EvidencePolicy policy = lock_checked();
  AnchorClass anchor_class = AnchorClass::genuine;
  Digest signed_value = fresh_value();
  const crypto::PrivateKey* requested = &slot_key;
  const crypto::PrivateKey* answers = &slot_key;
  const crypto::PrivateKey* slot_signer = &chip_key;
  bool tolerated = false;
  std::function<void(ElementTrust&, const AttestedElement&)> more_trust;

  [[nodiscard]] Bytes root_der() const { return certify(root, root_key.public_key(), root_key); }
  [[nodiscard]] AttestedElement evidence() const {
    return {{certify(slot, slot_key.public_key(), *slot_signer), certify(chip, chip_key.public_key(), root_key)},
            answers->sign(signed_value.get()).value()};
  }
  [[nodiscard]] ElementTrust trust(const AttestedElement& shown) const {
    ElementTrust out;
    const auto der = root_der();
    EXPECT_TRUE(out.add_root(der, "Elements", anchor_class));
    if (tolerated) {
      out.tolerate_unflagged_issuers(crypto::sha256(der));
    }
    if (more_trust) {
      more_trust(out, shown);
    }
    return out;
  }
  [[nodiscard]] Appraisal judge(const AttestedElement& shown, const ElementTrust& trusted_roots) const {
    return appraise_attested_element(shown, trusted_roots, {fresh_value(), requested->public_key().spki(), now},
                                     policy);
  }
  [[nodiscard]] Appraisal appraise() const {
    const auto shown = evidence();
    return judge(shown, trust(shown));
  }
};

void as_yubihsm(Attested& a, std::uint8_t origin = 1, std::uint8_t capability_octet = 0) {
  Bytes capabilities(8, 0);
  capabilities[5] = capability_octet;
  a.slot.extensions = {{hsm<1>(), false, {0x04, 0x03, 2, 1, 6}},
                       {hsm<2>(), false, integer(7)},
                       {hsm<3>(), false, bits(Bytes{origin})},
                       {hsm<5>(), false, bits(capabilities)}};
}

void as_vendor_certificate(Attested& a, std::string_view hardware_serial = "CHIP-0001") {
  der::Writer san;
  san.open(der::tag::sequence).open(der::tag::context_constructed(0)).oid(oids::hardware_module_name);
  san.open(der::tag::context_constructed(0)).open(der::tag::sequence).oid(oids::tpm_hardware_type);
  san.octet_string(as_bytes(hardware_serial)).close().close().close().close();
  a.slot.extensions = {usage(kSigns), {to_bytes(oids::subject_alt_name), false, std::move(san).finish()}};
}

TEST(AttestedElement, a_yubikeys_slot_passes) {
  const Attested good;
  const auto appraisal = good.appraise();
  EXPECT_EQ(failed_check(appraisal.findings), "") << verdict(appraisal.findings).error().detail;
  ASSERT_TRUE(appraisal.claims);
  const auto& claims = *appraisal.claims;
  EXPECT_EQ(claims.binding, KeyBinding::chain);
  EXPECT_EQ(claims.origin, KeyOrigin::generated_inside);
  EXPECT_EQ(claims.hardware.version, "5.4.3");
  EXPECT_EQ(claims.hardware.serial, "f00f14");
  EXPECT_EQ(claims.hardware.public_identity,
            lifecycle::secure_element_identity(good.root_key.public_key().spki(), from_hex("f00f14").value()));
}

TEST(AttestedElement, a_yubihsms_key_passes) {
  Attested good;
  as_yubihsm(good);
  const auto appraisal = good.appraise();
  EXPECT_EQ(failed_check(appraisal.findings), "");
  ASSERT_TRUE(appraisal.claims);
  EXPECT_EQ(appraisal.claims->hardware.version, "2.1.6");
  EXPECT_EQ(appraisal.claims->origin, KeyOrigin::generated_inside);
}

TEST(AttestedElement, a_vendors_certificate_for_a_slot_passes) {
  Attested good;
  as_vendor_certificate(good);
  const auto appraisal = good.appraise();
  EXPECT_EQ(failed_check(appraisal.findings), "");
  ASSERT_TRUE(appraisal.claims);
  EXPECT_FALSE(appraisal.claims->origin);
  EXPECT_EQ(appraisal.claims->hardware.serial, to_hex(as_bytes("CHIP-0001")));
}

// A simulated vendor's key signs like any other; the class says what it is worth.
TEST(AttestedElement, of_a_simulated_vendor_is_simulated) {
  Attested simulated;
  simulated.anchor_class = AnchorClass::simulated;
  const auto appraisal = simulated.appraise();
  ASSERT_TRUE(appraisal.claims);
  EXPECT_EQ(appraisal.claims->hardware.anchor_class, AnchorClass::simulated);
}

TEST(AttestedElement, no_damage_to_any_part_passes) {
  const Attested good;
  auto shown = good.evidence();
  const auto trusted_roots = good.trust(shown);
  const auto passes = [&] { return good.judge(shown, trusted_roots).claims.has_value(); };
  expect_no_damage_passes(shown.certificates[0], passes);
  expect_no_damage_passes(shown.certificates[1], passes);
  expect_no_damage_passes(shown.signature, passes);
}

struct Broken {
  const char* name;
  const char* check;
  void (*spoil)(Attested&);
  Code code = Code::bad_evidence;
};
class AttestedStep : public ::testing::TestWithParam<Broken> {};
TEST_P(AttestedStep, refuses) {
  Attested spoilt;
  GetParam().spoil(spoilt);
  const auto appraisal = spoilt.appraise();
  EXPECT_EQ(failed_check(appraisal.findings), GetParam().check);
  EXPECT_FALSE(appraisal.claims);
  EXPECT_EQ(verdict(appraisal.findings).error().code, GetParam().code);
}
INSTANTIATE_TEST_SUITE_P(
    Table, AttestedStep,
    ::testing::Values(
        Broken{"another_key_requested", "se.requested_key", [](Attested& a) { a.requested = &a.chip_key; },
               Code::key_not_attested},
        Broken{"another_chip", "se.path", [](Attested& a) { a.slot_signer = &another_key(); }},
        Broken{"another_vendor", "se.path", [](Attested& a) { a.chip.issuer = name_cn("Other root"); }},
        Broken{"expired", "se.path", [](Attested& a) { a.slot.not_after = at("2027-01-01T00:00:00Z"); }},
        Broken{"not_yet_valid", "se.path", [](Attested& a) { a.slot.not_before = at("2027-07-01T00:00:00Z"); }},
        Broken{"chip_expired", "se.path", [](Attested& a) { a.chip.not_after = at("2027-01-01T00:00:00Z"); }},
        Broken{"chip_without_ca_flag", "se.path", [](Attested& a) { a.chip.extensions.clear(); }},
        Broken{"path_length", "se.path", [](Attested& a) { a.root[oids::basic_constraints] = ca_constraints(0); }},
        Broken{"denied", "se.denied",
               [](Attested& a) {
                 a.more_trust = [](ElementTrust& known, const AttestedElement& e) {
                   known.deny(crypto::sha256(e.certificates.front()));
                 };
               }},
        Broken{"no_crl_where_one_is_asked_for", "se.denied",
               [](Attested& a) {
                 a.more_trust = [](ElementTrust& known, const AttestedElement&) {
                   known.set_crl_rule(CrlRule::fresh_required);
                 };
               }},
        Broken{"replay", "se.signature", [](Attested& a) { a.signed_value = fresh_value("session 0"); }},
        Broken{"certificate_of_somebody_else", "se.signature", [](Attested& a) { a.answers = &another_key(); }},
        Broken{"slot_is_a_ca", "se.usage", [](Attested& a) { a.slot.extensions.push_back(ca_constraints({})); }},
        Broken{"slot_for_key_agreement", "se.usage", [](Attested& a) { a.slot.extensions.push_back(usage(1U << 4)); }},
        Broken{"unknown_critical_extension", "se.usage",
               [](Attested& a) {
                 a.slot.extensions.push_back({piv<9>(), true, {4}});
               }},
        Broken{"no_serial_number", "se.chip", [](Attested& a) { a.slot.drop(piv<7>()); }},
        Broken{"negative_serial_number", "se.chip",
               [](Attested& a) {
                 a.slot[piv<7>()].value = {2, 1, 0x80};
               }},
        Broken{"zero_serial_number", "se.chip",
               [](Attested& a) {
                 a.slot[piv<7>()].value = {2, 1, 0};
               }},
        Broken{"firmware_of_two_octets", "se.chip",
               [](Attested& a) {
                 a.slot[piv<3>()].value = {5, 4};
               }},
        Broken{"hsm_without_capabilities", "se.chip",
               [](Attested& a) {
                 as_yubihsm(a);
                 a.slot.drop(hsm<5>());
               }},
        Broken{"no_chip_named", "se.chip", [](Attested& a) { a.slot.extensions = {usage(kSigns)}; }},
        Broken{"empty_hardware_serial", "se.chip", [](Attested& a) { as_vendor_certificate(a, ""); }},
        Broken{"imported", "se.origin", [](Attested& a) { as_yubihsm(a, 2); }},
        Broken{"imported_wrapped", "se.origin", [](Attested& a) { as_yubihsm(a, 0x11); }},
        Broken{"exportable", "se.origin", [](Attested& a) { as_yubihsm(a, 1, 1); }},
        Broken{"debug_asked_for", "se.debug", [](Attested& a) { a.policy.debug = DebugGate::closed_required; },
               Code::not_sealed},
        Broken{"vendor_not_allowed", "se.hardware", [](Attested& a) { a.policy.vendors = {"Others"}; }, Code::policy}),
    [](const auto& row) { return std::string{row.param.name}; });

TEST(AttestedElement, an_issuer_without_ca_flag_passes_by_a_named_exception_only) {
  Attested old;
  old.chip.extensions.clear();
  old.root[oids::basic_constraints] = ca_constraints(0);
  EXPECT_EQ(failed_check(old.appraise().findings), "se.path");
  old.tolerated = true;
  EXPECT_EQ(failed_check(old.appraise().findings), "");
  // The exception forgives the flag and nothing else.
  for (void (*spoil)(Attested&) :
       {+[](Attested& a) { a.slot_signer = &another_key(); }, +[](Attested& a) { a.chip.issuer = name_cn("x"); },
        +[](Attested& a) { a.chip.not_after = at("2027-01-01T00:00:00Z"); },
        +[](Attested& a) { a.slot.not_after = at("2027-01-01T00:00:00Z"); },
        +[](Attested& a) { a.root.drop(oids::basic_constraints); },
        +[](Attested& a) {
          a.chip.extensions.push_back({piv<9>(), true, {4}});
        }}) {
    Attested spoilt;
    spoilt.chip.extensions.clear();
    spoilt.root[oids::basic_constraints] = ca_constraints(0);
    spoilt.tolerated = true;
    spoil(spoilt);
    EXPECT_EQ(failed_check(spoilt.appraise().findings), "se.path");
  }
}

TEST(AttestedElement, lists_of_certificates_are_bound) {
  const Attested good;
  auto shown = good.evidence();
  const auto trusted_roots = good.trust(shown);
  shown.certificates.resize(kHintsMax + 2, shown.certificates.back());
  EXPECT_EQ(failed_check(good.judge(shown, trusted_roots).findings), "se.certificate");
  shown.certificates.clear();
  EXPECT_EQ(failed_check(good.judge(shown, trusted_roots).findings), "se.certificate");
}

}  // namespace
}  // namespace birthmark::attest
