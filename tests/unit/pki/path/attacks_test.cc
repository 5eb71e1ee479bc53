// SPDX-License-Identifier: Apache-2.0
// A good chain of our own, and everything that can be wrong with it, once each. OpenSSL in its strictest mode stands
// beside: where it takes what must be refused, or refuses what is good, the table says so.
#include <array>
#include <deque>

#include "unit/pki/path/chain.h"

namespace birthmark::pki::path {
namespace {

using testing::Chain;
using testing::key_id;
using testing::Link;
using testing::new_key;

enum class Openssl : std::uint8_t { accepts, refuses };
using enum Openssl;

struct Attack {
  const char* name;
  void (*spoil)(Chain&);
  const char* check;  ///< the step that fails; empty: the chain is good
  Openssl openssl;
  std::size_t intermediates = 1;
};

void rename(Link& link, std::string_view name) {
  link.made.subject = test::common_name(name);
}

crypto::PrivateKey& stranger() {
  static auto key = new_key();
  return key;
}

Bytes named_ca(std::string_view name, const Bytes& issuer, const crypto::PrivateKey& key,
               const crypto::PrivateKey& signer) {
  test::MadeCertificate made;
  made.serial = {0x4B, 0x77};
  made.subject = test::common_name(name);
  made.issuer = issuer;
  made.not_before = testing::kBegin;
  made.not_after = testing::kEnd;
  made.spki = to_bytes(key.public_key().spki());
  made.extensions = {test::basic_constraints(true), test::key_usage(usage::key_cert_sign),
                     test::subject_key_id(key_id(key)), test::authority_key_id(key_id(signer))};
  return made.signed_by(signer);
}

/// CAs of one mesh, each signed by each: paths grow with the factorial of their number.
void put_mesh(Chain& chain, std::size_t size, bool same_name) {
  std::vector<crypto::PrivateKey> keys;
  for (std::size_t i = 0; i < size; ++i) {
    keys.push_back(new_key());
  }
  const auto name = [&](std::size_t i) { return same_name ? std::string{"mesh"} : "mesh " + std::to_string(i); };
  for (std::size_t i = 0; i < size; ++i) {
    for (std::size_t j = 0; j < size; ++j) {
      if (i != j) {
        chain.more_hints.push_back(named_ca(name(i), test::common_name(name(j)), keys[i], keys[j]));
      }
    }
  }
  // The leaf is of one of them, and none of them is of the anchor; but a name of theirs is one that the anchor issued.
  chain.more_hints.push_back(named_ca(name(0), chain.root().made.subject, stranger(), chain.root().key));
  chain.leaf().made.issuer = test::common_name(name(1 % size));
  static std::deque<crypto::PrivateKey> kept;
  kept.push_back(std::move(keys[1 % size]));
  chain.leaf().signer = &kept.back();
}

const std::array kUnknownOid = oid<1, 3, 6, 1, 4, 1, 99999, 1>;

const Attack kAttacks[] = {
    {"good", [](Chain&) {}, "", accepts},
    {"good_with_no_intermediate", [](Chain&) {}, "", accepts, 0},
    {"good_with_five_intermediates", [](Chain&) {}, "", accepts, 5},
    // To OpenSSL a certificate has ended in the second that is its last (RFC 5280 §4.1.2.5: it belongs to it).
    {"good_for_ever",
     [](Chain& c) {
       for (auto* const link : {&c.root(), &c.ca(), &c.leaf()}) {
         link->made.not_after = kNoEnd;
       }
       c.options.at = from_rfc3339("9999-12-31T23:59:59Z").value();
     },
     "", refuses},
    {"good_at_the_first_second_of_2050",
     [](Chain& c) {
       for (auto* const link : {&c.root(), &c.ca(), &c.leaf()}) {
         link->made.not_before = c.options.at = from_rfc3339("2050-01-01T00:00:00Z").value();
         link->made.not_after = from_rfc3339("2050-01-01T00:00:00Z").value();
       }
     },
     "", refuses},
    {"good_in_another_spelling",
     [](Chain& c) {
       rename(c.ca(), "Some  CA");
       c.leaf().made.issuer = test::common_name("some ca", der::tag::printable_string);
     },
     "", accepts},

    // --- who signed it ---
    {"signed_by_a_stranger", [](Chain& c) { c.leaf().signer = &stranger(); }, "path.signature", refuses},
    {"ca_signed_by_a_stranger", [](Chain& c) { c.ca().signer = &stranger(); }, "path.signature", refuses},
    {"same_name_self_signed_ca",
     [](Chain& c) {
       c.ca().made.issuer = c.ca().made.subject;
       c.ca().signer = &c.ca().key;
     },
     "path.search", refuses},
    {"root_of_the_same_name",
     [](Chain& c) {
       c.more_hints.push_back(named_ca("root", c.root().made.subject, stranger(), stranger()));
       c.ca().signer = &stranger();
     },
     "path.signature", refuses},
    {"issuer_of_another_name", [](Chain& c) { c.leaf().made.issuer = test::common_name("ca 2"); }, "path.search",
     refuses},
    {"leaf_is_its_own_anchor",
     [](Chain& c) {
       c.leaf().made.issuer = c.leaf().made.subject;
       c.leaf().signer = &c.leaf().key;
       c.more_anchors.push_back(c.leaf().made.signed_by(c.leaf().key));
     },
     "path.search", refuses},
    {"explicit_curve",  // CVE-2020-0601
     [](Chain& c) {
       const auto point = to_bytes(c.ca().key.public_key().point());
       der::Writer spki;
       spki.open(der::tag::sequence).open(der::tag::sequence).oid(oids::ec_public_key);
       spki.open(der::tag::sequence).unsigned_int(1).close().close().bit_string(point).close();
       c.ca().made.spki = std::move(spki).finish();
     },
     "path.search", refuses},
    {"off_the_curve",
     [](Chain& c) { c.ca().made.spki.back() = static_cast<std::uint8_t>(c.ca().made.spki.back() ^ 1); }, "path.search",
     refuses},

    // --- dates, at each level ---
    {"leaf_expired", [](Chain& c) { c.leaf().made.not_after = testing::kNow - std::chrono::seconds{1}; },
     "path.validity", refuses},
    {"ca_expired", [](Chain& c) { c.ca().made.not_after = testing::kNow - std::chrono::seconds{1}; }, "path.validity",
     refuses},
    {"root_expired", [](Chain& c) { c.root().made.not_after = testing::kNow - std::chrono::seconds{1}; },
     "path.validity", refuses},
    {"leaf_not_yet", [](Chain& c) { c.leaf().made.not_before = testing::kNow + std::chrono::seconds{1}; },
     "path.validity", refuses},
    {"ca_not_yet", [](Chain& c) { c.ca().made.not_before = testing::kNow + std::chrono::seconds{1}; }, "path.validity",
     refuses},
    {"root_not_yet", [](Chain& c) { c.root().made.not_before = testing::kNow + std::chrono::seconds{1}; },
     "path.validity", refuses},

    // --- what a CA must be ---
    {"ca_without_basic_constraints", [](Chain& c) { c.ca().drop(oids::basic_constraints); }, "path.basic_constraints",
     refuses},
    {"ca_that_is_none", [](Chain& c) { c.ca().put(test::basic_constraints(false)); }, "path.basic_constraints",
     refuses},
    {"root_that_is_none", [](Chain& c) { c.root().put(test::basic_constraints(false)); }, "path.basic_constraints",
     refuses},
    {"serial_of_20_octets_and_a_sign", [](Chain& c) { c.leaf().made.serial = Bytes(20, 0x81); }, "path.allowed",
     accepts},
    {"basic_constraints_not_critical", [](Chain& c) { c.ca().put(test::basic_constraints(true, {}, false)); },
     "path.allowed", refuses},
    {"no_key_cert_sign", [](Chain& c) { c.ca().put(test::key_usage(usage::crl_sign)); }, "path.key_usage", refuses},
    {"root_no_key_cert_sign", [](Chain& c) { c.root().put(test::key_usage(usage::crl_sign)); }, "path.key_usage",
     refuses},
    {"ca_without_key_usage", [](Chain& c) { c.ca().drop(oids::key_usage); }, "path.issuer_profile", refuses},
    {"leaf_that_signs",
     [](Chain& c) { c.leaf().put(test::key_usage(usage::digital_signature | usage::key_cert_sign)); }, "path.allowed",
     refuses},
    {"path_length_0", [](Chain& c) { c.ca().put(test::basic_constraints(true, 0)); }, "path.length", refuses, 2},
    {"path_length_of_the_root", [](Chain& c) { c.root().put(test::basic_constraints(true, 1)); }, "path.length",
     refuses, 2},
    {"path_length_that_fits", [](Chain& c) { c.root().put(test::basic_constraints(true, 2)); }, "", accepts, 2},
    {"path_length_that_grows",
     [](Chain& c) {
       c.root().put(test::basic_constraints(true, 1));
       c.ca().put(test::basic_constraints(true, 9));
     },
     "path.length", refuses, 2},
    {"path_length_is_not_the_leafs", [](Chain& c) { c.ca().put(test::basic_constraints(true, 0)); }, "", accepts},
    {"too_deep", [](Chain& c) { c.options.intermediates_max = 1; }, "path.search", accepts, 2},

    // --- extensions ---
    {"unknown_critical_in_leaf",
     [](Chain& c) {
       c.leaf().put({to_bytes(kUnknownOid), true, {0x05, 0x00}});
     },
     "path.critical", refuses},
    {"unknown_critical_in_ca",
     [](Chain& c) {
       c.ca().put({to_bytes(kUnknownOid), true, {0x05, 0x00}});
     },
     "path.critical", refuses},
    {"unknown_critical_in_root",
     [](Chain& c) {
       c.root().put({to_bytes(kUnknownOid), true, {0x05, 0x00}});
     },
     "path.critical", refuses},
    {"unknown_that_is_not_critical",
     [](Chain& c) {
       c.leaf().put({to_bytes(kUnknownOid), false, {0x05, 0x00}});
     },
     "", accepts},
    {"extension_twice",
     [](Chain& c) { c.leaf().made.extensions.push_back(test::alt_names({test::dns("other.example.com")})); },
     "path.leaf", refuses},
    {"no_authority_key_id", [](Chain& c) { c.leaf().drop(oids::authority_key_identifier); }, "path.issuer_profile",
     refuses},
    {"authority_key_id_critical", [](Chain& c) { c.leaf().find(oids::authority_key_identifier)->critical = true; },
     "path.allowed", refuses},
    {"no_subject_key_id_in_ca", [](Chain& c) { c.ca().drop(oids::subject_key_identifier); }, "path.issuer_profile",
     refuses},
    {"malformed_key_usage",
     [](Chain& c) {
       c.leaf().find(oids::key_usage)->value = {0x03, 0x02, 0x00, 0x80};
     },
     "path.form", accepts},
    {"serial_of_21_octets", [](Chain& c) { c.leaf().made.serial = Bytes(21, 0x11); }, "path.leaf", accepts},
    {"empty_subject",
     [](Chain& c) {
       c.leaf().made.subject = {0x30, 0x00};
     },
     "path.allowed", refuses},
    {"empty_subject_and_critical_name",
     [](Chain& c) {
       c.leaf().made.subject = {0x30, 0x00};
       c.leaf().put(test::alt_names({test::dns("www.example.com")}, true));
     },
     "", accepts},

    // --- purposes and hosts ---
    {"client_certificate", [](Chain& c) { c.leaf().put(test::extended_key_usage({oids::client_auth})); },
     "path.purpose", refuses},
    {"any_purpose_of_a_leaf", [](Chain& c) { c.leaf().put(test::extended_key_usage({oids::any_extended_key_usage})); },
     "path.purpose", refuses},
    {"ca_for_clients", [](Chain& c) { c.ca().put(test::extended_key_usage({oids::client_auth})); }, "path.purpose",
     refuses},
    {"ca_for_any", [](Chain& c) { c.ca().put(test::extended_key_usage({oids::any_extended_key_usage})); }, "", refuses},
    {"no_use_in_a_handshake", [](Chain& c) { c.leaf().put(test::key_usage(1U << 1)); }, "path.purpose", refuses},
    {"another_host", [](Chain& c) { c.options.host->value = "example.com"; }, "path.host", refuses},
    {"host_in_common_name_only",
     [](Chain& c) {
       rename(c.leaf(), "www.example.com");
       c.leaf().drop(oids::subject_alt_name);
     },
     "path.host", refuses},
    {"wildcard", [](Chain& c) { c.leaf().put(test::alt_names({test::dns("*.example.com")})); }, "", accepts},
    {"wildcard_for_two_labels",
     [](Chain& c) {
       c.leaf().put(test::alt_names({test::dns("*.example.com")}));
       c.options.host->value = "a.www.example.com";
     },
     "path.host", refuses},
    {"wildcard_inside_a_label", [](Chain& c) { c.leaf().put(test::alt_names({test::dns("w*.example.com")})); },
     "path.host", refuses},
    {"underscore",
     [](Chain& c) {
       c.leaf().put(test::alt_names({test::dns("www.example.com"), test::dns("a_b.example.com")}));
     },
     "path.allowed", accepts},
    {"nul_in_a_host",
     [](Chain& c) {
       c.leaf().put(test::alt_names({test::dns(std::string_view{"www.example.com\0.evil.org", 25})}));
     },
     "path.form", refuses},

    // --- work for many (AC-38) ---
    {"mesh_of_twelve", [](Chain& c) { put_mesh(c, 8, false); }, "path.search", refuses},
    {"mesh_of_one_name", [](Chain& c) { put_mesh(c, 8, true); }, "path.search", refuses},
};

class Attacks : public ::testing::TestWithParam<Attack> {};
INSTANTIATE_TEST_SUITE_P(AC38, Attacks, ::testing::ValuesIn(kAttacks),
                         [](const auto& one) { return std::string{one.param.name}; });

TEST_P(Attacks, end_at_the_step_that_they_are_about) {
  Chain chain{GetParam().intermediates};
  GetParam().spoil(chain);
  const auto judgement = chain.judge();
  const auto* const failure = judgement.failure();
  EXPECT_EQ(failure == nullptr ? "" : failure->check, GetParam().check) << (failure == nullptr ? "" : failure->detail);
  EXPECT_EQ(judgement.accepted(), failure == nullptr);
  EXPECT_LE(judgement.signatures, Effort::kSignaturesMax);
}

TEST_P(Attacks, are_seen_by_openssl_as_the_table_says) {
  Chain chain{GetParam().intermediates};
  GetParam().spoil(chain);
  const auto answer = chain.ask_openssl();
  EXPECT_EQ(answer.accepted, GetParam().openssl == accepts) << answer.reason;
}

TEST(Judge, names_every_step_of_every_certificate_in_order) {
  Chain chain;
  const auto judgement = chain.judge();
  ASSERT_TRUE(judgement.accepted());
  ASSERT_EQ(judgement.path.size(), 3U);
  EXPECT_EQ(judgement.findings.front().check, "path.validity");
  EXPECT_EQ(judgement.findings.back().check, "path.server_profile");
  EXPECT_EQ(judgement.findings.back().certificate, 2U);
  for (const auto& finding : judgement.findings) {
    EXPECT_FALSE(finding.clause.empty());
    EXPECT_EQ(finding.outcome, Outcome::passed);
  }
  EXPECT_EQ(judgement.signatures, 2U);
}

TEST(Judge, lists_steps_behind_a_failure_as_not_reached) {
  Chain chain;
  chain.ca().made.not_after = testing::kNow - std::chrono::seconds{1};
  const auto judgement = chain.judge();
  ASSERT_FALSE(judgement.accepted());
  EXPECT_EQ(judgement.failure()->certificate, 1U);
  EXPECT_EQ(judgement.findings.back().outcome, Outcome::not_reached);
}

TEST(Judge, flipping_any_byte_of_the_leaf_is_seen) {
  Chain chain{0};
  const auto good = chain.der(1);
  Trust trust;
  trust.add_anchor(make_member(x509::Certificate::read_anchor(chain.der(0)).value()));
  for (std::size_t at = 0; at < good.size(); ++at) {
    auto bad = good;
    bad[at] = static_cast<std::uint8_t>(bad[at] ^ 1);
    if (auto read = x509::Certificate::read(bad)) {
      EXPECT_FALSE(judge(trust, make_member(std::move(*read)), {}, {}, chain.options).accepted()) << at;
    }
  }
}

TEST(Judge, pinned_intermediates_cost_no_signature) {
  Chain chain;
  Trust trust;
  trust.add_anchor(make_member(x509::Certificate::read_anchor(chain.der(0)).value()));
  trust.add_intermediate(make_member(x509::Certificate::read(chain.der(1)).value()));
  const auto judgement =
      judge(trust, make_member(x509::Certificate::read(chain.der(2)).value()), {}, {}, chain.options);
  EXPECT_TRUE(judgement.accepted());
  EXPECT_EQ(judgement.signatures, 1U);
}

}  // namespace
}  // namespace birthmark::pki::path
