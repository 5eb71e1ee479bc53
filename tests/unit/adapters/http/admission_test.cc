// SPDX-License-Identifier: Apache-2.0
#include "adapters/http/admission.h"

#include <gtest/gtest.h>

namespace birthmark::http {
namespace {

TEST(Admission, of_a_full_listener_the_oldest_that_proved_nothing_gives_way) {
  Admission admission{3, 3};
  EXPECT_TRUE(admission.enter(1, "a").admitted);
  EXPECT_TRUE(admission.enter(2, "b").admitted);
  EXPECT_TRUE(admission.enter(3, "c").admitted);
  admission.prove(1);
  const auto verdict = admission.enter(4, "d");
  EXPECT_TRUE(verdict.admitted);
  EXPECT_EQ(verdict.evicted, 2U);
  admission.leave(2);  // as its connection ends: counts once
  EXPECT_EQ(admission.enter(5, "d").evicted, 3U);
}

TEST(Admission, of_a_full_share_only_its_own_give_way) {
  Admission admission{10, 2};
  EXPECT_TRUE(admission.enter(1, "honest").admitted);
  EXPECT_TRUE(admission.enter(2, "greedy").admitted);
  EXPECT_TRUE(admission.enter(3, "greedy").admitted);
  EXPECT_EQ(admission.enter(4, "greedy").evicted, 2U);
  EXPECT_EQ(admission.enter(5, "honest").evicted, std::nullopt);
}

TEST(Admission, who_has_proved_himself_stays_and_the_new_one_is_refused_until_one_leaves) {
  Admission admission{10, 2};
  for (const std::uint64_t number : {1U, 2U}) {
    EXPECT_TRUE(admission.enter(number, "a").admitted);
    admission.prove(number);
  }
  EXPECT_FALSE(admission.enter(3, "a").admitted);
  EXPECT_TRUE(admission.enter(4, "b").admitted);
  admission.leave(1);
  EXPECT_TRUE(admission.enter(5, "a").admitted);
  admission.prove(99);  // long gone
  admission.leave(99);
}

}  // namespace
}  // namespace birthmark::http
