// SPDX-License-Identifier: Apache-2.0
#include "agent/tpm_root.h"

#include <gtest/gtest.h>

#include <numeric>

#include "adapters/entropy/generated_ephemerals.h"
#include "adapters/entropy/system_entropy.h"
#include "agent/tpm_manufacture.h"
#include "crypto/hash.h"
#include "crypto/tpm_crypto.h"
#include "support/swtpm.h"
#include "unit/agent/tpm_bytes_oracle.h"

namespace birthmark {
namespace {

using agent::DeviceKey;
using agent::IdentityKey;
using fleet::SoftwareTpm;
using support::digest_of;

constexpr auto kAttestCertify = 0x8017U, kAttestQuote = 0x8018U, kAttestCreation = 0x801AU;

class TpmRoot : public support::SwtpmTest {
 protected:
  /// What an attacker or an honest server sends, made by the tool of another implementation, without a TPM.
  struct Credential {
    Bytes id_object;
    Bytes encrypted_secret;
  };
  Credential credential_by_tool(BytesView ek_public, BytesView name, BytesView secret) {
    Bytes sized_public{static_cast<std::uint8_t>(ek_public.size() >> 8), static_cast<std::uint8_t>(ek_public.size())};
    append(sized_public, ek_public);
    support::write_file(file("ek.pub"), sized_public);
    support::write_file(file("secret"), secret);
    const auto made = support::run({"tpm2_makecredential", "-T", "none", "-u", file("ek.pub"), "-s", file("secret"),
                                    "-n", to_hex(name), "-o", file("credential")});
    EXPECT_EQ(made.status, 0) << made.output;
    const auto bytes = support::read_file(file("credential"));
    std::size_t at = 8;  // the tool's own magic and version
    const auto id_object = oracle::sized(bytes, at);
    const auto encrypted = oracle::sized(bytes, at);
    return {to_bytes(id_object), to_bytes(encrypted)};
  }
};

// --- keys -------------------------------------------------------------------------------------------------------

TEST_F(TpmRoot, keys_have_exactly_the_attributes_of_the_birthmark_templates) {
  const auto keys = root()->create_identity_keys().value();
  EXPECT_EQ(to_hex(BytesView{keys.iak}.first(22)), "0023000b00050072000000100018000b000300100020");
  EXPECT_EQ(to_hex(BytesView{keys.idevid}.first(22)), "0023000b00040072000000100018000b000300100020");
}

TEST_F(TpmRoot, identity_keys_are_the_same_after_a_repeat_a_restart_and_an_owner_clear) {
  const auto born = root()->create_identity_keys().value();
  const auto same = [&] {
    const auto now = root()->create_identity_keys().value();
    return now.iak == born.iak && now.idevid == born.idevid;
  };
  EXPECT_TRUE(same());
  ASSERT_TRUE(tpm_->power_cycle(SoftwareTpm::Power::orderly));
  EXPECT_TRUE(same());
  ASSERT_TRUE(root()->clear());
  EXPECT_EQ(root()->public_area(DeviceKey::idevid).value(), born.idevid);  // before they are kept again
  EXPECT_TRUE(same());
}

TEST_F(TpmRoot, identity_keys_differ_between_chips) {
  auto other = SoftwareTpm::start(file("tpm2")).value();
  const auto theirs = agent::open_tpm_root({.tcti = other->tcti(), .state_directory = {}}, files_).value();
  const auto a = root()->create_identity_keys().value();
  const auto b = theirs->create_identity_keys().value();
  EXPECT_NE(a.iak, b.iak);
  EXPECT_NE(a.idevid, b.idevid);
}

TEST_F(TpmRoot, another_key_where_the_iak_belongs_is_a_conflict_and_is_left_alone) {
  ASSERT_EQ(tool({"tpm2_createprimary", "-C", "o", "-G", "ecc", "-c", file("other.ctx")}).status, 0);
  ASSERT_EQ(tool({"tpm2_evictcontrol", "-C", "o", "-c", file("other.ctx"), "0x81020001"}).status, 0);
  ASSERT_EQ(tool({"tpm2_flushcontext", "-t"}).status, 0);
  const auto before = tool({"tpm2_readpublic", "-c", "0x81020001"}).output;
  const auto made = root()->create_identity_keys();
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, Code::conflict);
  EXPECT_EQ(tool({"tpm2_readpublic", "-c", "0x81020001"}).output, before);
  // A stranger at the handle does not become our signer either.
  const auto statement = root()->certify(DeviceKey::idevid, digest_of(1)).value();
  ASSERT_EQ(tool({"tpm2_evictcontrol", "-C", "o", "-c", "0x81020001"}).status, 0);
  const auto keys = root()->create_identity_keys().value();
  EXPECT_TRUE(oracle::statement_verifies(keys.iak, statement.attest, statement.signature));
}

TEST_F(TpmRoot, three_slots_of_the_chip_are_enough_for_ever) {
  const auto root_ = root();
  const auto keys = root_->create_identity_keys().value();
  const auto endorsement = root_->endorsement().value();
  const auto wrong =
      credential_by_tool(endorsement.public_area, oracle::name(keys.idevid), support::random_like(1, 32));
  ASSERT_TRUE(root_->create_pending_key());
  for (std::uint8_t i = 0; i < 8; ++i) {
    EXPECT_TRUE(root_->certify(DeviceKey::pending, digest_of(i)));
    EXPECT_TRUE(root_->certify_creation(IdentityKey::idevid, digest_of(i)));
    EXPECT_TRUE(root_->sign(DeviceKey::pending, as_bytes("m")));
    EXPECT_FALSE(root_->activate(wrong.id_object, wrong.encrypted_secret));
    EXPECT_TRUE(root_->endorsement());
  }
}

// --- statements -------------------------------------------------------------------------------------------------

TEST_F(TpmRoot, certify_binds_the_idevid_key_and_the_freshness_under_the_iak) {
  const auto keys = root()->create_identity_keys().value();
  const auto made = root()->certify(DeviceKey::idevid, digest_of(0xA5)).value();
  EXPECT_TRUE(oracle::statement_verifies(keys.iak, made.attest, made.signature));
  EXPECT_FALSE(oracle::statement_verifies(keys.idevid, made.attest, made.signature));
  const auto read = oracle::attest(made.attest);
  EXPECT_EQ(read.type, kAttestCertify);
  EXPECT_TRUE(equal(read.extra_data, digest_of(0xA5).get()));
  std::size_t at = 0;
  EXPECT_EQ(to_bytes(oracle::sized(read.attested, at)), oracle::name(keys.idevid));
}

TEST_F(TpmRoot, a_changed_statement_does_not_verify) {
  const auto keys = root()->create_identity_keys().value();
  auto made = root()->certify(DeviceKey::idevid, digest_of(7)).value();
  for (const std::size_t at : {std::size_t{0}, made.attest.size() / 2, made.attest.size() - 1}) {
    made.attest[at] ^= 1;
    EXPECT_FALSE(oracle::statement_verifies(keys.iak, made.attest, made.signature)) << at;
    made.attest[at] ^= 1;
  }
}

TEST_F(TpmRoot, creation_statement_carries_the_hash_of_the_creation_data) {
  const auto keys = root()->create_identity_keys().value();
  for (const auto which : {IdentityKey::iak, IdentityKey::idevid}) {
    const auto made = root()->certify_creation(which, digest_of(3)).value();
    EXPECT_TRUE(oracle::statement_verifies(keys.iak, made.statement.attest, made.statement.signature));
    const auto read = oracle::attest(made.statement.attest);
    EXPECT_EQ(read.type, kAttestCreation);
    EXPECT_TRUE(equal(read.extra_data, digest_of(3).get()));
    std::size_t at = 0;
    EXPECT_EQ(to_bytes(oracle::sized(read.attested, at)),
              oracle::name(which == IdentityKey::iak ? keys.iak : keys.idevid));
    EXPECT_EQ(to_bytes(oracle::sized(read.attested, at)), oracle::sha256(made.creation_data));
  }
}

// --- activation -------------------------------------------------------------------------------------------------

TEST_F(TpmRoot, opens_a_credential_that_another_implementation_made) {
  const auto keys = root()->create_identity_keys().value();
  const auto secret = support::random_like(9, 32);
  const auto made = credential_by_tool(root()->endorsement().value().public_area, oracle::name(keys.iak), secret);
  const auto opened = root()->activate(made.id_object, made.encrypted_secret);
  ASSERT_TRUE(opened) << opened.error().detail;
  EXPECT_TRUE(opened->matches(secret));
}

TEST_F(TpmRoot, opens_a_credential_of_the_server) {
  const auto keys = root()->create_identity_keys().value();
  const auto point = oracle::point(root()->endorsement().value().public_area);
  const BytesView coordinates = BytesView{point}.subspan(1);
  const crypto::EndorsementKey ek{
      crypto::PublicKey::from_point(crypto::KeyType::p256, coordinates.first(32), coordinates.last(32)).value()};
  SystemEntropy entropy;
  GeneratedEphemerals source{entropy};
  const auto made =
      crypto::make_credential(ek, oracle::name(keys.iak), Secret{support::random_like(4, 32)}, source).value();
  const auto opened = root()->activate(made.id_object, made.encrypted_secret);
  ASSERT_TRUE(opened) << opened.error().detail;
  EXPECT_TRUE(opened->matches(support::random_like(4, 32)));
}

TEST_F(TpmRoot, refuses_credentials_for_another_iak_another_chip_or_changed_ones) {
  const auto root_ = root();
  const auto keys = root_->create_identity_keys().value();
  const auto ek = root_->endorsement().value().public_area;
  const auto secret = support::random_like(5, 32);
  const auto good = credential_by_tool(ek, oracle::name(keys.iak), secret);
  const auto other_name = credential_by_tool(ek, oracle::name(keys.idevid), secret);
  auto other = SoftwareTpm::start(file("tpm2")).value();
  ASSERT_TRUE(other->manufacture(vendor_, {}, support::made_at()));
  const auto other_ek = agent::open_tpm_root({.tcti = other->tcti(), .state_directory = {}}, files_)
                            .value()
                            ->endorsement()
                            .value()
                            .public_area;
  const auto other_chip = credential_by_tool(other_ek, oracle::name(keys.iak), secret);
  auto flipped = good;
  flipped.id_object.back() ^= 1;
  auto flipped_point = good;
  flipped_point.encrypted_secret.back() ^= 1;
  const Credential cut{Bytes(good.id_object.begin(), good.id_object.end() - 1), good.encrypted_secret};
  const Credential empty{};
  const Credential too_long{Bytes(4096), good.encrypted_secret};
  const Credential long_secret{good.id_object, Bytes(4096)};
  for (const auto& bad : {other_name, other_chip, flipped, flipped_point, cut, empty, too_long, long_secret}) {
    const auto opened = root_->activate(bad.id_object, bad.encrypted_secret);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, Code::bad_evidence) << opened.error().detail;
  }
  EXPECT_TRUE(root_->activate(good.id_object, good.encrypted_secret).value().matches(secret));
}

// --- quotes -----------------------------------------------------------------------------------------------------

TEST_F(TpmRoot, another_implementation_accepts_the_quote_and_only_with_its_nonce_and_values) {
  {
    auto chip = agent::TpmManufacture::open(tpm_->tcti()).value();
    ASSERT_TRUE(chip.extend_pcr(7, digest_of(0x77)));
  }
  const auto keys = root()->create_identity_keys().value();
  const std::array<std::uint8_t, 4> pcrs{0, 3, 7, 23};
  auto made = root()->quote(digest_of(0xC3), pcrs).value();
  ASSERT_EQ(made.pcr_values.size(), pcrs.size());
  Octets<64> extended{};
  std::ranges::fill(std::span{extended}.last(32), std::uint8_t{0x77});
  EXPECT_EQ(to_hex(made.pcr_values[2]), to_hex(oracle::sha256(extended)));

  const auto accepts = [&](std::uint8_t nonce) {
    support::write_file(file("ak.der"), oracle::spki(oracle::point(keys.iak)));
    EXPECT_EQ(
        support::run({"openssl", "pkey", "-pubin", "-inform", "der", "-in", file("ak.der"), "-out", file("ak.pem")})
            .status,
        0);
    support::write_file(file("attest"), made.statement.attest);
    support::write_file(file("signature"), made.statement.signature);
    Bytes values;
    for (const auto& value : made.pcr_values) {
      append(values, value);
    }
    support::write_file(file("pcrs"), values);
    return support::run({"tpm2_checkquote", "-u", file("ak.pem"), "-m", file("attest"), "-s", file("signature"), "-f",
                         file("pcrs"), "-F", "values", "-l", "sha256:0,3,7,23", "-g", "sha256", "-q",
                         to_hex(digest_of(nonce).get())});
  };
  const auto good = accepts(0xC3);
  EXPECT_EQ(good.status, 0) << good.output;
  EXPECT_NE(accepts(0xC4).status, 0);
  made.pcr_values[2][0] ^= 1;
  EXPECT_NE(accepts(0xC3).status, 0);
  EXPECT_EQ(oracle::attest(made.statement.attest).type, kAttestQuote);
}

TEST_F(TpmRoot, every_pcr_can_be_quoted_at_once) {
  Bytes all(24);
  std::iota(all.begin(), all.end(), std::uint8_t{0});
  const auto made = root()->quote(digest_of(1), all).value();
  Bytes values;
  for (const auto& value : made.pcr_values) {
    append(values, value);
  }
  EXPECT_EQ(values.size(), 24U * 32U);
  // TPMS_QUOTE_INFO: one selection of three octets, then the digest over all values.
  const auto attested = oracle::attest(made.statement.attest).attested;
  EXPECT_EQ(to_hex(attested.first(12)), "00000001000b03ffffff0020");
  EXPECT_EQ(to_bytes(attested.last(32)), oracle::sha256(values));
}

TEST_F(TpmRoot, refuses_pcr_selections_that_are_empty_unordered_or_out_of_range) {
  const auto root_ = root();
  for (const auto& pcrs : std::vector<Bytes>{{}, {1, 0}, {3, 3}, {24}, {0, 200}}) {
    const auto made = root_->quote(digest_of(1), pcrs);
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code, Code::bad_request);
  }
}

// --- signing ----------------------------------------------------------------------------------------------------

TEST_F(TpmRoot, signatures_of_the_idevid_key_verify_over_messages_and_digests) {
  const auto keys = root()->create_identity_keys().value();
  const auto root_ = root();
  const auto message = as_bytes("certification request info");
  const auto digest = crypto::sha256(message);
  for (int i = 0; i < 40; ++i) {  // r and s with leading zeros come up now and then
    EXPECT_TRUE(oracle::verifies(keys.idevid, message, root_->sign(DeviceKey::idevid, message).value()));
    EXPECT_TRUE(oracle::verifies(keys.idevid, message, root_->sign_digest(DeviceKey::idevid, digest).value()));
  }
  EXPECT_FALSE(oracle::verifies(keys.idevid, as_bytes("another"), root_->sign(DeviceKey::idevid, message).value()));
}

// --- endorsement ------------------------------------------------------------------------------------------------

TEST_F(TpmRoot, finds_the_certificate_its_key_and_the_vendor_chain) {
  const auto found = root()->endorsement().value();
  EXPECT_EQ(found.certificate, ek_certificate_);
  ASSERT_EQ(found.chain.size(), 1U);
  EXPECT_TRUE(equal(found.chain[0], vendor_.intermediate_certificate()));
  const auto spki = oracle::spki(oracle::point(found.public_area));
  EXPECT_FALSE(std::ranges::search(ek_certificate_, spki).empty());
  EXPECT_EQ(to_hex(BytesView{found.public_area}.first(8)), "0023000b000300b2");
}

TEST_F(TpmRoot, a_chip_without_or_with_an_unreadable_certificate_says_so) {
  auto blank = SoftwareTpm::start(file("tpm2")).value();
  const auto endorsement = [&] {
    return agent::open_tpm_root({.tcti = blank->tcti(), .state_directory = {}}, files_).value()->endorsement();
  };
  ASSERT_FALSE(endorsement());
  EXPECT_EQ(endorsement().error().code, Code::not_found);
  ASSERT_TRUE(agent::TpmManufacture::open(blank->tcti())
                  .value()
                  .store_certificate(agent::kNvEkP256Certificate, Bytes(700, 0xFF)));
  ASSERT_FALSE(endorsement());
  EXPECT_EQ(endorsement().error().code, Code::bad_evidence);
}

TEST_F(TpmRoot, padding_behind_the_certificate_is_dropped_and_a_chain_may_cross_indices) {
  auto blank = SoftwareTpm::start(file("tpm2")).value();
  auto padded = ek_certificate_;
  padded.resize(1500, 0xFF);
  {
    auto chip = agent::TpmManufacture::open(blank->tcti()).value();
    ASSERT_TRUE(chip.store_certificate(agent::kNvEkP256Certificate, padded));
    Bytes chain = to_bytes(vendor_.intermediate_certificate());
    append(chain, vendor_.root_certificate());
    ASSERT_TRUE(chip.store_certificate(agent::kNvEkChain, BytesView{chain}.first(600)));
    ASSERT_TRUE(chip.store_certificate(agent::kNvEkChain + 1, BytesView{chain}.subspan(600)));
  }
  const auto found =
      agent::open_tpm_root({.tcti = blank->tcti(), .state_directory = {}}, files_).value()->endorsement().value();
  EXPECT_EQ(found.certificate, ek_certificate_);
  ASSERT_EQ(found.chain.size(), 2U);
  EXPECT_TRUE(equal(found.chain[1], vendor_.root_certificate()));
}

TEST_F(TpmRoot, certificates_in_the_chip_cannot_be_rewritten) {
  auto chip = agent::TpmManufacture::open(tpm_->tcti()).value();
  const auto again = chip.store_certificate(agent::kNvEkP256Certificate, ek_certificate_);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, Code::conflict);
  EXPECT_EQ(chip.store_certificate(agent::kNvEkChain + 5, {}).error().code, Code::bad_request);
  EXPECT_EQ(chip.store_certificate(agent::kNvEkChain + 5, Bytes(2049)).error().code, Code::bad_request);
  EXPECT_EQ(chip.extend_pcr(24, digest_of(1)).error().code, Code::bad_request);
}

TEST_F(TpmRoot, an_rsa_endorsement_key_serves_a_chip_that_has_no_other) {
  auto rsa_chip = SoftwareTpm::start(file("tpm2")).value();
  const auto made = support::run(
      {"tpm2_createek", "-T", rsa_chip->tcti(), "-G", "rsa", "-c", file("ek.ctx"), "-u", file("ek.der"), "-f", "der"});
  ASSERT_EQ(made.status, 0) << made.output;
  ASSERT_EQ(support::run({"tpm2_flushcontext", "-T", rsa_chip->tcti(), "-t"}).status, 0);
  const auto key = crypto::PublicKey::from_spki(support::read_file(file("ek.der"))).value();
  const auto certificate = vendor_.issue_endorsement(key, {}, support::made_at()).value();
  ASSERT_TRUE(agent::TpmManufacture::open(rsa_chip->tcti()).value().store_certificate(0x01C00002, certificate));
  const auto root_ = agent::open_tpm_root({.tcti = rsa_chip->tcti(), .state_directory = {}}, files_).value();
  const auto found = root_->endorsement().value();
  EXPECT_EQ(found.certificate, certificate);
  EXPECT_TRUE(found.chain.empty());
  const auto keys = root_->create_identity_keys().value();
  SystemEntropy entropy;
  GeneratedEphemerals source{entropy};
  const auto credential =
      crypto::make_credential({key}, oracle::name(keys.iak), Secret{support::random_like(6, 32)}, source).value();
  const auto opened = root_->activate(credential.id_object, credential.encrypted_secret);
  ASSERT_TRUE(opened) << opened.error().detail;
  EXPECT_TRUE(opened->matches(support::random_like(6, 32)));
}

// --- state and failures -----------------------------------------------------------------------------------------

TEST_F(TpmRoot, state_counts_resets_and_owner_clears_start_the_clock_again) {
  const auto before = root()->state().value();
  EXPECT_NE(before.firmware_version, 0U);
  ASSERT_TRUE(tpm_->power_cycle(SoftwareTpm::Power::orderly));
  const auto after = root()->state().value();
  EXPECT_EQ(after.reset_count, before.reset_count + 1);
  EXPECT_EQ(after.firmware_version, before.firmware_version);
  ASSERT_TRUE(root()->clear());
  EXPECT_EQ(root()->state().value().reset_count, 0U);
}

// Each cut while a key under dictionary-attack protection is in use counts as a failed try; swtpm allows three.
TEST_F(TpmRoot, power_cuts_do_not_lock_a_device_out_of_its_identity) {
  for (int i = 0; i < 8; ++i) {
    const auto signed_now = root()->sign(DeviceKey::idevid, as_bytes("m"));
    EXPECT_TRUE(signed_now) << i << ": " << signed_now.error().detail;
    ASSERT_TRUE(tpm_->power_cycle(SoftwareTpm::Power::cut));
  }
}

TEST_F(TpmRoot, an_owner_password_is_used_and_a_wrong_one_is_named) {
  ASSERT_EQ(tool({"tpm2_changeauth", "-c", "o", "owner-secret"}).status, 0);
  const auto open_with = [&](std::string_view auth) {
    return agent::open_tpm_root(
               {.tcti = tpm_->tcti(), .state_directory = state(), .owner_auth = Secret{to_bytes(as_bytes(auth))}},
               files_)
        .value();
  };
  const auto refused = open_with("guess")->create_pending_key();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::unavailable);
  EXPECT_NE(refused.error().detail.find("TPM2_CreatePrimary"), std::string::npos) << refused.error().detail;
  EXPECT_TRUE(open_with("owner-secret")->create_pending_key());
}

TEST_F(TpmRoot, an_absent_tpm_is_unavailable_with_the_reason) {
  tpm_->power_off(SoftwareTpm::Power::cut);
  for (const auto& tcti : {tpm_->tcti(), std::string{"swtpm:path=/proc/none/sock"}, std::string{"nonsense:x"},
                           std::string{"device:/proc/none/tpm"}}) {
    const auto opened = agent::open_tpm_root({.tcti = tcti, .state_directory = state()}, files_);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, Code::unavailable);
    EXPECT_NE(opened.error().detail.find("(0x"), std::string::npos) << opened.error().detail;
  }
}

TEST_F(TpmRoot, a_tpm_that_goes_away_fails_every_call_and_hangs_none) {
  const auto root_ = root();
  tpm_->power_off(SoftwareTpm::Power::cut);
  EXPECT_EQ(root_->create_identity_keys().error().code, Code::unavailable);
  EXPECT_EQ(root_->endorsement().error().code, Code::unavailable);
  EXPECT_EQ(root_->certify(DeviceKey::idevid, digest_of(1)).error().code, Code::unavailable);
  EXPECT_EQ(root_->quote(digest_of(1), Bytes{0}).error().code, Code::unavailable);
  EXPECT_EQ(root_->activate(Bytes(40), Bytes(68)).error().code, Code::unavailable);
  EXPECT_EQ(root_->create_pending_key().error().code, Code::unavailable);
  EXPECT_EQ(root_->clear().error().code, Code::unavailable);
  EXPECT_EQ(root_->state().error().code, Code::unavailable);
}

}  // namespace
}  // namespace birthmark
