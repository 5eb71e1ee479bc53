// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "support/malformed.h"
#include "support/server.h"

namespace birthmark::test {
namespace {

/// Malformed JSON, from strangers and from operators. How long a refusal takes is measured by `./bench attacks`.
class AC22 : public testing::Test {
 protected:
  Answer send(Caller& caller, const std::string& path, std::string_view body) {
    return caller.send(http::Method::post, path, {{"Content-Type", "application/json"}}, as_bytes(body));
  }
  Server server_;
};

TEST_F(AC22, each_form_is_bad_json) {
  Caller stranger{server_, Listener::device, nullptr};
  for (const auto& [name, body] : malformed_json()) {
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
  // An order may be large: here the reader bounds levels and texts, not the length of the body.
  for (const auto& [name, body] : malformed_orders()) {
    EXPECT_EQ(send(people.caller, "/v1/batches", body).code, "bad_json") << name;
  }
  EXPECT_EQ(people.caller.get("/v1/batches/B-9").code, "not_found");
}

}  // namespace
}  // namespace birthmark::test
