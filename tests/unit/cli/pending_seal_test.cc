// SPDX-License-Identifier: Apache-2.0
// A station that loses the answer to a seal hands in the statement that it made, not another one.
#include "cli/pending_seal.h"

#include <gtest/gtest.h>

#include "support/temp_dir.h"

namespace birthmark::test {
namespace {

using boost::json::object;

class Pending : public testing::Test {
 protected:
  cli::PendingSeal pending(std::uint8_t device = 1) {
    auto found = cli::PendingSeal::of(files_, directory_ / "line.pending" / "B-1", DeviceId{{device}});
    EXPECT_TRUE(found);
    return std::move(*found);
  }
  /// The server answers, refuses or is not heard.
  Result<object> settle(cli::PendingSeal& seal, std::vector<std::optional<Code>> answers) {
    std::size_t at = 0;
    return seal.settle(
        [&]() -> Result<object> {
          return object{{"statement", ++made_}};
        },
        [&](const object& statement) -> Result<object> {
          handed_in_.push_back(statement.at("statement").as_int64());
          const auto code = answers.at(at++);
          return code ? Result<object>{fail(*code, "told to")} : Result<object>{object{{"state", "S1"}}};
        });
  }
  TempDir directory_;
  PosixFiles files_;
  std::int64_t made_ = 0;
  std::vector<std::int64_t> handed_in_;
};

using Numbers = std::vector<std::int64_t>;

TEST_F(Pending, goes_out_as_it_is_until_it_is_answered_whoever_asks) {
  auto seal = pending();
  EXPECT_FALSE(settle(seal, {Code::unavailable}));
  EXPECT_FALSE(settle(seal, {Code::storage}));
  auto after_power_loss = pending();
  EXPECT_TRUE(settle(after_power_loss, {std::nullopt}));
  EXPECT_EQ(handed_in_, (Numbers{1, 1, 1}));
  auto next = pending();
  EXPECT_TRUE(settle(next, {std::nullopt}));
  EXPECT_EQ(handed_in_, (Numbers{1, 1, 1, 2})) << "an answered one is forgotten";
}

TEST_F(Pending, gives_way_to_a_new_one_when_it_is_refused_later) {
  auto seal = pending();
  EXPECT_FALSE(settle(seal, {Code::unavailable}));
  auto next = pending();
  EXPECT_TRUE(settle(next, {Code::nonce_expired, std::nullopt}));
  EXPECT_EQ(handed_in_, (Numbers{1, 1, 2}));
}

TEST_F(Pending, a_new_one_that_is_refused_is_forgotten) {
  auto seal = pending();
  const auto refused = settle(seal, {Code::not_sealed});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::not_sealed);
  auto next = pending();
  EXPECT_TRUE(settle(next, {std::nullopt}));
  EXPECT_EQ(handed_in_, (Numbers{1, 2}));
}

TEST_F(Pending, is_of_one_device) {
  auto seal = pending();
  EXPECT_FALSE(settle(seal, {Code::unavailable}));
  auto other = pending(2);
  EXPECT_TRUE(settle(other, {std::nullopt}));
  EXPECT_EQ(handed_in_, (Numbers{1, 2}));
}

TEST_F(Pending, nothing_is_handed_in_that_is_not_kept) {
  auto seal = pending();
  std::filesystem::remove_all(directory_ / "line.pending" / "B-1");
  EXPECT_FALSE(settle(seal, {std::nullopt}));
  EXPECT_TRUE(handed_in_.empty());
}

}  // namespace
}  // namespace birthmark::test
