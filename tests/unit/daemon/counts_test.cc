// SPDX-License-Identifier: Apache-2.0
#include "daemon/counts.h"

#include <gtest/gtest.h>

namespace birthmark::daemon {
namespace {

Bytes entry(audit::EntryKind kind, std::uint8_t from, std::uint8_t to) {
  audit::Entry entry{.kind = kind, .at = from_ms(1), .epoch = 1, .device = DeviceId{}};
  entry.state_from = from;
  entry.state_to = to;
  entry.refusal = kind == audit::EntryKind::refusal ? std::optional{Code::state_forbids} : std::nullopt;
  return audit::write_entry(entry).value();
}

/// An entry of a refusal names the move that was not made (design rule 9).
TEST(EventCounts, count_the_moves_that_were_made) {
  EventCounts counts;
  counts.add(std::vector{entry(audit::EntryKind::transition, 2, 3), entry(audit::EntryKind::transition, 3, 3),
                         entry(audit::EntryKind::refusal, 5, 3), Bytes{0xFF}});
  EXPECT_EQ(counts.into(lifecycle::State::operational), 1U);
  EXPECT_EQ(counts.of(audit::EntryKind::transition), 2U);
  EXPECT_EQ(counts.of(audit::EntryKind::refusal), 1U);
}

}  // namespace
}  // namespace birthmark::daemon
