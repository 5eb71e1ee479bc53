// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "agent/tpm_root.h"
#include "support/swtpm.h"
#include "unit/agent/tpm_bytes_oracle.h"

namespace birthmark {
namespace {

using agent::DeviceKey;
using fleet::SoftwareTpm;
using support::digest_of;

class OperationalKey : public support::SwtpmTest {
 protected:
  /// A key that was made and adopted; returns its public area.
  Bytes adopted() {
    const auto root_ = root();
    auto area = root_->create_pending_key().value();
    EXPECT_TRUE(root_->adopt_pending_key());
    return area;
  }
  bool signs(DeviceKey key, BytesView area) {
    const auto signature = root()->sign(key, as_bytes("request"));
    return signature && oracle::verifies(area, as_bytes("request"), *signature);
  }
  Code refusal(DeviceKey key) { return root()->sign(key, as_bytes("request")).error().code; }
};

TEST_F(OperationalKey, is_born_in_the_chip_and_unrestricted) {
  const auto area = root()->create_pending_key().value();
  EXPECT_EQ(to_hex(BytesView{area}.first(22)), "0023000b00040072000000100018000b000300100020");
  EXPECT_EQ(root()->public_area(DeviceKey::pending).value(), area);
  EXPECT_TRUE(signs(DeviceKey::pending, area));
}

TEST_F(OperationalKey, the_iak_certifies_it) {
  const auto keys = root()->create_identity_keys().value();
  const auto area = root()->create_pending_key().value();
  const auto made = root()->certify(DeviceKey::pending, digest_of(2)).value();
  EXPECT_TRUE(oracle::statement_verifies(keys.iak, made.attest, made.signature));
  const auto read = oracle::attest(made.attest);
  EXPECT_TRUE(equal(read.extra_data, digest_of(2).get()));
  std::size_t at = 0;
  EXPECT_EQ(to_bytes(oracle::sized(read.attested, at)), oracle::name(area));
}

TEST_F(OperationalKey, there_is_none_before_one_is_made) {
  EXPECT_EQ(refusal(DeviceKey::operational), Code::not_found);
  EXPECT_EQ(refusal(DeviceKey::pending), Code::not_found);
  EXPECT_EQ(root()->adopt_pending_key().error().code, Code::not_found);
  EXPECT_EQ(root()->certify(DeviceKey::operational, digest_of(1)).error().code, Code::not_found);
}

TEST_F(OperationalKey, the_one_in_use_works_until_the_next_is_adopted) {
  const auto first = adopted();
  const auto second = root()->create_pending_key().value();
  EXPECT_NE(first, second);
  EXPECT_TRUE(signs(DeviceKey::operational, first));
  EXPECT_TRUE(signs(DeviceKey::pending, second));
  ASSERT_TRUE(root()->adopt_pending_key());
  EXPECT_TRUE(signs(DeviceKey::operational, second));
  EXPECT_EQ(refusal(DeviceKey::pending), Code::not_found);
}

TEST_F(OperationalKey, a_new_pending_key_replaces_an_earlier_one) {
  const auto first = root()->create_pending_key().value();
  const auto second = root()->create_pending_key().value();
  EXPECT_NE(first, second);
  EXPECT_TRUE(signs(DeviceKey::pending, second));
}

TEST_F(OperationalKey, survives_a_restart) {
  const auto area = adopted();
  ASSERT_TRUE(tpm_->power_cycle(SoftwareTpm::Power::cut));
  EXPECT_TRUE(signs(DeviceKey::operational, area));
}

TEST_F(OperationalKey, an_owner_clear_destroys_it_and_the_identity_stays) {
  const auto keys = root()->create_identity_keys().value();
  adopted();
  ASSERT_TRUE(root()->create_pending_key());
  const auto operational_blob = support::read_file(state() / "operational.key");
  const auto pending_blob = support::read_file(state() / "pending.key");
  ASSERT_TRUE(root()->clear());
  EXPECT_EQ(refusal(DeviceKey::operational), Code::not_found);
  EXPECT_EQ(refusal(DeviceKey::pending), Code::not_found);
  // Not only the files are gone: the chip no longer opens a copy of them.
  support::write_file(state() / "operational.key", operational_blob);
  support::write_file(state() / "pending.key", pending_blob);
  EXPECT_EQ(refusal(DeviceKey::operational), Code::not_found);
  EXPECT_EQ(root()->adopt_pending_key().error().code, Code::not_found);
  EXPECT_EQ(root()->create_identity_keys().value().idevid, keys.idevid);
}

TEST_F(OperationalKey, no_other_chip_opens_it) {
  adopted();
  auto other = SoftwareTpm::start(file("tpm2")).value();
  const auto theirs = agent::open_tpm_root({.tcti = other->tcti(), .state_directory = state()}, files_).value();
  const auto refused = theirs->sign(DeviceKey::operational, as_bytes("request"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::not_found);
}

TEST_F(OperationalKey, damaged_files_are_refused_whatever_is_wrong_with_them) {
  adopted();
  const auto good = support::read_file(state() / "operational.key");
  const auto refused_with = [&](BytesView content) {
    support::write_file(state() / "operational.key", content);
    const auto refused = root()->sign(DeviceKey::operational, as_bytes("request"));
    return !refused;
  };
  for (std::size_t size = 0; size < good.size(); size += 7) {
    EXPECT_TRUE(refused_with(BytesView{good}.first(size))) << size;
  }
  auto longer = good;
  longer.push_back(0);
  EXPECT_TRUE(refused_with(longer));
  EXPECT_TRUE(refused_with(Bytes(5000, 1)));
  for (std::size_t at = 0; at < good.size(); at += 5) {
    auto flipped = good;
    flipped[at] ^= 0x40;
    EXPECT_TRUE(refused_with(flipped)) << at;
  }
  EXPECT_FALSE(refused_with(good));
}

TEST_F(OperationalKey, files_are_for_the_owner_only) {
  adopted();
  using std::filesystem::perms;
  const auto shared = perms::group_all | perms::others_all;
  EXPECT_EQ(std::filesystem::status(state()).permissions() & shared, perms::none);
  EXPECT_EQ(std::filesystem::status(state() / "operational.key").permissions() & shared, perms::none);
}

TEST_F(OperationalKey, without_a_state_directory_there_are_no_such_keys) {
  const auto bare = agent::open_tpm_root({.tcti = tpm_->tcti(), .state_directory = {}}, files_).value();
  EXPECT_EQ(bare->create_pending_key().error().code, Code::storage);
  EXPECT_EQ(bare->sign(DeviceKey::operational, {}).error().code, Code::not_found);
  EXPECT_EQ(bare->adopt_pending_key().error().code, Code::not_found);
  EXPECT_TRUE(bare->clear());
}

TEST_F(OperationalKey, a_storage_root_key_of_another_program_is_used_if_it_can_be_a_parent) {
  ASSERT_EQ(tool({"tpm2_createprimary", "-C", "o", "-G", "rsa", "-c", file("srk.ctx")}).status, 0);
  ASSERT_EQ(tool({"tpm2_evictcontrol", "-C", "o", "-c", file("srk.ctx"), "0x81000001"}).status, 0);
  ASSERT_EQ(tool({"tpm2_flushcontext", "-t"}).status, 0);
  const auto area = adopted();
  EXPECT_TRUE(signs(DeviceKey::operational, area));
}

TEST_F(OperationalKey, a_signing_key_at_the_handle_of_the_storage_root_is_a_conflict) {
  ASSERT_EQ(tool({"tpm2_createprimary", "-C", "o", "-G", "ecc:ecdsa", "-a",
                  "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|sign", "-c", file("key.ctx")})
                .status,
            0);
  ASSERT_EQ(tool({"tpm2_evictcontrol", "-C", "o", "-c", file("key.ctx"), "0x81000001"}).status, 0);
  ASSERT_EQ(tool({"tpm2_flushcontext", "-t"}).status, 0);
  EXPECT_EQ(root()->create_pending_key().error().code, Code::conflict);
}

}  // namespace
}  // namespace birthmark
