// SPDX-License-Identifier: Apache-2.0
// All that a TPM and its vendor say, taken together; what each step looks at alone stands in the tests of its part.
#include "attest/tpm_appraisal.h"

#include "attest/event_log.h"
#include "unit/attest/support.h"

namespace birthmark::attest {
namespace {

using testing::failed_check;
using testing::later;
using tpm::Template;

constexpr std::uint32_t kPcrs = 0x8F;  // 0, 1, 2, 3, 7

/// A firmware's log of five PCRs in two banks, and where it leads in SHA-256.
struct Machine {
  std::vector<Bytes> digests, data;
  tcg_log::Log log{.format = tcg_log::Format::crypto_agile, .banks = {{0x000B, 32}, {0x000C, 48}}, .events = {}};

  Machine() {
    digests.reserve(64);
    data.reserve(64);
    for (const std::uint32_t pcr : {0U, 1U, 2U, 3U, 7U}) {
      extend(pcr, "firmware " + std::to_string(pcr), 0x80000008);
      extend(pcr, "separator", 0x00000004);
    }
  }
  void extend(std::uint32_t pcr, const std::string& words, std::uint32_t type) {
    data.push_back(to_bytes(as_bytes(words)));
    digests.push_back(crypto::hash(crypto::HashAlgorithm::sha256, {data.back()}));
    digests.push_back(crypto::hash(crypto::HashAlgorithm::sha384, {data.back()}));
    log.events.push_back({pcr, type, {digests[digests.size() - 2], digests.back()}, data.back()});
  }
  [[nodiscard]] Bytes written() const { return tcg_log::write(log); }
  [[nodiscard]] std::vector<Bytes> values() const {
    const auto replayed = replay(log, tpm::Hash::sha256).value();
    std::vector<Bytes> out;
    for (std::size_t pcr = 0; pcr < tpm::kPcrCount; ++pcr) {
      if ((kPcrs >> pcr & 1U) != 0) {
        out.push_back(replayed[pcr].value_or(Bytes(32, 0)));
      }
    }
    return out;
  }
};

/// One device's evidence, to be spoilt in one place.
struct Case {
  explicit Case(const test::PaperTpm::Templates& of = {}) : tpm{testing::vendor().pattern, testing::made_at(), {}, of} {
    again();
  }

  void again() {
    const auto made = tpm.attest(tpm.idevid, freshness);
    evidence = {.ek_certificate = testing::vendor().endorsement(tpm.ek.key.public_key()),
                .ek_public = tpm.ek.public_area(),
                .ak_public = tpm.iak.public_area(),
                .key_public = tpm.idevid.public_area(),
                .statement = made.statement,
                .creation_data = made.creation_data};
    requested = to_bytes(tpm.idevid.spki());
  }
  /// A quote of the machine that came with it.
  void quote() {
    const auto values = machine.values();
    evidence.quote =
        TpmQuote{test::PaperTpm::sign(tpm.quote_claim(freshness, asked, values)), values, machine.written()};
  }
  [[nodiscard]] Appraisal appraise(const tpm::PcrSelection& of = {}) const {
    return appraise_tpm(evidence, {.freshness = freshness, .requested_spki = requested, .now = now}, policy, trust, of);
  }
  [[nodiscard]] std::string refused_by(const tpm::PcrSelection& of = {}) const {
    const auto appraisal = appraise(of);
    EXPECT_EQ(appraisal.claims.has_value(), trusted(appraisal.findings));
    return failed_check(appraisal.findings);
  }

  test::PaperTpm tpm;
  Machine machine;
  Digest freshness = crypto::sha256(as_bytes("this session"));
  tpm::PcrSelection asked{{tpm::Hash::sha256, kPcrs}};
  TpmEvidence evidence;
  Bytes requested;
  Instant now = later();
  EvidencePolicy policy{.debug = DebugGate::not_judged};
  VendorTrust trust = testing::trust_in(testing::vendor());
};

TEST(TpmAppraisal, claims_what_every_kind_of_evidence_claims) {
  const Case good;
  const auto appraisal = good.appraise();
  EXPECT_EQ(failed_check(appraisal.findings), "");
  ASSERT_TRUE(appraisal.claims);
  const auto& claims = *appraisal.claims;
  EXPECT_EQ(claims.kind, EvidenceKind::tpm);
  EXPECT_EQ(claims.hardware.public_identity, to_bytes(good.tpm.ek.spki()));
  EXPECT_EQ(claims.hardware.vendor, "test vendor");
  EXPECT_EQ(claims.hardware.model, "birthmark-sim");
  EXPECT_EQ(claims.hardware.anchor_class, AnchorClass::simulated);
  EXPECT_EQ(claims.hardware.listed_as, crypto::sha256(good.evidence.ek_certificate));
  EXPECT_TRUE(equal(claims.key.spki(), good.tpm.idevid.spki()));
  EXPECT_EQ(claims.binding, KeyBinding::statement);
  EXPECT_EQ(claims.origin, KeyOrigin::generated_inside);
  EXPECT_EQ(claims.freshness, good.freshness);
  EXPECT_EQ(claims.boots, (BootCounters{3, 1}));
  EXPECT_FALSE(claims.measurements || claims.debug || claims.lifecycle) << "absent is no value";
}

struct Family {
  const char* name;
  test::PaperTpm::Templates of;
  crypto::KeyType ek;
};
class TpmFamilies : public ::testing::TestWithParam<Family> {};
INSTANTIATE_TEST_SUITE_P(
    Templates, TpmFamilies,
    ::testing::Values(
        Family{"h1", {Template::ek_rsa2048_low, Template::iak_h1, Template::idevid_h1}, crypto::KeyType::rsa},
        Family{"h2", {Template::ek_p256_high, Template::iak_h2, Template::idevid_h2}, crypto::KeyType::p256},
        Family{"h3", {Template::ek_p384_high, Template::iak_h3, Template::idevid_h3}, crypto::KeyType::p384},
        Family{"h4", {Template::ek_p384_high, Template::iak_h4, Template::idevid_h4}, crypto::KeyType::p384},
        Family{"rsa2048",
               {Template::ek_rsa2048_high, Template::iak_birthmark_rsa2048, Template::idevid_birthmark_rsa2048},
               crypto::KeyType::rsa},
        Family{"p256", {}, crypto::KeyType::p256},
        Family{"p384",
               {Template::ek_p384_high, Template::iak_birthmark_p384, Template::idevid_birthmark_p384},
               crypto::KeyType::p384},
        Family{"p521",
               {Template::ek_p256_low, Template::iak_birthmark_p521, Template::idevid_birthmark_p521},
               crypto::KeyType::p256},
        Family{"mixed", {Template::ek_p256_low, Template::iak_h3, Template::idevid_h1}, crypto::KeyType::p256}),
    [](const auto& one) { return one.param.name; });

TEST_P(TpmFamilies, pass_with_a_quote_and_with_every_octet_of_the_statement_they_fail) {
  Case good{GetParam().of};
  good.trust.fix_key_type("birthmark-sim", GetParam().ek);
  good.quote();
  EXPECT_EQ(good.refused_by(good.asked), "");
  const auto kept = good.evidence;
  for (std::size_t at = 0; at < kept.statement.attest.size(); at += 7) {
    good.evidence.statement.attest[at] ^= 0x01;
    EXPECT_EQ(good.refused_by(), "statement.signature") << at;
    good.evidence = kept;
  }
  // A signature of another of the TPM's keys, and one with the scheme of another family.
  auto claim = good.tpm.claim(good.tpm.idevid, good.freshness);
  claim.signer = &good.tpm.idevid.key;
  good.evidence.statement = test::PaperTpm::sign(claim);
  good.evidence.creation_data.clear();
  EXPECT_EQ(good.refused_by(), "statement.signature");
  const Case p256;
  const Case p384{{Template::ek_p256_low, Template::iak_h3, Template::idevid_h3}};
  good.evidence.statement = (good.tpm.iak.area.name_hash == tpm::Hash::sha384 ? p256 : p384).evidence.statement;
  EXPECT_EQ(good.refused_by(), "statement.signature");
}

TEST(TpmAppraisal, a_restricted_rsa_key_signs_with_its_own_padding_alone) {
  for (const auto of : {Template::iak_h1, Template::iak_birthmark_rsa2048}) {
    Case wrong{{Template::ek_p256_low, of, Template::idevid_birthmark}};
    EXPECT_EQ(wrong.refused_by(), "");
    auto claim = wrong.tpm.claim(wrong.tpm.idevid, wrong.freshness);
    claim.padding = claim.padding == tpm::RsaPadding::pss ? tpm::RsaPadding::pkcs1 : tpm::RsaPadding::pss;
    wrong.evidence.statement = test::PaperTpm::sign(claim);
    EXPECT_EQ(wrong.refused_by(), "statement.signature");
    wrong.evidence.statement.signature[1] = wrong.evidence.statement.signature[1] == 0x14 ? 0x16 : 0x14;
    EXPECT_EQ(wrong.refused_by(), "statement.signature") << "it lies about its padding";
  }
}

// --- attestation.md §9: every octet, every cut, every octet behind, and everything of another device ---

struct Part {
  const char* name;
  Bytes& (*of)(Case&);
};
constexpr std::array kParts{
    Part{"ek_certificate", [](Case& c) -> Bytes& { return c.evidence.ek_certificate; }},
    Part{"ek_public", [](Case& c) -> Bytes& { return c.evidence.ek_public; }},
    Part{"ak_public", [](Case& c) -> Bytes& { return c.evidence.ak_public; }},
    Part{"key_public", [](Case& c) -> Bytes& { return c.evidence.key_public; }},
    Part{"attest", [](Case& c) -> Bytes& { return c.evidence.statement.attest; }},
    Part{"signature", [](Case& c) -> Bytes& { return c.evidence.statement.signature; }},
    Part{"requested", [](Case& c) -> Bytes& { return c.requested; }},
};
constexpr std::array kQuoteParts{
    Part{"quote", [](Case& c) -> Bytes& { return c.evidence.quote->statement.attest; }},
    Part{"quote_signature", [](Case& c) -> Bytes& { return c.evidence.quote->statement.signature; }},
    Part{"first_value", [](Case& c) -> Bytes& { return c.evidence.quote->pcr_values.front(); }},
    Part{"last_value", [](Case& c) -> Bytes& { return c.evidence.quote->pcr_values.back(); }},
};

void spoil_each_octet(Case& good, const Part& part, const tpm::PcrSelection& asked) {
  const auto kept = part.of(good);
  for (std::size_t at = 0; at < kept.size(); ++at) {
    part.of(good)[at] ^= static_cast<std::uint8_t>(1U << at % 8);
    EXPECT_NE(good.refused_by(asked), "") << part.name << " " << at;
    part.of(good) = kept;
  }
  for (std::size_t size = 0; size < kept.size(); ++size) {
    part.of(good).resize(size);
    EXPECT_NE(good.refused_by(asked), "") << part.name << " cut at " << size;
    part.of(good) = kept;
  }
  part.of(good).push_back(0);
  EXPECT_NE(good.refused_by(asked), "") << part.name << " with an octet behind";
  part.of(good) = kept;
  EXPECT_EQ(good.refused_by(asked), "");
}

TEST(TpmAppraisal, every_octet_counts) {
  Case good;
  for (const auto& part : kParts) {
    spoil_each_octet(good, part, {});
  }
}

TEST(TpmAppraisal, every_octet_of_a_quote_counts) {
  Case good;
  good.quote();
  for (const auto& part : kQuoteParts) {
    spoil_each_octet(good, part, good.asked);
  }
}

TEST(TpmAppraisal, nothing_of_another_device_fits) {
  for (const auto& part : kParts) {
    Case mine, theirs;
    part.of(mine) = part.of(theirs);
    EXPECT_NE(mine.refused_by(), "") << part.name;
  }
  // Another device's certificate with its own public area is that device; its attestation key is shown by activation.
  Case mine, theirs;
  mine.evidence.ek_certificate = theirs.evidence.ek_certificate;
  mine.evidence.ek_public = theirs.evidence.ek_public;
  EXPECT_EQ(mine.refused_by(), "");
  EXPECT_EQ(mine.appraise().claims->hardware.public_identity, to_bytes(theirs.tpm.ek.spki()));
  Case quoted;
  quoted.quote();
  theirs.quote();
  quoted.evidence.quote = theirs.evidence.quote;
  EXPECT_EQ(quoted.refused_by(quoted.asked), "quote.signature");
}

TEST(TpmAppraisal, stale_evidence_is_refused_and_so_is_what_is_out_of_date_or_taken_back) {
  Case good;
  good.freshness = crypto::sha256(as_bytes("the next session"));
  EXPECT_EQ(good.refused_by(), "statement.freshness") << "a replay";
  Case early, late, revoked, unpinned;
  early.now = testing::made_at() - std::chrono::hours{24};
  EXPECT_EQ(early.refused_by(), "ek.path");
  late.now = kNoEnd + std::chrono::seconds{1};
  EXPECT_EQ(late.refused_by(), "ek.path");
  revoked.trust.deny(crypto::sha256(revoked.evidence.ek_certificate));
  EXPECT_EQ(revoked.refused_by(), "ek.denied");
  unpinned.trust = {};
  EXPECT_EQ(unpinned.refused_by(), "ek.path");
}

TEST(TpmAppraisal, a_statement_of_another_type_is_none) {
  Case wrong;
  wrong.evidence.statement = wrong.tpm.quote(wrong.freshness);
  EXPECT_EQ(wrong.refused_by(), "statement.type");
  wrong.evidence.statement = test::PaperTpm::sign(wrong.tpm.creation(wrong.tpm.idevid, wrong.freshness).claim);
  EXPECT_EQ(wrong.refused_by(), "statement.type") << "creation data is missing";
  wrong.again();
  wrong.evidence.creation_data = tpm::write(wrong.tpm.creation(wrong.tpm.idevid, wrong.freshness).data);
  EXPECT_EQ(wrong.refused_by(), "statement.type") << "creation data of a certification";
}

// --- quotes: attestation.md §1.6 ---

TEST(TpmQuotes, are_of_the_pcrs_that_were_asked_for) {
  Case good;
  EXPECT_EQ(good.refused_by(good.asked), "quote.signature") << "none came";
  good.quote();
  EXPECT_EQ(good.refused_by(good.asked), "");
  EXPECT_EQ(good.refused_by(), "") << "and none was asked for";
  EXPECT_EQ(good.refused_by({{tpm::Hash::sha256, kPcrs | 1U << 4}}), "quote.selection");
  EXPECT_EQ(good.refused_by({{tpm::Hash::sha256, 1U << 7}}), "quote.selection");
  EXPECT_EQ(good.refused_by({{tpm::Hash::sha384, kPcrs}}), "quote.selection");
  EXPECT_EQ(good.refused_by({{tpm::Hash::sha256, kPcrs}, {tpm::Hash::sha384, 1}}), "quote.selection");
}

TEST(TpmQuotes, of_no_pcrs_prove_nothing) {
  Case empty;
  const tpm::PcrSelection nothing{{tpm::Hash::sha256, 0}};
  empty.evidence.quote = TpmQuote{test::PaperTpm::sign(empty.tpm.quote_claim(empty.freshness, nothing, {})), {}, {}};
  EXPECT_EQ(empty.refused_by(nothing), "quote.pcrs");
}

TEST(TpmQuotes, values_are_those_of_the_digest_in_their_order) {
  Case good;
  good.quote();
  auto& values = good.evidence.quote->pcr_values;
  std::swap(values[0], values[1]);
  EXPECT_EQ(good.refused_by(good.asked), "quote.pcrs");
  std::swap(values[0], values[1]);
  values.push_back(Bytes(32, 0));
  EXPECT_EQ(good.refused_by(good.asked), "quote.pcrs");
  values.pop_back();
  // The same octets, cut at another place: a digest of what is joined does not tell them apart, their sizes do.
  values[1].insert(values[1].begin(), values[0].back());
  values[0].pop_back();
  EXPECT_EQ(good.refused_by(good.asked), "quote.pcrs");
}

TEST(TpmQuotes, become_measurements) {
  Case good;
  good.quote();
  const auto claims = good.appraise(good.asked).claims;
  ASSERT_TRUE(claims && claims->measurements);
  ASSERT_EQ(claims->measurements->size(), 5U);
  EXPECT_EQ(claims->measurements->back(), (Measurement{"pcr 7", good.machine.values().back()}));
  good.policy.reference_values = {{.component = "pcr 7", .digests = {good.machine.values().back()}}};
  EXPECT_EQ(good.refused_by(good.asked), "");
  EXPECT_EQ(good.refused_by(), "tpm.measurements") << "not measured is not as expected";
  good.policy.reference_values = {{.component = "pcr 7", .digests = {Bytes(32, 1)}}};
  EXPECT_EQ(good.refused_by(good.asked), "tpm.measurements");
}

// EventType is under no digest: whoever relabels events, or appends some without one, changes nothing.
TEST(TpmQuotes, decide_on_digests_alone) {
  Case good;
  good.quote();
  const auto values = good.machine.values();
  auto log = good.machine.log;
  for (auto& event : log.events) {
    event.type = event.type == 4 ? 0x80000003 : 4;
  }
  const Bytes nothing(32, 0), nothing384(48, 0);
  const auto lie = to_bytes(as_bytes("everything is well"));
  log.events.push_back({7, 0x80000003, {nothing, nothing384}, lie});
  EXPECT_EQ(replay(log, tpm::Hash::sha256).value()[7], values.back());
  good.evidence.quote->event_log = tcg_log::write(log);
  EXPECT_EQ(good.refused_by(good.asked), "");
}

TEST(TpmQuotes, a_log_that_leads_elsewhere_is_refused) {
  const auto refused = [](auto spoil) {
    Case wrong;
    wrong.quote();
    auto log = wrong.machine.log;
    spoil(log);
    wrong.evidence.quote->event_log = tcg_log::write(log);
    return wrong.refused_by(wrong.asked);
  };
  EXPECT_EQ(refused([](auto&) {}), "");
  EXPECT_EQ(refused([](auto& log) { log.events.pop_back(); }), "quote.event_log");
  EXPECT_EQ(refused([](auto& log) { log.events.push_back(log.events.front()); }), "quote.event_log");
  EXPECT_EQ(refused([](auto& log) { std::swap(log.events[0], log.events[1]); }), "quote.event_log");
  EXPECT_EQ(refused([](auto& log) { log.events[0].pcr = 5; }), "quote.event_log");
  EXPECT_EQ(refused([](auto& log) { log.events[0].digests[0] = log.events[2].digests[0]; }), "quote.event_log");
  EXPECT_EQ(refused([](auto& log) { log.events[0].digests[1] = log.events[2].digests[1]; }), "")
      << "of a bank that nobody quoted";
  EXPECT_EQ(refused([](auto& log) {
              log.banks.erase(log.banks.begin());
              for (auto& event : log.events) {
                event.digests.erase(event.digests.begin());
              }
            }),
            "quote.event_log");
  Case cut;
  cut.quote();
  cut.evidence.quote->event_log.pop_back();
  EXPECT_EQ(cut.refused_by(cut.asked), "quote.event_log");
}

// --- what a policy asks ---

TEST(TpmAppraisal, is_held_against_the_policy) {
  Case good;
  good.policy.vendors = {"another vendor"};
  EXPECT_EQ(good.refused_by(), "tpm.hardware");
  good.policy.vendors = {"test vendor"};
  good.policy.models = {"another model"};
  EXPECT_EQ(good.refused_by(), "tpm.hardware");
  good.policy.models = {"birthmark-sim"};
  EXPECT_EQ(good.refused_by(), "");
  good.policy.debug = DebugGate::closed_required;
  EXPECT_EQ(good.refused_by(), "tpm.debug") << "a TPM says nothing of the device around it";
}

}  // namespace
}  // namespace birthmark::attest
