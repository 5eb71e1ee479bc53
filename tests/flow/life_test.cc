// SPDX-License-Identifier: Apache-2.0
// One device's whole life over the wire: from the line to the scrap heap, with every state on the way (design "The road
// of one device").
#include <gtest/gtest.h>

#include <filesystem>

#include "audit/entry.h"
#include "audit/proof.h"
#include "codec/base64.h"
#include "codec/json.h"
#include "crypto/hash.h"
#include "support/line.h"
#include "support/server.h"

namespace birthmark::test {
namespace {

class Life : public testing::Test {
 protected:
  Life() {
    const auto opened = people_.open_batch("B1", 8);
    if (!opened.ok()) {
      throw std::runtime_error{opened.words()};
    }
    stations_ = Line::enroll(people_, "line-1", "B1");
    line_ = std::make_unique<Line>(server_, *stations_);
  }

  std::string state_of(const PaperDevice& device) { return people_.show(device.id).text("state"); }
  static testing::AssertionResult succeeded(const Answer& answer) {
    return answer.ok() ? testing::AssertionSuccess() : testing::AssertionFailure() << answer.words();
  }
  static testing::AssertionResult refused_with(const Answer& answer, const std::string& code) {
    return answer.refused() && answer.code == code ? testing::AssertionSuccess()
                                                   : testing::AssertionFailure() << answer.words();
  }

  Server server_;
  Operator people_{server_};
  std::optional<Line::Stations> stations_;
  std::unique_ptr<Line> line_;
};

TEST_F(Life, leads_from_s0_to_s6_and_the_log_verifies) {
  PaperDevice device{server_};
  ASSERT_TRUE(succeeded(line_->provision(device)));
  EXPECT_EQ(state_of(device), "S0");
  ASSERT_TRUE(succeeded(line_->seal(device)));
  EXPECT_EQ(state_of(device), "S1");
  ASSERT_TRUE(succeeded(line_->enroll(device)));
  EXPECT_EQ(state_of(device), "S2");
  ASSERT_TRUE(succeeded(line_->telemetry(device)));
  EXPECT_EQ(state_of(device), "S3");
  ASSERT_TRUE(succeeded(line_->renew(device)));
  ASSERT_TRUE(succeeded(line_->telemetry(device)));

  ASSERT_TRUE(succeeded(people_.act("suspend", device.id)));
  EXPECT_EQ(state_of(device), "S4");
  EXPECT_TRUE(line_->telemetry(device).refused());
  ASSERT_TRUE(succeeded(line_->revalidate(device)));
  EXPECT_EQ(state_of(device), "S4") << "an operator suspended it: the appraisal is recorded, and he releases it";
  ASSERT_TRUE(succeeded(people_.act("release", device.id)));
  EXPECT_EQ(state_of(device), "S3");
  ASSERT_TRUE(succeeded(line_->telemetry(device)));

  ASSERT_TRUE(succeeded(people_.act("revoke", device.id)));
  EXPECT_EQ(state_of(device), "S5");
  EXPECT_FALSE(line_->telemetry(device).ok());
  EXPECT_TRUE(refused_with(line_->revalidate(device), "state_forbids"));
  ASSERT_TRUE(succeeded(people_.act("retire", device.id)));
  EXPECT_EQ(state_of(device), "S6");
  device.tpm.clear();
  ASSERT_TRUE(succeeded(line_->retire(device)));
  device.provision_request.at(0) ^= 1;  // another request: the same one would get its stored answer
  EXPECT_TRUE(refused_with(line_->provision(device), "state_forbids"));

  const auto verified = server_.audit_verify();
  EXPECT_EQ(verified.exit_code, 0) << verified.out << verified.err;
}

TEST_F(Life, a_certificate_has_its_proof_which_needs_nobody) {
  PaperDevice device{server_};
  for (const auto step : {&Line::provision, &Line::seal, &Line::enroll}) {
    ASSERT_TRUE(succeeded((line_.get()->*step)(device)));
  }
  for (const auto* const identity : {&*device.idevid_identity, &*device.ldevid_identity}) {
    const auto answer = Caller{server_, Listener::device, identity}.get("/v1/proof");
    ASSERT_TRUE(succeeded(answer));
    const auto entry = base64::decode(answer.text("entry"), 4096).value();
    EXPECT_TRUE(audit::verify_proof(answer.text("proof"), entry, server_.log_key()));
    EXPECT_EQ(audit::read_entry(entry)->subject_hash, crypto::sha256(identity->chain.front()));
    auto other = entry;
    other.back() ^= 1;
    EXPECT_FALSE(audit::verify_proof(answer.text("proof"), other, server_.log_key()));
  }
  EXPECT_TRUE(refused_with(Caller(server_, Listener::device, nullptr).get("/v1/proof"), "unauthenticated"));
}

TEST_F(Life, goes_on_where_it_was_after_a_restart) {
  PaperDevice device{server_};
  ASSERT_TRUE(succeeded(line_->provision(device)));
  server_.restart();
  ASSERT_TRUE(succeeded(line_->seal(device)));
  server_.kill();
  ASSERT_TRUE(server_.start()) << server_.err();
  ASSERT_TRUE(succeeded(line_->enroll(device)));
  ASSERT_TRUE(succeeded(line_->telemetry(device)));
  EXPECT_EQ(state_of(device), "S3");
}

/// Design rule 7: an old backup cannot un-revoke.
TEST_F(Life, a_registry_restored_from_before_a_revocation_is_not_served) {
  PaperDevice device{server_};
  for (const auto step : {&Line::provision, &Line::seal, &Line::enroll, &Line::telemetry}) {
    ASSERT_TRUE(succeeded((line_.get()->*step)(device)));
  }
  const auto registry = server_.data() / "registry", backup = server_.directory() / "backup";
  server_.stop();
  std::filesystem::copy(registry, backup, std::filesystem::copy_options::recursive);
  server_.restart();
  ASSERT_TRUE(succeeded(people_.act("revoke", device.id)));
  server_.stop();
  std::filesystem::remove_all(registry);
  std::filesystem::copy(backup, registry, std::filesystem::copy_options::recursive);
  EXPECT_FALSE(server_.start());
  EXPECT_NE(server_.err().find("behind_checkpoint"), std::string::npos) << server_.err();
}

TEST_F(Life, a_repeat_of_a_request_gets_the_same_certificate_and_costs_nothing) {
  PaperDevice device{server_};
  ASSERT_TRUE(succeeded(line_->provision(device)));
  const auto first = device.idevid_identity->chain.front();
  ASSERT_TRUE(succeeded(line_->provision(device)));
  EXPECT_EQ(device.idevid_identity->chain.front(), first);
  EXPECT_EQ(people_.caller.get("/v1/batches/B1").json().at("issued").to_number<int>(), 1);
}

}  // namespace
}  // namespace birthmark::test
