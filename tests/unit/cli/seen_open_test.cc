// SPDX-License-Identifier: Apache-2.0
// A port that refuses is a locked one only where the station saw it open before: across a loss of power, at that
// address.
#include "cli/seen_open.h"

#include <gtest/gtest.h>

#include "support/temp_dir.h"

namespace birthmark::test {
namespace {

const link::Endpoint kPort{"127.0.0.1", 7002};
const link::Endpoint kElsewhere{"127.0.0.1", 7003};

class Seen : public testing::Test {
 protected:
  Result<cli::SeenOpen> seen(std::uint8_t device = 1, const link::Endpoint& port = kPort) {
    return cli::SeenOpen::of(files_, directory_ / "line.pending" / "B-1", DeviceId{{device}}, port);
  }
  cli::SeenOpen found(std::uint8_t device = 1, const link::Endpoint& port = kPort) {
    return seen(device, port).value();
  }
  TempDir directory_;
  PosixFiles files_;
  const Bytes said_ = to_bytes(as_bytes("IDCODE\nIDCODE 0x6ba02477\n"));
};

TEST_F(Seen, nothing_was_seen_at_first) {
  EXPECT_FALSE(found().said());
}

TEST_F(Seen, what_was_seen_outlives_the_station_and_is_of_one_device_and_address) {
  auto first = found();
  ASSERT_TRUE(first.keep(said_));
  EXPECT_EQ(first.said(), said_);
  EXPECT_EQ(found().said(), said_);
  EXPECT_FALSE(found(1, kElsewhere).said());
  EXPECT_FALSE(found(2).said());
}

TEST_F(Seen, elsewhere_takes_nothing_away) {
  ASSERT_TRUE(found().keep(said_));
  ASSERT_TRUE(found(1, kElsewhere).keep(said_));
  ASSERT_TRUE(found(1, kElsewhere).forget());
  EXPECT_EQ(found().said(), said_);
}

TEST_F(Seen, is_forgotten_and_may_be_forgotten_again) {
  auto one = found();
  ASSERT_TRUE(one.keep(said_));
  ASSERT_TRUE(one.forget());
  EXPECT_FALSE(one.said());
  EXPECT_FALSE(found().said());
  EXPECT_TRUE(one.forget());
}

TEST_F(Seen, a_file_that_says_something_else_is_no_sight_and_not_passed_over) {
  ASSERT_TRUE(found().keep(said_));
  const auto file = std::filesystem::directory_iterator {
    directory_ / "line.pending" / "B-1"
  } -> path();
  for (const auto* const text : {"", "{}", R"({"debug":1,"said":""})", R"({"debug":"127.0.0.1:7002","said":"?"})",
                                 R"({"debug":"127.0.0.1:7003","said":""})", "[]"}) {
    ASSERT_TRUE(write_atomically(files_, file, as_bytes(text)));
    EXPECT_EQ(seen().error().code, Code::storage) << text;
  }
}

}  // namespace
}  // namespace birthmark::test
