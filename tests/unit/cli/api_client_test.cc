// SPDX-License-Identifier: Apache-2.0
// An operator's order whose answer is lost goes out again under its key (docs/wire/api.md, "Orders that come again").
#include "cli/api_client.h"

#include <gtest/gtest.h>

#include <mutex>
#include <set>

#include "support/fake_registry.h"

namespace birthmark::test {
namespace {

class OperatorOrder : public testing::Test {
 protected:
  OperatorOrder() {
    registry_.script = [this](const http::Request& request) {
      const std::scoped_lock lock{mutex_};
      keys_.emplace_back(request.header("Idempotency-Key").value_or("none"));
      bodies_.emplace(as_text(request.body));
      if (lost_ != 0) {
        --lost_;
        registry_.server->cut({1});  // carried out, but the answer never arrives
      }
      return refuse_ ? FakeRegistry::refuse(403, "state_forbids") : FakeRegistry::json_response(200, {{"state", "S4"}});
    };
    auto person = make_identity({.common_name = "anna"});
    client_ = cli::ApiClient::open(
                  "127.0.0.1:" + std::to_string(registry_.server->port()),
                  {.key = std::move(person.key), .chain = {person.certificate}, .anchors = {root_.certificate}})
                  .value();
  }
  std::vector<std::string> keys() {
    const std::scoped_lock lock{mutex_};
    return keys_;
  }
  Result<boost::json::value> order() { return client_->order("/v1/devices/7/suspend", {{"cause", "volume"}}); }

  TlsIdentity root_ = make_identity({.common_name = "root", .ca = true});
  std::mutex mutex_;
  unsigned lost_ = 0;
  bool refuse_ = false;
  std::vector<std::string> keys_;
  std::set<std::string> bodies_;
  FakeRegistry registry_{root_};
  std::unique_ptr<cli::ApiClient> client_;
};

TEST_F(OperatorOrder, goes_out_again_under_the_same_key_until_it_is_answered) {
  lost_ = 2;
  const auto answer = order();
  ASSERT_TRUE(answer) << answer.error().detail;
  EXPECT_EQ(answer->at("state").as_string(), "S4");
  const auto keys = this->keys();
  ASSERT_EQ(keys.size(), 3U);
  EXPECT_EQ(std::set<std::string>(keys.begin(), keys.end()).size(), 1U);
  const std::scoped_lock lock{mutex_};
  EXPECT_EQ(bodies_.size(), 1U);
  EXPECT_EQ(keys[0].size(), 34U);
  EXPECT_TRUE(keys[0].starts_with('"') && keys[0].ends_with('"')) << keys[0];
}

TEST_F(OperatorOrder, is_given_up_after_four_times) {
  lost_ = 9;
  const auto answer = order();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::unavailable);
  EXPECT_EQ(keys().size(), 4U);
}

TEST_F(OperatorOrder, that_is_answered_goes_out_once_whatever_the_answer) {
  ASSERT_TRUE(order());
  refuse_ = true;
  EXPECT_EQ(order().error().code, Code::state_forbids);
  const auto keys = this->keys();
  ASSERT_EQ(keys.size(), 2U);
  EXPECT_NE(keys[0], keys[1]) << "each order has its own key";
}

TEST_F(OperatorOrder, that_found_no_server_was_not_sent) {
  registry_.server->stop();
  EXPECT_EQ(order().error().code, Code::unavailable);
  EXPECT_TRUE(keys().empty());
}

TEST_F(OperatorOrder, is_no_other_post) {
  lost_ = 1;
  const auto answer = client_->post("/v1/seal", {});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().check, "nothing_answered");
  EXPECT_EQ(keys(), std::vector<std::string>{"none"});
}

}  // namespace
}  // namespace birthmark::test
