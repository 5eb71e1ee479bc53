// SPDX-License-Identifier: Apache-2.0
#include "codec/cms.h"

#include <gtest/gtest.h>

#include <functional>

#include "der_samples.h"

namespace birthmark::cms {
namespace {

using samples::CertificatePieces;
using samples::element;
using samples::hex;
using samples::joined;
using samples::sequence;

Bytes certificate_named(std::string_view name) {
  CertificatePieces pieces;
  pieces.subject = samples::name_of(name);
  return pieces.whole();
}

/// A bundle from replaceable pieces.
struct BundlePieces {
  Bytes type = element(der::tag::oid, oids::signed_data);
  Bytes version = hex("020101");
  Bytes digests = hex("3100");
  Bytes content = sequence({element(der::tag::oid, oids::data)});
  Bytes certificates = element(0xA0, certificate_named("one"));
  Bytes crls = {};
  Bytes signers = hex("3100");
  Bytes tail = {};
  Bytes after = {};
  [[nodiscard]] Bytes whole() const {
    const auto data = sequence({version, digests, content, certificates, crls, signers, tail});
    return sequence({type, element(0xA0, data), after});
  }
};

TEST(CertsOnly, comes_back_in_der_order) {  // RFC 7030 §4.1.3
  const std::vector given{certificate_named("b"), certificate_named("a")};
  const auto bundle = certs_only(given);
  ASSERT_TRUE(bundle);
  const auto read = read_certs_only(*bundle);
  ASSERT_TRUE(read) << read.error().detail;
  ASSERT_EQ(read->size(), 2U);
  EXPECT_TRUE(equal((*read)[0].der(), given[1]));
  EXPECT_TRUE(equal((*read)[1].der(), given[0]));
  EXPECT_EQ(certs_only(std::vector{given[1], given[0]}).value(), *bundle);
}

TEST(CertsOnly, writes_the_degenerate_form) {  // RFC 5652 §5.1
  const auto bundle = certs_only(std::array{certificate_named("one")}).value();
  EXPECT_EQ(bundle, BundlePieces{}.whole());
}

TEST(CertsOnly, writer_is_bounded) {
  EXPECT_FALSE(certs_only({}));
  EXPECT_TRUE(certs_only(std::vector<Bytes>(kCertificatesMax, certificate_named("a"))));
  EXPECT_FALSE(certs_only(std::vector<Bytes>(kCertificatesMax + 1, certificate_named("a"))));
}

TEST(CertsOnly, an_empty_content_is_no_content) {
  BundlePieces pieces;
  pieces.content = sequence({element(der::tag::oid, oids::data), hex("a0020400")});
  EXPECT_TRUE(read_certs_only(pieces.whole()));
}

struct Spoiled {
  const char* name;
  std::function<void(BundlePieces&)> spoil;
};

TEST(CertsOnly, anything_else_is_refused) {  // RFC 5652 §5.1, §10.2.2
  const std::array cases{
      Spoiled{"another_type", [](auto& p) { p.type = element(der::tag::oid, oids::data); }},
      Spoiled{"version_3", [](auto& p) { p.version = hex("020103"); }},
      Spoiled{"digest_algorithm", [](auto& p) { p.digests = hex("310d300b0609608648016503040201"); }},
      Spoiled{"content",
              [](auto& p) {
                p.content = sequence({element(der::tag::oid, oids::data), hex("a003040161")});
              }},
      Spoiled{"content_of_another_type",
              [](auto& p) { p.content = sequence({element(der::tag::oid, oids::signed_data)}); }},
      Spoiled{"content_twice",
              [](auto& p) {
                p.content = sequence({element(der::tag::oid, oids::data), hex("a00404000400")});
              }},
      Spoiled{"no_certificates_field", [](auto& p) { p.certificates = {}; }},
      Spoiled{"no_certificate", [](auto& p) { p.certificates = hex("a000"); }},
      Spoiled{"attribute_certificate", [](auto& p) { p.certificates = hex("a002a200"); }},
      Spoiled{"not_a_certificate", [](auto& p) { p.certificates = hex("a0023000"); }},
      Spoiled{"too_many_certificates",
              [](auto& p) {
                Bytes many;
                for (std::size_t i = 0; i <= kCertificatesMax; ++i) {
                  append(many, certificate_named("a"));
                }
                p.certificates = element(0xA0, many);
              }},
      Spoiled{"empty_crls", [](auto& p) { p.crls = hex("a100"); }},
      Spoiled{"crl", [](auto& p) { p.crls = hex("a1023000"); }},
      Spoiled{"signer", [](auto& p) { p.signers = hex("31023000"); }},
      Spoiled{"no_signers_field", [](auto& p) { p.signers = {}; }},
      Spoiled{"more_in_the_data", [](auto& p) { p.tail = hex("0500"); }},
      Spoiled{"more_behind_the_data", [](auto& p) { p.after = hex("0500"); }},
  };
  ASSERT_TRUE(read_certs_only(BundlePieces{}.whole())) << "the sample itself";
  for (const auto& [name, spoil] : cases) {
    BundlePieces pieces;
    spoil(pieces);
    const auto read = read_certs_only(pieces.whole());
    ASSERT_FALSE(read) << name;
    EXPECT_EQ(read.error().code, Code::bad_request) << name;
  }
}

TEST(CertsOnly, hostile_frames_are_refused) {  // AC-20
  const auto good = BundlePieces{}.whole();
  ASSERT_EQ(good[1], 0x81);
  const BytesView contents = BytesView{good}.subspan(3);
  for (const auto& input :
       {Bytes{}, joined({good, hex("00")}), joined({hex("3080"), contents, hex("0000")}),
        joined({hex("3084ffffffff"), contents}), samples::nested(600), Bytes(kCertsOnlyMaxBytes + 1, 0x30)}) {
    EXPECT_FALSE(read_certs_only(input));
  }
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(read_certs_only(BytesView{good}.first(size))) << "cut at " << size;
  }
}

}  // namespace
}  // namespace birthmark::cms
