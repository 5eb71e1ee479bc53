// SPDX-License-Identifier: Apache-2.0
#include "cli/verify_evidence.h"

#include <gtest/gtest.h>

#include "crypto/hash.h"
#include "support/paper_psa.h"

namespace birthmark::cli {
namespace {

using test::PaperPsa;

class VerifyEvidence : public testing::Test {
 protected:
  VerifyEvidence() {
    unit_.deliver_to(context_.trust);
    context_.policy.secure_keys = {{.environment = to_bytes(unit_.implementation_id)}};
  }
  EvidenceVerdict judge(BytesView input, BytesView spki = {}) {
    return judge_evidence(input, spki, fresh_, from_ms(1'780'000'000'000), context_);
  }
  static std::string_view text(const EvidenceVerdict& verdict, std::string_view member) {
    const auto* const value = verdict.said.if_contains(member);
    return value != nullptr && value->is_string() ? std::string_view{value->as_string()} : std::string_view{"-"};
  }

  PaperPsa unit_;
  EvidenceContext context_;
  Digest fresh_ = crypto::sha256(as_bytes("fresh"));
};

TEST_F(VerifyEvidence, takes_a_request_a_bundle_and_a_bare_token) {
  const auto token = unit_.token(fresh_);
  const auto bundle = PaperPsa::bundle(token);
  const auto spki = unit_.idevid.public_key().spki();
  for (const auto& verdict : {judge(unit_.request(bundle)), judge(bundle, spki), judge(token, spki)}) {
    EXPECT_TRUE(verdict.accepted) << json::write(verdict.said);
    EXPECT_EQ(text(verdict, "verdict"), "accept");
    EXPECT_EQ(text(verdict, "kind"), "psa");
    const auto& claims = verdict.said.at("claims").as_object();
    EXPECT_EQ(claims.at("lifecycle").as_string(), "secured");
    EXPECT_EQ(claims.at("hardware").as_object().at("class").as_string(), "simulated");
    EXPECT_TRUE(claims.at("debug").is_null()) << "absent is no value of it";
    EXPECT_EQ(claims.at("measurements").as_array().size(), 1U);
    for (const auto& step : verdict.said.at("steps").as_array()) {
      EXPECT_EQ(step.as_object().at("outcome").as_string(), "passed");
      EXPECT_FALSE(step.as_object().at("clause").as_string().empty());
    }
  }
}

TEST_F(VerifyEvidence, names_the_step_that_failed_and_its_clause) {
  const auto verdict = judge(unit_.token(Digest{{}}), unit_.idevid.public_key().spki());
  EXPECT_FALSE(verdict.accepted);
  EXPECT_EQ(text(verdict, "verdict"), "reject");
  EXPECT_EQ(text(verdict, "code"), "bad_evidence");
  EXPECT_EQ(text(verdict, "check"), "psa.nonce");
  EXPECT_NE(text(verdict, "clause"), "-");
  EXPECT_FALSE(verdict.said.contains("claims"));
}

TEST_F(VerifyEvidence, refuses_what_is_no_evidence) {
  EXPECT_EQ(text(judge(unit_.request({})), "code"), "evidence_missing");
  EXPECT_EQ(text(judge({}), "verdict"), "reject");
  EXPECT_EQ(text(judge(as_bytes("hello")), "check"), "eat.structure");
}

TEST_F(VerifyEvidence, of_an_unknown_device_is_refused) {
  context_.trust = {};
  EXPECT_EQ(text(judge(unit_.request(PaperPsa::bundle(unit_.token(fresh_)))), "check"), "psa.key");
}

}  // namespace
}  // namespace birthmark::cli
