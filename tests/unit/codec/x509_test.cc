// SPDX-License-Identifier: Apache-2.0
#include "codec/x509.h"

#include <gtest/gtest.h>

#include <functional>

#include "der_samples.h"

namespace birthmark::x509 {
namespace {

using samples::CertificatePieces;
using samples::element;
using samples::hex;
using samples::joined;
using samples::name_of;
using samples::sequence;

TEST(Certificate, gives_every_field) {  // RFC 5280 §4.1
  CertificatePieces pieces;
  const auto usage = hex("03020780"), constraints = hex("3000");
  const std::array extensions{Extension{oids::key_usage, true, usage},
                              Extension{oids::basic_constraints, false, constraints}};
  pieces.extensions = samples::extensions_field(extensions);
  const auto certificate = Certificate::read(pieces.whole());
  ASSERT_TRUE(certificate) << certificate.error().detail;
  EXPECT_EQ(to_hex(certificate->serial()), "4b01");
  EXPECT_TRUE(equal(certificate->der(), pieces.whole()));
  EXPECT_TRUE(equal(certificate->tbs(), pieces.tbs()));
  EXPECT_EQ(certificate->signature_algorithm(), SignatureAlgorithm::ecdsa_sha256);
  EXPECT_TRUE(equal(certificate->signature(), BytesView{pieces.signature}.subspan(3)));
  EXPECT_TRUE(equal(certificate->issuer(), pieces.issuer));
  EXPECT_TRUE(equal(certificate->subject(), pieces.subject));
  EXPECT_EQ(to_rfc3339(certificate->not_before()), "2026-01-01T00:00:00Z");
  EXPECT_EQ(certificate->not_after(), kNoEnd);
  EXPECT_TRUE(equal(certificate->spki(), pieces.spki));
  ASSERT_EQ(certificate->extensions().size(), 2U);
  EXPECT_TRUE(certificate->extension(oids::key_usage)->critical);
  EXPECT_EQ(to_hex(certificate->extension(oids::key_usage)->value), "03020780");
  EXPECT_FALSE(certificate->extension(oids::basic_constraints)->critical);
  EXPECT_EQ(certificate->extension(oids::subject_alt_name), nullptr);
  EXPECT_EQ(as_text(certificate->find_attribute(oids::common_name)->value), "device 1");
  EXPECT_FALSE(certificate->find_attribute(oids::serial_number));
  EXPECT_EQ(as_text(certificate->issuer_attributes().at(0).value), "Test CA");
}

TEST(Certificate, its_key_is_found_in_the_signed_bytes_alone) {
  const CertificatePieces pieces;
  const auto tbs = pieces.tbs();
  const auto spki = spki_of(tbs);
  ASSERT_TRUE(spki);
  EXPECT_TRUE(equal(*spki, pieces.spki));
  EXPECT_FALSE(spki_of({}));
  EXPECT_FALSE(spki_of(BytesView{tbs}.first(tbs.size() - 1)));
  EXPECT_FALSE(
      spki_of(sequence({pieces.issuer, pieces.issuer, pieces.issuer, pieces.issuer, pieces.issuer, pieces.issuer})))
      << "six elements";
}

TEST(Certificate, owns_its_bytes_and_shares_them_with_copies) {
  auto der = CertificatePieces{}.whole();
  auto original = Certificate::read(der);
  ASSERT_TRUE(original);
  std::ranges::fill(der, std::uint8_t{0});
  const Certificate copy = *original;
  EXPECT_EQ(copy.subject().data(), original->subject().data());
  original = Certificate::read(CertificatePieces{}.whole());
  EXPECT_EQ(as_text(copy.find_attribute(oids::common_name)->value), "device 1");
  EXPECT_EQ(copy, *original) << "equal by bytes, not by address";
}

struct Spoiled {
  const char* name;
  std::function<void(CertificatePieces&)> spoil;
};

void expect_refused(std::span<const Spoiled> cases) {
  ASSERT_TRUE(Certificate::read(CertificatePieces{}.whole())) << "the sample itself";
  for (const auto& [name, spoil] : cases) {
    CertificatePieces pieces;
    spoil(pieces);
    const auto certificate = Certificate::read(pieces.whole());
    ASSERT_FALSE(certificate) << name;
    EXPECT_EQ(certificate.error().code, Code::bad_request) << name;
  }
}

TEST(Certificate,
     malformed_fields_are_refused) {  // RFC 5280 §4.1.1.2, §4.1.2.1, §4.1.2.2, §4.1.2.4, §4.1.2.6, §4.1.2.8
  const std::array cases{
      Spoiled{"version_1_by_default", [](auto& p) { p.version = {}; }},
      Spoiled{"version_1_spelt_out", [](auto& p) { p.version = hex("a003020100"); }},
      Spoiled{"version_2", [](auto& p) { p.version = hex("a003020101"); }},
      Spoiled{"version_4", [](auto& p) { p.version = hex("a003020103"); }},
      Spoiled{"version_negative", [](auto& p) { p.version = hex("a0030201ff"); }},
      Spoiled{"version_not_minimal", [](auto& p) { p.version = hex("a00402020002"); }},
      Spoiled{"version_with_more", [](auto& p) { p.version = hex("a0050201020500"); }},
      Spoiled{"serial_zero", [](auto& p) { p.serial = hex("020100"); }},
      Spoiled{"serial_negative", [](auto& p) { p.serial = hex("020180"); }},
      Spoiled{"serial_padded", [](auto& p) { p.serial = hex("02020001"); }},
      Spoiled{"serial_empty", [](auto& p) { p.serial = hex("0200"); }},
      Spoiled{"serial_of_21", [](auto& p) { p.serial = element(der::tag::integer, Bytes(21, 0x11)); }},
      Spoiled{"serial_of_another_type", [](auto& p) { p.serial = hex("0a0101"); }},
      Spoiled{"algorithms_differ", [](auto& p) { p.inner = samples::algorithm_of(SignatureAlgorithm::ecdsa_sha384); }},
      Spoiled{"algorithm_with_null", [](auto& p) { p.inner = p.outer = hex("300c06082a8648ce3d0403020500"); }},
      Spoiled{"algorithm_sha1", [](auto& p) { p.inner = p.outer = hex("300d06092a864886f70d0101050500"); }},
      Spoiled{"issuer_empty", [](auto& p) { p.issuer = hex("3000"); }},
      Spoiled{"issuer_missing", [](auto& p) { p.issuer = {}; }},
      Spoiled{"subject_missing", [](auto& p) { p.subject = {}; }},
      Spoiled{"time_without_seconds",
              [](auto& p) { p.not_before = element(der::tag::utc_time, as_bytes("2601010000Z")); }},
      Spoiled{"time_of_1949",
              [](auto& p) { p.not_before = element(der::tag::generalized_time, as_bytes("19491231235959Z")); }},
      Spoiled{"time_missing", [](auto& p) { p.not_after = {}; }},
      Spoiled{"third_time", [](auto& p) { append(p.not_after, p.not_before); }},
      Spoiled{"key_missing", [](auto& p) { p.spki = {}; }},
      Spoiled{"issuer_unique_id", [](auto& p) { p.tail = hex("81020001"); }},
      Spoiled{"subject_unique_id", [](auto& p) { p.tail = hex("82020001"); }},
      Spoiled{"extensions_empty", [](auto& p) { p.extensions = hex("a3023000"); }},
      Spoiled{"extensions_field_empty", [](auto& p) { p.extensions = hex("a300"); }},
      Spoiled{"two_lists_of_extensions",
              [](auto& p) { p.extensions = hex("a31630093007060355040104003009300706035504010400"); }},
      Spoiled{"more_behind_the_extensions",
              [](auto& p) {
                p.extensions = samples::extensions_field(std::array{Extension{oids::key_usage, true, hex("0500")}});
                p.tail = hex("0500");
              }},
      Spoiled{"signature_with_unused_bits", [](auto& p) { p.signature = hex("030204f0"); }},
      Spoiled{"signature_of_another_type", [](auto& p) { p.signature = hex("0402aabb"); }},
      Spoiled{"signature_missing", [](auto& p) { p.signature = {}; }},
      Spoiled{"element_behind_the_signature", [](auto& p) { p.after = hex("0500"); }},
  };
  expect_refused(cases);
}

TEST(Certificate, hostile_encodings_are_refused) {  // AC-20
  using namespace std::string_view_literals;
  const std::array cases{
      Spoiled{"six_hundred_levels",
              [](auto& p) {
                p.spki = sequence(
                    {sequence({element(der::tag::oid, oids::rsa_encryption), samples::nested(600)}), hex("030200aa")});
              }},
      Spoiled{"indefinite_length_in_a_parameter",
              [](auto& p) {
                p.spki = sequence(
                    {sequence({element(der::tag::oid, oids::rsa_encryption), hex("30800000")}), hex("030200aa")});
              }},
      Spoiled{"name_of_70000", [](auto& p) { p.subject = name_of(std::string(70'000, 'a')); }},
      Spoiled{"name_of_2000", [](auto& p) { p.subject = name_of(std::string(2'000, 'a')); }},
      Spoiled{"nul_in_subject", [](auto& p) { p.subject = name_of("good\0.evil"sv); }},
      Spoiled{"nul_in_issuer", [](auto& p) { p.issuer = name_of("good\0.evil"sv); }},
      Spoiled{"invalid_utf8", [](auto& p) { p.subject = name_of("\xc3\x28"sv); }},
      Spoiled{"explicit_curve", [](auto& p) { p.spki = samples::ec_spki_with(samples::explicit_curve()); }},
      Spoiled{"implicit_curve", [](auto& p) { p.spki = samples::ec_spki_with(hex("0500")); }},
  };
  expect_refused(cases);
}

TEST(Certificate, hostile_frames_are_refused) {  // AC-20
  const auto good = CertificatePieces{}.whole();
  ASSERT_EQ(good[1], 0x81);
  const BytesView contents = BytesView{good}.subspan(3);
  struct Case {
    const char* name;
    Bytes input;
  };
  const std::array cases{
      Case{"nothing", {}},
      Case{"trailing_byte", joined({good, hex("00")})},
      Case{"trailing_certificate", joined({good, good})},
      Case{"indefinite", joined({hex("3080"), contents, hex("0000")})},
      Case{"four_gib", joined({hex("3084ffffffff"), contents})},
      Case{"length_of_eight_octets", joined({hex("3088"), hex("0000000000000000"), contents})},
      Case{"length_not_minimal", joined({hex("308200"), BytesView{good}.subspan(2)})},
      Case{"set_outside", joined({hex("31"), BytesView{good}.subspan(1)})},
      Case{"six_hundred_levels", samples::nested(600)},
      Case{"above_16_kib", element(der::tag::sequence, Bytes(kCertificateMaxBytes, 0))},
  };
  for (const auto& [name, input] : cases) {
    EXPECT_FALSE(Certificate::read(input)) << name;
    EXPECT_FALSE(Certificate::read_anchor(input)) << name;
  }
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(Certificate::read(BytesView{good}.first(size))) << "cut at " << size;
  }
}

TEST(Certificate, the_limits_themselves_are_allowed) {
  CertificatePieces pieces;
  pieces.serial = element(der::tag::integer, joined({hex("00"), Bytes(20, 0xFF)}));
  pieces.subject = hex("3000");
  std::vector<Bytes> types;
  std::vector<Extension> extensions;
  for (std::size_t i = 0; i < kExtensionsMax; ++i) {
    types.push_back({0x55, static_cast<std::uint8_t>(i)});
  }
  for (const auto& type : types) {
    extensions.push_back({type, false, {}});
  }
  pieces.extensions = samples::extensions_field(extensions);
  const auto certificate = Certificate::read(pieces.whole());
  ASSERT_TRUE(certificate) << certificate.error().detail;
  EXPECT_EQ(certificate->serial().size(), kSerialMaxOctets);
  EXPECT_TRUE(certificate->subject_attributes().empty());
  const auto one_more = oid<2, 5, 100>;
  extensions.push_back({one_more, false, {}});
  pieces.extensions = samples::extensions_field(extensions);
  EXPECT_FALSE(Certificate::read(pieces.whole()));
}

TEST(Certificate, generalized_time_may_stand_for_any_year) {
  CertificatePieces pieces;
  pieces.not_before = element(der::tag::generalized_time, as_bytes("20230101000000Z"));
  const auto certificate = Certificate::read(pieces.whole());
  ASSERT_TRUE(certificate);
  EXPECT_EQ(to_rfc3339(certificate->not_before()), "2023-01-01T00:00:00Z");
}

TEST(Certificate, anchors_may_be_signed_by_anything_but_nothing_is_verified_with_it) {
  CertificatePieces pieces;
  pieces.inner = pieces.outer = hex("300d06092a864886f70d0101050500");  // sha1WithRSAEncryption
  EXPECT_FALSE(Certificate::read(pieces.whole()));
  const auto anchor = Certificate::read_anchor(pieces.whole());
  ASSERT_TRUE(anchor);
  EXPECT_EQ(anchor->signature_algorithm(), SignatureAlgorithm::unverifiable);
  EXPECT_EQ(Certificate::read_anchor(CertificatePieces{}.whole())->signature_algorithm(),
            SignatureAlgorithm::ecdsa_sha256);
  pieces.outer = samples::algorithm_of(SignatureAlgorithm::ecdsa_sha256);
  EXPECT_FALSE(Certificate::read_anchor(pieces.whole())) << "inner and outer differ";
  pieces.inner = pieces.outer = hex("3000");
  EXPECT_FALSE(Certificate::read_anchor(pieces.whole())) << "no algorithm at all";
}

}  // namespace
}  // namespace birthmark::x509
