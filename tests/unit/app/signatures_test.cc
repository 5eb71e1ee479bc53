// SPDX-License-Identifier: Apache-2.0
// A token that answers with a signature that does not verify (AC-16): whatever the key is for, nothing is released.
#include <gtest/gtest.h>

#include "support/world.h"

namespace birthmark::test {
namespace {

using app::KeyUse;
using lifecycle::State;

struct Flow {
  const char* name;
  KeyUse use;
  Prepare prepare;
  Use run;
  WorldOptions options = {};
};

class FaultyToken : public testing::TestWithParam<Flow> {};

TEST_P(FaultyToken, releases_nothing_is_audited_and_serves_when_it_is_well_again) {
  const auto& flow = GetParam();
  World world{flow.options};
  auto device = flow.prepare(world);
  const auto caller = crypto::sha256(as_bytes("caller"));
  const auto registered = world.count(audit::EntryKind::certificate_registered);
  const auto receipts = world.count(audit::EntryKind::receipt_retired);
  const auto cas = world.cases->cas.get()->all().size();
  world.signer.set_fault(SignerFault::wrong_signature, flow.use);
  const auto answer = world.at_edge(flow.run(world, device), caller);
  EXPECT_EQ(code_of(answer), Code::hsm_fault);
  EXPECT_EQ(world.refusals(Code::hsm_fault), 1U);
  EXPECT_EQ(world.count(audit::EntryKind::certificate_registered), registered);
  EXPECT_EQ(world.count(audit::EntryKind::receipt_retired), receipts);
  EXPECT_EQ(world.cases->cas.get()->all().size(), cas);
  EXPECT_EQ(world.wrong(), "");
  world.signer.set_fault(SignerFault::none);
  EXPECT_TRUE(flow.run(world, device));
  EXPECT_EQ(world.wrong(), "");
}

Prepare device_in(State state) {
  return [state](World& world) { return world.device_in(state); };
}
Device on_the_line(World& world) {
  world.line();
  return world.make_device();
}
Device renewable(World& world) {
  auto device = world.device_in(State::operational);
  world.clock.advance(std::chrono::days{20});
  return device;
}
Result<void> provisions(World& world, Device& device) {
  return without_value(world.provision(device, world.line()));
}
Result<void> enrolls(World& world, Device& device) {
  return without_value(world.enroll(device));
}
Result<void> renews(World& world, Device& device) {
  return without_value(world.renew(device));
}
Result<void> revalidates(World& world, Device& device) {
  return without_value(world.revalidate(device));
}
Result<void> retires(World& world, Device& device) {
  return without_value(world.retire(device));
}
Result<void> inits(World& world, Device& /*device*/) {
  return world.cases->hierarchy.init();
}

INSTANTIATE_TEST_SUITE_P(
    Uses, FaultyToken,
    testing::Values(Flow{"root",
                         KeyUse::certificates,
                         [](World& world) { return world.make_device(); },
                         inits,
                         {.roots = Roots::missing}},
                    Flow{"idevid", KeyUse::certificates, on_the_line, provisions},
                    Flow{"idevid_receipt", KeyUse::receipts, on_the_line, provisions},
                    Flow{"ldevid", KeyUse::certificates, device_in(State::provisioned), enrolls},
                    Flow{"ldevid_receipt", KeyUse::receipts, device_in(State::provisioned), enrolls},
                    Flow{"renewal_receipt", KeyUse::receipts, renewable, renews},
                    Flow{"revalidation_receipt", KeyUse::receipts, device_in(State::operational), revalidates},
                    Flow{"retirement", KeyUse::statements, device_in(State::decommissioned), retires}),
    [](const auto& param) { return param.param.name; });

/// The port itself, as time and checkpoints use it: there is no way around the check.
class SignerPort : public testing::TestWithParam<KeyUse> {};

TEST_P(SignerPort, gives_no_signature_that_does_not_verify) {
  FakeSigner token;
  const auto type = GetParam() == KeyUse::checkpoints ? crypto::KeyType::ed25519 : crypto::KeyType::p256;
  const auto key = must(token.create("key", GetParam(), type, Epoch{1}));
  const auto other = must(token.create("other", GetParam(), type, Epoch{1}));
  const app::SigningIntent intent{
      .key = "key", .use = GetParam(), .epoch = Epoch{1}, .message = as_bytes("what"), .profile_hash = {}};
  EXPECT_TRUE(token.sign(intent));
  EXPECT_TRUE(token.sign(intent, key));
  EXPECT_EQ(code_of(token.sign(intent, other)), Code::hsm_fault) << "the token signs by another key";
  token.set_fault(SignerFault::wrong_signature, GetParam());
  EXPECT_EQ(code_of(token.sign(intent)), Code::hsm_fault);
  EXPECT_EQ(code_of(token.sign(intent, key)), Code::hsm_fault);
}

INSTANTIATE_TEST_SUITE_P(Uses, SignerPort,
                         testing::Values(KeyUse::certificates, KeyUse::receipts, KeyUse::checkpoints,
                                         KeyUse::statements),
                         [](const auto& param) { return "use_" + std::to_string(static_cast<int>(param.param)); });

}  // namespace
}  // namespace birthmark::test
