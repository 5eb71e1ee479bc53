// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>
#include <netdb.h>
#include <sys/socket.h>

#include <cstring>
#include <thread>

#include "agent/link/client.h"
#include "agent/link/fd_stream.h"
#include "agent/link/server.h"
#include "codec/frame.h"
#include "unit/agent/link/samples.h"

namespace birthmark::link {
namespace {

using namespace std::chrono_literals;

/// What a stream would give, piece by piece.
class ScriptedStream final : public Stream {
 public:
  explicit ScriptedStream(Bytes content, std::size_t piece) : content_{std::move(content)}, piece_{piece} {}
  Result<std::size_t> read(std::span<std::uint8_t> out) override {
    const auto size = std::min({piece_, out.size(), content_.size() - at_});
    std::copy_n(content_.begin() + static_cast<std::ptrdiff_t>(at_), size, out.begin());
    at_ += size;
    return size;
  }
  Result<void> write(BytesView bytes) override {
    append(written, bytes);
    return {};
  }
  Bytes written;

 private:
  Bytes content_;
  std::size_t piece_;
  std::size_t at_ = 0;
};

/// A device that answers with the samples, or with an error.
class SampleDevice final : public Device {
 public:
  Result<HelloReply> hello() override { return answer<HelloReply>(0); }
  Result<KeysReply> keys() override { return answer<KeysReply>(1); }
  Result<EvidenceReply> evidence(const EvidenceRequest& request) override {
    asked = request;
    return answer<EvidenceReply>(2);
  }
  Result<ActivateReply> activate(const ActivateRequest&) override { return answer<ActivateReply>(3); }
  Result<InstallReply> install(const InstallRequest& request) override {
    installed = request;
    return answer<InstallReply>(4);
  }
  Result<SealReply> seal(const SealRequest&) override { return answer<SealReply>(5); }
  Result<RetireReply> retire(const RetireRequest&) override { return answer<RetireReply>(6); }

  std::optional<Error> refuses;
  EvidenceRequest asked;
  InstallRequest installed;

 private:
  template <class T>
  Result<T> answer(std::size_t which) {
    if (refuses) {
      return fail(*refuses);
    }
    auto all = Samples::replies();
    return std::move(std::get<T>(all[which].body));
  }
};

struct Pair {
  Descriptor a;
  Descriptor b;
  Pair() {
    int ends[2] = {-1, -1};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    a = Descriptor{ends[0]};
    b = Descriptor{ends[1]};
  }
};

class Link : public ::testing::Test {
 protected:
  Link() {
    Pair pair;
    station_ = fd_stream(std::move(pair.a), 10s);
    served_ = std::thread{[this, end = std::make_shared<Descriptor>(std::move(pair.b))]() {
      const auto stream = fd_stream(std::move(*end), 10s);
      outcome_ = LinkServer{device_}.serve(*stream);
    }};
  }
  ~Link() override { static_cast<void>(end()); }
  Result<void> end() {
    station_.reset();
    if (served_.joinable()) {
      served_.join();
    }
    return outcome_;
  }

  SampleDevice device_;
  std::unique_ptr<Stream> station_;
  std::thread served_;
  Result<void> outcome_;
};

TEST_F(Link, every_question_gets_its_answer) {
  LinkClient client{*station_};
  EXPECT_EQ(client.hello().value().root_kind, "tpm");
  EXPECT_EQ(client.keys().value().tpm->ek_chain.size(), 2U);
  const EvidenceRequest asked{Samples::id<Nonce>(1), Samples::id<SessionId>(2), lifecycle::Purpose::provision, {}};
  EXPECT_EQ(client.evidence(asked).value().csr, Samples::blob(18, 300));
  EXPECT_EQ(client.activate({Samples::blob(1), Samples::blob(2)}).value().secret.reveal().size(), 32U);
  EXPECT_TRUE(client.install(Samples::install()));
  EXPECT_TRUE(client.seal({asked.nonce, asked.session, Samples::id<DeviceId>(3)}));
  EXPECT_TRUE(client.retire({asked.nonce, asked.session, Samples::id<DeviceId>(3)}));
  EXPECT_TRUE(end());
  EXPECT_EQ(device_.asked.nonce, asked.nonce);
  EXPECT_EQ(device_.installed, Samples::install());
}

TEST_F(Link, a_refusal_arrives_typed_and_the_link_goes_on) {
  device_.refuses = Error{Code::state_forbids, "no", "install.anchor"};
  LinkClient client{*station_};
  const auto refused = client.install(Samples::install());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), *device_.refuses);
  EXPECT_FALSE(client.hello());
  EXPECT_TRUE(end());
}

TEST_F(Link, a_request_that_no_frame_holds_is_refused_before_it_is_sent) {
  auto request = Samples::install();
  request.chain.assign(kChainMax, Bytes(kCertificateMaxBytes, 1));
  LinkClient client{*station_};
  const auto refused = client.install(request);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::too_large);
  EXPECT_TRUE(client.hello());
}

TEST_F(Link, what_is_no_request_is_told_and_ends_the_link) {
  const auto reply_as_request = frame::write_frame(write(Reply{1, InstallReply{}})).value();
  ASSERT_TRUE(station_->write(reply_as_request));
  const auto told = read_reply(read_frame(*station_).value()).value();
  EXPECT_EQ(std::get<ErrorReply>(told.body).error.code, Code::bad_request);
  EXPECT_EQ(read_frame(*station_).value(), Bytes{});
  const auto outcome = end();
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, Code::bad_request);
}

TEST(LinkFrames, come_whole_however_the_stream_is_cut) {
  const auto body = write(Request{6, Samples::install()});
  const auto framed = frame::write_frame(body).value();
  for (const std::size_t piece : {std::size_t{1}, std::size_t{3}, std::size_t{1000}, framed.size()}) {
    ScriptedStream stream{framed, piece};
    EXPECT_EQ(read_frame(stream).value(), body);
    EXPECT_EQ(read_frame(stream).value(), Bytes{});
  }
}

TEST(LinkFrames, that_end_early_claim_too_much_or_are_crowded_are_refused) {
  const auto framed = frame::write_frame(write(Request{1, HelloRequest{}})).value();
  for (std::size_t size = 1; size < framed.size(); ++size) {
    ScriptedStream stream{to_bytes(BytesView{framed}.first(size)), 4096};
    const auto cut = read_frame(stream);
    ASSERT_FALSE(cut);
    EXPECT_EQ(cut.error().code, Code::unavailable);
  }
  ScriptedStream large{Bytes{0xFF, 0xFF, 0xFF, 0xFF, 0xA0}, 4096};
  EXPECT_EQ(read_frame(large).error().code, Code::bad_request);
  auto two = framed;
  append(two, framed);
  ScriptedStream crowded{two, 4096};
  EXPECT_EQ(read_frame(crowded).error().code, Code::bad_request);
}

TEST(LinkClientReplies, to_another_question_or_of_another_kind_are_refused) {
  const auto answered = [](const Reply& reply) {
    ScriptedStream stream{frame::write_frame(write(reply)).value(), 4096};
    return LinkClient{stream}.hello();
  };
  EXPECT_TRUE(answered({1, HelloReply{}}));
  EXPECT_EQ(answered({2, HelloReply{}}).error().code, Code::bad_request);
  EXPECT_EQ(answered({1, InstallReply{}}).error().code, Code::bad_request);
  EXPECT_EQ(answered({2, ErrorReply{{Code::conflict, "x", {}}}}).error().code, Code::bad_request);
  EXPECT_EQ(answered({0, ErrorReply{{Code::conflict, "x", {}}}}).error().code, Code::conflict);
  ScriptedStream nothing{{}, 1};
  EXPECT_EQ(LinkClient{nothing}.hello().error().code, Code::unavailable);
}

TEST(LinkStreams, a_silent_peer_costs_the_bound_and_no_more) {
  Pair pair;
  const auto stream = fd_stream(std::move(pair.a), 1ms);
  std::array<std::uint8_t, 4> buffer{};
  EXPECT_EQ(stream->read(buffer).error().code, Code::unavailable);
  EXPECT_EQ(stream->write(Bytes(16UL * 1024 * 1024, 1)).error().code, Code::unavailable);
}

TEST(LinkStreams, a_peer_that_went_is_an_end_to_readers_and_an_error_to_writers) {
  Pair pair;
  const auto stream = fd_stream(std::move(pair.a), 10s);
  pair.b.close();
  std::array<std::uint8_t, 4> buffer{};
  EXPECT_EQ(stream->read(buffer).value(), 0U);
  EXPECT_FALSE(stream->write(buffer));
}

TEST(LinkStreams, tcp_connects_is_refused_where_nobody_listens_and_wakes) {
  auto listener = TcpListener::open({"127.0.0.1", 0}).value();
  ASSERT_NE(listener.endpoint().port, 0);
  const auto client = connect_tcp(listener.endpoint(), 10s);
  ASSERT_TRUE(client) << client.error().detail;
  EXPECT_TRUE(listener.accept());
  listener.wake();
  EXPECT_EQ(listener.accept().error().code, Code::unavailable);
  const auto endpoint = listener.endpoint();
  listener = TcpListener::open({"127.0.0.1", 0}).value();
  EXPECT_EQ(connect_tcp(endpoint, 10s).error().code, Code::conflict);
}

/// One of them refuses.
TEST(LinkStreams, a_name_is_tried_at_each_of_its_addresses) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  ASSERT_EQ(::getaddrinfo("localhost", nullptr, &hints, &found), 0);
  const bool several = found->ai_next != nullptr;
  ::freeaddrinfo(found);
  if (!several) {
    GTEST_SKIP() << "localhost has one address here";
  }
  auto listener = TcpListener::open({"127.0.0.1", 0}).value();
  const auto client = connect_tcp({"localhost", listener.endpoint().port}, 10s);
  ASSERT_TRUE(client) << client.error().detail;
  EXPECT_TRUE(listener.accept());
}

TEST(LinkStreams, a_child_is_spoken_to_and_ended) {
  const auto child = child_stream({"cat"}).value();
  ASSERT_TRUE(child->write(as_bytes("echo")));
  std::array<std::uint8_t, 16> buffer{};
  EXPECT_EQ(child->read(buffer).value(), 4U);
  EXPECT_EQ(as_text(BytesView{buffer}.first(4)), "echo");
  EXPECT_FALSE(child_stream({"no-such-program-anywhere"}));
}

TEST(LinkEndpoints, are_read_and_written) {
  EXPECT_EQ(to_text(parse_endpoint("127.0.0.1:80").value()), "127.0.0.1:80");
  EXPECT_EQ(parse_endpoint("[::1]:443").value().host, "::1");
  EXPECT_EQ(to_text(parse_endpoint("[::1]:443").value()), "[::1]:443");
  for (const auto* bad : {"", "host", ":80", "host:", "host:x", "host:65536", "host:-1", "host:80 "}) {
    EXPECT_FALSE(parse_endpoint(bad)) << bad;
  }
}

}  // namespace
}  // namespace birthmark::link
