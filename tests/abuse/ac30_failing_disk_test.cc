// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
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

/// Devices in S3 on a server whose disk then fails, at each write or sync of their revocations in turn, once (then the
/// journal may take them) or (+) from then on.
class AC30Revocation : public AC30Server {
 protected:
  PaperDevice operational(Line& line) {
    PaperDevice device{server_};
    for (const auto step : {&Line::provision, &Line::seal, &Line::enroll, &Line::telemetry}) {
      if (const auto answer = (line.*step)(device); !answer.ok()) {
        throw std::runtime_error{answer.words()};
      }
    }
    return device;
  }
};

TEST_P(AC30Revocation, that_was_answered_stands_and_one_that_failed_is_whole_or_not_there) {
  ASSERT_TRUE(people_.open_batch("B-1", 100).ok());
  const auto stations = Line::enroll(people_, "line", "B-1");
  Line line{server_, stations};
  std::vector<PaperDevice> devices;
  for (int i = 0; i < 10; ++i) {
    devices.push_back(operational(line));
  }
  std::string fault = GetParam();
  const std::string lasting = fault.ends_with('+') ? "+" : "";
  fault.resize(fault.size() - lasting.size());
  const auto op = fault.substr(fault.find('@') + 1, 5);
  operations_of_a_start(op);
  auto nth = operations_of_a_start(op);  // after a kill, as those below
  std::size_t hit = 0;
  for (auto& device : devices) {
    const auto mark = std::min(fault.find(':'), fault.size());
    const auto plan = "volatile," + fault.substr(0, mark) + "#" + std::to_string(++nth) + lasting + fault.substr(mark);
    ASSERT_TRUE(server_.start(plan)) << plan;
    const auto answer = people_.act("revoke", device.id);
    hit += answer.ok() && !answer.json().at("by_journal").as_bool() ? 0 : 1;
    if (answer.ok()) {
      EXPECT_TRUE(line.telemetry(device).refused()) << plan;
    } else {
      EXPECT_EQ(answer.code, "storage") << plan << ": " << answer.words();
    }
    server_.kill();
    ASSERT_TRUE(server_.start()) << plan;
    const auto state = people_.show(device.id).text("state");
    EXPECT_TRUE(state == "S5" || (!answer.ok() && state == "S3"))
        << plan << ": " << answer.words() << " then " << state;
    EXPECT_EQ(line.telemetry(device).refused(), state == "S5") << plan;
    const auto verified = server_.audit_verify();
    EXPECT_EQ(verified.exit_code, 0) << plan << ": " << verified.out << verified.err;
    server_.kill();
  }
  EXPECT_GT(hit, 0U) << "no fault fell into a revocation";
}

INSTANTIATE_TEST_SUITE_P(Faults, AC30Revocation,
                         testing::Values("fail@write:ENOSPC", "fail@fsync:EIO", "short@write", "fail@write:ENOSPC+",
                                         "fail@fsync:EIO+"),
                         [](const auto& fault) {
                           std::string name{fault.param};
                           std::ranges::replace(name, '+', 'L');
                           std::ranges::replace_if(
                               name, [](char c) { return !std::isalnum(c); }, '_');
                           return name;
                         });

INSTANTIATE_TEST_SUITE_P(Faults, AC30Server, testing::Values("write:ENOSPC", "fsync:EIO"),
                         [](const auto& fault) { return std::string{fault.param}.substr(0, 5); });

}  // namespace
}  // namespace birthmark::test
