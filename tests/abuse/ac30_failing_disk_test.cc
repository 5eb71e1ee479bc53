// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <fstream>

#include "support/line.h"

namespace birthmark::test {
namespace {

/// A whole server whose disk fails under it: every write (full) or every sync from some moment on.
class AC30Server : public testing::TestWithParam<const char*> {
 protected:
  /// How many of these operations a start takes.
  std::uint64_t operations_of_a_start(const std::string& op) {
    const auto counts = server_.directory() / "counts";
    server_.restart("count@" + counts.string());
    server_.kill();
    std::ifstream file{counts};
    std::string word;
    for (std::uint64_t number = 0; file >> word >> number;) {
      if (word == op) {
        return number;
      }
    }
    throw std::runtime_error{"no counts of " + op};
  }
  Server server_;
  Operator people_{server_};
  Caller open_{server_, Listener::open, nullptr};
};

TEST_P(AC30Server, answers_503_says_so_in_readyz_and_loses_nothing_that_it_acknowledged) {
  ASSERT_TRUE(people_.open_batch("B-1", 100).ok());
  const auto stations = Line::enroll(people_, "line", "B-1");
  const auto ready = open_.get("/readyz");
  EXPECT_EQ(ready.status, 200) << ready.words();
  const std::string fault = GetParam();
  const auto op = fault.substr(0, fault.find(':'));
  const auto first = operations_of_a_start(op) + 60;
  ASSERT_TRUE(server_.start("fail@" + op + "#" + std::to_string(first) + "+" + fault.substr(op.size())));

  std::vector<DeviceId> provisioned;
  Answer refused;
  Line line{server_, stations};
  while (!refused.refused() && provisioned.size() < 50) {
    PaperDevice device{server_};
    refused = line.provision(device);
    if (refused.ok()) {
      provisioned.push_back(device.id);
    }
  }
  EXPECT_EQ(refused.status, 503) << refused.words();
  EXPECT_EQ(refused.code, "storage") << refused.words();
  const auto not_ready = open_.get("/readyz");
  EXPECT_EQ(not_ready.status, 503) << not_ready.words();
  EXPECT_EQ(not_ready.code, "storage") << not_ready.words();
  EXPECT_EQ(open_.get("/healthz").status, 200);

  server_.kill();
  ASSERT_TRUE(server_.start());
  EXPECT_EQ(open_.get("/readyz").status, 200);
  for (const auto& id : provisioned) {
    const auto shown = people_.show(id);
    EXPECT_TRUE(shown.ok()) << shown.words();
  }
  // What was signed is on the books: no intent is left open, and the log holds every row.
  const auto batch = people_.caller.get("/v1/batches/B-1").json();
  EXPECT_EQ(batch.at("reserved").to_number<std::uint64_t>(), 0U);
  EXPECT_GE(batch.at("issued").to_number<std::uint64_t>(), provisioned.size());
  EXPECT_LE(batch.at("issued").to_number<std::uint64_t>(), provisioned.size() + 1);
  const auto verified = server_.audit_verify();
  EXPECT_EQ(verified.exit_code, 0) << verified.out << verified.err;
}

INSTANTIATE_TEST_SUITE_P(Faults, AC30Server, testing::Values("write:ENOSPC", "fsync:EIO"),
                         [](const auto& fault) { return std::string{fault.param}.substr(0, 5); });

}  // namespace
}  // namespace birthmark::test
