// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "adapters/sqlite/connection.h"
#include "codec/base64.h"
#include "codec/cbor.h"
#include "crypto/keys.h"
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

TEST_P(AC49Server, does_not_start_without_the_disk_of_its_journal_and_loses_no_deny_to_it) {
  PaperDevice next{server_};
  for (const auto step : {&Line::provision, &Line::seal, &Line::enroll, &Line::telemetry}) {
    const auto answer = (line_.get()->*step)(next);
    ASSERT_TRUE(answer.ok()) << answer.words();
  }
  const auto deny_and_kill = [&](const DeviceId& id) {
    const auto other = must(sqlite::Connection::open({.path = server_.data() / "registry" / "registry.db"}));
    const auto lock = must(other->begin());
    const auto answer = people_.act(GetParam(), id);
    EXPECT_TRUE(answer.ok() && answer.json().at("by_journal").as_bool()) << answer.words();
    server_.kill();
  };
  const auto disk = server_.directory() / "other-disk", away = server_.directory() / "unmounted";
  deny_and_kill(device_.id);
  server_.use_flags({"--journal", disk.string()});
  ASSERT_TRUE(server_.start()) << server_.err();
  EXPECT_EQ(state(), wanted()) << "what waited in the first place came along";

  deny_and_kill(next.id);
  std::filesystem::rename(disk, away);
  EXPECT_FALSE(server_.start()) << "a deny may be on the disk that is not there";
  EXPECT_NE(server_.err().find(disk.string()), std::string::npos) << server_.err();
  std::filesystem::rename(away, disk);
  ASSERT_TRUE(server_.start()) << server_.err();
  EXPECT_EQ(people_.show(next.id).text("state"), wanted());
  EXPECT_TRUE(line_->telemetry(next).refused());
  const auto verified = server_.audit_verify();
  EXPECT_EQ(verified.exit_code, 0) << verified.out << verified.err;
}

TEST_P(AC49Server, signs_what_goes_out_by_the_journal) {
  const auto anchors = line_->provision_station().get("/v1/anchors");
  const auto other = must(sqlite::Connection::open({.path = server_.data() / "registry" / "registry.db"}));
  const auto lock = must(other->begin());
  const auto deny = people_.act(GetParam(), device_.id).json().at("deny").as_object();
  const auto bytes = [&deny](const char* name) { return must(base64::decode(deny.at(name).as_string(), 256)); };
  const auto key = must(crypto::PublicKey::from_spki(must(base64::decode(anchors.text("statement_key"), 256))));
  EXPECT_TRUE(key.verify(crypto::SignatureScheme::ecdsa_sha256, bytes("statement"), bytes("signature")));
  const auto statement = bytes("statement");
  cbor::Reader said{statement};
  EXPECT_EQ(must(said.array()), 4U);
  EXPECT_EQ(must(said.text()), "birthmark/deny/v1");
  EXPECT_EQ(octets<32>(must(said.bytes())), device_.id.get());
  EXPECT_EQ(must(said.unsigned_int()), wanted() == "S5" ? 5U : 4U);
}

/// The disk takes a commit and does not come back: neither with data nor with an error.
TEST_P(AC49Server, denies_at_once_although_the_disk_hangs) {
  PaperDevice next{server_};
  for (const auto step : {&Line::provision, &Line::seal, &Line::enroll, &Line::telemetry}) {
    const auto answer = (line_.get()->*step)(next);
    ASSERT_TRUE(answer.ok()) << answer.words();
  }
  const auto held = server_.directory() / "disk-hangs";
  server_.restart("hang@store.before_commit:" + held.string());
  Caller session{server_, Listener::device, &*device_.ldevid_identity};
  ASSERT_TRUE(session.post("/v1/telemetry", {}).ok());
  std::ofstream{held};
  for (const auto* const device : {&device_, &next}) {
    const auto answer = people_.act(GetParam(), device->id);
    ASSERT_TRUE(answer.ok()) << answer.words();
    EXPECT_TRUE(answer.json().at("by_journal").as_bool()) << answer.words();
  }
  EXPECT_TRUE(comes_true([&] { return session.ended(); }));
  EXPECT_EQ(state(), "S3") << "the registry does not know it yet";
  std::filesystem::remove(held);
  EXPECT_TRUE(comes_true([&] { return state() == wanted() && people_.show(next.id).text("state") == wanted(); }))
      << "by the commit that hung, and by the timer";
  EXPECT_TRUE(line_->telemetry(device_).refused());
  EXPECT_TRUE(line_->telemetry(next).refused());
  const auto verified = server_.audit_verify();
  EXPECT_EQ(verified.exit_code, 0) << verified.out << verified.err;
}

/// More orders than there are workers wait for the disk, and for as long as it hangs; a deny that was carried out
/// before is asked for again as often.
TEST_P(AC49Server, denies_at_once_although_orders_wait_for_the_disk_that_hangs) {
  constexpr std::size_t kOrders = 24;
  PaperDevice denied{server_};
  for (const auto step : {&Line::provision, &Line::seal, &Line::enroll, &Line::telemetry}) {
    ASSERT_TRUE((line_.get()->*step)(denied).ok());
  }
  const auto deny_once = [&] {
    return Operator{server_}.caller.send(
        http::Method::post, "/v1/devices/" + to_hex(denied.id.get()) + "/" + GetParam(),
        {{"Content-Type", "application/json"}, {"Idempotency-Key", "\"once\""}}, as_bytes("{}"));
  };
  ASSERT_TRUE(deny_once().ok());
  const auto held = server_.directory() / "disk-hangs";
  server_.use_flags({"--metrics", "on", "--connections-per-source", "200"});
  server_.restart("hang@store.before_commit:" + held.string());
  Caller stranger{server_, Listener::open, nullptr};
  const auto came = [&] {
    const std::string name = R"(birthmark_requests_read_total{listener="operator"} )";
    const auto text = stranger.get("/metrics").body;
    const auto at = text.find("\n" + name);
    return at == std::string::npos ? std::size_t{0} : std::stoul(text.substr(at + 1 + name.size()));
  };
  std::ofstream{held};
  const auto before = came();
  std::vector<std::jthread> orders;
  for (std::size_t i = 0; i < kOrders; ++i) {
    orders.emplace_back([this] { EXPECT_NE(Operator{server_}.act("hold", device_.id).status, 0); });
    orders.emplace_back([&] { EXPECT_NE(deny_once().status, 0); });
  }
  EXPECT_TRUE(comes_true([&] { return came() - before == 2 * kOrders; }));
  const auto answer = people_.act(GetParam(), device_.id);
  EXPECT_TRUE(answer.ok() && answer.json().at("by_journal").as_bool()) << answer.words();
  std::filesystem::remove(held);
  orders.clear();
  EXPECT_TRUE(comes_true([&] { return state() == wanted(); }));
}

INSTANTIATE_TEST_SUITE_P(Denies, AC49Server, testing::Values("suspend", "revoke"),
                         [](const auto& param) { return std::string{param.param}; });

}  // namespace
}  // namespace birthmark::test
