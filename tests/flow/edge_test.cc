// SPDX-License-Identifier: Apache-2.0
// What listeners say before any use case is asked, and the batch's list of hardware as an operator gives it.
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <thread>

#include "codec/base64.h"
#include "crypto/hash.h"
#include "support/comes_true.h"
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

  /// An operator's command, answered in JSON.
  [[nodiscard]] Finished command(std::vector<std::string> line) const {
    for (const auto& more : {std::string{"--data"}, server_.data().string(), std::string{"--server"},
                             "127.0.0.1:" + std::to_string(server_.operator_port()), std::string{"--json"}}) {
      line.push_back(more);
    }
    return server_.birthmark(std::move(line));
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
  EXPECT_TRUE(post("Application/JSON", "{}").ok());
  for (const auto& est : {stranger_.get("/.well-known/est/none"), stranger_.get("/.well-known/est/simpleenroll")}) {
    EXPECT_TRUE(est.status == 404 || est.status == 405) << est.words();
    EXPECT_EQ(est.content_type, "text/plain");
  }
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

/// Whether the log comes to hold it: it is written by a thread of its own.
bool logs(const Server& server, const std::string& words) {
  return comes_true([&] { return server.err().find(words) != std::string::npos; });
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
    EXPECT_TRUE(logs(server_, header(answer, "X-Request-Id"))) << "its line in the log";
  }
}

/// The count of one word in the file of a fault plan.
std::uint64_t counted(const std::filesystem::path& file, std::string_view wanted) {
  std::ifstream in{file};
  std::string name;
  for (std::uint64_t count = 0; in >> name >> count;) {
    if (name == wanted) {
      return count;
    }
  }
  return 0;
}

TEST(Seen, at_the_start_a_journal_that_would_fail_with_the_store) {
  Server server;
  const auto ended = server.stop();
  EXPECT_NE(ended.err.find(R"("event":"journal_beside_store")"), std::string::npos) << ended.err;
}

TEST(Tidy, what_fails_between_requests_is_in_the_log_with_its_code) {
  Server server;
  const auto counts = server.directory() / "counts";
  server.restart();  // whatever a first start makes is there
  server.restart("count@" + counts.string());
  const auto at_start = counted(counts, "fsync");
  server.restart("fail@fsync#" + std::to_string(at_start + 1) + "+:EIO");
  Caller stranger{server, Listener::device, nullptr};
  EXPECT_EQ(stranger.get("/v1/none").status, 404);
  const auto ended = server.stop();  // writes what was refused in this minute
  EXPECT_EQ(ended.exit_code, 0);
  EXPECT_NE(ended.err.find(R"("event":"tidy_failed","chore":"refusals","code":"storage")"), std::string::npos)
      << ended.err;
}

/// What an operator sees of one unit's day: its lines in the log, and the counts.
TEST(Seen, from_outside_by_its_device_id_and_in_the_counts) {
  Server server{{.flags = {"--metrics", "on"}}};
  Operator people{server};
  ASSERT_TRUE(people.open_batch("B1", 1).ok());
  const auto stations = Line::enroll(people, "line", "B1");
  Line line{server, stations};
  PaperDevice device{server};
  ASSERT_TRUE(line.provision(device).ok());
  ASSERT_TRUE(line.seal(device).ok());
  ASSERT_TRUE(line.enroll(device).ok());
  ASSERT_TRUE(line.telemetry(device).ok());
  ASSERT_TRUE(people.act("suspend", device.id).ok());
  EXPECT_EQ(line.telemetry(device).code, "held");
  const auto metrics = Caller(server, Listener::open, nullptr).get("/metrics").body;
  for (const auto* const line_of_it :
       {"birthmark_audit_entries_total{kind=\"batch_opened\"} 1\n", "birthmark_device_moves_total{to=\"S1\"} 1\n",
        "birthmark_device_moves_total{to=\"S3\"} 1\n", "birthmark_device_moves_total{to=\"S4\"} 1\n",
        "birthmark_decisions_total{decision=\"allow\"} 1\n",
        "birthmark_decisions_total{decision=\"deny_credential\"} 1\n", "birthmark_refusals_total{code=\"held\"} 1\n"}) {
    EXPECT_NE(metrics.find(line_of_it), std::string::npos) << line_of_it << metrics;
  }
  EXPECT_EQ(metrics.find("birthmark_commit_seconds_count 0\n"), std::string::npos);
  const auto named = R"("device":")" + to_hex(device.id.get()) + "\"";
  EXPECT_TRUE(logs(server, named));
  EXPECT_TRUE(logs(server, R"("caller":"station:line)"));
  EXPECT_TRUE(logs(server, R"("caller":"operator)"));
  EXPECT_TRUE(logs(server, named + R"(,"caller":"station:line)")) << "whom a station spoke of";
  EXPECT_TRUE(logs(server, named + R"(,"caller":"operator)"));
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

TEST_F(Edge, AC04_a_station_that_is_suspended_or_replaced_is_refused_on_open_connections_too) {
  ASSERT_TRUE(people_.open_batch("B1", 2).ok());
  ASSERT_TRUE(people_.open_batch("B2", 2).ok());
  const auto first = people_.enroll_station("line", "provision", "B1");
  Caller station{server_, Listener::device, &first};
  EXPECT_TRUE(station.get("/v1/anchors").ok());
  const auto second = people_.enroll_station("line", "provision", "B1");
  EXPECT_TRUE(refused(station.get("/v1/anchors"), 403, "credential_ended"));
  EXPECT_TRUE(refused(station.post("/v1/provision/challenge", {{"batch", "B1"}}), 403, "credential_ended"));
  Caller anew{server_, Listener::device, &second};
  EXPECT_TRUE(anew.get("/v1/anchors").ok());
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(refused(anew.post("/v1/provision/challenge", {{"batch", "B2"}}), 403, "station_not_authorised"));
  }
  EXPECT_TRUE(refused(anew.get("/v1/anchors"), 403, "station_not_authorised"));
}

TEST_F(Edge, a_gate_asks_with_a_key_of_openssls_making_until_its_certificate_is_ended) {
  const auto file = [&](const char* name) { return (server_.directory() / name).string(); };
  const auto made = run({.argv = {"openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                                  "-nodes", "-subj", "/", "-keyout", file("gate.key"), "-out", file("gate.csr")}},
                        std::chrono::seconds{30});
  ASSERT_EQ(made.exit_code, 0) << made.err;
  const auto enrolled = command({"service", "enroll", "broker-1", "--role", "gate", "--csr", file("gate.csr"), "--out",
                                 server_.directory().string()});
  ASSERT_EQ(enrolled.exit_code, 0) << enrolled.err;
  const auto authorize = [&] {
    return run({.argv = {"curl", "-sS", "--cacert", file("service-root.pem"), "--cert", file("broker-1.pem"), "--key",
                         file("gate.key"), "-H", "Content-Type: application/json", "-d",
                         R"({"certificate":"MAA=","action":"telemetry.publish","resource":"x"})",
                         "https://127.0.0.1:" + std::to_string(server_.device_port()) + "/v1/authorize"}},
               std::chrono::seconds{30})
        .out;
  };
  EXPECT_NE(authorize().find(R"("decision":"deny")"), std::string::npos) << authorize();
  const auto serial = must(json::read(enrolled.out)).as_object().at("serial").as_string();
  EXPECT_EQ(command({"service", "end", {serial.data(), serial.size()}}).exit_code, 0);
  EXPECT_NE(authorize().find("credential_ended"), std::string::npos) << authorize();
}

TEST_F(Edge, a_second_operator_is_made_and_ended_by_the_command) {
  const auto made = command({"service", "enroll", "bob", "--role", "operator"});
  ASSERT_EQ(made.exit_code, 0) << made.err;
  EXPECT_EQ(command({"service", "enroll", "bob", "--role", "operator"}).exit_code, 1) << "there is one: --anew";
  EXPECT_EQ(command({"status", "--operator", "bob"}).exit_code, 0);
  const auto text = must(json::read(made.out)).as_object().at("serial").as_string();
  const std::string serial{text.data(), text.size()};
  EXPECT_NE(command({"service", "end", serial, "--operator", "bob"}).out.find("service.own"), std::string::npos);
  const auto rehearsed = command({"service", "end", serial, "--dry-run"});
  EXPECT_NE(rehearsed.out.find(R"("name":"bob")"), std::string::npos) << rehearsed.out;
  EXPECT_EQ(command({"status", "--operator", "bob"}).exit_code, 0) << "nothing was ended";
  EXPECT_EQ(command({"service", "end", serial}).exit_code, 0);
  EXPECT_NE(command({"status", "--operator", "bob"}).out.find("credential_ended"), std::string::npos);
}

TEST_F(Edge, an_operator_who_renews_himself_keeps_what_he_has_until_the_next_is_there) {
  const auto renew = [&] { return command({"service", "enroll", "admin", "--role", "operator", "--anew"}); };
  server_.stop();
  EXPECT_EQ(renew().exit_code, 3) << "nothing answers";
  const auto pending = server_.data() / "operators" / "admin.next.key";
  EXPECT_TRUE(std::filesystem::exists(pending));
  server_.restart();
  EXPECT_EQ(command({"status"}).exit_code, 0) << "by the key and certificate that he had";
  const auto before = command({"service", "list"}).out;
  ASSERT_EQ(renew().exit_code, 0);
  EXPECT_FALSE(std::filesystem::exists(pending));
  EXPECT_EQ(command({"status"}).exit_code, 0) << "by the new ones";
  EXPECT_NE(command({"service", "list"}).out, before);

  // A cut between the two files: the certificate waits, its key is in place.
  const auto in = [&](const char* name) { return server_.data() / "operators" / name; };
  std::filesystem::rename(in("admin.pem"), in("admin.next.pem"));
  EXPECT_EQ(command({"status"}).exit_code, 0);
  EXPECT_TRUE(std::filesystem::exists(in("admin.pem")));
  std::ofstream{server_.directory() / "other.csr"} << "whatever";
  EXPECT_EQ(command({"service", "enroll", "admin", "--role", "operator", "--anew", "--csr",
                     (server_.directory() / "other.csr").string()})
                .exit_code,
            1)
      << "a certificate of another key does not come beside this one";
}

TEST_F(Edge, a_large_order_is_for_operators_alone) {
  const std::string large(100'000, ' ');
  EXPECT_TRUE(refused(post("application/json", large, "/v1/batches"), 413, "too_large"));
  Caller person{server_, Listener::operators, &server_.operator_identity()};
  const auto send = [&](const std::string& path, std::size_t bytes) {
    return person.send(http::Method::post, path, {{"Content-Type", "application/json"}},
                       as_bytes(std::string(bytes, ' ')));
  };
  EXPECT_TRUE(refused(send("/v1/batches", 100'000), 400, "bad_json"));
  EXPECT_TRUE(refused(send("/v1/stations", 100'000), 413, "too_large"));
  EXPECT_TRUE(refused(send("/v1/services", 100'000), 413, "too_large"));
  EXPECT_TRUE(refused(send("/v1/batches", 9'000'000), 413, "too_large"));
}

TEST_F(Edge, a_batch_lists_ten_thousand_parts_by_the_command) {
  PaperDevice listed{server_}, other{server_};
  const auto plan = server_.directory() / "plan";
  {
    std::ofstream out{plan};
    for (int i = 0; i < 9'999; ++i) {
      out << to_hex(crypto::sha256(as_bytes(std::to_string(i))).get()) << "\n";
    }
    out << to_hex(crypto::sha256(listed.tpm.ek_certificate()).get()) << "\n";
  }
  const auto policy = server_.directory() / "policy.toml";
  std::ofstream{policy} << Operator::kPolicy;
  const auto open = [&](const std::string& name) {
    return command({"batch", "open", name, "--product", "p", "--factory", "f", "--quantity", "10000", "--plan",
                    plan.string(), "--policy", policy.string()});
  };
  const auto opened = open("B1");
  ASSERT_EQ(opened.exit_code, 0) << opened.err;
  const auto stations = Line::enroll(people_, "line", "B1");
  Line line{server_, stations};
  EXPECT_TRUE(refused(line.provision(other), 403, "not_in_plan"));
  EXPECT_TRUE(line.provision(listed).ok());
  std::ofstream{plan, std::ios::app} << std::string(9'000'000, 'a') << "\n";
  const auto too_large = open("B2");
  EXPECT_EQ(too_large.exit_code, 1) << too_large.err;
  EXPECT_NE(too_large.out.find("too_large"), std::string::npos) << too_large.out;
}

TEST_F(Edge, AC07_a_batch_is_checked_by_the_command_and_when_it_is_sealed) {
  ASSERT_TRUE(people_.open_batch("B1", 2).ok());
  const auto checked = command({"batch", "check", "B1"});
  ASSERT_EQ(checked.exit_code, 0) << checked.err;
  EXPECT_EQ(must(json::read(checked.out)).as_object().at("keys_checked"), 0) << "no chip of it has an RSA key";
  EXPECT_EQ(command({"batch", "check", "B404"}).exit_code, 1);
  const auto sealed = command({"batch", "seal", "B1"});
  ASSERT_EQ(sealed.exit_code, 0) << sealed.err;
  const auto said = must(json::read(sealed.out)).as_object();
  EXPECT_EQ(said.at("state"), "sealed");
  EXPECT_EQ(said.at("keys_checked"), 0);
  EXPECT_EQ(said.at("flagged"), boost::json::array{});
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
