// SPDX-License-Identifier: Apache-2.0
// The worked vectors of docs/wire/statements.md; tests/vectors/wire computes them from the page.
#include "lifecycle/statements.h"

#include <gtest/gtest.h>

#include "support/wire_document.h"

namespace birthmark::lifecycle {
namespace {

std::string shown(const std::string& name) {
  return test::in_document("statements.md", name);
}
const Instant kAt = *from_rfc3339("2026-11-23T10:00:00Z");

TEST(StatementVectors, the_signed_time) {
  Bytes nonce(32);
  for (std::size_t i = 0; i < nonce.size(); ++i) {
    nonce[i] = static_cast<std::uint8_t>(i);
  }
  EXPECT_EQ(to_hex(time_statement(nonce, kAt)), shown("Signed time"));
}

TEST(StatementVectors, the_permit_to_retire) {
  const DeviceId device{*octets<32>(*from_hex(test::in_document("evidence.md", "DeviceId")))};
  EXPECT_EQ(to_hex(retire_permit_statement(device)), shown("Permit to retire"));
}

TEST(StatementVectors, the_receipt_of_retirement) {
  const DeviceId device{*octets<32>(*from_hex(test::in_document("evidence.md", "DeviceId")))};
  EXPECT_EQ(to_hex(retire_statement(
                {.device = device, .at = kAt, .cleared = ClearedTpm{.clock_ms = 4711, .reset_count = 2}})),
            shown("Receipt of retirement"));
  EXPECT_EQ(to_hex(retire_statement({.device = device, .at = kAt, .cleared = {}})), shown("Receipt of another root"));
}

TEST(StatementVectors, the_emergency_deny) {
  const DeviceId device{*octets<32>(*from_hex(test::in_document("evidence.md", "DeviceId")))};
  EXPECT_EQ(to_hex(deny_statement(device, State::revoked, kAt)), shown("Emergency deny"));
}

}  // namespace
}  // namespace birthmark::lifecycle
