// SPDX-License-Identifier: Apache-2.0
// Revocation by lists with their scopes (RFC 5280 §5, §6.3). Asked for, it fails closed.
#include "unit/pki/path/chain.h"

namespace birthmark::pki::path {
namespace {

using test::MadeCrl;
using testing::Chain;
using testing::kNow;

const auto kUserOnly = test::element(0x81, Bytes{0xFF});
const auto kCaOnly = test::element(0x82, Bytes{0xFF});
const auto kAttributesOnly = test::element(0x85, Bytes{0xFF});
const auto kIndirect = test::element(0x84, Bytes{0xFF});
const auto kKeyCompromiseOnly = test::element(0x83, Bytes{0x06, 0x40});
const auto kAllButKeyCompromise = test::element(0x83, Bytes{0x07, 0x3F, 0x80});
Bytes point(std::string_view text) {
  return test::element(0xA0, test::element(0xA0, test::element(0x86, as_bytes(text))));
}

MadeCrl list_of(const testing::Link& issuer) {
  MadeCrl crl;
  crl.issuer = issuer.made.subject;
  crl.this_update = kNow - std::chrono::hours{1};
  crl.next_update = kNow + std::chrono::hours{1};
  crl.extensions = {test::authority_key_id(testing::key_id(issuer.key)), test::crl_number(7)};
  return crl;
}

test::MadeEntry entry(const testing::Link& of) {
  return {.serial = of.made.serial, .at = kNow - std::chrono::hours{2}, .extensions = {}};
}

struct Case {
  const char* name;
  void (*set)(Chain&);
  bool accepted;
};

void put(Chain& c, const MadeCrl& crl) {
  c.crls.push_back(crl.signed_by(c.ca().key));
}

const Case kCases[] = {
    {"not_listed", [](Chain& c) { put(c, list_of(c.ca())); }, true},
    {"no_list", [](Chain&) {}, false},
    {"listed",
     [](Chain& c) {
       auto crl = list_of(c.ca());
       crl.entries = {entry(c.leaf())};
       put(c, crl);
     },
     false},
    {"listed_among_many",
     [](Chain& c) {
       auto crl = list_of(c.ca());
       for (std::uint8_t i = 0; i < 200; ++i) {
         crl.entries.push_back({.serial = {0x7F, static_cast<std::uint8_t>(i | 1)}, .at = kNow, .extensions = {}});
       }
       crl.entries.push_back(entry(c.leaf()));
       put(c, crl);
     },
     false},
    {"on_hold",
     [](Chain& c) {
       auto crl = list_of(c.ca());
       crl.entries = {entry(c.leaf())};
       crl.entries[0].extensions = {test::reason(6)};
       put(c, crl);
     },
     false},
    {"of_another_ca",
     [](Chain& c) {
       const auto crl = list_of(c.root());
       c.crls.push_back(crl.signed_by(c.root().key));
     },
     false},
    {"of_another_key", [](Chain& c) { c.crls.push_back(list_of(c.ca()).signed_by(c.leaf().key)); }, false},
    {"out_of_date",
     [](Chain& c) {
       auto crl = list_of(c.ca());
       crl.next_update = kNow - std::chrono::seconds{1};
       put(c, crl);
     },
     false},
    {"of_tomorrow",
     [](Chain& c) {
       auto crl = list_of(c.ca());
       crl.this_update = kNow + std::chrono::seconds{1};
       put(c, crl);
     },
     false},
    {"without_an_end",
     [](Chain& c) {
       auto crl = list_of(c.ca());
       crl.next_update.reset();
       put(c, crl);
     },
     false},
    {"without_an_end_where_nobody_insists",
     [](Chain& c) {
       c.options.conformance = Conformance::path;
       auto crl = list_of(c.ca());
       crl.next_update.reset();
       put(c, crl);
     },
     true},
    {"older_than_is_allowed",
     [](Chain& c) {
       c.options.crl_age_max = std::chrono::minutes{30};
       put(c, list_of(c.ca()));
     },
     false},
    {"signed_by_a_ca_that_signs_no_lists",
     [](Chain& c) {
       c.ca().put(test::key_usage(usage::key_cert_sign));
       put(c, list_of(c.ca()));
     },
     false},
    {"unknown_critical_extension",
     [](Chain& c) {
       auto crl = list_of(c.ca());
       crl.extensions.push_back({test::hex("2a03"), true, {0x05, 0x00}});
       put(c, crl);
     },
     false},
    {"unknown_critical_extension_of_another_entry",
     [](Chain& c) {
       auto crl = list_of(c.ca());
       crl.entries = {{.serial = {0x01}, .at = kNow, .extensions = {{test::hex("2a03"), true, {0x05, 0x00}}}}};
       put(c, crl);
     },
     false},
    {"for_users",
     [](Chain& c) {
       auto crl = list_of(c.ca());
       crl.extensions.push_back(test::scope({kUserOnly}));
       put(c, crl);
     },
     true},
    {"for_cas",
     [](Chain& c) {
       auto crl = list_of(c.ca());
       crl.extensions.push_back(test::scope({kCaOnly}));
       put(c, crl);
     },
     false},
    {"for_attribute_certificates",
     [](Chain& c) {
       auto crl = list_of(c.ca());
       crl.extensions.push_back(test::scope({kAttributesOnly}));
       put(c, crl);
     },
     false},
    {"for_some_reasons",
     [](Chain& c) {
       auto crl = list_of(c.ca());
       crl.extensions.push_back(test::scope({kKeyCompromiseOnly}));
       put(c, crl);
     },
     false},
    {"for_all_reasons_together",
     [](Chain& c) {
       auto crl = list_of(c.ca());
       crl.extensions.push_back(test::scope({kKeyCompromiseOnly}));
       put(c, crl);
       crl.extensions.back() = test::scope({kAllButKeyCompromise});
       put(c, crl);
     },
     true},
    {"for_the_point_of_the_certificate",
     [](Chain& c) {
       c.leaf().put(test::distribution_point("http://crl.example/1"));
       auto crl = list_of(c.ca());
       crl.extensions.push_back(test::scope({point("http://crl.example/1")}));
       put(c, crl);
     },
     true},
    {"for_another_point",
     [](Chain& c) {
       c.leaf().put(test::distribution_point("http://crl.example/1"));
       auto crl = list_of(c.ca());
       crl.extensions.push_back(test::scope({point("http://crl.example/2")}));
       put(c, crl);
     },
     false},
    {"indirect_and_listed_for_another_issuer",
     [](Chain& c) {
       auto crl = list_of(c.ca());
       crl.extensions.push_back(test::scope({kIndirect}));
       crl.entries = {entry(c.leaf())};
       const auto other = test::general_names({test::directory(test::common_name("other"))});
       crl.entries[0].extensions = {
           {to_bytes(oids::certificate_issuer), true, test::element(der::tag::sequence, other)}};
       put(c, crl);
     },
     true},
    {"indirect_and_listed_under_the_last_issuer_named",
     [](Chain& c) {
       auto crl = list_of(c.ca());
       crl.extensions.push_back(test::scope({kIndirect}));
       const auto own = test::general_names({test::directory(c.ca().made.subject)});
       crl.entries = {{.serial = {0x01}, .at = kNow, .extensions = {}}, entry(c.leaf())};
       crl.entries[0].extensions = {{to_bytes(oids::certificate_issuer), true, test::element(der::tag::sequence, own)}};
       put(c, crl);
     },
     false},
    {"changes_alone",
     [](Chain& c) {
       auto crl = list_of(c.ca());
       crl.extensions.push_back(test::crl_number(7, true));
       put(c, crl);
     },
     false},
    {"revoked_by_changes",
     [](Chain& c) {
       auto crl = list_of(c.ca());
       put(c, crl);
       crl.extensions[1] = test::crl_number(8);
       crl.extensions.push_back(test::crl_number(7, true));
       crl.entries = {entry(c.leaf())};
       put(c, crl);
     },
     false},
    {"taken_off_by_changes",
     [](Chain& c) {
       auto crl = list_of(c.ca());
       crl.entries = {entry(c.leaf())};
       crl.entries[0].extensions = {test::reason(6)};
       put(c, crl);
       crl.extensions[1] = test::crl_number(8);
       crl.extensions.push_back(test::crl_number(7, true));
       crl.entries[0].extensions = {test::reason(8)};
       put(c, crl);
     },
     true},
    {"changes_to_a_later_list",
     [](Chain& c) {
       auto crl = list_of(c.ca());
       crl.next_update = kNow - std::chrono::seconds{1};
       put(c, crl);
       crl.next_update = kNow + std::chrono::hours{1};
       crl.extensions[1] = test::crl_number(10);
       crl.extensions.push_back(test::crl_number(9, true));
       put(c, crl);
     },
     false},
};

class Status : public ::testing::TestWithParam<Case> {};
INSTANTIATE_TEST_SUITE_P(Rfc5280, Status, ::testing::ValuesIn(kCases),
                         [](const auto& one) { return std::string{one.param.name}; });

TEST_P(Status, of_the_leaf) {  // RFC 5280 §6.3.3
  Chain chain;
  chain.options.revocation = RevocationScope::leaf;
  GetParam().set(chain);
  const auto judgement = chain.judge();
  const auto* const failure = judgement.failure();
  EXPECT_EQ(judgement.accepted(), GetParam().accepted) << (failure == nullptr ? "" : failure->detail);
  if (failure != nullptr) {
    EXPECT_EQ(failure->check, "path.revocation");
  }
}

TEST_P(Status, openssl_accepts_no_more_than_we_do) {
  Chain chain;
  chain.options.revocation = RevocationScope::leaf;
  GetParam().set(chain);
  // It asks for no number, end or age of a list, and for changes only where the certificate names them (freshestCRL).
  const std::string_view name = GetParam().name;
  if (name == "without_an_end" || name == "older_than_is_allowed" || name == "changes_alone" ||
      name == "revoked_by_changes") {
    return;
  }
  EXPECT_FALSE(chain.ask_openssl().accepted && !GetParam().accepted) << chain.ask_openssl().reason;
}

TEST(Revocation, of_all_asks_for_every_certificate_below_the_anchor) {
  Chain chain;
  chain.options.revocation = RevocationScope::all;
  chain.crls.push_back(list_of(chain.ca()).signed_by(chain.ca().key));
  EXPECT_EQ(chain.judge().failure()->certificate, 1U);
  auto crl = list_of(chain.root());
  chain.crls.push_back(crl.signed_by(chain.root().key));
  EXPECT_TRUE(chain.judge().accepted());
  crl.entries = {entry(chain.ca())};
  chain.crls.back() = crl.signed_by(chain.root().key);
  EXPECT_EQ(chain.judge().failure()->certificate, 1U);
}

/// A certificate of the CA's name with another key, which signs lists only.
Bytes list_signer(Chain& c, const crypto::PrivateKey& key, std::uint32_t bits) {
  test::MadeCertificate made;
  made.serial = {0x4B, 0x55};
  made.subject = c.ca().made.subject;
  made.issuer = c.root().made.subject;
  made.not_before = testing::kBegin;
  made.not_after = testing::kEnd;
  made.spki = to_bytes(key.public_key().spki());
  made.extensions = {test::key_usage(bits), test::subject_key_id(testing::key_id(key)),
                     test::authority_key_id(testing::key_id(c.root().key))};
  return made.signed_by(c.root().key);
}

TEST(Revocation, takes_lists_of_a_key_apart_if_it_leads_to_the_same_anchor) {  // RFC 5280 §6.3.3(f)
  const auto key = testing::new_key();
  Chain chain;
  chain.options.revocation = RevocationScope::leaf;
  chain.crls.push_back(list_of(chain.ca()).signed_by(key));
  EXPECT_FALSE(chain.judge().accepted());
  chain.more_hints = {list_signer(chain, key, usage::crl_sign)};
  EXPECT_TRUE(chain.judge().accepted());
  chain.more_hints = {list_signer(chain, key, usage::digital_signature)};
  EXPECT_FALSE(chain.judge().accepted());
}

TEST(Revocation, of_a_key_apart_counts_as_well) {
  const auto key = testing::new_key();
  Chain chain;
  chain.options.revocation = RevocationScope::all;
  chain.more_hints = {list_signer(chain, key, usage::crl_sign)};
  auto of_root = list_of(chain.root());
  chain.crls = {list_of(chain.ca()).signed_by(key), of_root.signed_by(chain.root().key)};
  EXPECT_TRUE(chain.judge().accepted());
  of_root.entries = {{.serial = {0x4B, 0x55}, .at = kNow, .extensions = {}}};
  chain.crls.back() = of_root.signed_by(chain.root().key);
  EXPECT_FALSE(chain.judge().accepted());
}

}  // namespace
}  // namespace birthmark::pki::path
