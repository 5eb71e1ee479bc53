// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <string_view>

#include "app/subjects.h"
#include "codec/x509.h"
#include "lifecycle/serial.h"
#include "support/world.h"

namespace birthmark::test {
namespace {

/// Leaves beyond their issuer, and years that are written in another way.
class AC14 : public testing::Test {
 protected:
  Result<pki::Tbs> build(Instant issuer_ends, std::chrono::days lifetime) {
    const auto device = world_.device_in(lifecycle::State::enrolled);
    const auto batch = world_.batch("B-1");
    auto issuer = world_.cases->cas.get()->find(batch.operational_ca)->certificate.issuer;
    issuer.not_after = issuer_ends;
    return pki::build_tbs(issuer,
                          {.profile = pki::ProfileId::ldevid,
                           .serial = lifecycle::make_serial(1, {}),
                           .not_before = world_.clock.now(),
                           .not_after = world_.clock.now() + lifetime,
                           .subject = app::device_subject(batch, "heatpump", device.id, device.ldevid_key->spki(),
                                                          {.hardware_serial = "A:B:C",
                                                           .root = lifecycle::RootKind::tpm,
                                                           .root_class = lifecycle::RootClass::simulated,
                                                           .appraised_at = world_.clock.now()})});
  }
  static bool holds(const Bytes& der, std::string_view text) {
    return std::ranges::search(der, as_bytes(text)).begin() != der.end();
  }
  World world_;
};

TEST_F(AC14, beyond_the_issuers_end_is_refused) {
  EXPECT_EQ(code_of(build(world_.clock.now() + std::chrono::days{10}, std::chrono::days{30})),
            Code::issuer_expires_first);
}
TEST_F(AC14, from_an_expired_issuer_is_refused) {
  EXPECT_EQ(code_of(build(world_.clock.now() - std::chrono::days{1}, std::chrono::days{30})),
            Code::issuer_expires_first);
}
TEST_F(AC14, born_expired_is_refused) {
  EXPECT_FALSE(build(kNoEnd, std::chrono::days{-1}));
}
TEST_F(AC14, an_idevid_ends_99991231235959Z_and_an_ldevid_does_not) {
  const auto device = world_.device_in(lifecycle::State::enrolled);
  EXPECT_TRUE(holds(device.idevid, "99991231235959Z"));
  EXPECT_FALSE(holds(device.ldevid, "99991231235959Z"));
}
TEST_F(AC14, from_2050_on_the_time_is_generalized) {
  world_.clock.advance(from_rfc3339("2049-12-20T12:00:00Z").value() - world_.clock.now());
  const auto device = world_.device_in(lifecycle::State::enrolled);
  EXPECT_TRUE(holds(device.ldevid,
                    "\x17\x0d"
                    "491220120000Z"));
  EXPECT_TRUE(holds(device.ldevid,
                    "\x18\x0f"
                    "20500119120000Z"));
}

}  // namespace
}  // namespace birthmark::test
