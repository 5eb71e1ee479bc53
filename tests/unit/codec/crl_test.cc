// SPDX-License-Identifier: Apache-2.0
#include "codec/crl.h"

#include <gtest/gtest.h>

#include "support/inputs.h"
#include "support/made_certificates.h"

namespace birthmark::x509 {
namespace {

using test::MadeCrl;

const auto kNow = from_ms(1'800'000'000'000);

/// Nothing verifies a signature here: the octets are anybody's.
Bytes unsigned_list(const MadeCrl& crl, std::string_view version = "020101") {
  der::Writer tbs;
  const auto algorithm = signature_algorithm_der(SignatureAlgorithm::ecdsa_sha256);
  tbs.open(der::tag::sequence).raw(test::hex(version)).raw(algorithm).raw(crl.issuer).time(crl.this_update);
  if (crl.next_update) {
    tbs.time(*crl.next_update);
  }
  if (!crl.entries.empty()) {
    tbs.open(der::tag::sequence);
    for (const auto& entry : crl.entries) {
      tbs.open(der::tag::sequence).primitive(der::tag::integer, entry.serial).time(entry.at);
      if (!entry.extensions.empty()) {
        tbs.raw(test::MadeCertificate::written(entry.extensions));
      }
      tbs.close();
    }
    tbs.close();
  }
  if (!crl.extensions.empty()) {
    tbs.open(der::tag::context_constructed(0)).raw(test::MadeCertificate::written(crl.extensions)).close();
  }
  tbs.close();
  der::Writer out;
  out.open(der::tag::sequence).raw(std::move(tbs).finish()).raw(algorithm).bit_string(Bytes{1, 2, 3}).close();
  return std::move(out).finish();
}

MadeCrl good() {
  MadeCrl crl;
  crl.issuer = test::common_name("CA");
  crl.this_update = kNow;
  crl.next_update = kNow + std::chrono::hours{24};
  crl.entries = {{.serial = {0x00, 0x80}, .at = kNow, .extensions = {test::reason(1)}},
                 {.serial = {0x05}, .at = kNow, .extensions = {}}};
  crl.extensions = {test::crl_number(9)};
  return crl;
}

TEST(Crl, says_what_stands_in_it) {
  const auto crl = Crl::read(unsigned_list(good())).value();
  EXPECT_EQ(to_bytes(crl.issuer()), test::common_name("CA"));
  EXPECT_EQ(crl.this_update(), kNow);
  EXPECT_EQ(crl.next_update(), kNow + std::chrono::hours{24});
  EXPECT_EQ(to_bytes(crl.number().value()), Bytes{9});
  EXPECT_FALSE(crl.base_number());
  EXPECT_FALSE(crl.scope());
  EXPECT_FALSE(crl.has_unknown_critical());
  ASSERT_EQ(crl.entries().size(), 2U);
  EXPECT_EQ(to_bytes(crl.entries()[0].serial), Bytes{5});  // in the order of the serials
  ASSERT_EQ(crl.find(Bytes{0x80}).size(), 1U);
  EXPECT_EQ(crl.find(Bytes{0x80})[0].reason, RevocationReason::key_compromise);
  EXPECT_TRUE(crl.find(Bytes{0x81}).empty());
  EXPECT_TRUE(crl.find({}).empty());
}

TEST(Crl, every_truncation_is_refused_and_no_damage_faults) {
  const auto whole = unsigned_list(good());
  test::each_truncation(whole, [](const Bytes& cut) { EXPECT_FALSE(Crl::read(cut)); });
  test::each_damage(whole, [](const Bytes& damaged) {
    if (const auto crl = Crl::read(damaged)) {
      EXPECT_EQ(to_bytes(crl->der()), damaged);
    }
  });
  auto longer = whole;
  longer.push_back(0);
  EXPECT_FALSE(Crl::read(longer));
  EXPECT_FALSE(Crl::read({}));
  EXPECT_FALSE(Crl::read(Bytes(kCrlMaxBytes + 1, 0x30)));
}

TEST(Crl, versions_other_than_1_and_2_are_refused) {  // RFC 5280 §5.1.2.1
  auto plain = good();
  plain.extensions.clear();
  EXPECT_TRUE(Crl::read(unsigned_list(plain, "")));
  EXPECT_FALSE(Crl::read(unsigned_list(good(), "")));  // extensions in version 1
  EXPECT_FALSE(Crl::read(unsigned_list(plain, "020100")));
  EXPECT_FALSE(Crl::read(unsigned_list(plain, "020102")));
}

struct Case {
  const char* name;
  void (*change)(MadeCrl&);
};

TEST(Crl, what_the_standard_does_not_allow_is_refused) {  // RFC 5280 §5.1.2.6, §5.2, §5.3
  const Case cases[] = {
      {"negative_serial", [](MadeCrl& c) { c.entries[0].serial = {0x85}; }},
      {"zero_serial", [](MadeCrl& c) { c.entries[0].serial = {0x00}; }},
      {"serial_of_21_octets", [](MadeCrl& c) { c.entries[0].serial = Bytes(21, 0x11); }},
      {"serial_not_minimal",
       [](MadeCrl& c) {
         c.entries[0].serial = {0x00, 0x05};
       }},
      {"reason_7", [](MadeCrl& c) { c.entries[0].extensions = {test::reason(7)}; }},
      {"reason_11", [](MadeCrl& c) { c.entries[0].extensions = {test::reason(11)}; }},
      {"reason_twice",
       [](MadeCrl& c) {
         c.entries[0].extensions = {test::reason(1), test::reason(2)};
       }},
      {"issuer_that_is_no_name",
       [](MadeCrl& c) {
         c.entries[0].extensions = {{to_bytes(oids::certificate_issuer), true,
                                     test::element(der::tag::sequence, test::general_names({test::dns("a.example")}))}};
       }},
      {"empty_issuer",
       [](MadeCrl& c) {
         c.issuer = {0x30, 0x00};
       }},
      {"number_twice",
       [](MadeCrl& c) {
         c.extensions = {test::crl_number(1), test::crl_number(2)};
       }},
      {"negative_number", [](MadeCrl& c) { c.extensions = {test::crl_number(0x80)}; }},
      {"empty_scope", [](MadeCrl& c) { c.extensions = {test::scope({})}; }},
      {"scope_of_users_and_cas",
       [](MadeCrl& c) {
         c.extensions = {test::scope({test::hex("8101ff"), test::hex("8201ff")})};
       }},
      {"scope_with_false", [](MadeCrl& c) { c.extensions = {test::scope({test::hex("810100")})}; }},
      {"scope_out_of_order",
       [](MadeCrl& c) {
         c.extensions = {test::scope({test::hex("8401ff"), test::hex("8101ff")})};
       }},
      {"scope_of_no_reason", [](MadeCrl& c) { c.extensions = {test::scope({test::hex("830100")})}; }},
  };
  for (const auto& [name, change] : cases) {
    auto crl = good();
    change(crl);
    EXPECT_FALSE(Crl::read(unsigned_list(crl))) << name;
  }
}

TEST(Crl, entries_inherit_the_issuer_before_them) {  // RFC 5280 §5.3.3
  auto crl = good();
  crl.extensions.push_back(test::scope({test::hex("8401ff")}));
  const auto other = test::common_name("other");
  crl.entries = {{.serial = {1}, .at = kNow, .extensions = {}},
                 {.serial = {2},
                  .at = kNow,
                  .extensions = {{to_bytes(oids::certificate_issuer), true,
                                  test::element(der::tag::sequence, test::general_names({test::directory(other)}))}}},
                 {.serial = {3}, .at = kNow, .extensions = {test::reason(1)}}};
  const auto read = Crl::read(unsigned_list(crl)).value();
  EXPECT_TRUE(read.find(Bytes{1})[0].certificate_issuer.empty());
  EXPECT_EQ(to_bytes(read.find(Bytes{2})[0].certificate_issuer), other);
  EXPECT_EQ(to_bytes(read.find(Bytes{3})[0].certificate_issuer), other);
  EXPECT_TRUE(read.scope()->indirect);
}

TEST(Crl, something_critical_that_is_not_known_is_told) {
  for (const bool in_entry : {false, true}) {
    auto crl = good();
    const test::MadeExtension unknown{test::hex("2a03"), true, {0x05, 0x00}};
    (in_entry ? crl.entries[0].extensions : crl.extensions).push_back(unknown);
    EXPECT_TRUE(Crl::read(unsigned_list(crl)).value().has_unknown_critical());
  }
}

}  // namespace
}  // namespace birthmark::x509
