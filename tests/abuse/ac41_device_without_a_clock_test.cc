// SPDX-License-Identifier: Apache-2.0
// AC-41: no clock, or a wrong one. Time comes from a signed answer with a nonce, and a floor that never goes back;
// validation is never switched off; an overdue device still goes on by its hardware.
#include <gtest/gtest.h>

#include "abuse/agent_device.h"

namespace birthmark::test {
namespace {

class AC41 : public ::testing::Test {
 protected:
  AC41() {
    registry_.statements = &device_.statements;
    EXPECT_TRUE(device_.state->install(device_.birth(registry_.server->port())));
  }
  Code refused() {
    const auto told = device_.client->time();
    return told ? Code::not_found : told.error().code;
  }

  AgentDevice device_;
  FakeRegistry registry_{device_.service};
};

TEST_F(AC41, a_device_at_1970_2038_2106_or_ahead_takes_the_signed_time) {
  for (const auto* calendar :
       {"1970-01-01T00:00:00Z", "2038-01-19T03:14:08Z", "2106-02-07T06:28:15Z", "2031-01-01T00:00:00Z"}) {
    device_.clock.set(*from_rfc3339(calendar));
    const auto told = device_.client->time();
    ASSERT_TRUE(told) << told.error().detail;
    EXPECT_EQ(*told, registry_.says);
  }
  device_.clock.advance(std::chrono::seconds{90});
  EXPECT_EQ(device_.client->clock().now(), registry_.says + std::chrono::seconds{90});
}

TEST_F(AC41, signed_times_after_2038_and_2106_are_believed_and_kept) {
  for (const auto* later : {"2038-01-19T03:14:08Z", "2106-02-07T06:28:16Z", "2150-01-01T00:00:00Z"}) {
    registry_.says = *from_rfc3339(later);
    ASSERT_TRUE(device_.client->time()) << later;
    device_.reopen();
    EXPECT_EQ(device_.client->clock().now(), registry_.says);
  }
}

TEST_F(AC41, the_floor_never_goes_back_not_even_over_a_restart) {
  ASSERT_TRUE(device_.client->time());
  device_.reopen();
  EXPECT_EQ(device_.client->clock().now(), registry_.says);
  const auto floor = registry_.says;
  registry_.says = floor - std::chrono::hours{1};
  EXPECT_EQ(refused(), Code::clock_suspect);
  registry_.says = floor - std::chrono::minutes{1};  // servers of one registry differ a little
  EXPECT_EQ(device_.client->time().value(), floor);
}

TEST_F(AC41, an_unsigned_or_replayed_time_is_refused) {
  const auto stranger = crypto::PrivateKey::generate(crypto::KeyType::p256).value();
  registry_.statements = &stranger;
  EXPECT_EQ(refused(), Code::bad_evidence);
  registry_.statements = &device_.statements;
  registry_.stale_nonce = true;
  EXPECT_EQ(refused(), Code::bad_evidence);
  EXPECT_EQ(device_.state->time_floor(), Instant{});
}

TEST_F(AC41, dates_are_judged_by_the_signed_time_before_anything_else_is_asked) {
  registry_.says += std::chrono::hours{24 * 365 * 20};  // the server's certificate ended long before
  ASSERT_TRUE(device_.client->time());
  const auto enrolled = device_.client->enroll();
  ASSERT_FALSE(enrolled);
  EXPECT_EQ(enrolled.error().code, Code::unauthenticated);
  EXPECT_EQ(registry_.other_requests, 0);
}

TEST_F(AC41, an_overdue_device_asks_by_its_hardware_without_a_certificate) {
  device_.give_ldevid(-7200, -3600);
  static_cast<void>(device_.client->renew());
  EXPECT_EQ(registry_.last_path, "/v1/revalidate/challenge");
  EXPECT_FALSE(registry_.client_certificate_seen);
}

}  // namespace
}  // namespace birthmark::test
