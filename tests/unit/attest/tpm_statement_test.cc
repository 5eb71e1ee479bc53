// SPDX-License-Identifier: Apache-2.0
#include "attest/tpm_statement.h"

#include "crypto/ecdsa_signature.h"
#include "unit/attest/support.h"

namespace birthmark::attest {
namespace {

using testing::failed_check;

Digest fresh(std::string_view session) {
  return crypto::sha256(as_bytes(session));
}

/// A TPM, its statement about the key that is asked for, and what is expected; to be spoilt in one place.
struct Case {
  test::PaperTpm tpm{testing::vendor().pattern, testing::made_at()};
  Digest freshness = fresh("this session");
  test::PaperTpm::Claim claim = tpm.claim(tpm.idevid, freshness);
  Bytes ak_public = tpm.iak.public_area();
  Bytes key_public = tpm.idevid.public_area();
  Bytes parent_public;
  Bytes requested = to_bytes(tpm.idevid.spki());
  void (*spoil_signed)(TpmStatement&) = nullptr;

  [[nodiscard]] StatementAppraisal appraise() const {
    auto statement = test::PaperTpm::sign(claim);
    if (spoil_signed != nullptr) {
      spoil_signed(statement);
    }
    return appraise_key_statement(statement, {.ak_public = ak_public,
                                              .key_public = key_public,
                                              .parent_public = parent_public,
                                              .freshness = freshness,
                                              .requested_spki = requested});
  }
  /// The AK says of itself that it has these attributes, everywhere where it speaks of itself.
  void ak_with(tpm::Attributes attributes) {
    tpm.iak.area.attributes = attributes;
    again();
  }
  /// The key says so of itself, and the AK has certified it.
  void key_with(tpm::Attributes attributes) {
    tpm.idevid.area.attributes = attributes;
    again();
  }
  void again() {
    claim = tpm.claim(tpm.idevid, freshness);
    ak_public = tpm.iak.public_area();
    key_public = tpm.idevid.public_area();
    requested = to_bytes(tpm.idevid.spki());
  }
  tpm::CertifyInfo& info() { return std::get<tpm::CertifyInfo>(claim.attest.attested); }
};

TEST(Certify, a_primary_of_the_endorsement_hierarchy_passes) {
  const Case good;
  const auto appraisal = good.appraise();
  EXPECT_EQ(failed_check(appraisal.findings), "");
  ASSERT_TRUE(appraisal.claims && appraisal.certified);
  EXPECT_EQ(appraisal.claims->clock, good.tpm.clock);
  EXPECT_TRUE(equal(appraisal.certified->spki(), good.tpm.idevid.spki()));
}

TEST(Certify, a_child_of_the_owners_storage_key_passes_where_it_was_declared) {
  const Case made;
  const auto statement = made.tpm.certify_child(made.tpm.idevid, made.freshness);
  const auto judged = [&](BytesView parent) {
    return failed_check(appraise_key_statement(statement, {.ak_public = made.ak_public,
                                                           .key_public = made.key_public,
                                                           .parent_public = parent,
                                                           .freshness = made.freshness,
                                                           .requested_spki = made.requested})
                            .findings);
  };
  EXPECT_EQ(judged(made.tpm.storage.public_area()), "");
  EXPECT_EQ(judged({}), "statement.place");
  EXPECT_EQ(judged(test::PaperKey{tpm::Template::ek_p256_low}.public_area()), "statement.place");
  EXPECT_EQ(judged(as_bytes("no public area")), "statement.place");
}

/// attestation.md §1.5, 3 to 6, and the attacks of §1.7: each fails alone.
struct Forged {
  const char* name;
  const char* check;
  void (*spoil)(Case&);
  Code code = Code::bad_evidence;
};
class CertifyStep : public ::testing::TestWithParam<Forged> {};

constexpr std::uint32_t kAk = 0x00050072, kKey = 0x00040072;
const test::PaperTpm& other_tpm() {
  static const test::PaperTpm made{testing::vendor().pattern, testing::made_at()};
  return made;
}

INSTANTIATE_TEST_SUITE_P(
    Table, CertifyStep,
    ::testing::Values(
        // 1. the AK
        Forged{"an_ak_that_signs_anything", "ak.public",
               [](Case& c) { c.ak_with(tpm::Attributes{kAk & ~(1U << 16)}); }},
        Forged{"an_ak_that_decrypts", "ak.public", [](Case& c) { c.ak_with(tpm::Attributes{kAk | 1U << 17}); }},
        Forged{"an_ak_that_does_not_sign", "ak.public", [](Case& c) { c.ak_with(tpm::Attributes{kAk & ~(1U << 18)}); }},
        Forged{"an_ak_that_may_leave", "ak.public", [](Case& c) { c.ak_with(tpm::Attributes{kAk & ~(1U << 1)}); }},
        Forged{"an_ak_that_may_move", "ak.public", [](Case& c) { c.ak_with(tpm::Attributes{kAk & ~(1U << 4)}); }},
        Forged{"an_ak_that_was_imported", "ak.public", [](Case& c) { c.ak_with(tpm::Attributes{kAk & ~(1U << 5)}); }},
        Forged{"an_ak_of_no_template", "ak.public", [](Case& c) { c.ak_with(tpm::Attributes{kAk | 1U << 10}); }},
        Forged{"an_ak_with_a_policy", "ak.public",
               [](Case& c) {
                 c.tpm.iak.area.auth_policy = Bytes(32, 1);
                 c.again();
               }},
        Forged{"an_ak_without_a_scheme", "ak.public",
               [](Case& c) {
                 std::get<tpm::EccKey>(c.tpm.iak.area.key).ecdsa.reset();
                 c.again();
               }},
        Forged{"an_ak_off_the_curve", "ak.public",
               [](Case& c) {
                 auto& ecc = std::get<tpm::EccKey>(c.tpm.iak.area.key);
                 ecc.y[31] ^= 1;
                 c.again();
               }},
        Forged{"no_ak", "ak.public", [](Case& c) { c.ak_public.clear(); }},
        Forged{"a_byte_behind_the_ak", "ak.public", [](Case& c) { c.ak_public.push_back(0); }},
        // 2. the key
        Forged{"a_key_that_may_leave", "key.public", [](Case& c) { c.key_with(tpm::Attributes{kKey & ~(1U << 1)}); }},
        Forged{"a_key_that_may_move", "key.public", [](Case& c) { c.key_with(tpm::Attributes{kKey & ~(1U << 4)}); }},
        Forged{"a_key_that_was_imported", "key.public",
               [](Case& c) { c.key_with(tpm::Attributes{kKey & ~(1U << 5)}); }},
        Forged{"a_key_that_does_not_sign", "key.public",
               [](Case& c) { c.key_with(tpm::Attributes{kKey & ~(1U << 18)}); }},
        Forged{"a_restricted_key", "key.public", [](Case& c) { c.key_with(tpm::Attributes{kKey | 1U << 16}); }},
        Forged{"a_key_that_decrypts", "key.public", [](Case& c) { c.key_with(tpm::Attributes{kKey | 1U << 17}); }},
        Forged{"a_key_for_encrypted_duplication", "key.public",
               [](Case& c) { c.key_with(tpm::Attributes{kKey | 1U << 11}); }},
        Forged{"a_key_that_dies_at_reset", "key.public", [](Case& c) { c.key_with(tpm::Attributes{kKey | 1U << 2}); }},
        Forged{"a_key_of_no_template", "key.public", [](Case& c) { c.key_with(tpm::Attributes{kKey | 1U << 10}); }},
        Forged{"no_key", "key.public", [](Case& c) { c.key_public.clear(); }},
        // 3. the request is for this key
        Forged{"a_request_for_another_key", "statement.requested_key",
               [](Case& c) { c.requested = to_bytes(other_tpm().idevid.spki()); }, Code::key_not_attested},
        Forged{"a_request_for_no_key", "statement.requested_key", [](Case& c) { c.requested.clear(); },
               Code::key_not_attested},
        // 4. the signature
        Forged{"signed_by_another_key", "statement.signature", [](Case& c) { c.claim.signer = &c.tpm.idevid.key; }},
        Forged{"signed_by_another_tpm", "statement.signature", [](Case& c) { c.claim.signer = &other_tpm().iak.key; }},
        Forged{"a_flipped_bit", "statement.signature",
               [](Case& c) { c.spoil_signed = [](TpmStatement& s) { s.attest[20] ^= 1; }; }},
        Forged{"a_byte_behind_the_statement", "statement.signature",
               [](Case& c) { c.spoil_signed = [](TpmStatement& s) { s.attest.push_back(0); }; }},
        Forged{"a_byte_behind_the_signature", "statement.signature",
               [](Case& c) { c.spoil_signed = [](TpmStatement& s) { s.signature.push_back(0); }; }},
        Forged{"no_signature", "statement.signature",
               [](Case& c) { c.spoil_signed = [](TpmStatement& s) { s.signature.clear(); }; }},
        Forged{"a_signature_of_another_hash", "statement.signature",
               [](Case& c) { c.spoil_signed = [](TpmStatement& s) { s.signature[3] = 0x0C; }; }},
        // 6. the type
        Forged{"a_quote", "statement.type",
               [](Case& c) {
                 c.claim.attest.attested = tpm::QuoteInfo{{{tpm::Hash::sha256, 1}}, Bytes(32, 0)};
               }},
        Forged{"a_creation", "statement.type",
               [](Case& c) {
                 c.claim.attest.attested = tpm::CreationInfo{c.info().name, Bytes(32, 0)};
               }},
        // 7. the name
        Forged{"about_another_key", "statement.name",
               [](Case& c) {
                 c.info() = std::get<tpm::CertifyInfo>(other_tpm().claim(other_tpm().idevid, {}).attest.attested);
               },
               Code::key_not_attested},
        Forged{"lied_about_the_attributes", "statement.name",
               [](Case& c) {
                 c.key_with(tpm::Attributes{0x00040060});  // certified as one that may leave
                 c.tpm.idevid.area.attributes = tpm::Attributes{kKey};
                 c.key_public = c.tpm.idevid.public_area();
               },
               Code::key_not_attested},
        // 8. extraData
        Forged{"another_session", "statement.freshness",
               [](Case& c) { c.claim.attest.extra_data = to_bytes(fresh("another").get()); }},
        Forged{"no_nonce", "statement.freshness", [](Case& c) { c.claim.attest.extra_data.clear(); }},
        Forged{"a_nonce_with_a_byte_more", "statement.freshness",
               [](Case& c) { c.claim.attest.extra_data.push_back(0); }},
        Forged{"the_constant_of_tpm2_tools", "statement.freshness",
               [](Case& c) {
                 c.claim.attest.extra_data = Bytes{0x00, 0xFF, 0x55, 0xAA};
               }},
        // 9. and 10. places in the hierarchies
        Forged{"an_ak_of_another_hierarchy", "statement.signer",
               [](Case& c) { c.claim.attest.qualified_signer[5] ^= 1; }},
        Forged{"an_ak_without_a_place", "statement.signer",
               [](Case& c) { c.claim.attest.qualified_signer = c.tpm.ak_name(); }},
        Forged{"a_key_at_another_place", "statement.place", [](Case& c) { c.info().qualified_name[5] ^= 1; }},
        Forged{"a_key_without_a_place", "statement.place", [](Case& c) { c.info().qualified_name = c.info().name; }}),
    [](const auto& one) { return one.param.name; });

TEST_P(CertifyStep, fails_alone) {
  Case forged;
  GetParam().spoil(forged);
  const auto appraisal = forged.appraise();
  EXPECT_EQ(failed_check(appraisal.findings), GetParam().check);
  EXPECT_FALSE(appraisal.claims || appraisal.certified);
  const auto refusal = verdict(appraisal.findings);
  ASSERT_FALSE(refusal);
  EXPECT_EQ(refusal.error().code, GetParam().code);
}

// 5. What an unrestricted key could sign: anything that does not begin with TPM_GENERATED. A restricted one refuses to
// sign what does, so the reader must insist on it. The signature here is the AK's own.
TEST(Certify, without_the_magic_no_tpm_has_made_it) {
  const Case good;
  for (const std::size_t at : {0U, 3U, 4U}) {  // the magic and the type
    auto statement = test::PaperTpm::sign(good.claim);
    statement.attest[at] ^= 0x20;
    const auto der = good.tpm.iak.key.sign(statement.attest).value();
    const auto raw = crypto::ecdsa_der_to_raw(crypto::KeyType::p256, der).value();
    statement.signature = tpm::write(tpm::Signature{tpm::EcdsaSignature{
        tpm::Hash::sha256, to_bytes(BytesView{raw}.first(32)), to_bytes(BytesView{raw}.subspan(32))}});
    const auto appraisal = appraise_key_statement(statement, {.ak_public = good.ak_public,
                                                              .key_public = good.key_public,
                                                              .parent_public = {},
                                                              .freshness = good.freshness,
                                                              .requested_spki = good.requested});
    EXPECT_EQ(failed_check(appraisal.findings), "statement.structure") << at;
  }
}

TEST(Certify, steps_stand_in_the_order_of_the_page) {
  std::vector<std::string> order;
  for (const auto& finding : Case{}.appraise().findings) {
    order.push_back(finding.check);
  }
  EXPECT_EQ(order,
            (std::vector<std::string>{"ak.public", "key.public", "statement.requested_key", "statement.signature",
                                      "statement.structure", "statement.type", "statement.name", "statement.freshness",
                                      "statement.signer", "statement.place"}));
}

// --- quotes ---

TEST(Quote, passes_for_its_ak_and_session_only) {
  const Case made;
  const auto quote = made.tpm.quote(made.freshness);
  EXPECT_EQ(failed_check(appraise_quote(quote, made.ak_public, made.freshness).findings), "");
  EXPECT_EQ(failed_check(appraise_quote(quote, made.ak_public, fresh("another")).findings), "quote.freshness");
  EXPECT_EQ(failed_check(appraise_quote(quote, other_tpm().iak.public_area(), made.freshness).findings),
            "quote.signature");
  EXPECT_EQ(failed_check(appraise_quote(quote, made.key_public, made.freshness).findings), "ak.public");
  EXPECT_EQ(
      failed_check(
          appraise_quote(made.tpm.certify(made.tpm.idevid, made.freshness), made.ak_public, made.freshness).findings),
      "quote.type");
  auto displaced = made.tpm.claim(made.tpm.iak, made.freshness);
  displaced.attest.attested = tpm::QuoteInfo{{{tpm::Hash::sha256, 1}}, Bytes(32, 0)};
  displaced.attest.qualified_signer[3] ^= 1;
  EXPECT_EQ(failed_check(appraise_quote(test::PaperTpm::sign(displaced), made.ak_public, made.freshness).findings),
            "quote.signer");
}

// --- differential: what two software TPMs really signed ---

class GoldenStatement : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(testing::golden())) {
      GTEST_SKIP() << "the TPM vectors are not beside the repository";
    }
  }
  static std::string path(const std::string& name) { return std::string{GetParam()} + "/" + name; }
  static Bytes file(const std::string& name) { return testing::golden_file(path(name)); }
  static TpmStatement statement(const std::string& stem) {
    return {file(stem + ".tpms_attest"), file(stem + ".tpmt_signature")};
  }
  static Digest nonce() { return Digest{octets<32>(file("nonce.bin")).value()}; }

  /// @param ak, key stems of public areas.
  static std::string certify(const TpmStatement& of, const std::string& ak, const std::string& key) {
    const auto key_public = file(key + ".tpmt_public");
    const auto spki = public_key(tpm::read_public(key_public).value());
    return failed_check(appraise_key_statement(of, {.ak_public = file(ak + ".tpmt_public"),
                                                    .key_public = key_public,
                                                    .parent_public = {},
                                                    .freshness = nonce(),
                                                    .requested_spki = spki ? spki->spki() : BytesView{}})
                            .findings);
  }
};
INSTANTIATE_TEST_SUITE_P(Tpms, GoldenStatement, ::testing::Values("tpmA", "tpmB"));

TEST_P(GoldenStatement, good_ones_pass_and_each_bad_one_fails_at_its_step) {
  EXPECT_EQ(certify(statement("idevid"), "iak", "idevid"), "");
  EXPECT_EQ(certify(statement("bad-nonce-empty"), "iak", "idevid"), "statement.freshness");
  EXPECT_EQ(certify(statement("bad-nonce-other"), "iak", "idevid"), "statement.freshness");
  EXPECT_EQ(certify(statement("bad-key-duplicable"), "iak", "bad-key-duplicable"), "key.public");
  EXPECT_EQ(certify(statement("bad-key-sign-and-decrypt"), "iak", "bad-key-sign-and-decrypt"), "key.public");
  // Signature and Name match; only the attributes of the signing key stop it.
  EXPECT_EQ(certify(statement("bad-forged"), "bad-ak-unrestricted", "bad-forged-subject"), "ak.public");
  EXPECT_EQ(certify(statement("quote"), "iak", "idevid"), "statement.type");
  EXPECT_EQ(certify(statement("iak-creation"), "iak", "idevid"), "statement.type");
}

TEST_P(GoldenStatement, quotes_pass_and_certifications_are_no_quotes) {
  const auto ak = file("iak.tpmt_public");
  EXPECT_EQ(failed_check(appraise_quote(statement("quote"), ak, nonce()).findings), "");
  EXPECT_EQ(failed_check(appraise_quote(statement("idevid"), ak, nonce()).findings), "quote.type");
}

TEST_P(GoldenStatement, names_are_those_that_the_tpm_computed) {
  EXPECT_EQ(ak_name(file("iak.tpmt_public")).value(), file("iak.name"));
}

TEST_P(GoldenStatement, every_flipped_bit_and_every_truncation_is_refused) {
  const auto good = statement("idevid");
  for (std::size_t at = 0; at < good.attest.size(); ++at) {
    auto bad = good;
    bad.attest[at] ^= static_cast<std::uint8_t>(1U << (at % 8));
    EXPECT_NE(certify(bad, "iak", "idevid"), "") << at;
    bad = good;
    bad.attest.resize(at);
    EXPECT_NE(certify(bad, "iak", "idevid"), "") << at;
  }
  for (std::size_t at = 0; at < good.signature.size(); ++at) {
    auto bad = good;
    bad.signature[at] ^= static_cast<std::uint8_t>(1U << (at % 8));
    EXPECT_NE(certify(bad, "iak", "idevid"), "") << at;
    bad = good;
    bad.signature.resize(at);
    EXPECT_NE(certify(bad, "iak", "idevid"), "") << at;
  }
}

TEST_P(GoldenStatement, another_tpms_keys_and_nonce_do_not_fit) {
  const std::string other = std::string{GetParam()} == "tpmA" ? "tpmB/" : "tpmA/";
  const auto theirs = [&](const std::string& name) { return testing::golden_file(other + name); };
  const auto judged = [&](BytesView ak, BytesView key, const Digest& nonce_value) {
    const auto spki = public_key(tpm::read_public(key).value()).value();
    return failed_check(appraise_key_statement(statement("idevid"), {.ak_public = ak,
                                                                     .key_public = key,
                                                                     .parent_public = {},
                                                                     .freshness = nonce_value,
                                                                     .requested_spki = spki.spki()})
                            .findings);
  };
  const auto ak = file("iak.tpmt_public");
  const auto key = file("idevid.tpmt_public");
  EXPECT_EQ(judged(theirs("iak.tpmt_public"), key, nonce()), "statement.signature");
  EXPECT_EQ(judged(ak, theirs("idevid.tpmt_public"), nonce()), "statement.name");
}

}  // namespace
}  // namespace birthmark::attest
