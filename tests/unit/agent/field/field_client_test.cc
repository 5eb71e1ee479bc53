// SPDX-License-Identifier: Apache-2.0
// What a device does with the answers of its registry: enrollment and retirement.
#include "agent/field/field_client.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "codec/cms.h"
#include "codec/pkcs10.h"
#include "unit/agent/field/field_device.h"

namespace birthmark::test {
namespace {

http::Response est(std::span<const Bytes> certificates) {
  return {.status = 200,
          .headers = {{"Content-Type", "application/pkcs7-mime"}, {"Content-Transfer-Encoding", "base64"}},
          .body = base64::encode(cms::certs_only(certificates).value()) + "\n",
          .close = false};
}

http::Response challenge_for(std::string_view purpose) {
  return FakeRegistry::json_response(
      200,
      {{"session", std::string(64, 'a')}, {"nonce", std::string(64, 'b')}, {"purpose", purpose}, {"expires_in", 120}});
}

class Enroll : public ::testing::Test {
 protected:
  Enroll() {
    device_.registry.script = [this](const http::Request& request) { return answer(request); };
  }
  http::Response answer(const http::Request& request) {
    if (request.path == "/v1/attest/challenge") {
      return challenge_for("enroll");
    }
    if (request.path == "/v1/attest") {
      return FakeRegistry::json_response(200, {{"expires_in", 600}});
    }
    if (request.path == "/.well-known/est/cacerts") {
      return est(cas_);
    }
    const auto csr = pkcs10::Request::read(base64::decode_lax_whitespace(as_text(request.body), 4096).value()).value();
    const auto key = crypto::PublicKey::from_spki(csr.spki()).value();
    return est(std::array{certify(key, *issuer_, wishes_)});
  }

  FieldDevice device_;
  const TlsIdentity* issuer_ = &device_.issuing;
  LeafWishes wishes_;
  std::vector<Bytes> cas_{device_.operational.certificate, device_.issuing.certificate, device_.service.certificate};
};

TEST_F(Enroll, keeps_the_certificate_with_the_path_to_its_operational_root) {
  const auto enrolled = device_.client.enroll();
  ASSERT_TRUE(enrolled) << enrolled.error().detail;
  const auto stored = device_.stored();
  ASSERT_TRUE(stored->operational());
  EXPECT_EQ(stored->operational()->certificate, to_bytes(enrolled->der()));
  EXPECT_EQ(stored->operational()->chain,
            (std::vector<Bytes>{device_.issuing.certificate, device_.operational.certificate}));
}

TEST_F(Enroll, refuses_a_certificate_of_an_issuer_that_its_roots_do_not_know) {
  const auto stranger = make_identity({.common_name = "issuing", .ca = true});
  issuer_ = &stranger;
  cas_.push_back(stranger.certificate);
  EXPECT_EQ(device_.client.enroll().error().code, Code::bad_request);
  EXPECT_FALSE(device_.stored()->operational());
}

TEST_F(Enroll, refuses_a_certificate_without_a_receipt) {
  wishes_.receipt = false;
  EXPECT_EQ(device_.client.enroll().error().code, Code::not_registered);
  EXPECT_FALSE(device_.stored()->operational());
}

TEST_F(Enroll, a_repeat_asks_for_the_same_key) {
  wishes_.receipt = false;
  ASSERT_FALSE(device_.client.enroll());
  const auto asked = device_.root.pending->public_area();
  wishes_.receipt = true;
  ASSERT_TRUE(device_.client.enroll());
  EXPECT_EQ(device_.root.operational->public_area(), asked);
}

class Retire : public ::testing::Test {
 protected:
  Retire() {
    device_.give_ldevid();
    device_.registry.script = [this](const http::Request& request) { return answer(request); };
  }
  http::Response answer(const http::Request& request) {
    asked_.push_back(request.path);
    if (request.path == refuse_) {
      return FakeRegistry::refuse(409, "state_forbids");
    }
    if (request.path == "/v1/retire") {
      const auto signature = device_.statements.sign(as_bytes("statement")).value();
      return FakeRegistry::json_response(
          200, {{"statement", base64::encode(as_bytes("statement"))}, {"signature", base64::encode(signature)}});
    }
    return challenge_for("retire");
  }

  FieldDevice device_;
  std::string refuse_;
  std::vector<std::string> asked_;
};

TEST_F(Retire, clears_the_chip_after_the_registry_permits_it_and_keeps_the_receipt) {
  const auto receipt = device_.client.retire();
  ASSERT_TRUE(receipt) << receipt.error().detail;
  EXPECT_EQ(asked_, (std::vector<std::string>{"/v1/retire/challenge", "/v1/retire/permit", "/v1/retire"}));
  EXPECT_EQ(device_.root.clears, 1);
  EXPECT_FALSE(device_.state->operational());
  EXPECT_TRUE(device_.stored()->retirement());
}

TEST_F(Retire, a_refused_one_leaves_the_device_as_it_was) {
  refuse_ = "/v1/retire/permit";
  const auto credential = device_.state->operational();
  EXPECT_EQ(device_.client.retire().error().code, Code::state_forbids);
  EXPECT_EQ(device_.root.clears, 0);
  EXPECT_EQ(device_.stored()->operational(), credential);
  EXPECT_TRUE(device_.root.sign(agent::DeviceKey::operational, as_bytes("m")));
}

TEST_F(Retire, an_unreachable_registry_leaves_the_device_as_it_was) {
  device_.registry.server->stop();
  ASSERT_FALSE(device_.client.retire());
  EXPECT_EQ(device_.root.clears, 0);
  EXPECT_TRUE(device_.stored()->operational());
}

TEST_F(Retire, one_that_was_cut_off_after_the_clear_is_finished_by_a_repeat) {
  refuse_ = "/v1/retire";
  ASSERT_FALSE(device_.client.retire());
  EXPECT_FALSE(device_.stored()->retirement());
  refuse_.clear();
  ASSERT_TRUE(device_.client.retire());
  EXPECT_TRUE(device_.stored()->retirement());
}

TEST_F(Retire, a_repeat_shows_the_same_receipt_and_asks_nobody) {
  const auto first = device_.client.retire();
  ASSERT_TRUE(first);
  device_.registry.server->stop();
  const auto again = device_.client.retire();
  ASSERT_TRUE(again) << again.error().detail;
  EXPECT_EQ(again->statement, first->statement);
  EXPECT_EQ(again->signature, first->signature);
  EXPECT_EQ(device_.root.clears, 1);
}

TEST_F(Retire, a_receipt_that_the_registry_did_not_sign_is_none) {
  const auto stranger = crypto::PrivateKey::generate(crypto::KeyType::p256).value();
  device_.registry.script = [&](const http::Request& request) {
    if (request.path != "/v1/retire") {
      return challenge_for("retire");
    }
    const auto signature = stranger.sign(as_bytes("statement")).value();
    return FakeRegistry::json_response(
        200, {{"statement", base64::encode(as_bytes("statement"))}, {"signature", base64::encode(signature)}});
  };
  EXPECT_EQ(device_.client.retire().error().code, Code::bad_evidence);
  EXPECT_FALSE(device_.stored()->retirement());
}

}  // namespace
}  // namespace birthmark::test
