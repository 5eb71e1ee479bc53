// SPDX-License-Identifier: Apache-2.0
#include "adapters/http/client.h"

#include "unit/adapters/http/served.h"
#include "unit/adapters/tls/handshake.h"

namespace birthmark::http {
namespace {

using namespace std::chrono_literals;
using testing::Gate;
using testing::Served;
using tls::ClientCertificate;
using tls::testing::Site;

std::unique_ptr<Client> client_of(std::uint16_t port, std::chrono::milliseconds timeout = 30s) {
  return Client::create({.host = "127.0.0.1", .port = port, .tls = nullptr, .timeout = timeout});
}

std::string number(const Request& request) {
  return std::to_string(request.peer->connection);
}

TEST(HttpClient, one_connection_carries_request_after_request) {
  Served served{{}, [](const Request& request) { return Response{.body = number(request)}; }};
  const auto client = client_of(served.server().port());
  EXPECT_TRUE(client->ended());
  const auto first = client->request(Method::get, "/1", {}, {}).value();
  EXPECT_FALSE(client->ended());
  const auto second = client->request(Method::post, "/2", {{"Content-Type", "a/b"}}, as_bytes("x")).value();
  EXPECT_EQ(first.body, second.body);
  EXPECT_EQ(served.server().counters().accepted, 1U);
}

TEST(HttpClient, a_connection_that_ended_while_idle_is_made_anew_even_for_post) {
  test::WireListener listener;
  Gate ended;
  std::jthread server{[&] {
    {
      auto first = listener.accept();
      first.answer();
      first.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1");
    }
    ended.pass();
    auto second = listener.accept();
    second.answer();
    second.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n2");
  }};
  const auto client = client_of(listener.port());
  EXPECT_EQ(client->request(Method::get, "/1", {}, {}).value().body, "1");
  ended.wait_for(1);
  EXPECT_TRUE(testing::comes_true([&] { return client->ended(); }));
  ended.open();
  const auto second = client->request(Method::post, "/2", {}, {});
  ASSERT_TRUE(second) << second.error().detail;
  EXPECT_EQ(second->body, "2");
}

TEST(HttpClient, an_end_is_seen_while_it_is_waited_for) {
  Served served{{}, [](const Request& request) { return Response{.body = number(request)}; }};
  const auto client = client_of(served.server().port());
  ASSERT_TRUE(client->request(Method::get, "/1", {}, {}));
  EXPECT_FALSE(client->ended_within(1ms));
  ASSERT_TRUE(client->request(Method::get, "/2", {}, {}));
  EXPECT_EQ(served.server().counters().accepted, 1U) << "a look costs no connection";
  std::jthread stopping{[&] { served.server().stop(); }};
  EXPECT_TRUE(client->ended_within(30s));
  EXPECT_TRUE(client->ended_within(30s));
}

TEST(HttpClient, a_post_that_nothing_answered_is_not_sent_twice_and_a_get_is_once_more) {
  for (const auto method : {Method::post, Method::get}) {
    test::WireListener listener;
    std::vector<std::string> seen;
    std::jthread server{[&] {
      auto first = listener.accept();
      seen.push_back(first.answer().value_or("none"));
      first.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
      seen.push_back(first.answer().value_or("none"));
      first.end_sending();
      first.rest();
      if (method == Method::get) {
        auto second = listener.accept();
        seen.push_back(second.answer().value_or("none"));
        second.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\ny");
      }
    }};
    const auto client = client_of(listener.port());
    ASSERT_TRUE(client->request(Method::get, "/warm", {}, {}));
    const auto answer = client->request(method, "/x", {}, {});
    client->close();
    server.join();
    if (method == Method::get) {
      ASSERT_TRUE(answer) << answer.error().detail;
      EXPECT_EQ(answer->body, "y");
      EXPECT_EQ(seen.size(), 3U);
    } else {
      ASSERT_FALSE(answer);
      EXPECT_EQ(answer.error().code, Code::unavailable);
      EXPECT_EQ(answer.error().check, "nothing_answered");
      EXPECT_EQ(seen.size(), 2U);
    }
  }
}

TEST(HttpClient, who_never_answers_is_given_up) {
  Gate gate;
  Served served{{}, [&](const Request& request) {
                  gate.pass();
                  return Served::echo(request);
                }};
  const auto client = client_of(served.server().port(), 50ms);
  const auto answer = client->request(Method::get, "/x", {}, {});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::unavailable);
  EXPECT_TRUE(client->ended());
  gate.open();
}

TEST(HttpClient, answers_beyond_the_bound_and_answers_that_are_none_are_refused) {
  Served served{{}, [](const Request&) { return Response{.body = std::string(1025, 'x')}; }};
  const auto client = Client::create(
      {.host = "127.0.0.1", .port = served.server().port(), .tls = nullptr, .timeout = 30s, .body_bytes_max = 1024});
  EXPECT_EQ(client->request(Method::get, "/x", {}, {}).error().code, Code::too_large);
  test::WireListener listener;
  std::jthread server{[&] {
    auto peer = listener.accept();
    peer.answer();
    peer.send("SSH-2.0-something\r\n\r\n");
    peer.end_sending();
    peer.rest();
  }};
  EXPECT_EQ(client_of(listener.port())->request(Method::post, "/x", {}, {}).error().code, Code::unavailable);
}

TEST(HttpClient, targets_and_headers_that_would_be_two_are_not_sent) {
  Served served;
  const auto client = client_of(served.server().port());
  for (const auto* const target : {"", "x", "/a b", "/a\r\nX: y", "/\x7f"}) {
    EXPECT_EQ(client->request(Method::get, target, {}, {}).error().code, Code::bad_request) << target;
  }
  // A field name is a token, RFC 9110 §5.6.2.
  for (const auto& header : {Header{"X", "a\r\nY: b"}, Header{"X Y", "a"}, Header{"", "a"}, Header{"X:", "a"}}) {
    EXPECT_EQ(client->request(Method::get, "/x", {header}, {}).error().code, Code::bad_request) << header.name;
  }
  EXPECT_EQ(served.server().counters().accepted, 0U);
}

TEST(HttpClient, nobody_there_is_unavailable) {
  std::uint16_t port = 0;
  {
    test::WireListener listener;
    port = listener.port();
  }
  EXPECT_EQ(client_of(port)->connect().error().code, Code::unavailable);
  EXPECT_EQ(client_of(port)->request(Method::get, "/x", {}, {}).error().code, Code::unavailable);
}

// --- over TLS ---

/// A TLS listener whose verifier makes every client with a certificate the owner 7.
class Secured {
 public:
  explicit Secured(Limits limits = {}, ClientCertificate mode = ClientCertificate::wanted) {
    Server::Options options;
    options.limits = limits;
    options.tls = site_.serve(mode, [](BytesView) -> Result<std::uint64_t> { return 7; });
    options.handler = [this](const Request& request) {
      if (request.path == "/wait") {
        gate_.pass();
      }
      return Response{.body = request.peer->channel_binding + " " + std::to_string(request.peer->certificate.size())};
    };
    options.on_fault = [this](std::string_view what) {
      const std::scoped_lock lock{mutex_};
      faults_.emplace_back(what);
    };
    server_ = Server::start(std::move(options)).value();
  }
  ~Secured() { gate_.open(); }

  std::unique_ptr<Client> client(bool with_certificate = true, bool tls12_only = false) {
    return client(site_.call(with_certificate, tls12_only));
  }
  std::unique_ptr<Client> client(std::shared_ptr<tls::ClientContext> context, std::string host = "127.0.0.1") {
    return Client::create({.host = std::move(host),
                           .port = server_->port(),
                           .tls = std::move(context),
                           .timeout = std::chrono::seconds{30}});
  }
  Server& server() { return *server_; }
  Gate& gate() { return gate_; }
  const Site& site() { return site_; }
  std::vector<std::string> faults() {
    const std::scoped_lock lock{mutex_};
    return faults_;
  }

 private:
  Site site_;
  Gate gate_;
  std::mutex mutex_;
  std::vector<std::string> faults_;
  std::unique_ptr<Server> server_;
};

TEST(HttpsClient, both_sides_know_the_same_binding_and_the_server_the_certificate) {
  Secured secured;
  for (const bool tls12_only : {false, true}) {
    const auto client = secured.client(true, tls12_only);
    EXPECT_TRUE(client->channel_binding().empty());
    ASSERT_TRUE(client->connect());
    const auto binding = client->channel_binding();
    EXPECT_EQ(binding.size(), tls12_only ? 16U : 44U);
    const auto size = std::to_string(secured.site().client.certificate.size());
    EXPECT_EQ(client->request(Method::get, "/x", {}, {}).value().body, binding + " " + size);
    EXPECT_EQ(client->request(Method::get, "/x", {}, {}).value().body, binding + " " + size);
    client->close();
    EXPECT_TRUE(client->channel_binding().empty());
  }
}

TEST(HttpsClient, a_server_under_another_root_or_name_is_refused_before_anything_is_sent) {
  Secured secured;
  const Site other;
  const auto stranger = secured.client(other.call());
  const auto refused = stranger->request(Method::post, "/x", {}, as_bytes("secret"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::unauthenticated);
  EXPECT_NE(refused.error().detail.find("certificate"), std::string::npos) << refused.error().detail;
  const auto misnamed = secured.client(secured.site().call(), "localhost");
  EXPECT_EQ(misnamed->request(Method::post, "/x", {}, as_bytes("secret")).error().code, Code::unauthenticated);
  EXPECT_EQ(secured.server().counters().requests, 0U);
}

TEST(HttpsServer, plain_http_is_refused_and_told_with_the_peer) {
  Secured secured;
  test::WireSocket peer{secured.server().port()};
  peer.send(testing::get("/x"));
  EXPECT_EQ(peer.rest().find("HTTP/1.1 200"), std::string::npos);
  EXPECT_EQ(secured.server().counters().handshakes_failed, 1U);
  ASSERT_EQ(secured.faults().size(), 1U);
  EXPECT_TRUE(secured.faults().front().starts_with("handshake with 127.0.0.1: "));
}

TEST(HttpsServer, a_handshake_that_stops_half_way_is_dropped) {
  Secured secured{{.request_timeout = 50ms}};
  test::WireSocket peer{secured.server().port()};
  peer.send("\x16\x03\x01");
  EXPECT_EQ(peer.rest(), "");
  EXPECT_EQ(secured.server().counters().dropped_slow, 1U);
}

TEST(HttpsServer, cut_ends_every_connection_of_one_owner_and_no_other) {
  Secured secured;
  const auto one = secured.client(), two = secured.client(), stranger = secured.client(false);
  for (const auto* const client : {&one, &two, &stranger}) {
    ASSERT_TRUE((*client)->request(Method::get, "/x", {}, {}));
  }
  EXPECT_EQ(secured.server().cut({0}), 0U);
  EXPECT_EQ(secured.server().cut({8, 9}), 0U);
  EXPECT_EQ(secured.server().cut({0, 7, 8}), 2U);
  EXPECT_TRUE(testing::comes_true([&] { return one->ended() && two->ended(); }));
  EXPECT_FALSE(stranger->ended());
  EXPECT_TRUE(stranger->request(Method::get, "/x", {}, {}));
  EXPECT_EQ(secured.server().counters().cut, 2U);
}

TEST(HttpsServer, cut_reaches_a_connection_whose_handler_runs_and_its_answer_never_arrives) {
  Secured secured;
  const auto client = secured.client();
  ASSERT_TRUE(client->connect());
  std::jthread cutter{[&] {
    secured.gate().wait_for(1);
    EXPECT_EQ(secured.server().cut({7}), 1U);
  }};
  const auto answer = client->request(Method::post, "/wait", {}, {});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().code, Code::unavailable);
  EXPECT_EQ(answer.error().check, "nothing_answered");
  secured.gate().open();
}

TEST(HttpsServer, who_needs_a_certificate_and_has_none_is_refused) {
  Secured secured{{}, ClientCertificate::required};
  EXPECT_FALSE(secured.client(false)->request(Method::get, "/x", {}, {}));
  EXPECT_TRUE(secured.client(true)->request(Method::get, "/x", {}, {}));
  EXPECT_EQ(secured.server().counters().handshakes_failed, 1U);
}

}  // namespace
}  // namespace birthmark::http
