// SPDX-License-Identifier: Apache-2.0
#include "adapters/http/server.h"

#include <cstdlib>
#include <new>
#include <regex>

#include "adapters/http/connection.h"
#include "unit/adapters/http/served.h"

namespace birthmark::http::testing {
namespace {

std::atomic<std::size_t> failing_size = 0;

/// The next allocation of about that size, a shared pointer's block included, fails; whoever makes it.
void fail_next_allocation_of(std::size_t bytes) {
  failing_size = bytes;
}

bool is_to_fail(std::size_t bytes) {
  constexpr std::size_t kBlock = 64;
  auto wanted = failing_size.load();
  return wanted != 0 && bytes >= wanted && bytes <= wanted + kBlock && failing_size.compare_exchange_strong(wanted, 0);
}

}  // namespace
}  // namespace birthmark::http::testing

// Not inlined: the compiler would see free() meet what came from operator new.
[[gnu::noinline]] void* operator new(std::size_t bytes) {
  void* const memory = birthmark::http::testing::is_to_fail(bytes) ? nullptr : std::malloc(bytes);
  if (memory == nullptr) {
    throw std::bad_alloc{};
  }
  return memory;
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
  std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t /*bytes*/) noexcept {
  std::free(memory);
}

namespace birthmark::http {
namespace {

using namespace std::chrono_literals;
using testing::Gate;
using testing::get;
using testing::has;
using testing::post;
using testing::Served;

TEST(HttpServer, answers_with_exactly_what_the_handler_said_and_its_length) {
  Served served;
  auto peer = served.connect();
  peer.send(post("/a/b%20c?x=1&y", "body"));
  auto answer = peer.answer().value_or("none");
  // RFC 9110 §5.6.7, §6.6.1: "Date: Sun, 06 Nov 1994 08:49:37 GMT", once.
  const auto date = answer.find("Date: ");
  ASSERT_NE(date, std::string::npos);
  const auto line = answer.substr(date, answer.find("\r\n", date) + 2 - date);
  EXPECT_TRUE(std::regex_match(
      line, std::regex{"Date: [A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2} GMT\r\n"}))
      << line;
  answer.erase(date, line.size());
  EXPECT_EQ(answer, "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 19\r\n\r\n/a/b%20c?x=1&y body");
}

TEST(HttpServer, pipelined_requests_of_one_connection_are_served_one_at_a_time_in_order) {
  Gate gate;
  std::atomic<int> running = 0, most = 0;
  Served served{{.workers = 4}, [&](const Request& request) {
                  most = std::max(most.load(), ++running);
                  if (request.path == "/0") {
                    gate.pass();
                  }
                  --running;
                  return Served::echo(request);
                }};
  auto peer = served.connect();
  peer.send(get("/0") + post("/1", "b") + get("/2"));
  gate.wait_for(1);
  EXPECT_EQ(served.paths(), std::vector<std::string>{"/0"});
  gate.open();
  for (const auto* const path : {"/0", "/1", "/2"}) {
    EXPECT_TRUE(has(peer.answer(), path));
  }
  EXPECT_EQ(served.paths(), (std::vector<std::string>{"/0", "/1", "/2"}));
  EXPECT_EQ(most, 1);
  EXPECT_EQ(served.server().counters().accepted, 1U);
  EXPECT_EQ(served.server().counters().requests, 3U);
}

// RFC 9110 §8.6.
TEST(HttpServer, the_answer_to_head_has_the_length_and_not_the_body_and_204_has_neither) {
  Served served{{}, [](const Request& request) {
                  return request.path == "/none" ? Response{.status = 204} : Served::echo(request);
                }};
  auto peer = served.connect();
  peer.send("HEAD /x HTTP/1.1\r\nHost: a\r\n\r\n" + get("/none", "Connection: close\r\n"));
  const auto all = peer.rest();
  EXPECT_TRUE(has(all, "Content-Length: 4\r\n\r\nHTTP/1.1 204 "));
  EXPECT_EQ(all.find("Content-Length", all.find(" 204 ")), std::string::npos);
}

// RFC 9112 §3.2.2.
TEST(HttpServer, a_target_with_scheme_and_authority_is_its_path) {
  Served served;
  auto peer = served.connect();
  for (const auto* const target : {"http://a/x?y=1", "HTTP://a:80/x?y=1", "https://b/x?y=1"}) {
    peer.send(get(target));
    EXPECT_TRUE(has(peer.answer(), "/x?y=1 ")) << target;
  }
  peer.send(get("http://a"));
  EXPECT_TRUE(has(peer.answer(), "/? "));
}

TEST(HttpServer, connection_close_of_either_side_ends_it_after_the_answer) {
  Served served{{}, [](const Request& request) {
                  auto answer = Served::echo(request);
                  answer.close = request.path == "/last";
                  return answer;
                }};
  auto asked = served.connect();
  asked.send(get("/x", "Connection: close\r\n") + get("/never"));
  EXPECT_TRUE(has(asked.rest(), "Connection: close"));
  auto told = served.connect();
  told.send(get("/last") + get("/never"));
  EXPECT_TRUE(has(told.rest(), "Connection: close"));
  EXPECT_EQ(served.paths(), (std::vector<std::string>{"/x", "/last"}));
}

TEST(HttpServer, who_waits_for_100_continue_is_told_to) {
  Served served;
  auto peer = served.connect();
  peer.send("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(peer.answer(), "HTTP/1.1 100 Continue\r\n\r\n");
  peer.send("ab");
  EXPECT_TRUE(has(peer.answer(), "/x? ab"));
}

// --- what cannot be read in exactly one way (RFC 9112 §6, §6.3, §9.6, §11.2; AC-26); the answer arrives although more
// of the request is on its way ---

struct Bad {
  const char* name;
  std::string bytes;
  const char* status;
};
class BadRequest : public ::testing::TestWithParam<Bad> {};

TEST_P(BadRequest, is_answered_once_closed_and_never_reaches_the_handler) {
  Served served;
  std::string all;
  {
    auto peer = served.connect();
    // Behind it stands a request that a sloppy reader would take for a second one.
    peer.send(GetParam().bytes + get("/smuggled"));
    all = peer.rest();
  }
  EXPECT_TRUE(all.starts_with("HTTP/1.1 " + std::string{GetParam().status} + " ")) << all;
  EXPECT_TRUE(has(all, "Connection: close"));
  EXPECT_TRUE(has(all, "X-Made: here"));
  EXPECT_EQ(all.find("HTTP/1.1", 1), std::string::npos);
  EXPECT_TRUE(served.paths().empty());
  EXPECT_EQ(served.server().counters().requests, 0U);
  EXPECT_EQ(served.server().counters().requests_refused, 1U);
  EXPECT_TRUE(served.forgets_connections());
}

std::string with_headers(std::string_view headers) {
  return "POST /x HTTP/1.1\r\n" + std::string{headers} + "\r\n";
}

INSTANTIATE_TEST_SUITE_P(
    Forms, BadRequest,
    ::testing::Values(
        Bad{"http_1_0", "GET /x HTTP/1.0\r\nHost: a\r\n\r\n", "400"},
        Bad{"http_2_0", "GET /x HTTP/2.0\r\nHost: a\r\n\r\n", "400"},
        Bad{"without_host", with_headers("Content-Length: 0\r\n"), "400"},
        Bad{"two_hosts", with_headers("Host: a\r\nHost: a\r\nContent-Length: 0\r\n"), "400"},
        Bad{"chunked", with_headers("Host: a\r\nTransfer-Encoding: chunked\r\n") + "0\r\n\r\n", "400"},
        Bad{"chunk_bomb", with_headers("Host: a\r\nTransfer-Encoding: chunked\r\n") + "fffffffffffffff0\r\n", "400"},
        Bad{"chunked_and_length",
            with_headers("Host: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n") + "0\r\n\r\n", "400"},
        Bad{"length_and_chunked_in_disguise",
            with_headers("Host: a\r\nContent-Length: 4\r\nTransfer-Encoding: xchunked\r\n") + "0\r\n\r\n", "400"},
        Bad{"identity_coding", with_headers("Host: a\r\nTransfer-Encoding: identity\r\nContent-Length: 0\r\n"), "400"},
        Bad{"two_equal_lengths", with_headers("Host: a\r\nContent-Length: 0\r\nContent-Length: 0\r\n"), "400"},
        Bad{"two_lengths", with_headers("Host: a\r\nContent-Length: 1\r\nContent-Length: 0\r\n"), "400"},
        Bad{"list_of_lengths", with_headers("Host: a\r\nContent-Length: 0, 0\r\n"), "400"},
        Bad{"signed_length", with_headers("Host: a\r\nContent-Length: +0\r\n"), "400"},
        Bad{"negative_length", with_headers("Host: a\r\nContent-Length: -1\r\n"), "400"},
        Bad{"hexadecimal_length", with_headers("Host: a\r\nContent-Length: 0x0\r\n"), "400"},
        Bad{"length_of_2_65", with_headers("Host: a\r\nContent-Length: 36893488147419103232\r\n"), "400"},
        Bad{"space_before_colon", with_headers("Host: a\r\nContent-Length : 0\r\n"), "400"},
        Bad{"nul_in_a_header", std::string{"GET /x HTTP/1.1\r\nHost: a\r\nX: "} + '\0' + "\r\n\r\n", "400"},
        Bad{"bare_carriage_return", "GET /x HTTP/1.1\r\nHost: a\rX: y\r\n\r\n", "400"},
        Bad{"bare_line_feed", "GET /x HTTP/1.1\nHost: a\n\n", "400"},
        Bad{"space_in_the_target", "GET /x y HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
        Bad{"control_in_the_target", "GET /x\x01 HTTP/1.1\r\nHost: a\r\n\r\n", "400"},
        Bad{"not_http", "\x16\x03\x01\x02\x05\x01 hello hello\r\n\r\n", "400"},
        Bad{"a_header_line_that_never_ends", "GET /x HTTP/1.1\r\nHost: a\r\nX: " + std::string(1024 * 1024, 'x'),
            "431"},
        Bad{"a_target_that_never_ends", "GET /" + std::string(1024 * 1024, 'x'), "431"},
        Bad{"a_mebibyte_of_headers",
            "GET /x HTTP/1.1\r\nHost: a\r\n" +
                [] {
                  std::string lines;
                  while (lines.size() < 1024 * 1024) {
                    lines += "X-Line: 0123456789\r\n";
                  }
                  return lines;
                }(),
            "431"},
        Bad{"a_body_that_is_announced_too_large", with_headers("Host: a\r\nContent-Length: 65537\r\n"), "413"},
        Bad{"a_body_of_4_gib", with_headers("Host: a\r\nContent-Length: 4294967296\r\n"), "413"}),
    [](const auto& bad) { return bad.param.name; });

TEST(HttpServer, a_body_of_exactly_the_limit_is_served_whole) {
  Served served{{}, [](const Request& request) { return Response{.body = std::to_string(request.body.size())}; }};
  auto peer = served.connect();
  peer.send(post("/x", std::string(64 * 1024, 'x')));
  EXPECT_TRUE(has(peer.answer(), "\r\n\r\n65536"));
}

TEST(HttpServer, a_folded_header_line_is_one_value_and_starts_no_other) {
  Served served{{}, [](const Request& request) {
                  return Response{.body = std::string{request.header("X-Folded").value_or("none")} +
                                          std::string{request.header("Transfer-Encoding").value_or("/none")}};
                }};
  auto peer = served.connect();
  peer.send(get("/x", "X-Folded: a\r\n Transfer-Encoding: chunked\r\n"));
  const auto answer = peer.answer();
  EXPECT_TRUE(has(answer, "a Transfer-Encoding: chunked/none") || has(answer, " 400 ")) << *answer;
}

// --- slow and half ---

// RFC 9110 §15.5.9.
TEST(HttpServer, who_stops_within_a_request_is_told_408_dropped_and_counted) {
  for (const auto& half : {std::string{"G"}, std::string{"GET /x HTTP/1.1\r\nHost: a\r\n"},
                           std::string{"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n123"}}) {
    Served served{{.request_timeout = 50ms}};
    auto peer = served.connect();
    peer.send(half);
    const auto all = peer.rest();
    EXPECT_TRUE(all.starts_with("HTTP/1.1 408 ") && has(all, "X-Made: here") && has(all, "408 to 127.0.0.1")) << all;
    EXPECT_TRUE(has(all, "Connection: close")) << all;
    EXPECT_EQ(served.server().counters().dropped_slow, 1U);
    EXPECT_EQ(served.server().counters().requests_refused, 1U);
    EXPECT_TRUE(served.forgets_connections());
    EXPECT_TRUE(served.paths().empty());
  }
}

TEST(HttpServer, who_says_nothing_is_let_go_and_is_no_offender) {
  Served served{{.idle_timeout = 50ms}};
  auto silent = served.connect();
  EXPECT_EQ(silent.rest(), "");
  auto once = served.connect();
  once.send(get("/x"));
  EXPECT_TRUE(has(once.rest(), "/x"));
  EXPECT_EQ(served.server().counters().dropped_slow, 0U);
  EXPECT_TRUE(served.forgets_connections());
}

TEST(HttpServer, who_does_not_read_his_answer_is_dropped) {
  Served served{{.request_timeout = 50ms, .answer_bytes_per_second_min = std::size_t{1} << 40U},
                [](const Request&) { return Response{.body = std::string(64 * 1024 * 1024, 'x')}; }};
  auto peer = served.connect();
  peer.send(get("/x"));
  EXPECT_TRUE(served.counts([](const Counters& c) { return c.dropped_slow == 1; }));
  EXPECT_TRUE(served.forgets_connections());
}

TEST(HttpServer, half_a_request_and_an_end_leave_nothing_behind) {
  Served served;
  for (const auto& half : {std::string{}, std::string{"GET /x HT"},
                           std::string{"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n123"}}) {
    auto peer = served.connect();
    peer.send(half);
    peer.end_sending();
    EXPECT_EQ(peer.rest(), "");
  }
  EXPECT_TRUE(served.forgets_connections());
  EXPECT_EQ(served.server().counters().requests, 0U);
}

// --- bounds on what is open and what waits ---

TEST(HttpServer, one_connection_too_many_is_turned_away_and_those_that_are_open_are_served_on) {
  Served served{{.connections_max = 2}};
  auto first = served.connect();
  first.send(get("/1"));
  EXPECT_TRUE(first.answer());
  auto second = served.connect();
  second.send(get("/2"));
  EXPECT_TRUE(second.answer());
  auto third = served.connect();
  third.send(get("/3"));
  EXPECT_EQ(third.answer(), std::nullopt);
  first.send(get("/4"));
  EXPECT_TRUE(first.answer());
  EXPECT_EQ(served.server().counters().connections_refused, 1U);
  EXPECT_EQ(served.server().counters().connections_open, 2U);
}

TEST(HttpServer, where_all_are_taken_the_oldest_that_said_nothing_gives_way) {
  Served served{{.connections_max = 2}};
  auto known = served.connect();
  known.send(get("/1"));
  EXPECT_TRUE(known.answer());
  auto silent = served.connect();
  ASSERT_TRUE(served.counts([](const Counters& c) { return c.accepted == 2; }));
  auto third = served.connect();
  third.send(get("/3"));
  EXPECT_TRUE(third.answer());
  EXPECT_EQ(silent.rest(), "");
  known.send(get("/4"));
  EXPECT_TRUE(known.answer());
  EXPECT_EQ(served.server().counters().evicted, 1U);
  EXPECT_EQ(served.server().counters().connections_refused, 0U);
}

TEST(HttpServer, one_source_has_its_share_and_no_more) {
  Served served{{.connections_max = 8, .connections_per_source_max = 2}};
  auto first = served.connect(), second = served.connect();
  for (auto* const peer : {&first, &second}) {
    peer->send(get("/"));
    EXPECT_TRUE(peer->answer());
  }
  auto third = served.connect();
  third.send(get("/"));
  EXPECT_EQ(third.answer(), std::nullopt);
  EXPECT_EQ(served.server().counters().connections_refused, 1U);
}

TEST(HttpServer, without_memory_for_one_connection_the_next_is_accepted) {
  Served served;
  testing::fail_next_allocation_of(sizeof(Connection));
  auto lost = served.connect();
  EXPECT_EQ(lost.rest(), "");
  EXPECT_TRUE(served.counts([](const Counters& c) { return c.accepted == 1; }));
  auto peer = served.connect();
  peer.send(get("/x"));
  EXPECT_TRUE(has(peer.answer(), "/x"));
  ASSERT_EQ(served.faults().size(), 1U);
  EXPECT_TRUE(has(served.faults().front(), "event loop"));
  EXPECT_TRUE(served.counts([](const Counters& c) { return c.connections_open == 1; }));
}

TEST(HttpServer, a_full_queue_refuses_at_once_with_503_and_says_when_to_come_back) {
  Gate gate;
  Served served{{.queue_max = 1, .workers = 1}, [&](const Request& request) {
                  gate.pass();
                  return Served::echo(request);
                }};
  auto running = served.connect();
  running.send(get("/1"));
  gate.wait_for(1);
  auto waiting = served.connect();
  waiting.send(get("/2"));
  ASSERT_TRUE(served.counts([](const Counters& c) { return c.requests == 2; }));
  auto refused = served.connect();
  refused.send(get("/3"));
  const auto answer = refused.answer();
  EXPECT_TRUE(has(answer, "HTTP/1.1 503 ") && has(answer, "Retry-After: 1\r\n"));
  EXPECT_EQ(served.server().counters().queue_full, 1U);
  gate.open();
  EXPECT_TRUE(has(running.answer(), "/1"));
  EXPECT_TRUE(has(waiting.answer(), "/2"));
  refused.send(get("/4"));
  EXPECT_TRUE(has(refused.answer(), "/4"));
}

TEST(HttpServer, what_is_urgent_waits_behind_no_other_request) {
  Gate gate;
  Served served{{.queue_max = 1, .workers = 1, .urgent_workers = 1}, [&](const Request& request) {
                  if (request.path == "/slow") {
                    gate.pass();
                  }
                  return Served::echo(request);
                }};
  auto running = served.connect();
  running.send(get("/slow"));
  gate.wait_for(1);
  auto waiting = served.connect();
  waiting.send(get("/ordinary"));
  ASSERT_TRUE(served.counts([](const Counters& c) { return c.requests == 2; }));
  for (int i = 0; i < 3; ++i) {
    auto urgent = served.connect();
    urgent.send(get("/urgent"));
    EXPECT_TRUE(has(urgent.answer(), "/urgent"));
  }
  gate.open();
  EXPECT_TRUE(has(running.answer(), "/slow"));
  EXPECT_TRUE(has(waiting.answer(), "/ordinary"));
}

TEST(HttpServer, with_no_workers_of_its_own_what_is_urgent_is_served_as_all) {
  Served served;
  auto peer = served.connect();
  peer.send(get("/urgent"));
  EXPECT_TRUE(has(peer.answer(), "/urgent"));
}

// --- handlers that go wrong ---

TEST(HttpServer, a_handler_that_throws_or_answers_what_cannot_be_sent_is_a_500_and_is_told) {
  Served served{{}, [](const Request& request) -> Response {
                  if (request.path == "/throws") {
                    throw std::runtime_error{"of the test"};
                  }
                  if (request.path == "/splits") {
                    return {.headers = {{"X", "a\r\nSet-Cookie: b"}}};
                  }
                  return {.status = 99};
                }};
  for (const auto* const path : {"/throws", "/splits", "/status"}) {
    auto peer = served.connect();
    peer.send(get(path));
    const auto all = peer.rest();
    EXPECT_TRUE(all.starts_with("HTTP/1.1 500 ")) << all;
    EXPECT_FALSE(has(all, "Set-Cookie"));
    EXPECT_FALSE(has(all, "of the test"));
  }
  EXPECT_EQ(served.server().counters().handler_faults, 3U);
  ASSERT_EQ(served.faults().size(), 3U);
  EXPECT_TRUE(has(served.faults().front(), "/throws: of the test"));
}

TEST(HttpServer, stop_lets_running_handlers_finish_and_their_answers_leave) {
  Gate gate;
  Served served{{}, [&](const Request& request) {
                  gate.pass();
                  return Served::echo(request);
                }};
  auto peer = served.connect();
  peer.send(get("/x"));
  gate.wait_for(1);
  std::jthread stopper{[&] { served.server().stop(); }};
  gate.open();
  EXPECT_TRUE(has(peer.rest(), "/x"));
  stopper.join();
  EXPECT_EQ(served.server().counters().connections_open, 0U);
  EXPECT_THROW(static_cast<void>(served.connect()), std::runtime_error);
}

TEST(HttpServer, how_large_a_body_may_be_is_asked_by_path_whatever_the_form_of_the_target) {
  Server::Options options;
  options.handler = [](const Request& request) { return Response{.status = 200, .body = request.path}; };
  options.body_bytes_max = [](Method method, std::string_view path, const Peer& peer) {
    return method == Method::post && path == "/large" && peer.source == "127.0.0.1" ? std::size_t{128} * 1024 : 0;
  };
  const auto server = Server::start(std::move(options)).value();
  const std::string body(100'000, 'x');
  for (const auto& [target, status] : {std::pair{"/large", "200"},
                                       {"/large?a=b", "200"},
                                       {"http://a/large", "200"},
                                       {"http://a/large?a=b", "200"},
                                       {"/other", "413"},
                                       {"http://a/other", "413"}}) {
    test::WireSocket peer{server->port()};
    peer.send("POST " + std::string{target} + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: " +
              std::to_string(body.size()) + "\r\n\r\n");
    if (std::string_view{status} == "200") {
      peer.send(body);
    }
    EXPECT_TRUE(peer.rest().starts_with("HTTP/1.1 " + std::string{status})) << target;
  }
}

TEST(HttpServer, an_address_that_is_taken_or_is_none_is_refused_with_words) {
  Served served;
  Server::Options taken;
  taken.port = served.server().port();
  const auto second = Server::start(std::move(taken));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, Code::unavailable);
  Server::Options wrong;
  wrong.address = "not an address";
  EXPECT_EQ(Server::start(std::move(wrong)).error().code, Code::unavailable);
}

}  // namespace
}  // namespace birthmark::http
