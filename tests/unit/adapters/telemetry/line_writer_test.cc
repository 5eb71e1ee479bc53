// SPDX-License-Identifier: Apache-2.0
#include "adapters/telemetry/line_writer.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>

namespace birthmark::telemetry {
namespace {

/// Two ends: of a pipe, or of a socket as a service manager gives it.
class Ends : public ::testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    std::array<int, 2> ends{};
    ASSERT_EQ(GetParam() ? ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data())
                         : ::pipe2(ends.data(), O_CLOEXEC),
              0);
    read_ = ends[0];
    write_ = ends[1];
  }
  void TearDown() override {
    ::close(read_);
    ::close(write_);
  }
  /// Everything that is there now.
  std::string held() const {
    ::fcntl(read_, F_SETFL, O_NONBLOCK);
    std::string out;
    std::array<char, 4096> part{};
    for (ssize_t got = 0; (got = ::read(read_, part.data(), part.size())) > 0;) {
      out.append(part.data(), static_cast<std::size_t>(got));
    }
    return out;
  }
  int read_ = -1, write_ = -1;
};

TEST_P(Ends, what_is_read_arrives_whole_and_in_order_also_at_the_end) {
  std::string all;
  {
    LineWriter writer{write_};
    for (int i = 0; i < 20; ++i) {
      const auto line = std::to_string(i) + std::string(200, 'x') + "\n";
      all += line;
      writer.add(line);
    }
  }
  EXPECT_EQ(held(), all);
}

TEST_P(Ends, without_a_reader_nobody_waits_and_the_oldest_lines_give_way) {
  constexpr std::size_t kLines = 5000;
  auto writer = std::make_unique<LineWriter>(write_);
  for (std::size_t i = 0; i < kLines; ++i) {
    writer->add(std::string(500, 'x') + "\n");
  }
  const auto dropped = writer->dropped();
  EXPECT_GT(dropped, 0U);
  EXPECT_LE(dropped, kLines - LineWriter::kLinesMax);
  writer.reset();  // ends, although nobody reads
  EXPECT_TRUE(held().starts_with(std::string(500, 'x') + "\n"));
}

TEST_P(Ends, a_reader_that_went_away_is_no_end_of_the_process) {
  ::close(std::exchange(read_, -1));
  LineWriter writer{write_};
  writer.add("lost\n");
  while (writer.dropped() == 0) {
    std::this_thread::yield();
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, Ends, ::testing::Values(false, true),
                         [](const auto& kind) { return kind.param ? "socket" : "pipe"; });

}  // namespace
}  // namespace birthmark::telemetry
