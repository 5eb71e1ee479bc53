// SPDX-License-Identifier: Apache-2.0
#include "base/strong.h"

#include <gtest/gtest.h>

#include <type_traits>

#include "base/ids.h"

namespace birthmark {
namespace {

static_assert(!std::is_convertible_v<std::uint32_t, CaId> && std::is_constructible_v<CaId, std::uint32_t>);
static_assert(!std::is_convertible_v<CaId, std::uint32_t>);
static_assert(!std::is_constructible_v<BatchId, CaId> && !std::is_constructible_v<DeviceId, Digest>);
static_assert(!std::is_assignable_v<CaId&, BatchId> && !std::is_assignable_v<Digest&, DeviceId>);

TEST(Strong, keeps_the_value_and_its_order) {
  EXPECT_EQ(Epoch{7}.get(), 7U);
  EXPECT_LT(Epoch{7}, Epoch{8});
  EXPECT_EQ(Epoch{}, Epoch{0});
  EXPECT_NE(Digest{}, Digest{Octets<32>{1}});
}

}  // namespace
}  // namespace birthmark
