// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "support/hardware_line.h"

namespace birthmark::test {
namespace {

using lifecycle::State;

struct Open {
  const char* name;
  bool app::LockCheck::*statement;
  const char* check;
};

/// The debug port is open, secure boot is off, or the lockdown is not sealed.
class AC08Unit : public testing::Test {
 protected:
  void is_not_sealed(const Result<lifecycle::DeviceRecord>& answer, const std::string& check) {
    EXPECT_EQ(code_of(answer), Code::not_sealed);
    EXPECT_EQ(check_of(answer), check);
    EXPECT_EQ(world_.state(device_), State::uninitialized);
    EXPECT_EQ(world_.published(device_.idevid).status, lifecycle::Status::not_admitted);
    EXPECT_EQ(world_.refusals(Code::not_sealed), 1U);
    EXPECT_EQ(code_of(world_.attest(device_, lifecycle::Purpose::enroll, device_.tpm.idevid)), Code::state_forbids);
  }
  World world_;
  Device device_ = world_.device_in(State::uninitialized);
};

class AC08 : public AC08Unit, public testing::WithParamInterface<Open> {
 protected:
  /// A lock-check that found the one thing of the parameter not in order.
  Result<lifecycle::DeviceRecord> attempt() {
    const auto& station = world_.lock_check();
    const auto challenge = must(world_.cases->sealing.begin(station.id(), "B-1"));
    auto found = World::in_order(device_, challenge);
    found.*GetParam().statement = false;
    return world_.at_edge(world_.cases->sealing.seal(station.key.public_key(), "B-1",
                                                     world_.seal_evidence(device_, station, challenge, found)),
                          station.id());
  }
};

TEST_P(AC08, is_refused_not_sealed) {
  is_not_sealed(attempt(), GetParam().check);
}

TEST_P(AC08, leaves_the_same_unit_a_new_attempt) {
  is_not_sealed(attempt(), GetParam().check);
  const auto sealed = world_.seal(device_, world_.lock_check());
  ASSERT_TRUE(sealed) << sealed.error().detail;
  EXPECT_EQ(sealed->id, device_.id);
  EXPECT_EQ(world_.state(device_), State::provisioned);
  EXPECT_EQ(world_.wrong(), "");
}

TEST_P(AC08, leaves_besides_the_reject_alone) {
  is_not_sealed(attempt(), GetParam().check);
  EXPECT_EQ(code_of(world_.act(app::DeviceAction::revoke, device_)), Code::state_forbids);
  EXPECT_TRUE(world_.act(app::DeviceAction::reject, device_));
  EXPECT_EQ(world_.state(device_), State::decommissioned);
  EXPECT_EQ(code_of(world_.seal(device_, world_.lock_check())), Code::state_forbids);
}

INSTANTIATE_TEST_SUITE_P(Statements, AC08,
                         testing::Values(Open{"debug", &app::LockCheck::debug_locked, "seal.debug"},
                                         Open{"secure_boot", &app::LockCheck::secure_boot, "seal.secure_boot"},
                                         Open{"lockdown", &app::LockCheck::lockdown_sealed, "seal.lockdown"}),
                         [](const auto& param) { return param.param.name; });

using AC08Unseen = AC08Unit;
TEST_F(AC08Unseen, a_port_over_which_nothing_ever_went_is_not_proved_locked) {
  const auto& station = world_.lock_check();
  const auto challenge = must(world_.cases->sealing.begin(station.id(), "B-1"));
  auto found = World::in_order(device_, challenge);
  found.transcript = crypto::sha256(BytesView{});
  is_not_sealed(world_.at_edge(world_.cases->sealing.seal(station.key.public_key(), "B-1",
                                                          world_.seal_evidence(device_, station, challenge, found)),
                               station.id()),
                "seal.debug");
}

using AC08Witness = AC08Unit;
TEST_F(AC08Witness, the_provisioning_station_is_no_witness) {
  const auto same = world_.enroll_station("line-1", app::StationRole::lock_check, "B-1");
  is_not_sealed(world_.at_edge(world_.seal(device_, same), same.id()), "seal.witness");
}

/// A root that can tell says that its debug is open, whatever a station's record says.
class AC08Kinds : public testing::TestWithParam<PaperKind> {};

INSTANTIATE_TEST_SUITE_P(, AC08Kinds, testing::Values(PaperKind::psa, PaperKind::dice),
                         [](const auto& kind) { return std::string{name(kind.param)}; });

TEST_P(AC08Kinds, is_refused_not_sealed) {
  HardwareLine line{GetParam()};
  const auto born = must(line.provision());
  ASSERT_TRUE(line.unit->open_debug());
  const auto got = line.world.at_edge(line.seal(*line.unit), line.world.lock_check().id());
  EXPECT_EQ(code_of(got), Code::not_sealed);
  EXPECT_EQ(check_of(got), std::string{name(GetParam())} + ".debug");
  EXPECT_EQ(line.record().state, State::uninitialized);
  EXPECT_EQ(line.world.published(born.certificate).status, lifecycle::Status::not_admitted);
  EXPECT_EQ(line.world.refusals(Code::not_sealed), 1U);
  const auto caller = crypto::sha256(born.certificate);
  EXPECT_EQ(code_of(line.world.cases->attestation.begin(lifecycle::Purpose::enroll, caller, line.record())),
            Code::state_forbids);
}

}  // namespace
}  // namespace birthmark::test
