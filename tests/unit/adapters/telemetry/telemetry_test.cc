// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "adapters/telemetry/event_log.h"
#include "adapters/telemetry/metrics.h"

namespace birthmark::telemetry {
namespace {

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

TEST(Metrics, counts_requests_by_listener_route_and_status_and_shows_what_it_reads) {
  Metrics metrics;
  metrics.request("device", "/v1/devices/{}", 200, std::chrono::milliseconds{1});
  metrics.request("device", "/v1/devices/{}", 200, std::chrono::milliseconds{1});
  const auto text = metrics.text({.listeners = {{"device", {.connections_open = 3, .handshakes_failed = 4}}},
                                  .refusals = {{"held", 5}},
                                  .events = {{"hold_set", 9}},
                                  .moves = {{"S3", 10}},
                                  .decisions = {{"allow", 11}},
                                  .writes = 31,
                                  .commits = 12,
                                  .commit_time = std::chrono::milliseconds{1500},
                                  .log_entries = 6,
                                  .log_lines_dropped = 7,
                                  .tidy_failures = 8});
  EXPECT_TRUE(has(text, R"(birthmark_requests_total{listener="device",route="/v1/devices/{}",status="200"} 2)"))
      << text;
  EXPECT_TRUE(has(text, "birthmark_request_seconds_count 2"));
  EXPECT_TRUE(has(text, "birthmark_connections_open{listener=\"device\"} 3"));
  EXPECT_TRUE(has(text, "birthmark_handshake_failures_total{listener=\"device\"} 4"));
  EXPECT_TRUE(has(text, "birthmark_refusals_total{code=\"held\"} 5"));
  EXPECT_TRUE(has(text, "birthmark_audit_entries_total{kind=\"hold_set\"} 9"));
  EXPECT_TRUE(has(text, "birthmark_device_moves_total{to=\"S3\"} 10"));
  EXPECT_TRUE(has(text, "birthmark_decisions_total{decision=\"allow\"} 11"));
  EXPECT_TRUE(has(text, "birthmark_writes_total 31"));
  EXPECT_TRUE(has(text, "birthmark_commit_seconds_count 12"));
  EXPECT_TRUE(has(text, "birthmark_commit_seconds_sum 1.5"));
  EXPECT_TRUE(has(text, "birthmark_log_entries 6"));
  EXPECT_TRUE(has(text, "birthmark_log_lines_dropped_total 7"));
  EXPECT_TRUE(has(text, "birthmark_tidy_failures_total 8"));
}

TEST(EventLog, writes_one_line_of_json_an_event_however_hostile_the_text) {
  ::testing::internal::CaptureStderr();
  EventLog{}.write("request", {{"path", printable("/a\n\"b\xFF{}")}, {"ms", 7}});
  const auto line = ::testing::internal::GetCapturedStderr();
  ASSERT_TRUE(line.ends_with("}\n"));
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  const auto read = json::read(std::string_view{line}.substr(0, line.size() - 1), {});
  ASSERT_TRUE(read) << line;
  EXPECT_EQ(read->as_object().at("event"), "request");
  EXPECT_EQ(read->as_object().at("path"), "/a?\"b?{}");
}

TEST(RequestId, is_taken_from_the_caller_only_if_it_is_harmless) {
  const auto id = [](std::string value) {
    http::Request request;
    request.headers = {{"x-request-id", std::move(value)}};
    return accepted_request_id(request);
  };
  EXPECT_EQ(id("a-B_9."), "a-B_9.");
  EXPECT_EQ(id(std::string(64, 'a')), std::string(64, 'a'));
  for (const auto& bad : {std::string{}, std::string(65, 'a'), std::string{"a b"}, std::string{"a\"b"}}) {
    EXPECT_EQ(id(bad), "");
  }
}

TEST(CodeIn, finds_the_code_of_both_forms_and_nothing_elsewhere) {
  EXPECT_EQ(code_in({.status = 403, .body = R"({"type":"urn:birthmark:error:held","title":""})"}), "held");
  EXPECT_EQ(code_in({.status = 500, .body = R"({"type":"urn:birthmark:error:internal","title":""})"}), "internal");
  EXPECT_EQ(code_in({.status = 400, .body = "bad_request: words"}), "bad_request");
  EXPECT_EQ(code_in({.status = 400, .body = "other: words"}), "");
  EXPECT_EQ(code_in({.status = 200, .body = "held: words"}), "");
}

}  // namespace
}  // namespace birthmark::telemetry
