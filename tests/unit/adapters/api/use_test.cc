// SPDX-License-Identifier: Apache-2.0
// What a device's message or question does where it is refused: nothing.
#include <gtest/gtest.h>

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

}  // namespace
}  // namespace birthmark::test
