// SPDX-License-Identifier: Apache-2.0
// What a device takes for its next credential, and that it keeps the present one otherwise.
#include "agent/field/renewal.h"

#include <gtest/gtest.h>

#include "unit/agent/field/field_device.h"

namespace birthmark::test {
namespace {

using agent::Credential;

class Adopt : public ::testing::Test {
 protected:
  Adopt() {
    device_.give_ldevid();
    present_ = device_.state->operational();
    EXPECT_TRUE(device_.root.create_pending_key());
  }
  [[nodiscard]] const crypto::PublicKey& pending() const { return device_.root.pending->key.public_key(); }
  Result<x509::Certificate> adopt(Credential next) {
    return agent::adopt(device_.root, *device_.state, std::move(next), FieldDevice::machine_time());
  }
  /// Refused with that code; the present credential and its key stay in use.
  void expect_refused(Credential next, Code code) {
    const auto adopted = adopt(std::move(next));
    ASSERT_FALSE(adopted);
    EXPECT_EQ(adopted.error().code, code) << adopted.error().detail;
    const auto stored = device_.stored();
    EXPECT_EQ(stored->operational(), present_);
    EXPECT_FALSE(stored->staged());
    EXPECT_TRUE(device_.root.pending);
    EXPECT_TRUE(device_.root.sign(agent::DeviceKey::operational, as_bytes("m")));
  }

  FieldDevice device_;
  std::optional<Credential> present_;
};

TEST_F(Adopt, takes_a_certificate_of_its_operational_root_into_use) {
  const Credential next{certify(pending(), device_.issuing), {device_.issuing.certificate}};
  ASSERT_TRUE(adopt(next));
  EXPECT_EQ(device_.stored()->operational(), next);
  EXPECT_FALSE(device_.root.pending);
}

TEST_F(Adopt, a_root_that_issues_itself_needs_no_chain) {
  EXPECT_TRUE(adopt({certify(pending(), device_.operational), {}}));
}

TEST_F(Adopt, refuses_a_certificate_that_no_pinned_root_stands_above) {
  const auto stranger = make_identity({.common_name = "operational root", .ca = true});
  expect_refused({certify(pending(), stranger), {}}, Code::bad_request);
  expect_refused({certify(pending(), stranger), {stranger.certificate}}, Code::bad_request);
  const auto below = make_identity({.common_name = "issuing", .ca = true}, &stranger);
  expect_refused({certify(pending(), below), {below.certificate}}, Code::bad_request);
  expect_refused({certify(pending(), below), {below.certificate, stranger.certificate}}, Code::bad_request);
}

TEST_F(Adopt, refuses_a_path_with_a_hole) {
  expect_refused({certify(pending(), device_.issuing), {}}, Code::bad_request);
}

TEST_F(Adopt, refuses_an_issuer_that_is_no_ca) {
  const auto leaf = make_identity({.common_name = "leaf"}, &device_.operational);
  expect_refused({certify(pending(), leaf), {leaf.certificate}}, Code::bad_request);
}

TEST_F(Adopt, refuses_a_certificate_without_a_registration_receipt) {
  expect_refused({certify(pending(), device_.issuing, {.receipt = false}), {device_.issuing.certificate}},
                 Code::not_registered);
}

TEST_F(Adopt, refuses_a_certificate_for_another_key) {
  const auto other = crypto::PrivateKey::generate(crypto::KeyType::p256).value();
  expect_refused({certify(other.public_key(), device_.issuing), {device_.issuing.certificate}}, Code::bad_request);
}

TEST_F(Adopt, refuses_one_that_has_ended) {
  expect_refused({certify(pending(), device_.issuing, {.begins = -7200, .ends = -3600}), {device_.issuing.certificate}},
                 Code::bad_request);
}

TEST(PathTo, finds_the_issuers_among_others_in_any_order) {
  const auto root = make_identity({.common_name = "root", .ca = true});
  const auto upper = make_identity({.common_name = "upper", .ca = true}, &root);
  const auto lower = make_identity({.common_name = "lower", .ca = true}, &upper);
  const auto twin = make_identity({.common_name = "lower", .ca = true}, &root);  // same name, another key
  const auto key = crypto::PrivateKey::generate(crypto::KeyType::p256).value();
  const auto leaf = x509::Certificate::read(certify(key.public_key(), lower)).value();
  std::vector<x509::Certificate> pool;
  for (const auto* const identity : {&root, &twin, &upper, &lower}) {
    pool.push_back(x509::Certificate::read(identity->certificate).value());
  }
  EXPECT_EQ(agent::path_above(leaf, pool),
            (std::vector<Bytes>{lower.certificate, upper.certificate, root.certificate}));
  EXPECT_TRUE(agent::path_above(leaf, {}).empty());
}

}  // namespace
}  // namespace birthmark::test
