// SPDX-License-Identifier: Apache-2.0
// What a device does by itself: in which order, and how long it waits after a failure.
#include "agent/field/daily_life.h"

#include <gtest/gtest.h>

#include <fstream>
#include <map>

#include "adapters/entropy/generated_ephemerals.h"
#include "codec/cms.h"
#include "codec/pkcs10.h"
#include "unit/agent/field/field_device.h"

namespace birthmark::test {
namespace {

using agent::DailyLife;
using std::chrono::milliseconds;

/// A registry that issues and takes everything but what is in `refused`.
class DailyLifeTest : public ::testing::Test {
 protected:
  DailyLifeTest() {
    device_.registry.script = [this](const http::Request& request) { return answer(request); };
  }

  http::Response answer(const http::Request& request) {
    asked_.push_back(request.path);
    if (const auto no = refused_.find(request.path); no != refused_.end()) {
      return FakeRegistry::refuse(403, no->second);
    }
    if (request.path.ends_with("/challenge")) {
      const auto purpose = request.path == "/v1/attest/challenge"
                               ? std::string{json::read(request.body).value().as_object().at("purpose").as_string()}
                               : std::string{"revalidate"};
      return FakeRegistry::json_response(
          200, {{"session", std::string(64, 'a')}, {"nonce", std::string(64, 'b')}, {"purpose", purpose}});
    }
    if (request.path == "/v1/attest") {
      return FakeRegistry::json_response(200, {{"expires_in", 600}});
    }
    if (request.path == "/v1/proof") {
      const auto entry = crypto::sha256(names_shown_ ? request.peer->certificate : Bytes{});
      return FakeRegistry::json_response(200, {{"entry", base64::encode(entry.get())}, {"proof", proof_}});
    }
    if (request.path == "/v1/telemetry") {
      return FakeRegistry::json_response(202, {{"accepted", true}, {"max_age_ms", 1000}});
    }
    return request.path.starts_with("/v1/revalidate") ? revalidation(request) : est(request);
  }

  http::Response est(const http::Request& request) {
    const std::array cas{device_.operational.certificate, device_.issuing.certificate};
    Bytes bundle = cms::certs_only(cas).value();
    if (!request.path.ends_with("/cacerts")) {
      const auto csr =
          pkcs10::Request::read(base64::decode_lax_whitespace(as_text(request.body), 4096).value()).value();
      const std::array issued{issue(csr.spki())};
      bundle = cms::certs_only(issued).value();
    }
    return {.status = 200,
            .headers = {{"Content-Type", "application/pkcs7-mime"}},
            .body = base64::encode(bundle),
            .close = false};
  }

  http::Response revalidation(const http::Request& request) {
    if (request.path == "/v1/revalidate") {
      const auto body = json::read(request.body).value().as_object();
      const auto area = base64::decode(std::string_view{body.at("key_public").as_string()}, 1024).value();
      revalidated_key_ = to_bytes(agent::key_of(area).value().spki());
      const auto blob = crypto::make_credential({device_.root.tpm.ek.key.public_key()}, device_.root.tpm.ak_name(),
                                                Secret{Bytes(32, 5)}, ephemerals_)
                            .value();
      return FakeRegistry::json_response(
          200, {{"activation", boost::json::object{{"session", std::string(64, 'c')},
                                                   {"id_object", base64::encode(blob.id_object)},
                                                   {"encrypted_secret", base64::encode(blob.encrypted_secret)}}}});
    }
    if (held_) {
      return FakeRegistry::json_response(200, {{"state", "S4"}, {"appraised", true}, {"waits_for", "an operator"}});
    }
    return FakeRegistry::json_response(
        201, {{"certificate", base64::encode(issue(revalidated_key_))},
              {"chain", boost::json::array{base64::encode(device_.issuing.certificate),
                                           base64::encode(device_.operational.certificate)}}});
  }

  [[nodiscard]] Bytes issue(BytesView spki) const {
    return certify(crypto::PublicKey::from_spki(spki).value(), device_.issuing);
  }
  /// What the next step did.
  std::string next() {
    asked_.clear();
    last_ = life_.step();
    return last_.what;
  }
  bool asked(const std::string& path) const { return std::ranges::find(asked_, path) != asked_.end(); }

  static constexpr milliseconds kInterval{60'000};
  FieldDevice device_;
  GeneratedEphemerals ephemerals_{device_.entropy};
  DailyLife life_{device_.client, *device_.state, device_.entropy, {.message = "{}", .interval = kInterval}};
  std::map<std::string, std::string> refused_;
  bool held_ = false;
  bool names_shown_ = true;  ///< the entry of a proof names the certificate that was shown
  std::string proof_ = "c2sp.org/tlog-proof@v1";
  Bytes revalidated_key_;
  std::vector<std::string> asked_;
  agent::LifeEvent last_;
};

TEST_F(DailyLifeTest, enrolls_first_then_sends_at_its_interval) {
  EXPECT_EQ(next(), "enrolled");
  EXPECT_EQ(life_.pause(), milliseconds{0});
  EXPECT_EQ(next(), "telemetry");
  EXPECT_EQ(life_.pause(), kInterval);
  EXPECT_EQ(next(), "telemetry");
  EXPECT_EQ(last_.more.at("n"), 2);
}

TEST_F(DailyLifeTest, renews_after_two_thirds_of_the_lifetime_once_it_knows_the_time) {
  device_.give_ldevid({.begins = -21L * 24 * 3600, .ends = 9L * 24 * 3600});
  EXPECT_EQ(next(), "telemetry");  // tells it the time
  EXPECT_EQ(next(), "renewed");
  EXPECT_TRUE(asked("/.well-known/est/simplereenroll"));
  EXPECT_EQ(next(), "telemetry");
}

TEST_F(DailyLifeTest, keeps_the_proofs_of_its_certificates_once_they_are_used) {
  device_.give_ldevid();
  EXPECT_EQ(next(), "telemetry");
  EXPECT_EQ(std::ranges::count(asked_, "/v1/proof"), 2) << "one of each certificate";
  EXPECT_EQ(next(), "telemetry");
  EXPECT_FALSE(asked("/v1/proof"));
  const auto stored = device_.stored();
  const auto first = stored->operational()->certificate;
  for (const auto& certificate : {stored->birth()->idevid, first}) {
    ASSERT_NE(stored->log_proof(certificate), nullptr);
    EXPECT_EQ(stored->log_proof(certificate)->text, proof_);
  }
  device_.give_ldevid();
  device_.client.close();  // as whoever renews does: the connection shows the certificate before
  EXPECT_TRUE(device_.client.log_proof(agent::DeviceKey::operational));
  EXPECT_EQ(device_.stored()->log_proof(first), nullptr) << "of a certificate that it no longer has";
  EXPECT_NE(device_.stored()->log_proof(stored->birth()->idevid), nullptr);
}

TEST_F(DailyLifeTest, works_without_a_proof_and_keeps_nothing_that_cannot_be_one) {
  device_.give_ldevid();
  proof_.assign(agent::kLogProofMaxBytes + 1, 'x');
  EXPECT_EQ(next(), "telemetry");
  refused_["/v1/proof"] = "not_found";
  EXPECT_EQ(next(), "telemetry");
  EXPECT_EQ(device_.stored()->log_proof(device_.state->operational()->certificate), nullptr);
  EXPECT_EQ(device_.client.log_proof(agent::DeviceKey::operational).error().code, Code::not_found);
  refused_.clear();
  proof_ = "c2sp.org/tlog-proof@v1";
  names_shown_ = false;
  EXPECT_EQ(device_.client.log_proof(agent::DeviceKey::operational).error().code, Code::bad_evidence);
  names_shown_ = true;
  EXPECT_TRUE(device_.client.log_proof(agent::DeviceKey::operational));
  std::ofstream{device_.directory / "state" / "log-proofs.cbor"} << "damaged";
  EXPECT_EQ(device_.stored()->log_proof(device_.state->operational()->certificate), nullptr);
  EXPECT_TRUE(device_.stored()->operational()) << "and nothing else is lost";
}

TEST_F(DailyLifeTest, works_on_while_its_renewal_is_refused_and_asks_less_and_less_often) {
  device_.give_ldevid({.begins = -21L * 24 * 3600, .ends = 9L * 24 * 3600});
  refused_["/.well-known/est/simplereenroll"] = "policy";
  EXPECT_EQ(next(), "telemetry");  // tells it the time
  for (const int messages : {1, 2, 4, 8}) {
    EXPECT_EQ(next(), "refused");
    EXPECT_TRUE(asked("/.well-known/est/simplereenroll"));
    for (int i = 0; i < messages; ++i) {
      EXPECT_EQ(next(), "telemetry") << messages;
    }
  }
  refused_.clear();
  EXPECT_EQ(next(), "renewed");
  EXPECT_EQ(next(), "telemetry");
}

TEST_F(DailyLifeTest, proves_its_hardware_when_its_credential_is_no_longer_taken) {
  for (const auto* const code : {"held", "credential_ended", "appraisal_stale", "state_forbids", "not_registered"}) {
    device_.give_ldevid();
    refused_["/v1/telemetry"] = code;
    EXPECT_EQ(next(), "refused");
    EXPECT_EQ(last_.more.at("code"), code);
    EXPECT_TRUE(last_.more.contains("remedy"));
    refused_.clear();
    EXPECT_EQ(next(), "revalidated") << code;
    EXPECT_EQ(next(), "telemetry") << code;
  }
}

TEST_F(DailyLifeTest, waits_longer_each_time_while_an_operator_holds_it) {
  device_.give_ldevid();
  refused_["/v1/telemetry"] = "held";
  held_ = true;
  EXPECT_EQ(next(), "refused");
  auto most = DailyLife::kBackoffMin;
  for (int i = 0; i < 12; ++i) {
    most = std::min(most * 2, DailyLife::kBackoffMax);
    EXPECT_EQ(next(), "still_held");
    EXPECT_EQ(last_.more.at("waits_for"), "an operator");
    EXPECT_FALSE(asked("/v1/telemetry"));
    EXPECT_GE(life_.pause(), most / 2);
    EXPECT_LE(life_.pause(), most);
  }
  held_ = false;
  refused_.clear();
  EXPECT_EQ(next(), "revalidated");
  EXPECT_EQ(life_.pause(), milliseconds{0});
}

TEST_F(DailyLifeTest, does_not_prove_where_that_cannot_help) {
  device_.give_ldevid();
  refused_["/v1/telemetry"] = "policy";
  EXPECT_EQ(next(), "refused");
  EXPECT_EQ(next(), "refused");
  EXPECT_FALSE(asked("/v1/revalidate/challenge"));
}

TEST_F(DailyLifeTest, a_refused_proof_is_followed_by_an_attempt_to_work) {
  device_.give_ldevid();
  refused_ = {{"/v1/telemetry", "credential_ended"}, {"/v1/revalidate", "state_forbids"}};
  EXPECT_EQ(next(), "refused");
  EXPECT_EQ(next(), "refused");
  EXPECT_EQ(last_.more.at("code"), "state_forbids");
  EXPECT_EQ(next(), "refused");
  EXPECT_EQ(last_.more.at("code"), "credential_ended");
}

TEST_F(DailyLifeTest, an_unreachable_registry_costs_patience_and_no_credential) {
  device_.give_ldevid();
  ASSERT_EQ(next(), "telemetry");
  device_.registry.server->stop();
  const auto credential = device_.state->operational();
  EXPECT_EQ(next(), "unreachable");
  EXPECT_GE(life_.pause(), DailyLife::kBackoffMin / 2);
  EXPECT_EQ(next(), "unreachable");
  EXPECT_GE(life_.pause(), DailyLife::kBackoffMin);
  EXPECT_EQ(device_.stored()->operational(), credential);
}

}  // namespace
}  // namespace birthmark::test
