// SPDX-License-Identifier: Apache-2.0
// What a device answers to a station, and what it lets a station do to it.
#include "agent/device/link_device.h"

#include <gtest/gtest.h>

#include "adapters/files/posix_files.h"
#include "agent/device/root_keys.h"
#include "attest/tpm_statement.h"
#include "lifecycle/statements.h"
#include "support/fake_registry.h"
#include "support/paper_root.h"
#include "support/temp_dir.h"

namespace birthmark::test {
namespace {

using lifecycle::Purpose;

class LinkDeviceTest : public ::testing::Test {
 protected:
  agent::LinkDevice line(agent::DeviceSettings settings = {
                             .agent_version = "1", .firmware = "4.12.0", .platform = {.simulated = true}}) {
    return {root_, *state_, std::move(settings), [this]() -> Result<void> {
              ++fuses_blown_;
              return state_->fuse();
            }};
  }
  link::InstallRequest birth() {
    link::InstallRequest out;
    out.idevid = certify(root_.tpm.idevid.key.public_key(), batch_, {.receipt = false});
    out.chain = {batch_.certificate};
    out.service_root = service_.certificate;
    out.operational_roots = {operational_.certificate};
    out.statement_key = to_bytes(statements_.public_key().spki());
    out.host = "registry.example";
    out.device_port = 8443;
    return out;
  }
  /// Refused at that check; nothing is stored and no fuse blown.
  void expect_not_installed(const link::InstallRequest& request, const std::string& check) {
    const auto done = line().install(request);
    ASSERT_FALSE(done);
    EXPECT_EQ(done.error().code, Code::bad_request);
    EXPECT_EQ(done.error().check, check);
    EXPECT_EQ(fuses_blown_, 0);
    EXPECT_FALSE(agent::DeviceState::open(files_, directory_ / "state").value()->birth());
  }
  [[nodiscard]] bool verifies(const agent::SelfProof& proof, Purpose purpose) {
    const auto& quote = std::get<agent::Statement>(proof);
    const auto fresh = lifecycle::freshness_value(purpose, kNonce, kSession, id(), root_.tpm.iak.spki_hash());
    return attest::verdict(
               attest::appraise_quote({quote.attest, quote.signature}, root_.tpm.iak.public_area(), fresh).findings)
        .has_value();
  }
  DeviceId id() { return agent::own_device_id(root_).value(); }
  DeviceId other_id() {
    auto octets = id().get();
    octets[0] ^= 1U;
    return DeviceId{octets};
  }
  static Instant now() {
    return Instant{std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now())};
  }

  static inline const Nonce kNonce{Octets<32>{1}};
  static inline const SessionId kSession{Octets<32>{2}};
  TempDir directory_;
  PosixFiles files_;
  fleet::SiliconVendor vendor_ = fleet::SiliconVendor::create(now()).value();
  PaperRoot root_{vendor_, now()};
  TlsIdentity service_ = make_identity({.common_name = "service root", .ca = true});
  TlsIdentity operational_ = make_identity({.common_name = "operational root", .ca = true});
  TlsIdentity batch_ = make_identity({.common_name = "batch", .ca = true});
  crypto::PrivateKey statements_ = crypto::PrivateKey::generate(crypto::KeyType::p256).value();
  std::unique_ptr<agent::DeviceState> state_ = agent::DeviceState::open(files_, directory_ / "state").value();
  int fuses_blown_ = 0;
};

TEST_F(LinkDeviceTest, says_that_its_claims_are_simulated_and_whether_it_is_fused) {
  const auto before = line().hello().value();
  EXPECT_TRUE(before.simulated);
  EXPECT_FALSE(before.lockdown);
  EXPECT_EQ(before.root_kind, "tpm");
  EXPECT_EQ(before.firmware, "4.12.0");
  ASSERT_TRUE(line().install(birth()));
  EXPECT_FALSE(line().hello()->lockdown);
  ASSERT_TRUE(line().seal({kNonce, kSession, id()}));
  EXPECT_TRUE(line().hello()->lockdown);
}

TEST_F(LinkDeviceTest, claims_of_its_platform_what_it_was_told_and_by_default_nothing) {
  const auto silent = line({.agent_version = {}, .firmware = {}}).hello().value();
  EXPECT_FALSE(silent.secure_boot);
  EXPECT_FALSE(silent.simulated);
  const auto told = line({.agent_version = {}, .firmware = {}, .platform = {.secure_boot = true}}).hello().value();
  EXPECT_TRUE(told.secure_boot);
  EXPECT_FALSE(told.simulated);
}

TEST_F(LinkDeviceTest, makes_evidence_for_provisioning_and_for_nothing_else) {
  ASSERT_TRUE(line().evidence({kNonce, kSession, Purpose::provision, {}}));
  for (const auto purpose : lifecycle::kPurposes) {
    if (purpose != Purpose::provision) {
      EXPECT_EQ(line().evidence({kNonce, kSession, purpose, {}}).error().code, Code::policy) << name(purpose);
    }
  }
}

TEST_F(LinkDeviceTest, certifies_a_key_of_birthmarks_template_and_attests_the_creation_of_a_tcg_one) {
  const auto judged = [&] {
    const auto reply = line().evidence({kNonce, kSession, Purpose::provision, {}}).value();
    const auto& key = root_.tpm.idevid;
    const auto fresh = lifecycle::freshness_value(Purpose::provision, kNonce, kSession, std::nullopt, key.spki_hash());
    EXPECT_TRUE(attest::verdict(attest::appraise_key_statement({reply.statement->attest, reply.statement->signature},
                                                               {.ak_public = root_.tpm.iak.public_area(),
                                                                .key_public = key.public_area(),
                                                                .parent_public = {},
                                                                .freshness = fresh,
                                                                .requested_spki = key.spki(),
                                                                .creation_data = reply.creation_data})
                                    .findings));
    return tpm::read_attest(reply.statement->attest)->type();
  };
  EXPECT_EQ(judged(), tpm::AttestType::certify);
  root_.tpm.idevid = PaperKey{tpm::Template::idevid_h2};
  EXPECT_EQ(judged(), tpm::AttestType::creation);
}

TEST_F(LinkDeviceTest, remembers_what_its_idevid_key_is_made_of_with_its_birth) {
  const auto stored = [&] { return agent::DeviceState::open(files_, directory_ / "state").value()->idevid_template(); };
  EXPECT_EQ(stored(), std::nullopt);
  root_.tpm.idevid = PaperKey{tpm::Template::idevid_h2};
  ASSERT_TRUE(line().install(birth()));
  EXPECT_EQ(stored(), agent::IdevidTemplate::tcg_h2);
  const auto file = directory_ / "state" / "idevid-template.cbor";
  for (const auto* const hex : {"a10169756e6b6e6f776e2d31", "a1016974", "a0", ""}) {
    ASSERT_TRUE(write_atomically(files_, file, from_hex(hex).value()));
    EXPECT_EQ(agent::DeviceState::open(files_, directory_ / "state").error().code, Code::storage) << hex;
  }
}

TEST_F(LinkDeviceTest, blows_the_fuse_at_its_seal_and_not_before_its_birth) {
  const auto early = line().seal({kNonce, kSession, id()});
  ASSERT_FALSE(early);
  EXPECT_EQ(early.error().check, "seal.birth");
  ASSERT_TRUE(line().install(birth()));
  EXPECT_FALSE(line().seal({kNonce, kSession, other_id()}));
  EXPECT_EQ(fuses_blown_, 0);
  ASSERT_TRUE(line().seal({kNonce, kSession, id()}));
  EXPECT_EQ(fuses_blown_, 1);
  const auto stored = agent::DeviceState::open(files_, directory_ / "state").value();
  EXPECT_EQ(stored->birth(), state_->birth());
  EXPECT_TRUE(stored->fused());
}

TEST_F(LinkDeviceTest, a_test_device_that_never_fuses_stays_open) {
  ASSERT_TRUE(line().install(birth()));
  ASSERT_TRUE(line({.agent_version = {}, .firmware = {}, .fuses = false}).seal({kNonce, kSession, id()}));
  EXPECT_EQ(fuses_blown_, 0);
  EXPECT_FALSE(line().hello()->lockdown);
}

TEST_F(LinkDeviceTest, refuses_a_birth_certificate_that_is_not_its_own) {
  auto request = birth();
  const auto other = crypto::PrivateKey::generate(crypto::KeyType::p256).value();
  request.idevid = certify(other.public_key(), batch_);
  expect_not_installed(request, "install.idevid");
  request.idevid = to_bytes(as_bytes("no certificate"));
  expect_not_installed(request, "install.idevid");
}

TEST_F(LinkDeviceTest, refuses_a_chain_that_did_not_issue_its_birth_certificate) {
  auto request = birth();
  request.chain = {make_identity({.common_name = "batch", .ca = true}).certificate};
  expect_not_installed(request, "install.idevid");
  const auto leaf = make_identity({.common_name = "batch"});
  request.idevid = certify(root_.tpm.idevid.key.public_key(), leaf);
  request.chain = {leaf.certificate};
  expect_not_installed(request, "install.idevid");
}

TEST_F(LinkDeviceTest, refuses_anchors_that_are_no_roots) {
  auto request = birth();
  request.service_root = make_identity({.common_name = "below", .ca = true}, &service_).certificate;
  expect_not_installed(request, "install.anchors");
  request = birth();
  request.operational_roots.push_back(make_identity({.common_name = "below", .ca = true}, &operational_).certificate);
  expect_not_installed(request, "install.anchors");
  request.operational_roots = {};
  expect_not_installed(request, "install.anchors");
}

TEST_F(LinkDeviceTest, refuses_a_key_or_an_address_that_it_could_not_use) {
  auto request = birth();
  request.statement_key.pop_back();
  expect_not_installed(request, "install.statement_key");
  for (const auto* const host : {"", "a b", "host\r\nX: y", "host/path"}) {
    request = birth();
    request.host = host;
    expect_not_installed(request, "install.endpoint");
  }
  request = birth();
  request.device_port = 0;
  expect_not_installed(request, "install.endpoint");
}

TEST_F(LinkDeviceTest, a_repeat_changes_nothing_and_another_registry_is_refused) {
  const auto first = birth();
  ASSERT_TRUE(line().install(first));
  EXPECT_TRUE(line().install(first));
  auto turned = first;
  turned.service_root = make_identity({.common_name = "service root", .ca = true}).certificate;
  EXPECT_EQ(line().install(turned).error().code, Code::state_forbids);
  EXPECT_EQ(state_->birth(), first);
}

TEST_F(LinkDeviceTest, quotes_for_its_own_seal_only) {
  ASSERT_TRUE(line().install(birth()));
  const auto reply = line().seal({kNonce, kSession, id()});
  ASSERT_TRUE(reply);
  EXPECT_TRUE(verifies(reply->proof, Purpose::seal));
  EXPECT_FALSE(verifies(reply->proof, Purpose::retire));
  EXPECT_EQ(line().seal({kNonce, kSession, other_id()}).error().code, Code::bad_request);
}

TEST_F(LinkDeviceTest, behind_the_fuse_nothing_but_the_idevid_changes_and_that_under_its_own_chain) {
  const auto first = birth();
  ASSERT_TRUE(line().install(first));
  ASSERT_TRUE(line().seal({kNonce, kSession, id()}));
  const auto refused = [&](auto&& change) {
    auto request = first;
    change(request);
    const auto done = line().install(request);
    return !done && done.error().code == Code::state_forbids && done.error().check == "install.fused";
  };
  const auto other = make_identity({.common_name = "other root", .ca = true});
  const auto key = crypto::PrivateKey::generate(crypto::KeyType::p256).value();
  EXPECT_TRUE(refused([&](auto& r) { r.statement_key = to_bytes(key.public_key().spki()); }));
  EXPECT_TRUE(refused([&](auto& r) { r.operational_roots = {other.certificate}; }));
  EXPECT_TRUE(refused([&](auto& r) { r.operational_roots.push_back(other.certificate); }));
  EXPECT_TRUE(refused([&](auto& r) { r.host = "elsewhere.example"; }));
  EXPECT_TRUE(refused([&](auto& r) { ++r.device_port; }));
  EXPECT_TRUE(refused([&](auto& r) { ++r.public_port; }));
  EXPECT_TRUE(refused([&](auto& r) {
    r.idevid = certify(root_.tpm.idevid.key.public_key(), other, {.receipt = false});
    r.chain = {other.certificate};
  }));
  EXPECT_EQ(state_->birth(), first);
  auto renewed = first;
  renewed.idevid = certify(root_.tpm.idevid.key.public_key(), batch_, {.receipt = false});
  ASSERT_NE(renewed.idevid, first.idevid);
  EXPECT_TRUE(line().install(renewed)) << "the registry has signed it";
  EXPECT_EQ(state_->birth(), renewed);
}

TEST_F(LinkDeviceTest, before_the_fuse_the_line_may_correct_what_it_installed) {
  ASSERT_TRUE(line().install(birth()));
  auto corrected = birth();
  corrected.host = "corrected.example";
  EXPECT_TRUE(line().install(corrected));
  EXPECT_EQ(state_->birth(), corrected);
}

class RetireOverTheLink : public LinkDeviceTest {
 protected:
  RetireOverTheLink() {
    EXPECT_TRUE(line().install(birth()));
    EXPECT_TRUE(root_.create_pending_key());
    EXPECT_TRUE(state_->stage({certify(root_.pending->key.public_key(), operational_), {}}));
  }
  Bytes permit(const DeviceId& device, const crypto::PrivateKey& by) {
    return by.sign(lifecycle::retire_permit_statement(device)).value();
  }
};

TEST_F(RetireOverTheLink, without_a_permit_only_proves_the_hardware) {
  EXPECT_EQ(line().retire({kNonce, kSession, other_id()}).error().code, Code::bad_request);
  const auto reply = line().retire({kNonce, kSession, id()});
  ASSERT_TRUE(reply);
  EXPECT_TRUE(verifies(reply->proof, Purpose::retire));
  EXPECT_EQ(root_.clears, 0);
  EXPECT_TRUE(state_->staged());
}

TEST_F(RetireOverTheLink, no_word_but_the_registry_s_for_this_device_destroys_anything) {
  const auto stranger = crypto::PrivateKey::generate(crypto::KeyType::p256).value();
  const auto receipt = statements_.sign(lifecycle::retire_statement({id(), now(), {}})).value();
  for (const auto& wrong : {permit(id(), stranger), permit(other_id(), statements_), receipt, Bytes{1}}) {
    const auto refused = line().retire({kNonce, kSession, id(), wrong});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Code::bad_evidence);
    EXPECT_EQ(refused.error().check, "retire.permit");
  }
  EXPECT_EQ(line().retire({kNonce, kSession, other_id(), permit(other_id(), statements_)}).error().code,
            Code::bad_request);
  EXPECT_EQ(root_.clears, 0);
  EXPECT_TRUE(state_->staged());
}

TEST_F(RetireOverTheLink, with_the_permit_it_clears_and_quotes_afterwards) {
  const auto reply = line().retire({kNonce, kSession, id(), permit(id(), statements_)});
  ASSERT_TRUE(reply);
  EXPECT_EQ(root_.clears, 1);
  EXPECT_FALSE(state_->staged());
  EXPECT_TRUE(verifies(reply->proof, Purpose::retire));
  EXPECT_EQ(tpm::read_attest(std::get<agent::Statement>(reply->proof).attest)->clock.clock_ms, 0U);
}

TEST_F(LinkDeviceTest, a_device_that_knows_no_registry_is_retired_by_nobody) {
  const auto word = statements_.sign(lifecycle::retire_permit_statement(id())).value();
  EXPECT_EQ(line().retire({kNonce, kSession, id(), word}).error().code, Code::policy);
  EXPECT_EQ(root_.clears, 0);
}

}  // namespace
}  // namespace birthmark::test
