// SPDX-License-Identifier: Apache-2.0
// Published path cases, judged as `birthmark verify path` judges them.
#include <gtest/gtest.h>

#include <array>
#include <boost/json.hpp>

#include "cli/verify_path.h"
#include "support/vector_tally.h"
#include "vectors/files.h"

namespace birthmark {
namespace {

using cli::PathVerdict;
using test::Disagreement;
using test::VectorTally;
using test::Verdict;

Verdict verdict_of(const cli::PathAnswer& answer) {
  return answer.verdict == PathVerdict::accept ? Verdict::accept : Verdict::reject;
}

std::string words_of(const cli::PathAnswer& answer) {
  return boost::json::serialize(answer.said.contains("check") ? answer.said.at("detail") : answer.said.at("openssl"));
}

boost::json::value host_of(const boost::json::value& peer) {
  if (peer.is_null()) {
    return nullptr;
  }
  const std::string_view kind = peer.at("kind").as_string();
  return {{"kind", kind == "DNS" ? "dns" : kind == "IP" ? "ip" : "rfc822"}, {"value", peer.at("value")}};
}

boost::json::object case_of(const boost::json::object& limbo) {
  const auto& time = limbo.at("validation_time");
  return {{"trusted", limbo.at("trusted_certs")},
          {"untrusted", limbo.at("untrusted_intermediates")},
          {"leaf", limbo.at("peer_certificate")},
          {"crls", limbo.at("crls")},
          {"revocation", limbo.at("crls").as_array().empty() ? "none" : "leaf"},
          {"time", time.is_null() ? boost::json::value("2024-06-01T00:00:00Z") : time},
          {"purpose", limbo.at("validation_kind").as_string() == "SERVER" ? "server" : "client"},
          {"host", host_of(limbo.at("expected_peer_name"))},
          {"policy", nullptr},
          {"max_depth", limbo.at("max_chain_depth")}};
}

TEST(PathVectors, limbo) {  // AC-38
  BM_NEEDS_VECTORS("x509/limbo-dev");
  // The suite has both answers for one form of certificate, by whose rules one asks; here, whoever asks for a server by
  // name asks by the stricter ones.
  constexpr std::array kExplained{
      Disagreement{"rfc5280::eku::ee-without-eku", "the same form must be refused as webpki::eku::ee-without-eku"},
      Disagreement{"pathlen::validation-ignores-pathlen-in-leaf", "a CA's certificate is no server's"}};
  VectorTally tally{"x509/limbo-dev", kExplained};
  const auto content = test::file(test::vectors("x509/limbo-dev/limbo-dev.json"));
  const auto document = boost::json::parse(as_text(content));
  for (const auto& value : document.at("testcases").as_array()) {
    const auto& limbo = value.as_object();
    const auto one = cli::read_path_case(boost::json::serialize(case_of(limbo)), {});
    ASSERT_TRUE(one) << one.error().detail;
    const auto answer = cli::judge_path_case(*one);
    const bool good = limbo.at("expected_result").as_string() == "SUCCESS";
    tally.judge(test::text_of(limbo, "id"), good ? Verdict::accept : Verdict::reject, verdict_of(answer),
                words_of(answer));
  }
}

}  // namespace
}  // namespace birthmark
