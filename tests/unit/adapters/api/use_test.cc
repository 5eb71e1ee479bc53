// SPDX-License-Identifier: Apache-2.0
// What a device's message or question does where it is refused: nothing.
#include <gtest/gtest.h>

#include "adapters/api/wire.h"
#include "codec/base64.h"
#include "unit/adapters/api/served_world.h"

namespace birthmark::test {
namespace {

using http::Method;
using lifecycle::State;

WorldOptions fresh_for_an_hour() {
  WorldOptions options;
  options.policy.gate_max_age = std::chrono::hours{1};
  return options;
}

class Use : public testing::Test {
 protected:
  http::Response telemetry(const Bytes& certificate, std::string_view body = "{}") {
    return w_.device(Method::post, "/v1/telemetry", {.certificate = certificate}, "application/json",
                     to_bytes(as_bytes(body)));
  }
  std::string challenge(const Bytes& certificate, const std::string& purpose) {
    const boost::json::object body{{"purpose", purpose}};
    return refusal_in(w_.device(Method::post, "/v1/attest/challenge", {.certificate = certificate}, "application/json",
                                to_bytes(as_bytes(json::write(body)))));
  }
  ServedWorld w_{fresh_for_an_hour()};
};

TEST_F(Use, a_message_that_cannot_be_read_leaves_s2) {
  const auto device = w_.world.device_in(State::enrolled);
  EXPECT_EQ(refusal_in(telemetry(device.ldevid, "not json")), "bad_json");
  EXPECT_EQ(w_.world.state(device), State::enrolled);
  EXPECT_EQ(telemetry(device.ldevid).status, 202);
  EXPECT_EQ(w_.world.state(device), State::operational);
}

TEST_F(Use, a_message_after_a_stale_appraisal_leaves_s2) {
  const auto device = w_.world.device_in(State::enrolled);
  w_.world.clock.advance(std::chrono::hours{2});
  EXPECT_EQ(refusal_in(telemetry(device.ldevid)), "appraisal_stale");
  EXPECT_EQ(w_.world.state(device), State::enrolled);
}

TEST_F(Use, an_idevid_is_told_that_it_is_the_wrong_credential) {
  const auto device = w_.world.device_in(State::operational);
  const auto refused = telemetry(device.idevid);
  EXPECT_EQ(refusal_in(refused), "role");
  EXPECT_NE(refused.body.find("LDevID"), std::string::npos) << refused.body;
}

TEST_F(Use, a_challenge_to_attest_is_for_devices_that_serve) {
  const auto serving = w_.world.device_in(State::operational);
  EXPECT_EQ(challenge(serving.ldevid, "routine"), "");
  EXPECT_EQ(challenge(serving.ldevid, "enroll"), "role");
  EXPECT_EQ(challenge(serving.idevid, "renew"), "role");
  must(w_.world.act(app::DeviceAction::suspend, serving));
  for (const auto* const purpose : {"routine", "renew"}) {
    EXPECT_EQ(challenge(serving.ldevid, purpose), "state_forbids") << purpose;
  }
  must(w_.world.act(app::DeviceAction::revoke, serving));
  EXPECT_NE(challenge(serving.ldevid, "routine"), "");
  EXPECT_NE(challenge(serving.idevid, "enroll"), "");
}

TEST_F(Use, a_denial_waits_for_no_entry_and_is_counted_under_who_asked) {
  const auto device = w_.world.device_in(State::operational);
  must(w_.world.act(app::DeviceAction::suspend, device));
  const auto before = w_.world.entries().size();
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(refusal_in(telemetry(device.ldevid)), "held");
  }
  EXPECT_EQ(w_.world.entries().size(), before);
  must(w_.world.cases->refusals.flush(app::Refusals::Minutes::all));
  const auto entry = w_.world.entries().back();
  EXPECT_EQ(entry.kind, audit::EntryKind::refusals_aggregated);
  EXPECT_EQ(entry.refusal, Code::held);
  EXPECT_EQ(entry.count, 3U);
}

/// AC-24: a device that has ended asks its way back.
TEST_F(Use, a_forbidden_enrollment_is_an_incident_besides) {
  const auto device = w_.world.device_in(State::operational);
  must(w_.world.act(app::DeviceAction::revoke, device));
  const PaperKey key{tpm::Template::idevid_birthmark};
  const auto request = w_.world.est_request(device.idevid, key, lifecycle::Purpose::enroll);
  const auto answer = w_.device(Method::post, "/.well-known/est/simpleenroll", {.certificate = device.idevid},
                                "application/pkcs10", to_bytes(as_bytes(base64::encode(request.csr))));
  EXPECT_EQ(refusal_in(answer), "state_forbids");
  const auto entries = w_.world.entries();
  ASSERT_EQ(w_.world.count(audit::EntryKind::incident), 1U);
  EXPECT_EQ(entries.back().kind, audit::EntryKind::incident);
  EXPECT_EQ(entries.back().device, device.id);
  EXPECT_EQ(entries.at(entries.size() - 2).kind, audit::EntryKind::refusal);
  EXPECT_EQ(entries.at(entries.size() - 2).device, device.id);
}

/// POST /v1/authorize, as a gate asks it.
class Authorize : public Use {
 protected:
  boost::json::object ask(const Bytes& certificate, const std::string& action = "telemetry.publish") {
    const boost::json::object body{
        {"certificate", base64::encode(certificate)}, {"action", action}, {"resource", "device/x/telemetry"}};
    const auto answer =
        w_.device(Method::post, "/v1/authorize", gate_, "application/json", to_bytes(as_bytes(json::write(body))));
    EXPECT_EQ(answer.status, 200) << answer.body;
    return json::read(std::string_view{answer.body}.substr(0, answer.body.size() - 1), {}).value().as_object();
  }
  const ServedWorld::From gate_ = w_.somebody(pki::ProfileId::gate, "broker-1");
};

TEST_F(Authorize, says_what_holds_now_and_for_how_long) {
  const auto device = w_.world.device_in(State::operational);
  auto answer = ask(device.ldevid);
  EXPECT_EQ(answer.at("decision"), "allow");
  EXPECT_EQ(answer.at("rule"), "policy");
  EXPECT_EQ(answer.at("max_age_ms"), 1000);
  EXPECT_FALSE(answer.contains("reason"));
  w_.world.clock.advance(std::chrono::minutes{59} + std::chrono::milliseconds{59'800});
  EXPECT_LT(ask(device.ldevid).at("max_age_ms").as_int64(), 1000) << "no longer than the appraisal is fresh";
  w_.world.clock.advance(std::chrono::minutes{1});
  answer = ask(device.ldevid);
  EXPECT_EQ(answer.at("decision"), "deny");
  EXPECT_EQ(answer.at("reason"), "appraisal_stale");
  EXPECT_EQ(answer.at("rule"), "freshness");
  EXPECT_EQ(answer.at("max_age_ms"), 0);
}

TEST_F(Authorize, denies_by_the_state_and_counts_it_under_who_asked) {
  const auto device = w_.world.device_in(State::operational);
  must(w_.world.act(app::DeviceAction::suspend, device));
  auto answer = ask(device.ldevid);
  EXPECT_EQ(answer.at("decision"), "deny");
  EXPECT_EQ(answer.at("reason"), "held");
  EXPECT_EQ(answer.at("rule"), "credential");
  answer = ask(gate_.certificate);
  EXPECT_EQ(answer.at("decision"), "deny") << "a gate is no device";
  answer = ask(Bytes{0x30, 0x00});
  EXPECT_EQ(answer.at("reason"), "bad_request");
  EXPECT_EQ(answer.at("rule"), "path");
  must(w_.world.cases->refusals.flush(app::Refusals::Minutes::all));
  std::uint64_t counted = 0;
  for (const auto& entry : w_.world.entries()) {
    counted += entry.kind == audit::EntryKind::refusals_aggregated ? entry.count : 0;
  }
  EXPECT_EQ(counted, 3U);
}

/// A history reads the serials of a device and then the entries: what comes between the two is the next call's.
TEST_F(Use, entries_that_were_added_since_are_not_among_those_of_a_log_of_that_size) {
  static_cast<void>(w_.world.device_in(State::operational));
  const auto all = w_.world.entries();
  ASSERT_GT(all.size(), 4U);
  const auto some = must(api::wire::log_entries(w_.services(), 1, 3, 256));
  ASSERT_EQ(some.size(), 2U);
  EXPECT_EQ(must(audit::read_entry(some[0])), all[1]);
  EXPECT_EQ(must(audit::read_entry(some[1])), all[2]);
  EXPECT_EQ(must(api::wire::log_entries(w_.services(), 1, all.size(), 1)).size(), 1U);
}

}  // namespace
}  // namespace birthmark::test
