// SPDX-License-Identifier: Apache-2.0
#include "adapters/sqlite/tbs_delta.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "contract/store_samples.h"
#include "support/wire_document.h"

namespace birthmark::sqlite {
namespace {

RC_GTEST_PROP(TbsDelta, gives_any_target_back_from_any_base, (const Bytes& base, const Bytes& target)) {
  RC_ASSERT(apply_delta(base, delta_of(base, target)) == target);
}

RC_GTEST_PROP(TbsDelta, gives_a_changed_base_back,
              (Bytes base, std::vector<std::pair<std::uint16_t, std::uint8_t>> edits)) {
  const auto from = base;
  for (const auto& [at, value] : edits) {
    base.insert(base.begin() + (base.empty() ? 0 : at % static_cast<std::uint16_t>(base.size())), value);
  }
  RC_ASSERT(apply_delta(from, delta_of(from, base)) == base);
}

RC_GTEST_PROP(TbsDelta, no_bytes_make_it_reach_outside, (const Bytes& base, const Bytes& delta)) {
  const auto out = apply_delta(base, delta);
  RC_ASSERT(!out || out->size() <= kDeltaMaxBytes);
}

TEST(TbsDelta, stores_of_a_like_certificate_little_more_than_what_differs) {
  const auto delta = delta_of(test::sample_tbs(1), test::sample_tbs(2));
  EXPECT_LT(delta.size(), 160U);  // 104 octets differ
}

// The worked vector of docs/wire/schema.md.
TEST(TbsDelta, is_as_the_document_shows_it) {
  const auto shown = [](const char* name) { return from_hex(test::in_document("schema.md", name)).value(); };
  EXPECT_EQ(delta_of(shown("Template"), shown("Target")), shown("Delta"));
  EXPECT_EQ(apply_delta(shown("Template"), shown("Delta")).value(), shown("Target"));
}

TEST(TbsDelta, refuses_what_is_no_delta_of_the_base) {
  const Bytes base(10, 7);
  const std::vector<Bytes> wrong{
      {0x80},              // a number without end
      {0x04, 1},           // a literal of two octets that has one
      {0x00},              // nothing
      {0x01, 0x00},        // a copy of nothing
      {0x17, 0x00},        // a copy of eleven octets
      {0x15, 0x01},        // ten from the second on
      {0x03, 0x0A},        // from the end
      {0x03},              // from nowhere
      {0xFF, 0xFF, 0xFF},  // a number too long
  };
  for (const auto& delta : wrong) {
    const auto out = apply_delta(base, delta);
    ASSERT_FALSE(out) << to_hex(delta);
    EXPECT_EQ(out.error().code, Code::storage);
  }
}

}  // namespace
}  // namespace birthmark::sqlite
