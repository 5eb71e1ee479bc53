// SPDX-License-Identifier: Apache-2.0
// IDevID keys of the TCG H-2 template in a chip: made, found again, used, and attested by their creation.
#include "agent/idevid_template.h"

#include <sstream>

#include "attest/endorsement.h"
#include "attest/tpm_statement.h"
#include "support/swtpm.h"
#include "unit/agent/tpm_bytes_oracle.h"

namespace birthmark {
namespace {

using agent::DeviceKey;
using agent::IdentityKey;
using agent::IdevidTemplate;
using fleet::SoftwareTpm;
using support::digest_of;

constexpr auto kH2Head = "0023000b000400f20020ad6b3a2284fd698a0710bf5cc1b9bdf15e2532e3f601fa4b93a6a8fa8de579ea";

class IdevidOfTheTcg : public support::SwtpmTest {
 protected:
  std::unique_ptr<agent::TpmRoot> root_for(std::optional<IdevidTemplate> idevid) {
    return agent::open_tpm_root({.tcti = tpm_->tcti(), .state_directory = state(), .idevid = idevid}, files_).value();
  }
  Bytes idevid(std::optional<IdevidTemplate> asked = {}) {
    return root_for(asked)->create_identity_keys().value().idevid;
  }
  /// The verdict of the server on a statement about the H-2 key. @return the failed check, "" if it holds
  static std::string judged(const agent::Statement& statement, const agent::IdentityKeys& keys, const Digest& freshness,
                            BytesView creation_data) {
    const auto key = attest::public_key(tpm::read_public(keys.idevid).value()).value();
    const auto verdict = attest::verdict(
        attest::appraise_key_statement({statement.attest, statement.signature}, {.ak_public = keys.iak,
                                                                                 .key_public = keys.idevid,
                                                                                 .parent_public = {},
                                                                                 .freshness = freshness,
                                                                                 .requested_spki = key.spki(),
                                                                                 .creation_data = creation_data})
            .findings);
    return verdict ? std::string{} : verdict.error().check;
  }
};

TEST_F(IdevidOfTheTcg, is_made_where_it_is_asked_for_and_found_again) {
  const auto born = idevid(IdevidTemplate::tcg_h2);
  EXPECT_EQ(to_hex(BytesView{born}.first(42)), kH2Head);
  EXPECT_EQ(idevid(), born);  // the persistent handle tells
  ASSERT_TRUE(tpm_->power_cycle(SoftwareTpm::Power::orderly));
  EXPECT_EQ(root()->public_area(DeviceKey::idevid).value(), born);
}

TEST_F(IdevidOfTheTcg, outlives_an_owner_clear) {
  const auto born = idevid(IdevidTemplate::tcg_h2);
  {
    const auto same_root = root();  // asks the handle before the clear takes it away
    ASSERT_TRUE(same_root->clear());
    EXPECT_EQ(same_root->public_area(DeviceKey::idevid).value(), born);
  }
  EXPECT_EQ(root_for(IdevidTemplate::tcg_h2)->public_area(DeviceKey::idevid).value(), born);
  EXPECT_NE(root()->public_area(DeviceKey::idevid).value(), born) << "nothing in the chip tells, and nobody said";
}

TEST_F(IdevidOfTheTcg, takes_the_place_of_no_other) {
  const auto born = idevid();
  const auto other = root_for(IdevidTemplate::tcg_h2)->create_identity_keys();
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, Code::conflict);
  EXPECT_EQ(idevid(), born);
}

TEST_F(IdevidOfTheTcg, signs_with_its_password_and_is_attested_by_its_creation_alone) {
  const auto chip = root_for(IdevidTemplate::tcg_h2);
  const auto keys = chip->create_identity_keys().value();
  const auto message = as_bytes("certification request info");
  EXPECT_TRUE(oracle::verifies(keys.idevid, message, chip->sign(DeviceKey::idevid, message).value()));
  const auto certified = chip->certify(DeviceKey::idevid, digest_of(1));
  ASSERT_FALSE(certified);
  EXPECT_NE(certified.error().detail.find("0x00000124"), std::string::npos) << certified.error().detail;
  for (std::uint8_t i = 0; i < 4; ++i) {  // and leaves no object in one of the chip's three slots
    const auto made = chip->certify_creation(IdentityKey::idevid, digest_of(i)).value();
    EXPECT_EQ(judged(made.statement, keys, digest_of(i), made.creation_data), "");
    EXPECT_EQ(judged(made.statement, keys, digest_of(9), made.creation_data), "statement.freshness");
  }
}

/// tpm2-tools in the place of our agent.
class IdevidByTpm2Tools : public IdevidOfTheTcg {
 protected:
  /// Makes the key from the published template. @return its public area
  Bytes make_key() {
    support::write_file(file("policy"), from_hex(std::string_view{kH2Head}.substr(20)).value());
    // tpm2_createprimary(1) takes the point as its own memory holds it: a size of this machine, then 128 octets.
    Bytes unique;
    for (int coordinate = 0; coordinate < 2; ++coordinate) {
      append(unique, from_hex("0600494445564944").value());
      unique.resize(unique.size() + 128 - 6);
    }
    support::write_file(file("unique"), unique);
    done(
        "tpm2_createprimary -Q -C e -g sha256 -G ecc256:ecdsa-sha256 -a "
        "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|adminwithpolicy|sign -L {policy} -u {unique} "
        "-c {key.ctx} --creation-data {creation} -d {hash} -t {ticket}");
    done("tpm2_flushcontext -t");
    done("tpm2_readpublic -Q -c {key.ctx} -o {key.pub}");
    done("tpm2_flushcontext -t");
    return to_bytes(BytesView{support::read_file(file("key.pub"))}.subspan(2));  // behind its size
  }
  agent::Statement attest(const Digest& freshness) {
    done(
        "tpm2_certifycreation -Q -C 0x81020001 -c {key.ctx} -d {hash} -t {ticket} -g sha256 -o {signature} -f tss "
        "--attestation {attest} -q " +
        to_hex(freshness.get()));
    return {support::read_file(file("attest")), support::read_file(file("signature"))};
  }

 private:
  /// Runs a command line; {NAME} is a file of this test.
  void done(const std::string& line) {
    std::vector<std::string> words;
    std::istringstream in{line};
    for (std::string word; in >> word;) {
      words.push_back(word.front() == '{' ? file(word.substr(1, word.size() - 2)).string() : word);
    }
    const auto ended = tool(words);
    ASSERT_EQ(ended.status, 0) << line << ": " << ended.output;
  }
};

TEST_F(IdevidByTpm2Tools, is_the_same_key_and_its_statement_of_creation_passes) {
  const auto keys = root_for(IdevidTemplate::tcg_h2)->create_identity_keys().value();
  EXPECT_EQ(to_hex(make_key()), to_hex(keys.idevid));
  const auto statement = attest(digest_of(5));
  const auto creation = support::read_file(file("creation"));
  EXPECT_EQ(judged(statement, keys, digest_of(5), BytesView{creation}.subspan(2)), "");
  EXPECT_EQ(judged(statement, keys, digest_of(5), creation), "statement.creation") << "with its size before it";
}

TEST(IdevidTemplates, are_named_and_recognised) {
  for (const auto& row : agent::kIdevidTemplates) {
    EXPECT_EQ(agent::idevid_template_named(row.name), row.which);
    EXPECT_EQ(agent::idevid_template_of(tpm::write(tpm::make(row.made_of))), row.which);
  }
  EXPECT_EQ(agent::idevid_template_named("h2"), std::nullopt);
  EXPECT_EQ(agent::idevid_template_of(tpm::write(tpm::make(tpm::Template::iak_h2))), std::nullopt);
  EXPECT_EQ(agent::idevid_template_of({}), std::nullopt);
}

}  // namespace
}  // namespace birthmark
