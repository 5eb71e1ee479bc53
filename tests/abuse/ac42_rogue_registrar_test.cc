// SPDX-License-Identifier: Apache-2.0
// AC-42: only the pinned service root counts. Whoever else answers learns nothing, and the identity stays.
#include <gtest/gtest.h>

#include "abuse/agent_device.h"

namespace birthmark::test {
namespace {

class AC42 : public ::testing::Test {
 protected:
  /// Every operation against this server is refused before a request is read, and changes nothing.
  void expect_refused_by_device(FakeRegistry& rogue) {
    rogue.statements = &device_.statements;
    const auto birth = device_.birth(rogue.server->port());
    ASSERT_TRUE(device_.state->install(birth));
    device_.give_ldevid();
    const auto credential = device_.state->operational();
    EXPECT_EQ(device_.client->time().error().code, Code::unauthenticated);
    EXPECT_EQ(device_.client->renew().error().code, Code::unauthenticated);
    EXPECT_EQ(device_.client->revalidate().error().code, Code::unauthenticated);
    EXPECT_EQ(device_.client->attest().error().code, Code::unauthenticated);
    EXPECT_EQ(device_.client->telemetry("{}").error().code, Code::unauthenticated);
    EXPECT_EQ(device_.client->retire().error().code, Code::unauthenticated);
    EXPECT_EQ(rogue.server->counters().requests, 0U);
    device_.reopen();
    EXPECT_EQ(device_.state->birth(), birth);
    EXPECT_EQ(device_.state->operational(), credential);
    EXPECT_TRUE(device_.root->sign(agent::DeviceKey::operational, as_bytes("m")));
  }

  AgentDevice device_;
};

TEST_F(AC42, a_certificate_of_another_root_is_refused) {
  const auto other = make_identity({.common_name = "public root", .alt_names = {}, .ca = true});
  FakeRegistry rogue{other};
  expect_refused_by_device(rogue);
}

TEST_F(AC42, a_root_of_the_same_name_is_refused) {
  const auto twin = make_identity({.common_name = "service root", .alt_names = {}, .ca = true});
  FakeRegistry rogue{twin};
  expect_refused_by_device(rogue);
}

TEST_F(AC42, a_server_of_the_right_root_but_another_name_is_refused) {
  FakeRegistry rogue{device_.service, "IP:127.0.0.2,DNS:localhost"};
  expect_refused_by_device(rogue);
}

TEST_F(AC42, a_device_of_the_manufacturing_root_cannot_play_the_server) {
  FakeRegistry rogue{device_.manufacturing};
  expect_refused_by_device(rogue);
}

TEST_F(AC42, a_station_cannot_turn_an_installed_device_to_another_registry) {
  FakeRegistry registry{device_.service};
  const auto birth = device_.birth(registry.server->port());
  agent::LinkDevice line{*device_.root, *device_.state, {}, [&] { return device_.state->fuse(); }};
  ASSERT_TRUE(line.install(birth));
  EXPECT_TRUE(line.install(birth));
  auto turned = birth;
  turned.service_root = make_identity({.common_name = "other", .alt_names = {}, .ca = true}).certificate;
  EXPECT_EQ(line.install(turned).error().code, Code::state_forbids);
  EXPECT_EQ(device_.state->birth(), birth);
}

}  // namespace
}  // namespace birthmark::test
