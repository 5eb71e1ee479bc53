// SPDX-License-Identifier: Apache-2.0
#include "attest/endorsement.h"

#include "unit/attest/support.h"

namespace birthmark::attest {
namespace {

using testing::failed_check;
using testing::later;
using testing::Parts;
using testing::trust_in;
using testing::vendor;
using testing::Vendor;

/// One device's evidence and what is known of its vendor, to be spoilt in one place.
struct Case {
  test::PaperKey ek{tpm::Template::ek_p256_low};
  Parts certificate = vendor().endorsement_parts(ek.key.public_key());
  VendorTrust trust = trust_in(vendor());
  Instant now = later();
  const crypto::PrivateKey* signer = &vendor().intermediate_key;

  /// Signed once: ECDSA gives another certificate each time.
  Bytes der() {
    if (signed_.empty()) {
      signed_ = pki::testing::sign(*signer, certificate.tbs());
    }
    return signed_;
  }
  EndorsementAppraisal appraise() {
    return appraise_endorsement(read_endorsement(der(), {}, ek.public_area()).value(), trust, now);
  }

 private:
  Bytes signed_;
};

TEST(Endorsement, a_genuine_chip_passes_every_step) {
  Case good;
  const auto appraisal = good.appraise();
  EXPECT_EQ(failed_check(appraisal.findings), "");
  ASSERT_TRUE(appraisal.chip);
  const auto& chip = *appraisal.chip;
  EXPECT_EQ(chip.manufacturer, "53494D31");
  EXPECT_EQ(chip.model, "birthmark-sim");
  EXPECT_EQ(chip.version, "id:00010000");
  EXPECT_EQ(chip.vendor, "test vendor");
  EXPECT_EQ(chip.anchor_class, AnchorClass::simulated);
  EXPECT_EQ(chip.spki, to_bytes(good.ek.spki()));
  EXPECT_EQ(chip.certificate_hash, crypto::sha256(good.der()));
  // TCG DevID: MANUF:AKI:SERIAL, the key id as the certificate says it.
  const auto certificate = x509::Certificate::read(good.der()).value();
  const auto aki = x509::authority_key_identifier(certificate.extensions()).value()->key_id.value();
  auto expected = to_hex(aki) + ":" + to_hex(certificate.serial());
  std::ranges::transform(expected, expected.begin(), [](char c) { return static_cast<char>(std::toupper(c)); });
  EXPECT_EQ(chip.hardware_serial, "53494D31:" + expected);
}

TEST(Endorsement, a_chip_whose_maker_says_nothing_of_the_specification_passes) {
  Case silent;
  silent.certificate.drop(oids::subject_directory_attributes);
  EXPECT_EQ(failed_check(silent.appraise().findings), "");
}

/// attestation.md §1.3: every check in its order, each failing alone.
struct Broken {
  const char* name;
  const char* check;
  void (*spoil)(Case&);
  Code code = Code::ek_untrusted;
};
class EndorsementStep : public ::testing::TestWithParam<Broken> {};

Bytes basic_constraints_ca() {
  return from_hex("30030101ff").value();
}

/// The SAN of the test vendor with other texts; an empty text leaves the attribute out.
Bytes names(std::string_view manufacturer, std::string_view model, std::string_view version, bool twice = false) {
  std::vector<x509::NamePart> parts;
  const auto add = [&](BytesView type, std::string_view text) {
    if (!text.empty()) {
      parts.push_back({type, der::tag::utf8_string, text});
    }
  };
  add(oids::tcg_manufacturer, manufacturer);
  add(oids::tcg_model, model);
  add(oids::tcg_version, version);
  if (twice) {
    add(oids::tcg_model, model);
  }
  der::Writer out;
  out.open(der::tag::sequence).open(der::tag::context_constructed(4)).raw(x509::write_name(parts).value());
  out.close().close();
  return std::move(out).finish();
}

Bytes specification_of(std::string_view family) {
  der::Writer out;
  out.open(der::tag::sequence).open(der::tag::sequence).oid(oids::tcg_tpm_specification).open(der::tag::set);
  out.open(der::tag::sequence).text(der::tag::utf8_string, family).unsigned_int(0).unsigned_int(138);
  out.close().close().close().close();
  return std::move(out).finish();
}

void revoke(Case& c) {
  const auto serial = x509::Certificate::read(c.der()).value();
  auto crl = testing::crl_of(vendor(), {to_bytes(serial.serial())});
  EXPECT_TRUE(c.trust.add_crl(testing::signed_crl(vendor(), crl)));
}

const Vendor& stranger() {
  static const Vendor made;
  return made;
}

INSTANTIATE_TEST_SUITE_P(
    Table, EndorsementStep,
    ::testing::Values(
        // 2. path to a pinned root
        Broken{"a_vendor_that_nobody_pinned", "ek.path", [](Case& c) { c.trust = trust_in(stranger()); }},
        Broken{"no_vendor_at_all", "ek.path", [](Case& c) { c.trust = VendorTrust{}; }},
        Broken{"signed_by_another_key", "ek.path", [](Case& c) { c.signer = &stranger().intermediate_key; }},
        Broken{"not_yet_valid", "ek.path", [](Case& c) { c.now = testing::at("2026-11-23T09:59:59Z"); }},
        Broken{"expired", "ek.path", [](Case& c) { c.certificate.not_after = testing::at("2027-05-31T00:00:00Z"); }},
        Broken{"an_issuer_of_another_name", "ek.path",
               [](Case& c) { c.certificate.issuer = to_bytes(Parts{vendor().root()}.subject); }},
        // 3. what is known against it
        Broken{"on_the_crl", "ek.denied", revoke},
        Broken{"no_crl_where_one_is_asked_for", "ek.denied",
               [](Case& c) { c.trust.set_crl_rule(CrlRule::fresh_required); }},
        Broken{"certificate_on_the_deny_list", "ek.denied", [](Case& c) { c.trust.deny(crypto::sha256(c.der())); }},
        Broken{"key_on_the_deny_list", "ek.denied", [](Case& c) { c.trust.deny(c.ek.spki_hash()); }},
        // 4. to 6. what the key is for
        Broken{"a_ca", "ek.basic_constraints",
               [](Case& c) { c.certificate[oids::basic_constraints].value = basic_constraints_ca(); }},
        Broken{"no_key_usage", "ek.key_usage", [](Case& c) { c.certificate.drop(oids::key_usage); }},
        Broken{"a_signing_key", "ek.key_usage",
               [](Case& c) { c.certificate[oids::key_usage].value = testing::bits_value(1U << 4 | 1U << 0); }},
        Broken{"a_certificate_signing_key", "ek.key_usage",
               [](Case& c) { c.certificate[oids::key_usage].value = testing::bits_value(1U << 4 | 1U << 5); }},
        Broken{"the_usage_of_an_rsa_key", "ek.key_usage",
               [](Case& c) { c.certificate[oids::key_usage].value = testing::bits_value(1U << 2); }},
        Broken{"no_extended_usage", "ek.extended_key_usage",
               [](Case& c) { c.certificate.drop(oids::extended_key_usage); }},
        Broken{"the_usage_of_an_ak", "ek.extended_key_usage",
               [](Case& c) {
                 c.certificate[oids::extended_key_usage].value = testing::oids_value({oid<2, 23, 133, 8, 3>});
               }},
        // 7. names
        Broken{"no_names", "ek.names", [](Case& c) { c.certificate.drop(oids::subject_alt_name); }},
        Broken{"no_manufacturer", "ek.names",
               [](Case& c) { c.certificate[oids::subject_alt_name].value = names("", "m", "id:1"); }},
        Broken{"a_manufacturer_of_another_form", "ek.names",
               [](Case& c) { c.certificate[oids::subject_alt_name].value = names("53494D31", "m", "id:1"); }},
        Broken{"a_manufacturer_that_is_too_short", "ek.names",
               [](Case& c) { c.certificate[oids::subject_alt_name].value = names("id:53494D", "m", "id:1"); }},
        Broken{"no_model", "ek.names",
               [](Case& c) { c.certificate[oids::subject_alt_name].value = names("id:53494D31", "", "id:1"); }},
        Broken{"no_version", "ek.names",
               [](Case& c) { c.certificate[oids::subject_alt_name].value = names("id:53494D31", "m", ""); }},
        Broken{"two_models", "ek.names",
               [](Case& c) { c.certificate[oids::subject_alt_name].value = names("id:53494D31", "m", "id:1", true); }},
        Broken{"names_not_critical_under_an_empty_subject", "ek.names",
               [](Case& c) { c.certificate[oids::subject_alt_name].critical = false; }},
        Broken{"a_denied_model", "ek.model",
               [](Case& c) { c.trust.deny_model("53494D31", "birthmark-sim", "id:00010000"); }},
        Broken{"every_firmware_of_a_model_denied", "ek.model",
               [](Case& c) { c.trust.deny_model("53494D31", "birthmark-sim", ""); }},
        // 8. the specification
        Broken{"a_tpm_of_family_1_2", "ek.specification",
               [](Case& c) { c.certificate[oids::subject_directory_attributes].value = specification_of("1.2"); }},
        Broken{"a_specification_of_another_form", "ek.specification",
               [](Case& c) {
                 auto& value = c.certificate[oids::subject_directory_attributes].value;
                 *std::ranges::search(value, as_bytes("2.0")).begin() = 0x00;
               }},
        // 9. what is not understood
        Broken{"an_unknown_critical_extension", "ek.critical",
               [](Case& c) {
                 c.certificate.add(oid<1, 3, 6, 1, 4, 1, 99999, 1>, true, Bytes{0x05, 0x00});
               }},
        Broken{"name_constraints", "ek.critical",
               [](Case& c) {
                 c.certificate.add(oids::name_constraints, true,
                                   Parts{pki::testing::world().batch.der()}[oids::name_constraints].value);
               }},
        // 10. the public area
        Broken{"a_certificate_of_another_chip", "ek.public",
               [](Case& c) { c.ek = test::PaperKey{tpm::Template::ek_p256_low}; }},
        Broken{"a_key_that_signs", "ek.public",
               [](Case& c) {
                 const test::PaperKey signing{tpm::Template::iak_birthmark};
                 auto area = signing.area;
                 std::get<tpm::EccKey>(area.key).x = std::get<tpm::EccKey>(c.ek.area.key).x;
                 std::get<tpm::EccKey>(area.key).y = std::get<tpm::EccKey>(c.ek.area.key).y;
                 c.ek.area = area;
               }},
        Broken{"another_policy", "ek.public", [](Case& c) { c.ek.area.auth_policy[0] ^= 1; }},
        Broken{"an_unrestricted_key", "ek.public", [](Case& c) { c.ek.area.attributes = tpm::Attributes{0x000200B2}; }},
        Broken{"a_key_that_may_be_moved", "ek.public",
               [](Case& c) { c.ek.area.attributes = tpm::Attributes{0x000300A0}; }},
        Broken{"another_cipher", "ek.public", [](Case& c) { c.ek.area.symmetric = tpm::AesKeyBits::aes256; }},
        // one endorsement key is the identity of a model
        Broken{"a_key_type_that_is_not_canonical", "ek.canonical",
               [](Case& c) { c.trust.fix_key_type("birthmark-sim", crypto::KeyType::p384); }, Code::ek_not_canonical}),
    [](const auto& one) { return one.param.name; });

TEST_P(EndorsementStep, fails_alone) {
  Case spoilt;
  GetParam().spoil(spoilt);
  const auto appraisal = spoilt.appraise();
  EXPECT_EQ(failed_check(appraisal.findings), GetParam().check);
  EXPECT_FALSE(appraisal.chip);
  const auto refusal = verdict(appraisal.findings);
  ASSERT_FALSE(refusal);
  EXPECT_EQ(refusal.error().code, GetParam().code);
  EXPECT_EQ(refusal.error().check, GetParam().check);
}

// The order of the page, docs/wire/evidence.md EK 3 to 13.
TEST(Endorsement, steps_stand_in_the_order_of_the_page) {
  std::vector<std::string> order;
  for (const auto& finding : Case{}.appraise().findings) {
    order.push_back(finding.check);
    EXPECT_FALSE(finding.clause.empty()) << finding.check;
  }
  EXPECT_EQ(order, (std::vector<std::string>{"ek.path", "ek.denied", "ek.basic_constraints", "ek.key_usage",
                                             "ek.extended_key_usage", "ek.names", "ek.model", "ek.specification",
                                             "ek.critical", "ek.public", "ek.canonical"}));
}

// attestation.md §1.3, 1: form.
TEST(Endorsement, what_cannot_be_read_is_not_appraised) {
  Case good;
  const auto refused = [&](BytesView certificate, BytesView area, std::string_view check) {
    const auto read = read_endorsement(certificate, {}, area);
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, Code::ek_untrusted);
    EXPECT_EQ(read.error().check, check);
  };
  const auto der = good.der();
  const auto area = good.ek.public_area();
  refused({}, area, "ek.certificate");
  refused(der, {}, "ek.public");
  for (std::size_t size = 0; size < der.size(); size += 9) {
    refused(BytesView{der}.first(size), area, "ek.certificate");
  }
  for (std::size_t size = 0; size < area.size(); ++size) {
    refused(der, BytesView{area}.first(size), "ek.public");
  }
  for (auto longer : {der}) {
    longer.push_back(0);  // NV padding is the reader's business, not the server's
    refused(longer, area, "ek.certificate");
  }
  auto serial = good.certificate;
  serial.serial = Bytes(21, 0x11);
  refused(pki::testing::sign(*good.signer, serial.tbs()), area, "ek.certificate");
  const std::vector<Bytes> many(kHintsMax + 1, der);
  const auto flood = read_endorsement(der, many, area);
  ASSERT_FALSE(flood);
  EXPECT_EQ(flood.error().check, "ek.path");
}

TEST(Endorsement, each_flipped_byte_of_the_certificate_is_refused) {
  Case good;
  const auto der = good.der();
  for (std::size_t i = 0; i < der.size(); ++i) {
    auto bad = der;
    bad[i] ^= 0x10;
    const auto read = read_endorsement(bad, {}, good.ek.public_area());
    EXPECT_FALSE(read && appraise_endorsement(*read, good.trust, good.now).chip) << i;
  }
}

// CVE-2017-15361: a product of primes below 168 with the structure of RSALib, filled up to 2048 bits.
TEST(Endorsement, an_rsa_key_with_the_roca_fingerprint_is_refused) {
  // 65537^0 = 1 is a power of 65537 modulo every prime; so is k·M + 1 for M the product of those primes.
  std::vector<std::uint32_t> number{1};  // little-endian limbs of 16 bits
  const auto multiply = [&](std::uint32_t by) {
    std::uint32_t carry = 0;
    for (auto& limb : number) {
      const std::uint32_t product = limb * by + carry;
      limb = product & 0xFFFF;
      carry = product >> 16;
    }
    if (carry != 0) {
      number.push_back(carry);
    }
  };
  for (std::uint32_t p = 2; p < 168; ++p) {
    bool prime = true;
    for (std::uint32_t q = 2; q * q <= p; ++q) {
      prime = prime && p % q != 0;
    }
    if (prime) {
      multiply(p);
    }
  }
  while (number.size() < 128) {
    multiply(0xFFFF);
  }
  while (number.size() == 128 && number.back() < 0x8000) {
    multiply(2);
  }
  ASSERT_EQ(number.size(), 128U);
  Bytes modulus;
  for (auto limb = number.rbegin(); limb != number.rend(); ++limb) {
    modulus.push_back(static_cast<std::uint8_t>(*limb >> 8));
    modulus.push_back(static_cast<std::uint8_t>(*limb));
  }
  modulus.back() |= 1;  // M is even: + 1
  const auto key = crypto::PublicKey::from_rsa(modulus, 65537).value();
  Case roca;
  roca.certificate = vendor().endorsement_parts(key);
  roca.ek.area = tpm::make(tpm::Template::ek_rsa2048_low);
  std::get<tpm::RsaKey>(roca.ek.area.key).modulus = modulus;
  const auto appraisal = roca.appraise();
  EXPECT_EQ(failed_check(appraisal.findings), "ek.denied");
}

TEST(Endorsement, the_modulus_of_an_rsa_key_goes_with_the_chip) {
  Bytes modulus(256, 0xA5);  // no ROCA, and whoever has the private half does not matter here
  const auto key = crypto::PublicKey::from_rsa(modulus, 65537).value();
  Case rsa;
  rsa.certificate = vendor().endorsement_parts(key);
  rsa.ek.area = tpm::make(tpm::Template::ek_rsa2048_low);
  std::get<tpm::RsaKey>(rsa.ek.area.key).modulus = modulus;
  rsa.trust.fix_key_type("birthmark-sim", crypto::KeyType::rsa);
  const auto appraisal = rsa.appraise();
  ASSERT_TRUE(appraisal.chip) << failed_check(appraisal.findings);
  EXPECT_EQ(appraisal.chip->rsa_modulus, modulus);
  EXPECT_TRUE(Case{}.appraise().chip->rsa_modulus.empty());
}

// --- differential: chips, certificates and verdicts of another origin ---

class GoldenEndorsement : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(testing::golden())) {
      GTEST_SKIP() << "the TPM vectors are not beside the repository";
    }
    const auto anchor = [&](const std::string& name) {
      return pem::read(as_text(testing::golden_file("ek/" + name)), "CERTIFICATE").value().front();
    };
    ASSERT_TRUE(trust_.add(anchor("ek-root.pem"), "golden", AnchorKind::root, AnchorClass::simulated));
    ASSERT_TRUE(trust_.add(anchor("ek-int.pem"), "golden", AnchorKind::intermediate, AnchorClass::simulated));
  }
  void take_crl() { ASSERT_TRUE(trust_.add_crl(testing::golden_file("ek/ek-int.crl"))); }
  std::string check(const std::string& certificate, const std::string& tpm = "tpmA") {
    const auto read =
        read_endorsement(testing::golden_file("ek/" + certificate), {}, testing::golden_file(tpm + "/ek.tpmt_public"));
    return read ? failed_check(appraise_endorsement(*read, trust_, testing::at("2027-06-01T00:00:00Z")).findings)
                : read.error().check;
  }
  VendorTrust trust_;
};

TEST_F(GoldenEndorsement, good_chips_pass_and_each_bad_certificate_fails_at_its_step) {
  take_crl();
  EXPECT_EQ(check("ekA-good.der"), "");
  EXPECT_EQ(check("ekB-good.der", "tpmB"), "");
  EXPECT_EQ(check("ekB-good.der", "tpmA"), "ek.public");
  EXPECT_EQ(check("ekA-revoked.der"), "ek.denied");
  EXPECT_EQ(check("ekA-bad-no-eku.der"), "ek.extended_key_usage");
  EXPECT_EQ(check("ekA-bad-eku-aik.der"), "ek.extended_key_usage");
  EXPECT_EQ(check("ekA-bad-is-ca.der"), "ek.basic_constraints");
  EXPECT_EQ(check("ekA-bad-ku-sign.der"), "ek.key_usage");
  EXPECT_EQ(check("ekA-bad-no-san.der"), "ek.names");
  EXPECT_EQ(check("ekA-bad-unknown-critical.der"), "ek.critical");
  EXPECT_EQ(check("ekA-bad-untrusted-issuer.der"), "ek.path");
  EXPECT_EQ(check("ekA-bad-wrong-key.der"), "ek.public");
}

// Without the list the revoked one passes: the refusal above is the list's.
TEST_F(GoldenEndorsement, the_revoked_one_is_refused_by_the_list_alone) {
  EXPECT_EQ(check("ekA-revoked.der"), "");
}

// Without the pinned intermediate it may come with the chip.
TEST_F(GoldenEndorsement, an_intermediate_may_come_as_a_hint) {
  VendorTrust roots;
  const auto root = pem::read(as_text(testing::golden_file("ek/ek-root.pem")), "CERTIFICATE").value().front();
  const auto intermediate = pem::read(as_text(testing::golden_file("ek/ek-int.pem")), "CERTIFICATE").value();
  ASSERT_TRUE(roots.add(root, "golden", AnchorKind::root, AnchorClass::simulated));
  for (const bool with_chain : {false, true}) {
    const auto read =
        read_endorsement(testing::golden_file("ek/ekA-good.der"), with_chain ? intermediate : std::vector<Bytes>{},
                         testing::golden_file("tpmA/ek.tpmt_public"))
            .value();
    EXPECT_EQ(failed_check(appraise_endorsement(read, roots, later()).findings), with_chain ? "" : "ek.path");
  }
}

}  // namespace
}  // namespace birthmark::attest
