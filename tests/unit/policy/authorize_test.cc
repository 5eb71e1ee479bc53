// SPDX-License-Identifier: Apache-2.0
#include "policy/authorize.h"

#include <gtest/gtest.h>

#include <utility>

#include "lifecycle/serial.h"

namespace birthmark::policy {
namespace {

using lifecycle::State;
using lifecycle::Status;
using std::chrono::days;
using std::chrono::hours;

constexpr Instant kNow = kMinuteZero + hours{24 * 2500};
constexpr Request kPublish{Action::telemetry_publish, "t"};
constexpr IssuerKeyId kIssuer{Octets<20>{1, 2, 3}};

class Authorize : public testing::Test {
 protected:
  Authorize() {
    ProductPolicy policy;
    policy.minimum_firmware = lifecycle::FirmwareVersion{1};
    policies_ = {nullptr, std::make_shared<const ProductPolicy>(policy)};
  }
  void publish(std::uint32_t index, Status status, State state, std::uint8_t product = 1) {
    ASSERT_TRUE(table_->publish(
        index, {.status = status, .state = state, .product = product, .device = DeviceRow{7}, .appraised_at = kNow}));
  }
  [[nodiscard]] std::shared_ptr<const Snapshot> snapshot(IssuerStatus status = IssuerStatus::trusted) const {
    Snapshot::Parts parts;
    parts.issuers = {{CaId{1}, kIssuer, status, table_}};
    parts.products = policies_;
    return Snapshot::make(std::move(parts)).value();
  }
  static Presented presented(std::uint32_t index) {
    return {.issuer = kIssuer,
            .serial = lifecycle::make_serial(index, {}),
            .path = Proof::passed,
            .receipt = Proof::passed,
            .device = std::nullopt};
  }
  Authorized ask(std::uint32_t index, const Request& request = kPublish, Instant now = kNow) const {
    return authorize(*snapshot(), presented(index), request, now);
  }

  std::shared_ptr<CredentialTable> table_ = std::make_shared<CredentialTable>(8);
  std::vector<std::shared_ptr<const ProductPolicy>> policies_;
};

TEST_F(Authorize, admits_an_operational_device_and_says_which) {
  publish(3, Status::admitted, State::operational);
  const auto answer = ask(3);
  EXPECT_EQ(answer.decision.verdict, Verdict::allow);
  EXPECT_EQ(answer.device, DeviceRow{7});
  EXPECT_EQ(answer.policy, policies_[1].get());
}

TEST_F(Authorize, follows_the_table_without_a_new_snapshot) {
  publish(3, Status::admitted, State::operational);
  const auto held = snapshot();
  EXPECT_EQ(authorize(*held, presented(3), kPublish, kNow).decision.verdict, Verdict::allow);
  publish(3, Status::held, State::suspended);
  EXPECT_EQ(authorize(*held, presented(3), kPublish, kNow).decision.code, Code::held);
  EXPECT_EQ(authorize(*held, presented(3), {Action::revalidate, ""}, kNow).decision.verdict, Verdict::allow);
  publish(3, Status::ended, State::revoked);
  EXPECT_EQ(authorize(*held, presented(3), kPublish, kNow).decision.code, Code::credential_ended);
}

TEST_F(Authorize, denies_what_the_snapshot_does_not_know) {
  publish(3, Status::admitted, State::operational);
  const auto held = snapshot();
  EXPECT_EQ(ask(4).decision.code, Code::not_registered) << "unassigned";
  EXPECT_EQ(ask(1U << 20).decision.code, Code::not_registered) << "outside the list";
  auto other = presented(3);
  other.issuer = IssuerKeyId{Octets<20>{9}};
  EXPECT_EQ(authorize(*held, other, kPublish, kNow).decision.code, Code::not_registered);
  auto foreign = presented(3);
  foreign.serial = Serial{Octets<16>{0x4C}};
  EXPECT_EQ(authorize(*held, foreign, kPublish, kNow).decision.code, Code::not_registered);
  EXPECT_FALSE(ask(4).device);
  EXPECT_FALSE(authorize(*held, foreign, kPublish, kNow).device);
}

TEST_F(Authorize, denies_where_the_product_has_no_policy) {
  publish(3, Status::admitted, State::operational, 0);
  publish(4, Status::admitted, State::operational, 200);
  EXPECT_EQ(ask(3).decision.code, Code::policy);
  EXPECT_EQ(ask(4).decision.code, Code::policy);
  EXPECT_EQ(ask(4).policy, nullptr);
}

TEST_F(Authorize, one_step_cuts_off_a_whole_ca) {  // design rule 5
  publish(3, Status::admitted, State::operational);
  const auto answer = authorize(*snapshot(IssuerStatus::revoked), presented(3), kPublish, kNow);
  EXPECT_EQ(answer.decision.code, Code::credential_ended);
  EXPECT_EQ(answer.decision.rule, Step::issuer);
}

TEST_F(Authorize, denies_without_path_or_receipt_whatever_the_table_says) {
  publish(3, Status::admitted, State::operational);
  auto unproved = presented(3);
  unproved.path = Proof::unknown;
  EXPECT_EQ(authorize(*snapshot(), unproved, kPublish, kNow).decision.rule, Step::path);
  unproved = presented(3);
  unproved.receipt = Proof::failed;
  EXPECT_EQ(authorize(*snapshot(), unproved, kPublish, kNow).decision.rule, Step::receipt);
}

TEST_F(Authorize, denies_once_the_appraisal_is_too_old) {
  publish(3, Status::admitted, State::operational);
  EXPECT_EQ(ask(3, kPublish, kNow + days{30} - hours{1}).decision.verdict, Verdict::allow);
  EXPECT_EQ(ask(3, kPublish, kNow + days{30}).decision.code, Code::appraisal_stale);
}

TEST_F(Authorize, an_idevid_enrolls_and_does_nothing_else) {
  publish(3, Status::not_admitted, State::provisioned);
  EXPECT_EQ(ask(3, {Action::enroll, ""}).decision.verdict, Verdict::allow);
  EXPECT_EQ(ask(3).decision.code, Code::state_forbids);
  publish(3, Status::not_admitted, State::operational);
  EXPECT_EQ(ask(3, {Action::enroll, ""}).decision.verdict, Verdict::deny);
  EXPECT_EQ(ask(3).decision.verdict, Verdict::deny);
}

}  // namespace
}  // namespace birthmark::policy
