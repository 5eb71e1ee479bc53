// SPDX-License-Identifier: Apache-2.0
#include "contract/root_contract.h"

#include "adapters/clock/system_clock.h"
#include "attest/step.h"
#include "crypto/hash.h"

namespace birthmark::test {
namespace {

using agent::DeviceKey;
using crypto::SignatureScheme;

attest::Challenge challenge(BytesView spki, std::string_view session = "session 1") {
  return {crypto::sha256(as_bytes(session)), spki, SystemClock{}.now()};
}

}  // namespace

TEST_P(RootContract, is_the_same_one_after_a_restart) {
  const auto identity = root().public_identity().value();
  const auto speaks = root().statement_key().value();
  const auto idevid = root().public_key(DeviceKey::idevid).value();
  under_test().restart();
  EXPECT_EQ(root().public_identity().value(), identity);
  EXPECT_EQ(root().statement_key().value(), speaks);
  EXPECT_EQ(root().public_key(DeviceKey::idevid).value(), idevid);
  EXPECT_TRUE(root().state());
}

TEST_P(RootContract, signs_with_the_keys_that_it_has) {
  ASSERT_TRUE(root().statement_key());
  ASSERT_TRUE(root().make_pending_key());
  const auto message = as_bytes("message");
  for (const auto key : {DeviceKey::idevid, DeviceKey::pending}) {
    const auto half = root().public_key(key).value();
    EXPECT_TRUE(half.verify(SignatureScheme::ecdsa_sha256, message, root().sign(key, message).value()));
    const auto of_digest = root().sign_digest(key, crypto::sha256(message)).value();
    EXPECT_TRUE(half.verify(SignatureScheme::ecdsa_sha256, message, of_digest));
    EXPECT_FALSE(half.verify(SignatureScheme::ecdsa_sha256, as_bytes("massage"), of_digest));
  }
  EXPECT_EQ(root().sign(DeviceKey::operational, message).error().code, Code::not_found);
}

TEST_P(RootContract, keeps_an_owner_s_key_until_a_clear) {
  ASSERT_TRUE(root().statement_key());
  EXPECT_EQ(root().adopt_pending_key().error().code, Code::not_found) << "nothing is pending";
  ASSERT_TRUE(root().make_pending_key());
  const auto first = root().public_key(DeviceKey::pending).value();
  ASSERT_TRUE(root().adopt_pending_key());
  EXPECT_EQ(root().public_key(DeviceKey::operational).value(), first);
  EXPECT_EQ(root().public_key(DeviceKey::pending).error().code, Code::not_found);
  ASSERT_TRUE(root().make_pending_key());
  const auto second = root().public_key(DeviceKey::pending).value();
  ASSERT_TRUE(root().make_pending_key());
  EXPECT_NE(root().public_key(DeviceKey::pending).value(), second) << "another one in its place";
  under_test().restart();
  EXPECT_EQ(root().public_key(DeviceKey::operational).value(), first) << "the key in use is untouched";
  EXPECT_TRUE(root().public_key(DeviceKey::pending));

  const auto identity = root().public_identity().value();
  ASSERT_TRUE(root().clear());
  for (const auto key : {DeviceKey::operational, DeviceKey::pending}) {
    EXPECT_EQ(root().public_key(key).error().code, Code::not_found);
    EXPECT_EQ(root().sign(key, as_bytes("message")).error().code, Code::not_found);
    EXPECT_EQ(root().prove_key(key, crypto::sha256(as_bytes("session 1"))).error().code, Code::not_found);
  }
  under_test().restart();
  EXPECT_EQ(root().public_key(DeviceKey::operational).error().code, Code::not_found);
  EXPECT_EQ(root().public_identity().value(), identity) << "the hardware is the identity";
  EXPECT_TRUE(root().statement_key());
}

TEST_P(RootContract, proves_a_key_of_the_owner_to_a_registry) {
  ASSERT_TRUE(root().statement_key());
  ASSERT_TRUE(root().make_pending_key());
  const auto key = root().public_key(DeviceKey::pending).value();
  const auto asked = challenge(key.spki());
  const auto proof = root().prove_key(DeviceKey::pending, asked.freshness).value();
  const auto appraisal = under_test().judge(proof, asked, attest::DiceKey::leaf);
  ASSERT_TRUE(appraisal.claims) << attest::verdict(appraisal.findings).error().check;
  EXPECT_EQ(appraisal.claims->key, key);
  EXPECT_EQ(appraisal.claims->hardware.public_identity, root().public_identity().value());
  EXPECT_EQ(appraisal.claims->hardware.anchor_class, attest::AnchorClass::simulated);
  const auto replayed = challenge(key.spki(), "session 2");
  EXPECT_FALSE(under_test().judge(proof, replayed, attest::DiceKey::leaf).claims) << "another session";
}

TEST_P(RootContract, proves_the_key_of_its_birth_to_a_registry) {
  ASSERT_TRUE(root().statement_key());
  const auto key = root().public_key(DeviceKey::idevid).value();
  const auto asked = challenge(key.spki());
  const auto proof = root().prove_key(DeviceKey::idevid, asked.freshness).value();
  const auto appraisal = under_test().judge(proof, asked, attest::DiceKey::device);
  ASSERT_TRUE(appraisal.claims) << attest::verdict(appraisal.findings).error().check;
  EXPECT_EQ(appraisal.claims->key, key);
}

TEST_P(RootContract, proves_itself_once_for_each_challenge) {
  const auto key = root().statement_key().value();
  const auto asked = challenge(key.spki());
  const auto proof = root().prove_itself(asked.freshness).value();
  EXPECT_EQ(under_test().judge_itself(proof, asked), "");
  EXPECT_NE(under_test().judge_itself(proof, challenge(key.spki(), "session 2")), "");
  ASSERT_TRUE(root().clear());
  EXPECT_EQ(under_test().judge_itself(root().prove_itself(asked.freshness).value(), asked), "") << "after a clear too";
}

}  // namespace birthmark::test
