// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "crypto/hash.h"
#include "lifecycle/serial.h"
#include "support/world.h"

namespace birthmark::test {
namespace {

/// The profile changes while a request is between lint and signature.
TEST(AC13, the_signed_bytes_are_the_recorded_ones_under_the_recorded_profile) {
  World world;
  auto device = world.device_in(lifecycle::State::provisioned);
  std::size_t seen = 0;
  world.signer.watch([&](const app::SigningIntent& intent) {
    if (intent.use == app::KeyUse::certificates) {
      const auto rows = world.certificates(device);  // durable before the key is touched
      EXPECT_EQ(rows.back().issuance, app::IssuanceState::intended);
      EXPECT_EQ(rows.back().tbs, to_bytes(intent.message));
      EXPECT_EQ(rows.back().profile_hash, intent.profile_hash);
      EXPECT_EQ(intent.profile_hash, pki::profile_hash(pki::profile(pki::ProfileId::ldevid)));
      ++seen;
    }
  });
  must(world.enroll(device));
  EXPECT_EQ(seen, 1U);
}

TEST(AC13, an_intent_under_another_profile_never_reaches_the_key) {
  World world;
  auto device = world.make_device();
  world.line();
  world.kill_points.kill_at("issue.after_intent");
  EXPECT_THROW(static_cast<void>(world.provision(device, world.line())), Killed);
  auto changed = world.certificates(device).front();
  changed.index ^= 1U;
  changed.serial = lifecycle::make_serial(changed.index, Octets<11>{1, 2, 3});
  changed.profile_hash = crypto::sha256(as_bytes("another profile"));
  changed.counted = false;
  must(world.store().write([&](app::Tx& tx) -> Result<void> {
    BM_CHECK(tx.add_certificate(changed));
    return without_value(tx.audit({.kind = audit::EntryKind::intent_recorded,
                                   .at = world.clock.now(),
                                   .epoch = 1,
                                   .serial = changed.serial,
                                   .subject_hash = crypto::sha256(changed.tbs)}));
  }));
  const auto signatures = world.signer.signatures();
  must(world.restart());
  EXPECT_EQ(world.cases->recovered.completed, 1U);
  EXPECT_EQ(world.cases->recovered.orphaned, 1U);
  EXPECT_EQ(world.signer.signatures(), signatures + 1);
  EXPECT_EQ(world.wrong(), "");
}

}  // namespace
}  // namespace birthmark::test
