// SPDX-License-Identifier: Apache-2.0
// Statements of creation (TPM2_CertifyCreation): what a certification with a password cannot reach, the keys of the TCG
// H-2 template. What they share with certifications stands in tpm_statement_test.cc.
#include "attest/tpm_statement.h"
#include "crypto/hash.h"
#include "unit/attest/support.h"

namespace birthmark::attest {
namespace {

using testing::failed_check;
using tpm::Template;

const test::PaperTpm& other_tpm() {
  static const test::PaperTpm made{testing::vendor().pattern, testing::made_at()};
  return made;
}

/// A TPM, its statement about the making of the key that is asked for, and what is expected; to be spoilt in one place.
struct Case {
  explicit Case(Template idevid = Template::idevid_h2) {
    tpm.idevid = test::PaperKey{idevid};
    again();
  }

  [[nodiscard]] StatementAppraisal appraise() const {
    return appraise_key_statement(test::PaperTpm::sign(made.claim), {.ak_public = tpm.iak.public_area(),
                                                                     .key_public = key_public,
                                                                     .parent_public = parent_public,
                                                                     .freshness = freshness,
                                                                     .requested_spki = requested,
                                                                     .creation_data = creation_data});
  }
  void again() {
    made = tpm.creation(tpm.idevid, freshness);
    key_public = tpm.idevid.public_area();
    requested = to_bytes(tpm.idevid.spki());
    creation_data = tpm::write(made.data);
  }
  tpm::CreationInfo& info() { return std::get<tpm::CreationInfo>(made.claim.attest.attested); }
  /// The TPM says so of the key's creation, and its hash fits.
  void created_with(BytesView data) {
    creation_data = to_bytes(data);
    info().creation_hash = to_bytes(crypto::sha256(data).get());
  }
  void created_with(const tpm::CreationData& data) { created_with(tpm::write(data)); }

  test::PaperTpm tpm{testing::vendor().pattern, testing::made_at()};
  Digest freshness = crypto::sha256(as_bytes("this session"));
  test::PaperTpm::Creation made;
  Bytes key_public;
  Bytes parent_public;
  Bytes requested;
  Bytes creation_data;
};

TEST(Creation, of_an_idevid_key_of_either_template_passes) {
  for (const auto of : {Template::idevid_h2, Template::idevid_birthmark}) {
    const Case good{of};
    const auto appraisal = good.appraise();
    EXPECT_EQ(failed_check(appraisal.findings), "") << tpm::name_of(of);
    ASSERT_TRUE(appraisal.claims && appraisal.certified);
    EXPECT_EQ(appraisal.claims->clock, good.tpm.clock);
    EXPECT_TRUE(equal(appraisal.certified->spki(), good.tpm.idevid.spki()));
  }
}

TEST(Creation, of_a_child_of_the_owners_storage_key_passes_where_it_was_declared) {
  Case child{Template::idevid_birthmark};
  child.made = child.tpm.creation_of_child(child.tpm.idevid, child.freshness);
  child.creation_data = tpm::write(child.made.data);
  EXPECT_EQ(failed_check(child.appraise().findings), "statement.place");
  child.parent_public = child.tpm.storage.public_area();
  EXPECT_EQ(failed_check(child.appraise().findings), "");
  child.parent_public = other_tpm().storage.public_area();
  EXPECT_EQ(failed_check(child.appraise().findings), "statement.place");
}

TEST(Creation, what_the_creator_put_there_is_not_judged) {
  Case made;
  auto data = made.made.data;
  data.outside_info = Bytes(64, 7);
  data.locality = 8;
  data.selection = {{tpm::Hash::sha256, 0x8F}};
  made.created_with(data);
  EXPECT_EQ(failed_check(made.appraise().findings), "");
}

TEST(Creation, steps_stand_in_the_order_of_the_page) {
  std::vector<std::string> order;
  for (const auto& finding : Case{}.appraise().findings) {
    order.push_back(finding.check);
  }
  EXPECT_EQ(order,
            (std::vector<std::string>{"ak.public", "key.public", "statement.requested_key", "statement.signature",
                                      "statement.structure", "statement.type", "statement.name", "statement.freshness",
                                      "statement.signer", "statement.creation", "statement.place"}));
}

/// attestation.md §1.5, 5: each fails alone.
struct Forged {
  const char* name;
  const char* check;
  void (*spoil)(Case&);
  Code code = Code::bad_evidence;
};
class CreationStep : public ::testing::TestWithParam<Forged> {};

INSTANTIATE_TEST_SUITE_P(
    Table, CreationStep,
    ::testing::Values(
        // the key
        Forged{"an_h2_key_without_its_policy", "key.public",
               [](Case& c) {
                 c.tpm.idevid.area.auth_policy.clear();
                 c.again();
               }},
        Forged{"an_h2_key_with_another_policy", "key.public",
               [](Case& c) {
                 c.tpm.idevid.area.auth_policy[0] ^= 1;
                 c.again();
               }},
        Forged{"a_birthmark_key_that_claims_a_policy_for_administration", "key.public",
               [](Case& c) {
                 c.tpm.idevid.area.auth_policy.clear();
                 c.tpm.idevid.area.attributes = tpm::Attributes{0x000400F2};
                 c.again();
               }},
        Forged{"a_key_of_another_template", "key.public",
               [](Case& c) {
                 c.tpm.idevid = test::PaperKey{Template::iak_h2};
                 c.again();
               }},
        Forged{"a_request_for_another_key", "statement.requested_key",
               [](Case& c) { c.requested = to_bytes(other_tpm().idevid.spki()); }, Code::key_not_attested},
        // the statement
        Forged{"signed_by_another_tpm", "statement.signature",
               [](Case& c) { c.made.claim.signer = &other_tpm().iak.key; }},
        Forged{"a_certification_with_creation_data", "statement.type",
               [](Case& c) { c.made.claim = c.tpm.claim(c.tpm.idevid, c.freshness); }},
        Forged{"a_quote_with_creation_data", "statement.type",
               [](Case& c) {
                 c.made.claim.attest.attested = tpm::QuoteInfo{{{tpm::Hash::sha256, 1}}, Bytes(32, 0)};
               }},
        Forged{"a_creation_without_its_data", "statement.type", [](Case& c) { c.creation_data.clear(); }},
        Forged{"about_another_key", "statement.name",
               [](Case& c) { c.made = c.tpm.creation(other_tpm().idevid, c.freshness); }, Code::key_not_attested},
        Forged{"lied_about_the_attributes", "statement.name",
               [](Case& c) {
                 c.tpm.idevid.area.attributes = tpm::Attributes{0x000400E0};  // made as one that may leave
                 c.again();
                 c.tpm.idevid.area.attributes = tpm::Attributes{0x000400F2};
                 c.key_public = c.tpm.idevid.public_area();
               },
               Code::key_not_attested},
        Forged{"another_session", "statement.freshness",
               [](Case& c) { c.made.claim.attest.extra_data = to_bytes(crypto::sha256(as_bytes("another")).get()); }},
        Forged{"a_nonce_in_outside_info_alone", "statement.freshness",
               [](Case& c) {
                 c.made.claim.attest.extra_data.clear();
                 c.made.data.outside_info = to_bytes(c.freshness.get());
                 c.created_with(c.made.data);
               }},
        Forged{"an_ak_of_another_hierarchy", "statement.signer",
               [](Case& c) { c.made.claim.attest.qualified_signer[5] ^= 1; }},
        // the creation data
        Forged{"another_creation_hash", "statement.creation", [](Case& c) { c.info().creation_hash[0] ^= 1; }},
        Forged{"a_creation_hash_of_another_size", "statement.creation",
               [](Case& c) { c.info().creation_hash.resize(48); }},
        Forged{"a_flipped_bit_of_the_data", "statement.creation", [](Case& c) { c.creation_data[10] ^= 1; }},
        Forged{"data_of_another_creation", "statement.creation",
               [](Case& c) {
                 auto data = c.made.data;
                 data.locality = 2;
                 c.creation_data = tpm::write(data);
               }},
        Forged{"a_byte_behind_the_data", "statement.creation",
               [](Case& c) {
                 auto data = c.creation_data;
                 data.push_back(0);
                 c.created_with(data);
               }},
        Forged{"data_with_its_size_before_it", "statement.creation",
               [](Case& c) {
                 Bytes sized{0, static_cast<std::uint8_t>(c.creation_data.size())};
                 append(sized, c.creation_data);
                 c.created_with(sized);
               }},
        Forged{"data_that_are_none", "statement.creation",
               [](Case& c) { c.created_with(as_bytes("no creation data")); }},
        // its place
        Forged{"a_primary_of_the_owner", "statement.place",
               [](Case& c) {
                 auto data = c.made.data;
                 data.parent_name = data.parent_qualified_name = Bytes{0x40, 0x00, 0x00, 0x01};
                 c.created_with(data);
               }},
        Forged{"a_parent_of_another_qualified_name", "statement.place",
               [](Case& c) {
                 auto data = c.made.data;
                 data.parent_qualified_name = Bytes{0x40, 0x00, 0x00, 0x01};
                 c.created_with(data);
               }},
        Forged{"an_undeclared_storage_key_above_it", "statement.place",
               [](Case& c) { c.created_with(c.tpm.creation_of_child(c.tpm.idevid, c.freshness).data); }},
        Forged{"a_declared_parent_that_is_none", "statement.place",
               [](Case& c) { c.parent_public = c.tpm.iak.public_area(); }}),
    [](const auto& one) { return one.param.name; });

TEST_P(CreationStep, fails_alone) {
  Case forged;
  GetParam().spoil(forged);
  const auto appraisal = forged.appraise();
  EXPECT_EQ(failed_check(appraisal.findings), GetParam().check);
  EXPECT_FALSE(appraisal.claims || appraisal.certified);
  const auto refusal = verdict(appraisal.findings);
  ASSERT_FALSE(refusal);
  EXPECT_EQ(refusal.error().code, GetParam().code);
}

// --- differential: what two software TPMs really signed ---

class GoldenCreation : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(testing::golden())) {
      GTEST_SKIP() << "the TPM vectors are not beside the repository";
    }
  }
  static Bytes file(const std::string& name) { return testing::golden_file(std::string{GetParam()} + "/" + name); }
  static TpmStatement statement(const std::string& stem) {
    return {file(stem + ".tpms_attest"), file(stem + ".tpmt_signature")};
  }
  static std::string judged(const TpmStatement& of, const std::string& key, BytesView creation_data) {
    const auto key_public = file(key + ".tpmt_public");
    const auto spki = public_key(tpm::read_public(key_public).value()).value();
    return failed_check(appraise_key_statement(of, {.ak_public = file("iak.tpmt_public"),
                                                    .key_public = key_public,
                                                    .parent_public = {},
                                                    .freshness = Digest{octets<32>(file("nonce.bin")).value()},
                                                    .requested_spki = spki.spki(),
                                                    .creation_data = creation_data})
                            .findings);
  }
};
INSTANTIATE_TEST_SUITE_P(Tpms, GoldenCreation, ::testing::Values("tpmA", "tpmB"));

TEST_P(GoldenCreation, of_an_h2_idevid_passes_with_its_own_data_only) {
  const auto good = statement("h2-idevid-creation");
  const auto data = file("h2-idevid.tpms_creation_data");
  EXPECT_EQ(judged(good, "h2-idevid", data), "");
  EXPECT_EQ(judged(good, "h2-idevid", {}), "statement.type");
  EXPECT_EQ(judged(good, "idevid", data), "statement.name");
  EXPECT_EQ(judged(statement("h2-iak-creation"), "h2-idevid", file("h2-iak.tpms_creation_data")), "statement.name");
  EXPECT_EQ(judged(statement("idevid"), "idevid", data), "statement.type");
  EXPECT_EQ(judged(good, "h2-iak", data), "key.public");
}

TEST_P(GoldenCreation, every_flipped_bit_and_every_truncation_is_refused) {
  const auto good = statement("h2-idevid-creation");
  const auto data = file("h2-idevid.tpms_creation_data");
  for (std::size_t at = 0; at < good.attest.size(); ++at) {
    auto bad = good;
    bad.attest[at] ^= static_cast<std::uint8_t>(1U << (at % 8));
    EXPECT_NE(judged(bad, "h2-idevid", data), "") << at;
    bad.attest.resize(at);
    EXPECT_NE(judged(bad, "h2-idevid", data), "") << at;
  }
  for (std::size_t at = 0; at < data.size(); ++at) {
    auto bad = data;
    bad[at] ^= static_cast<std::uint8_t>(1U << (at % 8));
    EXPECT_EQ(judged(good, "h2-idevid", bad), "statement.creation") << at;
    bad.resize(at);
    EXPECT_EQ(judged(good, "h2-idevid", bad), at == 0 ? "statement.type" : "statement.creation") << at;
  }
}

}  // namespace
}  // namespace birthmark::attest
