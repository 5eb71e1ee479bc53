// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <utility>

#include "codec/oid.h"
#include "crypto/hash.h"
#include "support/world.h"

namespace birthmark::test {
namespace {

using app::DeviceAction;
using lifecycle::Purpose;
using lifecycle::State;

class Enroll : public testing::Test {
 protected:
  World world_;
};

TEST_F(Enroll, without_an_appraisal_is_evidence_missing) {
  auto device = world_.device_in(State::provisioned);
  const PaperKey key{tpm::Template::idevid_birthmark};
  EXPECT_EQ(code_of(world_.cases->enrollment.enroll(world_.est_request(device.idevid, key, Purpose::enroll))),
            Code::evidence_missing);
  EXPECT_EQ(world_.state(device), State::provisioned);
}

TEST_F(Enroll, an_appraisal_lives_ten_minutes) {
  auto device = world_.device_in(State::provisioned);
  const PaperKey key{tpm::Template::idevid_birthmark};
  must(world_.attest(device, Purpose::enroll, key));
  world_.clock.advance(std::chrono::minutes{10} + std::chrono::milliseconds{1});
  const auto request = world_.est_request(device.idevid, key, Purpose::enroll);
  EXPECT_EQ(code_of(world_.cases->enrollment.enroll(request)), Code::evidence_missing);
  must(world_.attest(device, Purpose::enroll, key));
  EXPECT_TRUE(world_.cases->enrollment.enroll(request));
}

TEST_F(Enroll, a_retry_gets_the_same_certificate_without_new_evidence) {
  auto device = world_.device_in(State::enrolled);
  const auto again =
      must(world_.cases->enrollment.enroll(world_.est_request(device.idevid, *device.ldevid_key, Purpose::enroll)));
  EXPECT_EQ(again.certificate, device.ldevid);
  EXPECT_EQ(world_.certificates(device).size(), 2U);
}

TEST_F(Enroll, a_retry_is_judged_like_the_first_request) {
  auto device = world_.device_in(State::operational);
  auto request = world_.est_request(device.idevid, *device.ldevid_key, Purpose::enroll);
  request.channel_binding = "b3RoZXI=";
  EXPECT_EQ(code_of(world_.cases->enrollment.enroll(request)), Code::binding);
  request.channel_binding = World::kBinding;
  EXPECT_TRUE(world_.cases->enrollment.enroll(request));
  must(world_.act(DeviceAction::suspend, device));
  EXPECT_EQ(code_of(world_.cases->enrollment.enroll(request)), Code::state_forbids);
  must(world_.act(DeviceAction::revoke, device));
  EXPECT_EQ(code_of(world_.cases->enrollment.enroll(request)), Code::state_forbids);
}

TEST_F(Enroll, a_device_that_keeps_its_key_renews_again_and_again) {
  auto device = world_.device_in(State::operational);
  for (int i = 0; i < 3; ++i) {
    world_.clock.advance(std::chrono::days{20});
    must(world_.attest(device, Purpose::renew, *device.ldevid_key));
    const auto request = world_.est_request(device.ldevid, *device.ldevid_key, Purpose::renew);
    const auto issued = must(world_.cases->enrollment.reenroll(request));
    EXPECT_NE(issued.certificate, device.ldevid);
    EXPECT_EQ(must(world_.cases->enrollment.reenroll(request)).certificate, issued.certificate) << "a retry";
    device.ldevid = issued.certificate;
  }
  EXPECT_EQ(world_.wrong(), "");
}

TEST_F(Enroll, of_two_renewals_with_one_credential_the_first_ends) {
  auto device = world_.device_in(State::operational);
  world_.clock.advance(std::chrono::days{20});
  const auto first = device.ldevid;
  auto first_key = std::move(device.ldevid_key);
  must(world_.renew(device));
  const auto lost = std::exchange(device.ldevid, first);
  device.ldevid_key = std::move(first_key);
  must(world_.renew(device));
  EXPECT_EQ(world_.published(lost).status, lifecycle::Status::ended);
  EXPECT_EQ(world_.published(first).status, lifecycle::Status::admitted);
  EXPECT_EQ(world_.published(device.ldevid).status, lifecycle::Status::admitted);
  EXPECT_EQ(world_.wrong(), "");
}

TEST_F(Enroll, a_key_that_outlives_the_owner_is_no_operational_key) {
  auto device = world_.device_in(State::provisioned);
  const PaperKey key{tpm::Template::idevid_birthmark};
  const auto caller = crypto::sha256(as_bytes("192.0.2.7"));
  const auto challenge = must(world_.cases->attestation.begin(Purpose::enroll, caller, world_.record(device)));
  auto evidence = world_.device_evidence(device, key, challenge);
  std::get<app::TpmKeyEvidence>(evidence.key).parent_public.clear();
  const auto answer = world_.cases->attestation.attest(Purpose::enroll, caller, world_.record(device).row, evidence);
  EXPECT_EQ(code_of(answer), Code::bad_evidence);
  EXPECT_EQ(check_of(answer), "statement.place");
}

TEST_F(Enroll, renewal_opens_on_day_20) {
  auto device = world_.device_in(State::operational);
  world_.clock.advance(std::chrono::days{20} - std::chrono::seconds{1});
  const auto early = world_.renew(device);
  EXPECT_EQ(code_of(early), Code::policy);
  EXPECT_EQ(check_of(early), "renew_from");
  world_.clock.advance(std::chrono::seconds{1});
  const auto old = device.ldevid;
  EXPECT_TRUE(world_.renew(device));
  EXPECT_EQ(world_.published(old).status, lifecycle::Status::admitted) << "a superseded one expires unmarked";
}

TEST_F(Enroll, the_wrong_credential_is_refused_by_role) {
  auto device = world_.device_in(State::operational);
  const PaperKey key{tpm::Template::idevid_birthmark};
  auto& est = world_.cases->enrollment;
  EXPECT_EQ(code_of(est.enroll(world_.est_request(device.ldevid, key, Purpose::enroll))), Code::role);
  EXPECT_EQ(code_of(est.reenroll(world_.est_request(device.idevid, key, Purpose::renew))), Code::role);
}

TEST_F(Enroll, a_held_device_is_told_to_revalidate) {
  auto device = world_.device_in(State::provisioned);
  must(world_.act(DeviceAction::hold, device, lifecycle::HoldCause::volume));
  EXPECT_EQ(code_of(world_.enroll(device)), Code::held);
  world_.clock.advance(std::chrono::seconds{1});
  must(world_.revalidate(device));
  EXPECT_TRUE(world_.enroll(device));
}

TEST_F(Enroll, an_ended_credential_renews_nothing) {
  auto device = world_.device_in(State::operational);
  const auto old = device.ldevid;
  must(world_.revalidate(device));
  world_.clock.advance(std::chrono::days{20});
  const PaperKey key{tpm::Template::idevid_birthmark};
  EXPECT_EQ(code_of(world_.cases->enrollment.reenroll(world_.est_request(old, key, Purpose::renew))),
            Code::credential_ended);
}

/// docs/adr/0003: TLS 1.2 without extended master secret, which only a development listener lets in.
TEST_F(Enroll, hardware_gets_nothing_over_a_connection_without_channel_binding) {
  auto device = world_.device_in(State::provisioned);
  auto& est = world_.cases->enrollment;
  const PaperKey key{tpm::Template::idevid_birthmark};
  must(world_.attest(device, Purpose::enroll, key));
  auto request = world_.est_request(device.idevid, key, Purpose::enroll);
  const auto bound = request.channel_binding;
  request.channel_binding.clear();
  EXPECT_EQ(code_of(est.enroll(request)), Code::binding);
  EXPECT_EQ(check_of(est.enroll(request)), "channel");
  EXPECT_EQ(world_.state(device), State::provisioned);
  request.channel_binding = bound;
  ASSERT_TRUE(est.enroll(request)) << "and the refusals have cost nothing";
  request.channel_binding.clear();
  EXPECT_EQ(code_of(est.enroll(request)), Code::binding) << "a retry neither";
}

TEST_F(Enroll, hardware_renews_nothing_over_a_connection_without_channel_binding) {
  auto device = world_.device_in(State::operational);
  world_.clock.advance(std::chrono::days{20});
  const PaperKey key{tpm::Template::idevid_birthmark};
  must(world_.attest(device, Purpose::renew, key));
  auto request = world_.est_request(device.ldevid, key, Purpose::renew);
  request.channel_binding.clear();
  EXPECT_EQ(code_of(world_.cases->enrollment.reenroll(request)), Code::binding);
  EXPECT_EQ(world_.certificates(device).size(), 2U);
}

/// RFC 7030 §4.2.2; devices of the labelled software root may leave it out (docs/adr/0003).
TEST_F(Enroll, hardware_renews_with_the_alternative_name_only) {
  auto device = world_.device_in(State::operational);
  world_.clock.advance(std::chrono::days{20});
  const PaperKey key{tpm::Template::idevid_birthmark};
  must(world_.attest(device, Purpose::renew, key));
  auto request = world_.est_request(device.ldevid, key, Purpose::renew);
  const auto password = must(pkcs10::challenge_password_value(World::kBinding));
  const std::array bound{pkcs10::Attribute{oids::challenge_password, password}};
  request.csr = csr_of(key, request.presented_subject, bound);
  const auto refused = world_.cases->enrollment.reenroll(request);
  EXPECT_EQ(code_of(refused), Code::csr_policy);
  EXPECT_EQ(check_of(refused), "csr.subject_alt_name");
}

TEST(EnrollPolicy, a_product_that_asks_for_a_release_waits_for_it) {
  auto policy = test_policy();
  policy.released_for_field = policy::RequiresRelease::yes;
  World world{{.policy = policy}};
  auto device = world.device_in(State::provisioned);
  EXPECT_EQ(code_of(world.enroll(device)), Code::not_released);
}

TEST(EnrollPolicy, what_the_product_grants_is_what_a_device_gets) {
  auto policy = test_policy();
  policy.actions.at(1) = {policy::Action::revalidate};
  policy.actions.at(4) = {};
  World world{{.policy = policy}};
  auto device = world.device_in(State::provisioned);
  const auto refused = world.enroll(device);
  EXPECT_EQ(code_of(refused), Code::policy);
  EXPECT_EQ(check_of(refused), "policy.actions");
  EXPECT_EQ(world.state(device), State::provisioned);
}

TEST(EnrollPolicy, a_product_may_leave_renewal_and_recovery_out) {
  auto policy = test_policy();
  policy.actions.at(3) = {policy::Action::telemetry_publish, policy::Action::revalidate};
  policy.actions.at(4) = {};
  World world{{.policy = policy}};
  auto device = world.device_in(State::operational);
  world.clock.advance(std::chrono::days{21});
  EXPECT_EQ(code_of(world.renew(device)), Code::policy);
  must(world.act(app::DeviceAction::suspend, device, lifecycle::HoldCause::volume));
  world.clock.advance(std::chrono::seconds{1});
  EXPECT_EQ(code_of(world.revalidate(device)), Code::policy);
  EXPECT_EQ(world.state(device), State::suspended);
}

TEST(EnrollPolicy, firmware_below_the_minimum_is_refused) {
  auto policy = test_policy();
  policy.minimum_firmware = lifecycle::FirmwareVersion::parse("4.13").value();
  World world{{.policy = policy}};
  auto device = world.device_in(State::provisioned);
  EXPECT_EQ(code_of(world.enroll(device)), Code::fw_rollback);
}

/// AC-10. Chip, batch and its CA are older than either time, and the batch is open at both: it is the clock alone that
/// stops the line.
TEST(TimeGuard, issuance_stops_when_the_clock_goes_back_or_jumps_until_two_persons_confirm) {
  for (const auto by : {std::chrono::hours{-2}, std::chrono::hours{3}}) {
    World world;
    auto device = world.make_device();
    auto order = world.batch_order("B-9");
    order.closes = order.opens + std::chrono::days{2};
    must(world.cases->hierarchy.open_batch(order, "operator:test"));
    world.clock.advance(std::chrono::days{1});
    const auto line = world.enroll_station("line-9", app::StationRole::provision, "B-9");
    world.clock.set(world.clock.now() + by);
    EXPECT_EQ(code_of(world.provision(device, line)), Code::clock_suspect) << by.count();
    EXPECT_EQ(world.batch("B-9").budget.issued + world.batch("B-9").budget.reserved, 0U);
    const auto confirm = [&](lifecycle::Approval approval) {
      return world.store().write([&](app::Tx& tx) { return world.cases->time.confirm(tx, approval); });
    };
    EXPECT_EQ(code_of(confirm(lifecycle::Approval::one_operator)), Code::second_person_required);
    EXPECT_EQ(code_of(world.provision(device, line)), Code::clock_suspect) << by.count();
    EXPECT_TRUE(confirm(lifecycle::Approval::two_persons));
    const auto issued = world.provision(device, line);
    EXPECT_TRUE(issued) << by.count() << ": " << (issued ? "" : issued.error().detail);
    EXPECT_EQ(world.batch("B-9").budget.issued, 1U) << by.count();
  }
}

}  // namespace
}  // namespace birthmark::test
