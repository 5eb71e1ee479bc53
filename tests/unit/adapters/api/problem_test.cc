// SPDX-License-Identifier: Apache-2.0
#include "adapters/api/problem.h"

#include <gtest/gtest.h>

#include "adapters/api/router.h"

namespace birthmark::api {
namespace {

std::string header(const http::Response& response, std::string_view name) {
  for (const auto& line : response.headers) {
    if (line.name == name) {
      return line.value;
    }
  }
  return {};
}

// RFC 9457; for EST clients in words, RFC 7030 §4.2.3.
// RFC 9110 §11.6.1.
TEST(Problem, who_is_not_known_is_told_what_to_prove) {
  for (const auto& answer :
       {problem({Code::unauthenticated, "", {}}), plain_problem({Code::unauthenticated, "", {}})}) {
    bool told = false;
    for (const auto& header : answer.headers) {
      told = told || header.name == "WWW-Authenticate";
    }
    EXPECT_TRUE(told);
  }
}

TEST(Problem, of_every_code_has_its_status_cause_and_remedy) {
  for (const auto& row : all_codes()) {
    const auto answer = problem({row.code, "a \"quoted\"\n detail", "some.check"});
    EXPECT_EQ(answer.status, row.http_status);
    EXPECT_EQ(header(answer, "Content-Type"), "application/problem+json");
    const auto body =
        json::read(std::string_view{answer.body}.substr(0, answer.body.size() - 1), {}).value().as_object();
    EXPECT_EQ(std::string_view{body.at("code").as_string()}, row.name);
    EXPECT_EQ(std::string_view{body.at("title").as_string()}, row.cause);
    EXPECT_EQ(std::string_view{body.at("remedy").as_string()}, row.remedy);
    EXPECT_EQ(std::string_view{body.at("detail").as_string()}, "a \"quoted\"? detail");
    EXPECT_EQ(std::string_view{body.at("check").as_string()}, "some.check");
    EXPECT_EQ(header(answer, "Retry-After").empty(), row.http_status != 429 && row.http_status != 503);
    EXPECT_TRUE(plain_problem({row.code, {}, {}}).body.starts_with(std::string{row.name} + ": "));
  }
}

/// Design rule 9.
TEST(Problem, of_a_forbidden_move_names_both_states) {
  Error error{Code::state_forbids, "S5 to S3"};
  const auto members = [&error] {
    const auto body = problem(error).body;
    return json::read(std::string_view{body}.substr(0, body.size() - 1), {}).value().as_object();
  };
  EXPECT_FALSE(members().contains("from") || members().contains("to"));
  error.move = Move{5, 3};
  EXPECT_EQ(members().at("from"), "S5");
  EXPECT_EQ(members().at("to"), "S3");
}

TEST(Problem, says_how_long_to_wait_where_that_is_known) {
  Error error{Code::rate_limited, "six credentials within an hour"};
  EXPECT_EQ(header(problem(error), "Retry-After"), "1");
  error.retry_after = std::chrono::minutes{50};
  EXPECT_EQ(header(problem(error), "Retry-After"), "3000");
  EXPECT_EQ(header(plain_problem(error), "Retry-After"), "3000");
}

TEST(TransportCode, has_the_status_that_the_transport_answers_with) {
  for (const int status : {400, 408, 413, 431, 500, 503}) {
    EXPECT_EQ(info(transport_code(status)).http_status, status);
  }
  EXPECT_EQ(transport_code(500), Code::internal);
}

// RFC 3986 §2.1.
TEST(PathSegment, has_its_escapes_resolved_once_and_hides_no_slash_and_no_nul) {
  EXPECT_EQ(decode_segment("B-2026-11").value(), "B-2026-11");
  EXPECT_EQ(decode_segment("a%20b%2e%C3%A4+c").value(), "a b.\xC3\xA4+c");
  EXPECT_EQ(decode_segment("%2541").value(), "%41") << "once, not twice";
  for (const auto* const bad : {"%", "a%", "%4", "a%4", "%g0", "%0g", "%%41", "% 1", "a%2Fb", "a%2fb", "a%00"}) {
    EXPECT_EQ(decode_segment(bad).error().code, Code::bad_request) << bad;
  }
}

TEST(QueryValue, is_found_once_or_not_at_all) {
  EXPECT_EQ(query_value("a=1&b=2", "b"), "2");
  EXPECT_EQ(query_value("a=1&a=1", "a"), std::nullopt);
  EXPECT_EQ(query_value("a&b", "a"), std::nullopt);
  EXPECT_EQ(query_value("", "a"), std::nullopt);
}

}  // namespace
}  // namespace birthmark::api
