// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "support/line.h"

namespace birthmark::test {
namespace {

/// Malformed JSON, from strangers and from operators.
class AC22 : public testing::Test {
 protected:
  Answer send(Caller& caller, const std::string& path, std::string_view body) {
    return caller.send(http::Method::post, path, {{"Content-Type", "application/json"}}, as_bytes(body));
  }
  Server server_;
};

TEST_F(AC22, each_form_is_bad_json) {
  Caller stranger{server_, Listener::device, nullptr};
  const std::vector<std::pair<const char*, std::string>> forms{
      {"empty", ""},
      {"no JSON", "hello"},
      {"no object", "[]"},
      {"two values", "{}{}"},
      {"duplicate keys", R"({"session":"00","session":"01"})"},
      {"duplicate keys by escapes", R"({"session":"00","sessio\u006e":"01"})"},
      {"1e999", R"({"session":1e999})"},
      {"a lone surrogate", R"({"session":"\ud800"})"},
      {"no UTF-8", "{\"session\":\"\xC3\x28\"}"},
      {"60,000 levels", std::string(60'000, '[')},
      {"nested objects",
       [] {
         std::string text;
         for (int i = 0; i < 10'000; ++i) {
           text += "{\"a\":";
         }
         return text;
       }()},
      {"a comment", "{/**/}"},
      {"a comma too many", R"({"session":"00",})"},
      {"NaN", R"({"session":NaN})"},
  };
  for (const auto& [name, body] : forms) {
    const auto answer = send(stranger, "/v1/revalidate", body);
    EXPECT_EQ(answer.code, "bad_json") << name << ": " << answer.words();
    EXPECT_EQ(answer.status, 400) << name;
  }
  // 1 MiB is refused by its length; the end may reach a client that still writes before the 413 does.
  const auto huge = send(stranger, "/v1/revalidate", "\"" + std::string(1024 * 1024, 'a') + "\"");
  EXPECT_TRUE(huge.status == 413 || huge.silent()) << huge.words();
  EXPECT_TRUE(stranger.get("/v1/time?nonce=00112233445566778899aabbccddeeff").ok());
}

TEST_F(AC22, an_order_with_an_unknown_or_double_member_is_not_half_applied) {
  Operator people{server_};
  const auto order = [](std::string_view more) {
    return R"({"batch":"B-9","product":"p","factory":"f","quantity":1,"opens":"2026-01-01T00:00:00Z",)"
           R"("closes":"2036-01-01T00:00:00Z")" +
           std::string{more} + "}";
  };
  EXPECT_EQ(send(people.caller, "/v1/batches", order(R"(,"surprise":1)")).code, "bad_json");
  EXPECT_EQ(send(people.caller, "/v1/batches", order(R"(,"quantity":1000)")).code, "bad_json");
  // An order may be large: here the reader bounds levels and texts, not the length of the body.
  EXPECT_EQ(send(people.caller, "/v1/batches", std::string(100'000, '[')).code, "bad_json");
  EXPECT_EQ(send(people.caller, "/v1/batches", order(R"(,"policy":")" + std::string(1024 * 1024, 'a') + '"')).code,
            "bad_json");
  EXPECT_EQ(people.caller.get("/v1/batches/B-9").code, "not_found");
}

}  // namespace
}  // namespace birthmark::test
