// SPDX-License-Identifier: Apache-2.0
#include "attest/vendor_trust.h"

#include "attest/vendor_crl.h"
#include "unit/attest/support.h"

namespace birthmark::attest {
namespace {

using testing::at;
using testing::Crl;
using testing::crl_of;
using testing::later;
using testing::made_at;
using testing::Parts;
using testing::Pin;
using testing::signed_crl;
using testing::trust_in;
using testing::vendor;

const crypto::PublicKey& chip() {
  static const test::PaperKey ek{tpm::Template::ek_p256_low};
  return ek.key.public_key();
}
x509::Certificate read(BytesView der) {
  return x509::Certificate::read(der).value();
}
/// The name of the root that was found, or why none was.
std::string path(const VendorTrust& trust, BytesView leaf, std::vector<Bytes> chain = {}, Instant now = later(),
                 unsigned* spent = nullptr) {
  std::vector<x509::Certificate> hints;
  for (const auto& der : chain) {
    hints.push_back(read(der));
  }
  SignatureBudget budget;
  const auto found = find_path(trust, read(leaf), hints, now, budget);
  if (spent != nullptr) {
    *spent = budget.spent();
  }
  if (found) {
    return found->root->vendor;
  }
  EXPECT_EQ(found.error().code, Code::ek_untrusted);
  return "refused: " + found.error().detail;
}
bool refused(const std::string& path) {
  return path.starts_with("refused");
}

// --- paths (RFC 5280 §6.1) ---

TEST(VendorPath, goes_over_pinned_intermediates_and_over_hints) {
  const auto leaf = vendor().endorsement(chip());
  EXPECT_EQ(path(trust_in(vendor(), Pin::both), leaf), "test vendor");
  EXPECT_TRUE(refused(path(trust_in(vendor(), Pin::root_only), leaf)));
  EXPECT_EQ(path(trust_in(vendor(), Pin::root_only), leaf, {vendor().intermediate()}), "test vendor");
}

TEST(VendorPath, hints_are_no_anchors) {
  VendorTrust nobody;
  EXPECT_TRUE(refused(path(nobody, vendor().endorsement(chip()), {vendor().intermediate(), vendor().root()})));
}

// What pinned certificates say of each other does not change: an endorsement certificate costs one signature.
TEST(VendorPath, signatures_between_pinned_certificates_are_verified_when_they_are_pinned) {
  unsigned spent = 99;
  EXPECT_EQ(path(trust_in(vendor()), vendor().endorsement(chip()), {}, later(), &spent), "test vendor");
  EXPECT_EQ(spent, 1U);
  VendorTrust other_order;
  ASSERT_TRUE(other_order.add(vendor().intermediate(), "v", AnchorKind::intermediate, AnchorClass::simulated));
  ASSERT_TRUE(other_order.add(vendor().root(), "v", AnchorKind::root, AnchorClass::simulated));
  EXPECT_EQ(path(other_order, vendor().endorsement(chip()), {}, later(), &spent), "v");
  EXPECT_EQ(spent, 1U);
}

TEST(VendorPath, a_pinned_intermediate_alone_leads_nowhere) {
  VendorTrust trust;
  ASSERT_TRUE(trust.add(vendor().intermediate(), "v", AnchorKind::intermediate, AnchorClass::simulated));
  EXPECT_TRUE(refused(path(trust, vendor().endorsement(chip()))));
}

TEST(VendorPath, the_leaf_and_each_issuer_must_be_in_date) {
  const auto leaf = vendor().endorsement(chip());
  EXPECT_TRUE(refused(path(trust_in(vendor()), leaf, {}, made_at() - std::chrono::seconds{1})));
  auto parts = vendor().intermediate_parts();
  parts.not_after = at("2027-01-01T00:00:00Z");
  const auto ended = pki::testing::sign(vendor().root_key, parts.tbs());
  EXPECT_TRUE(refused(path(trust_in(vendor(), Pin::root_only), leaf, {ended})));
  EXPECT_EQ(path(trust_in(vendor(), Pin::root_only), leaf, {ended}, at("2026-12-01T00:00:00Z")), "test vendor");
}

/// A hint that is no CA for certificates. Signed by the root, named and keyed as the intermediate.
struct BadHint {
  const char* name;
  void (*spoil)(Parts&);
};
class Hint : public ::testing::TestWithParam<BadHint> {};
INSTANTIATE_TEST_SUITE_P(
    Table, Hint,
    ::testing::Values(BadHint{"no_ca",
                              [](Parts& p) {
                                p[oids::basic_constraints].value = Bytes{0x30, 0x00};
                              }},
                      BadHint{"no_constraints", [](Parts& p) { p.drop(oids::basic_constraints); }},
                      BadHint{"no_cert_sign",
                              [](Parts& p) { p[oids::key_usage].value = testing::bits_value(1U << 6); }},
                      BadHint{"an_unknown_critical_extension",
                              [](Parts& p) {
                                p.add(oid<1, 3, 6, 1, 4, 1, 99999, 1>, true, Bytes{0x05, 0x00});
                              }},
                      BadHint{"name_constraints_that_nobody_applies",
                              [](Parts& p) {
                                p.add(oids::name_constraints, true,
                                      Parts{pki::testing::world().batch.der()}[oids::name_constraints].value);
                              }}),
    [](const auto& one) { return one.param.name; });
TEST_P(Hint, is_passed_over) {  // RFC 5280 §6.1.4(k), §6.1.4(n), §6.1.4(o)
  auto parts = vendor().intermediate_parts();
  GetParam().spoil(parts);
  const auto bad = pki::testing::sign(vendor().root_key, parts.tbs());
  const auto leaf = vendor().endorsement(chip());
  const auto trust = trust_in(vendor(), Pin::root_only);
  EXPECT_TRUE(refused(path(trust, leaf, {bad})));
  EXPECT_EQ(path(trust, leaf, {bad, vendor().intermediate()}), "test vendor");  // it spoils nothing either
}

/// Further intermediates between the root and the vendor's own.
struct Chain {
  std::vector<Bytes> hints;
  Bytes leaf;
};
Chain chain_of(std::size_t cas, std::optional<unsigned> path_length) {
  Chain made;
  auto issuer_name = to_bytes(read(vendor().root()).subject());
  auto issuer_key = &vendor().root_key;
  static std::vector<crypto::PrivateKey> keys;
  keys.clear();
  keys.reserve(cas);
  for (std::size_t i = 0; i < cas; ++i) {
    keys.push_back(testing::new_key());
    auto parts = vendor().intermediate_parts();
    parts.issuer = issuer_name;
    parts.subject = pki::encode(pki::testing::name_of("deep", {}, "CA " + std::to_string(i)));
    parts.spki = to_bytes(keys.back().public_key().spki());
    der::Writer constraints;
    constraints.open(der::tag::sequence).boolean(true);
    if (path_length) {
      constraints.unsigned_int(*path_length);
    }
    constraints.close();
    parts[oids::basic_constraints].value = std::move(constraints).finish();
    made.hints.push_back(pki::testing::sign(*issuer_key, parts.tbs()));
    issuer_name = parts.subject;
    issuer_key = &keys.back();
  }
  auto leaf = vendor().endorsement_parts(chip());
  leaf.issuer = issuer_name;
  made.leaf = pki::testing::sign(*issuer_key, leaf.tbs());
  return made;
}

TEST(VendorPath, has_at_most_three_cas_below_the_root) {
  const auto trust = trust_in(vendor(), Pin::root_only);
  for (std::size_t cas = 1; cas <= 3; ++cas) {
    const auto chain = chain_of(cas, std::nullopt);
    EXPECT_EQ(path(trust, chain.leaf, chain.hints), "test vendor") << cas;
    auto reversed = chain.hints;
    std::ranges::reverse(reversed);
    EXPECT_EQ(path(trust, chain.leaf, reversed), "test vendor") << cas;
  }
  const auto chain = chain_of(4, std::nullopt);
  EXPECT_TRUE(refused(path(trust, chain.leaf, chain.hints)));
}

TEST(VendorPath, path_lengths_hold) {  // RFC 5280 §6.1.4(m)
  const auto trust = trust_in(vendor(), Pin::root_only);
  const auto one = chain_of(1, 0);
  EXPECT_EQ(path(trust, one.leaf, one.hints), "test vendor");
  const auto two = chain_of(2, 0);  // the upper one allows no CA below it
  EXPECT_TRUE(refused(path(trust, two.leaf, two.hints)));
  const auto enough = chain_of(2, 1);
  EXPECT_EQ(path(trust, enough.leaf, enough.hints), "test vendor");
}

// AC-38: certificates that sign each other buy no more work than the budget.
TEST(VendorPath, a_web_of_cas_of_one_name_costs_at_most_the_budget) {
  const auto key = testing::new_key();
  const auto web_name = pki::encode(pki::testing::name_of("web", {}, "CA"));
  std::vector<Bytes> web;
  for (std::uint8_t i = 0; i < kHintsMax; ++i) {
    auto parts = vendor().intermediate_parts();
    parts.issuer = parts.subject = web_name;
    parts.spki = to_bytes(key.public_key().spki());
    parts.serial = Bytes{0x40, i};
    parts[oids::basic_constraints].value = from_hex("30030101ff").value();
    web.push_back(pki::testing::sign(key, parts.tbs()));
  }
  auto leaf = vendor().endorsement_parts(chip());
  leaf.issuer = web_name;
  unsigned spent = 0;
  EXPECT_TRUE(refused(path(trust_in(vendor()), pki::testing::sign(key, leaf.tbs()), web, later(), &spent)));
  EXPECT_EQ(spent, SignatureBudget::kMax);
}

TEST(VendorPath, names_are_looked_at_before_any_signature) {
  auto leaf = vendor().endorsement_parts(chip());
  leaf.issuer = pki::encode(pki::testing::name_of("nobody", {}, "x"));
  unsigned spent = 99;
  EXPECT_TRUE(refused(path(trust_in(vendor()), pki::testing::sign(vendor().intermediate_key, leaf.tbs()),
                           {vendor().intermediate()}, later(), &spent)));
  EXPECT_EQ(spent, 0U);
}

TEST(VendorPath, more_than_eight_hints_are_refused_unseen) {
  const std::vector<Bytes> many(kHintsMax + 1, vendor().intermediate());
  unsigned spent = 99;
  EXPECT_TRUE(refused(path(trust_in(vendor()), vendor().endorsement(chip()), many, later(), &spent)));
  EXPECT_EQ(spent, 0U);
}

TEST(VendorPath, a_denied_issuer_vouches_for_nothing) {
  const auto leaf = vendor().endorsement(chip());
  const auto intermediate = vendor().intermediate();
  const auto root = vendor().root();
  for (const auto& digest : {crypto::sha256(intermediate), vendor().intermediate_key.public_key().spki_sha256(),
                             crypto::sha256(root), vendor().root_key.public_key().spki_sha256()}) {
    VendorTrust trust;
    ASSERT_TRUE(trust.add(root, "test vendor", AnchorKind::root, AnchorClass::simulated));
    ASSERT_EQ(path(trust, leaf, {intermediate}), "test vendor");
    trust.deny(digest);
    EXPECT_TRUE(refused(path(trust, leaf, {intermediate})));
    ASSERT_TRUE(trust.add(intermediate, "test vendor", AnchorKind::intermediate, AnchorClass::simulated));
    EXPECT_TRUE(refused(path(trust, leaf)));
  }
}

TEST(VendorTrust, only_certificates_can_be_pinned) {
  VendorTrust trust;
  const auto refusal = trust.add(as_bytes("no certificate"), "v", AnchorKind::root, AnchorClass::genuine);
  ASSERT_FALSE(refusal);
  EXPECT_EQ(refusal.error().code, Code::bad_request);
  EXPECT_TRUE(trust.anchors().empty());
}

TEST(VendorTrust, p256_is_the_identity_unless_fixed_otherwise) {
  VendorTrust trust;
  EXPECT_EQ(trust.canonical_type("any"), crypto::KeyType::p256);
  trust.fix_key_type("old", crypto::KeyType::rsa);
  EXPECT_EQ(trust.canonical_type("old"), crypto::KeyType::rsa);
  EXPECT_EQ(trust.canonical_type("any"), crypto::KeyType::p256);
}

TEST(VendorTrust, a_model_is_denied_with_its_firmware_or_whole) {
  VendorTrust trust;
  trust.deny_model("53494D31", "m", "id:1");
  trust.deny_model("53494D31", "n", "");
  EXPECT_TRUE(trust.denied_model("53494D31", "m", "id:1"));
  EXPECT_FALSE(trust.denied_model("53494D31", "m", "id:2"));
  EXPECT_FALSE(trust.denied_model("53494D32", "m", "id:1"));
  EXPECT_TRUE(trust.denied_model("53494D31", "n", "id:9"));
}

// --- lists of revoked certificates ---

TEST(VendorCrlRule, what_was_listed_once_stays_refused) {
  auto trust = trust_in(vendor());
  const auto leaf = read(vendor().endorsement(chip()));
  ASSERT_FALSE(trust.denied(leaf));
  ASSERT_TRUE(trust.add_crl(signed_crl(vendor(), crl_of(vendor(), {to_bytes(leaf.serial())}))));
  EXPECT_TRUE(trust.denied(leaf));
  ASSERT_TRUE(trust.add_crl(signed_crl(vendor(), crl_of(vendor()))));  // a later, empty one
  EXPECT_TRUE(trust.denied(leaf));
}

TEST(VendorCrlRule, a_fresh_list_is_asked_for_where_the_rule_says_so) {
  auto trust = trust_in(vendor());
  const auto leaf = read(vendor().endorsement(chip()));
  EXPECT_FALSE(trust.lacks_crl(leaf, later()));
  trust.set_crl_rule(CrlRule::fresh_required);
  EXPECT_TRUE(trust.lacks_crl(leaf, later()));
  auto crl = crl_of(vendor());
  crl.next_update = at("2026-12-01T00:00:00Z");
  ASSERT_TRUE(trust.add_crl(signed_crl(vendor(), crl)));
  EXPECT_FALSE(trust.lacks_crl(leaf, at("2026-12-01T00:00:00Z")));
  EXPECT_TRUE(trust.lacks_crl(leaf, at("2026-12-01T00:00:01Z")));  // stale
  crl.next_update = at("2026-11-24T00:00:00Z");                    // an older one takes nothing back
  ASSERT_TRUE(trust.add_crl(signed_crl(vendor(), crl)));
  EXPECT_FALSE(trust.lacks_crl(leaf, at("2026-11-30T00:00:00Z")));
}

TEST(VendorCrlRule, only_a_pinned_issuer_of_that_name_is_heard) {
  auto trust = trust_in(vendor());
  const auto leaf = read(vendor().endorsement(chip()));
  const auto refused_list = [&](BytesView der) {
    const auto taken = trust.add_crl(der);
    ASSERT_FALSE(taken);
    EXPECT_EQ(taken.error().code, Code::ek_untrusted);
    EXPECT_FALSE(trust.denied(leaf));
  };
  const auto crl = crl_of(vendor(), {to_bytes(leaf.serial())});
  const auto stranger = testing::new_key();
  refused_list(pki::testing::sign(stranger, crl.tbs()));
  auto other_name = crl;
  other_name.issuer = pki::encode(pki::testing::name_of("other", {}, "x"));
  refused_list(signed_crl(vendor(), other_name));
  auto of_the_root = crl;  // the root's name under the intermediate's key
  of_the_root.issuer = to_bytes(read(vendor().root()).subject());
  refused_list(signed_crl(vendor(), of_the_root));
}

// The same serial under another issuer is another certificate.
TEST(VendorCrlRule, a_serial_belongs_to_its_issuer) {
  auto trust = trust_in(vendor());
  auto parts = vendor().endorsement_parts(chip());
  parts.issuer = to_bytes(read(vendor().root()).subject());
  const auto other = read(pki::testing::sign(vendor().root_key, parts.tbs()));
  ASSERT_TRUE(trust.add_crl(signed_crl(vendor(), crl_of(vendor(), {to_bytes(other.serial())}))));
  EXPECT_FALSE(trust.denied(other));
}

TEST(VendorCrl, what_the_simulated_vendor_makes_is_read) {
  const std::array revoked{chip()};
  const auto der = vendor().pattern.issue_crl(revoked, 7, made_at()).value();
  const auto crl = read_vendor_crl(der).value();
  ASSERT_EQ(crl.entries().size(), 1U);
  EXPECT_EQ(to_bytes(crl.entries()[0].serial), vendor().pattern.serial_of(chip()));
  EXPECT_EQ(crl.this_update(), made_at());
}

TEST(VendorCrl, truncated_longer_or_malformed_lists_are_bad_requests) {  // RFC 5280 §5.1
  const auto bad = [](BytesView der) {
    const auto crl = read_vendor_crl(der);
    EXPECT_FALSE(crl);
    return !crl && crl.error().code == Code::bad_request;
  };
  const auto good = signed_crl(vendor(), crl_of(vendor(), {Bytes{0x05}, Bytes{0x00, 0x80}}));
  const auto read_back = read_vendor_crl(good).value();
  ASSERT_EQ(read_back.entries().size(), 2U);
  EXPECT_EQ(to_bytes(read_back.entries()[0].serial), Bytes{0x05});
  EXPECT_EQ(to_bytes(read_back.entries()[1].serial), Bytes{0x80});
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_TRUE(bad(BytesView{good}.first(size))) << size;
  }
  auto longer = good;
  longer.push_back(0);
  EXPECT_TRUE(bad(longer));
  EXPECT_TRUE(bad(Bytes(x509::kCrlMaxBytes + 1, 0x30)));

  const auto changed = [&](auto&& change) {
    auto crl = crl_of(vendor(), {Bytes{0x05}});
    change(crl);
    return bad(signed_crl(vendor(), crl));
  };
  EXPECT_TRUE(changed([](Crl& crl) { crl.version = 0; }));
  EXPECT_TRUE(changed([](Crl& crl) { crl.version = 2; }));
  EXPECT_TRUE(changed([](Crl& crl) { crl.next_update.reset(); }));
  EXPECT_TRUE(changed([](Crl& crl) { crl.serials = {Bytes{0x85}}; }));        // negative
  EXPECT_TRUE(changed([](Crl& crl) { crl.serials = {Bytes{0x00}}; }));        // zero
  EXPECT_TRUE(changed([](Crl& crl) { crl.serials = {Bytes(21, 0x11)}; }));    // 21 octets
  EXPECT_TRUE(changed([](Crl& crl) { crl.serials = {Bytes{0x00, 0x05}}; }));  // not minimal
  // A list of something else: of some reasons, of changes only, of another issuer.
  EXPECT_TRUE(changed([](Crl& crl) {
    crl.extensions = {{to_bytes(oid<2, 5, 29, 27>), true, from_hex("020101").value()}};
  }));
  EXPECT_TRUE(changed([](Crl& crl) {
    crl.extensions = {{to_bytes(oid<2, 5, 29, 28>), true, from_hex("3000").value()}};
  }));
  EXPECT_TRUE(changed([](Crl& crl) {
    crl.entry_extensions = {{to_bytes(oid<2, 5, 29, 29>), true, from_hex("3000").value()}};
  }));
}

}  // namespace
}  // namespace birthmark::attest
