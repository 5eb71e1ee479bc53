// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "adapters/sqlite/connection.h"
#include "support/comes_true.h"
#include "support/line.h"
#include "support/server.h"

namespace birthmark::test {
namespace {

/// A whole server whose database takes no writes, since another process holds its lock.
class AC49Server : public testing::TestWithParam<const char*> {
 protected:
  AC49Server() {
    for (const auto& answer : {people_.open_batch("B-1", 8), provisioned()}) {
      if (!answer.ok()) {
        throw std::runtime_error{answer.words()};
      }
    }
  }
  Answer provisioned() {
    stations_ = Line::enroll(people_, "line-1", "B-1");
    line_ = std::make_unique<Line>(server_, *stations_);
    for (const auto step : {&Line::provision, &Line::seal, &Line::enroll}) {
      if (auto answer = (line_.get()->*step)(device_); !answer.ok()) {
        return answer;
      }
    }
    return line_->telemetry(device_);
  }
  [[nodiscard]] std::string wanted() const { return std::string{GetParam()} == "revoke" ? "S5" : "S4"; }
  std::string state() { return people_.show(device_.id).text("state"); }

  Server server_;
  Operator people_{server_};
  PaperDevice device_{server_};
  std::optional<Line::Stations> stations_;
  std::unique_ptr<Line> line_;
};

TEST_P(AC49Server, denies_at_once_by_the_journal_and_logs_it_first_after_a_kill) {
  {
    Caller session{server_, Listener::device, &*device_.ldevid_identity};
    ASSERT_TRUE(session.post("/v1/telemetry", {}).ok());
    const auto other = must(sqlite::Connection::open({.path = server_.data() / "registry" / "registry.db"}));
    const auto lock = must(other->begin());
    const auto answer = people_.act(GetParam(), device_.id);
    ASSERT_TRUE(answer.ok()) << answer.words();
    EXPECT_TRUE(answer.json().at("by_journal").as_bool()) << answer.words();
    EXPECT_GE(answer.json().at("sessions_cut").to_number<int>(), 1) << answer.words();
    EXPECT_TRUE(comes_true([&] { return session.ended(); }));
    EXPECT_TRUE(line_->telemetry(device_).refused()) << "and is told so while nothing can be written";
    EXPECT_EQ(state(), "S3") << "the registry does not know it yet";
    server_.kill();
  }
  ASSERT_TRUE(server_.start()) << server_.err();
  EXPECT_EQ(state(), wanted());
  EXPECT_TRUE(line_->telemetry(device_).refused());
  const auto history = people_.caller.get("/v1/devices/" + to_hex(device_.id.get()) + "/history");
  EXPECT_NE(history.body.find("emergency_deny_replayed"), std::string::npos) << history.words();
  const auto verified = server_.audit_verify();
  EXPECT_EQ(verified.exit_code, 0) << verified.out << verified.err;
}

TEST_P(AC49Server, without_a_restart_the_next_write_brings_it_into_the_registry) {
  {
    const auto other = must(sqlite::Connection::open({.path = server_.data() / "registry" / "registry.db"}));
    const auto lock = must(other->begin());
    ASSERT_TRUE(people_.act(GetParam(), device_.id).json().at("by_journal").as_bool());
  }
  PaperDevice next{server_};
  const auto provisioned = line_->provision(next);
  ASSERT_TRUE(provisioned.ok()) << provisioned.words();
  EXPECT_EQ(state(), wanted());
  EXPECT_TRUE(line_->telemetry(device_).refused());
  const auto verified = server_.audit_verify();
  EXPECT_EQ(verified.exit_code, 0) << verified.out << verified.err;
}

INSTANTIATE_TEST_SUITE_P(Denies, AC49Server, testing::Values("suspend", "revoke"),
                         [](const auto& param) { return std::string{param.param}; });

}  // namespace
}  // namespace birthmark::test
