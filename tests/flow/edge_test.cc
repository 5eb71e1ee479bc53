// SPDX-License-Identifier: Apache-2.0
// What listeners say before any use case is asked, and the batch's list of hardware as an operator gives it.
#include <gtest/gtest.h>

#include "codec/base64.h"
#include "crypto/hash.h"
#include "support/line.h"
#include "support/wire_socket.h"

namespace birthmark::test {
namespace {

class Edge : public testing::Test {
 protected:
  static testing::AssertionResult refused(const Answer& answer, int status, const std::string& code) {
    return answer.status == status && answer.code == code ? testing::AssertionSuccess()
                                                          : testing::AssertionFailure() << answer.words();
  }
  Answer post(const std::string& type, const std::string& body, const std::string& path = "/v1/revalidate/challenge") {
    return stranger_.send(http::Method::post, path, {{"Content-Type", type}}, as_bytes(body));
  }

  Server server_;
  Operator people_{server_};
  Caller stranger_{server_, Listener::device, nullptr};
};

TEST_F(Edge, tells_a_wrong_path_a_wrong_method_and_a_wrong_type_apart) {
  EXPECT_TRUE(refused(stranger_.get("/v1/none"), 404, "not_found"));
  EXPECT_TRUE(refused(stranger_.get("/v1/revalidate/challenge"), 405, "method_not_allowed"));
  EXPECT_TRUE(refused(post("application/json", "{}", "/v1/time"), 405, "method_not_allowed"));
  EXPECT_TRUE(refused(post("text/plain", "{}"), 415, "unsupported_media_type"));
  EXPECT_TRUE(refused(post("application/jsonx", "{}"), 415, "unsupported_media_type"));
  EXPECT_TRUE(post("application/json; charset=utf-8", "{}").ok());
}

/// One answer of the public listener to these bytes, which ends the connection.
http::Response said(const Server& server, const std::string& bytes) {
  WireSocket peer{server.public_port()};
  peer.send(bytes);
  const auto all = peer.rest();
  const auto end = all.find("\r\n\r\n");
  http::Response out{.status = std::stoi(all.substr(9, 3)), .headers = {}, .body = all.substr(end + 4), .close = true};
  for (std::size_t at = all.find("\r\n") + 2; at < end;) {
    const auto line = all.substr(at, all.find("\r\n", at) - at);
    out.headers.push_back({line.substr(0, line.find(':')), line.substr(line.find(':') + 2)});
    at += line.size() + 2;
  }
  return out;
}
std::string header(const http::Response& response, std::string_view name) {
  for (const auto& line : response.headers) {
    if (line.name == name) {
      return line.value;
    }
  }
  return {};
}

// RFC 9457 for what the transport refuses, too: 8 KiB of headers, 64 KiB of body, one framing.
TEST_F(Edge, what_the_transport_refuses_is_a_problem_with_code_cause_and_remedy) {
  struct Case {
    int status;
    Code code;
    std::string bytes;
  };
  const std::string host = " HTTP/1.1\r\nHost: a\r\n";
  for (const auto& [status, code, bytes] : {
           Case{400, Code::bad_request, "GET / HTTP/1.1\r\n\r\n"},
           Case{400, Code::bad_request, "POST /" + host + "Transfer-Encoding: chunked\r\n\r\n"},
           Case{408, Code::request_timeout, "POST /healthz" + host + "Content-Length: 9\r\n\r\nhalf"},
           Case{413, Code::too_large, "POST /" + host + "Content-Length: 65537\r\n\r\n"},
           Case{431, Code::header_too_large, "GET /" + host + "X: " + std::string(9000, 'x') + "\r\n\r\n"},
       }) {
    const auto answer = said(server_, bytes);
    EXPECT_EQ(answer.status, status) << answer.body;
    EXPECT_EQ(header(answer, "Content-Type"), "application/problem+json");
    EXPECT_EQ(header(answer, "Connection"), "close");
    EXPECT_EQ(header(answer, "X-Request-Id").size(), 16U);
    const auto body = must(json::read(std::string_view{answer.body}.substr(0, answer.body.size() - 1))).as_object();
    EXPECT_EQ(std::string_view{body.at("code").as_string()}, info(code).name);
    EXPECT_EQ(std::string_view{body.at("title").as_string()}, info(code).cause);
    EXPECT_EQ(std::string_view{body.at("remedy").as_string()}, info(code).remedy);
    EXPECT_EQ(body.at("status").to_number<int>(), status);
    EXPECT_NE(server_.err().find(header(answer, "X-Request-Id")), std::string::npos) << "its line in the log";
  }
}

TEST_F(Edge, asks_for_a_certificate_and_for_the_right_one) {
  EXPECT_TRUE(refused(post("application/json", R"({"batch":"B1"})", "/v1/seal/challenge"), 401, "unauthenticated"));
  Caller person{server_, Listener::device, &server_.operator_identity()};
  EXPECT_TRUE(refused(person.post("/v1/seal/challenge", {{"batch", "B1"}}), 403, "role"));
}

// RFC 7030 §4.5.2: what a request may hold, as the legacy list of attributes.
TEST_F(Edge, csrattrs_are_the_password_the_curve_and_the_signature) {
  const auto answer = stranger_.get("/.well-known/est/csrattrs");
  EXPECT_EQ(answer.content_type, "application/csrattrs");
  const auto line = answer.body.substr(0, answer.body.size() - 1);
  EXPECT_EQ(answer.body, line + "\n");
  EXPECT_EQ(to_hex(must(base64::decode(line, 1024))),
            "302c"
            "06092a864886f70d010907"    // challengePassword
            "301506072a8648ce3d0201"    // ecPublicKey
            "310a06082a8648ce3d030107"  // secp256r1
            "06082a8648ce3d040302");    // ecdsa-with-SHA256
}

TEST_F(Edge, a_batch_that_lists_its_hardware_takes_nothing_else) {
  PaperDevice listed{server_}, other{server_};
  const auto plan = crypto::sha256(listed.tpm.ek_certificate());
  ASSERT_TRUE(people_.open_batch("B1", 2, Operator::kPolicy, {plan}).ok());
  const auto stations = Line::enroll(people_, "line", "B1");
  Line line{server_, stations};
  EXPECT_TRUE(refused(line.provision(other), 403, "not_in_plan"));
  EXPECT_TRUE(line.provision(listed).ok());
  const auto batch = people_.caller.get("/v1/batches/B1").json();
  EXPECT_EQ(batch.at("issued").to_number<int>(), 1);
  EXPECT_EQ(batch.at("reserved").to_number<int>(), 0);
  EXPECT_TRUE(refused(people_.show(other.id), 404, "not_found"));
}

}  // namespace
}  // namespace birthmark::test
