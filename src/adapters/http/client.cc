// SPDX-License-Identifier: Apache-2.0
#include "adapters/http/client.h"

#include <algorithm>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <optional>
#include <variant>

#include "adapters/http/wire.h"

namespace birthmark::http {
namespace {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;
using boost::system::error_code;
using Plain = tcp::socket;
using Secure = asio::ssl::stream<tcp::socket>;
using Body = beast::http::vector_body<std::uint8_t>;

beast::http::verb verb_of(Method method) {
  switch (method) {
    case Method::get:
      return beast::http::verb::get;
    case Method::head:
      return beast::http::verb::head;
    case Method::post:
      return beast::http::verb::post;
    case Method::put:
      return beast::http::verb::put;
    case Method::del:
      return beast::http::verb::delete_;
    case Method::other:
      return beast::http::verb::options;
  }
  return beast::http::verb::options;
}

class AsioClient final : public Client {
 public:
  explicit AsioClient(Options options) : options_{std::move(options)} {
    if (options_.tls) {
      tls_.emplace(tls::add_reference(options_.tls->native()));
    }
  }

  Result<void> connect() override {
    if (open_ && !ended()) {
      return {};
    }
    close();
    BM_CHECK(open_socket());
    if (auto* const secure = std::get_if<Secure>(&*stream_)) {
      if (auto done = shake_hands(*secure); !done) {
        close();
        return fail(std::move(done).error());
      }
    }
    open_ = true;
    return {};
  }

  [[nodiscard]] const std::string& channel_binding() const override { return channel_binding_; }

  Result<Response> request(Method method, const std::string& target, std::vector<Header> headers,
                           BytesView body) override {
    BM_CHECK(can_be_sent(target, headers));
    const bool reused = open_;
    BM_CHECK(connect());
    auto answer = exchange(method, target, headers, body);
    if (!answer && reused && method != Method::post && answer.error().check == kNothingAnswered) {
      close();
      BM_CHECK(connect());
      answer = exchange(method, target, headers, body);
    }
    if (!answer) {
      close();
    }
    return answer;
  }

  [[nodiscard]] bool ended_within(std::chrono::milliseconds bound) override {
    if (!open_) {
      return true;
    }
    // Between exchanges the server has nothing to say but goodbye. A look through the TLS layer, as what a socket holds
    // need not be data.
    std::optional<error_code> seen;
    std::uint8_t byte = 0;
    const auto note = [&seen](const error_code& error, std::size_t) { seen = error; };
    std::visit([&](auto& stream) { stream.async_read_some(asio::buffer(&byte, 1), note); }, *stream_);
    io_.restart();
    io_.poll();
    if (!seen && bound.count() > 0) {
      io_.run_for(bound);
    }
    if (!seen) {
      error_code ignored;
      lowest().cancel(ignored);
      io_.restart();
      io_.run();
    }
    if (seen == asio::error::operation_aborted) {
      return false;
    }
    close();  // what the look took from the stream is gone: this connection is never used again
    return true;
  }

  void close() override {
    if (stream_) {
      error_code ignored;
      lowest().shutdown(tcp::socket::shutdown_both, ignored);
      lowest().close(ignored);
      stream_.reset();
    }
    open_ = false;
    channel_binding_.clear();
    buffer_.clear();
  }

 private:
  static constexpr const char* kNothingAnswered = "nothing_answered";

  static Result<void> can_be_sent(const std::string& target, const std::vector<Header>& headers) {
    const bool target_fits =
        target.starts_with('/') && std::ranges::all_of(target, [](char c) { return c > 0x20 && c < 0x7F; });
    const bool headers_fit = std::ranges::all_of(
        headers, [](const Header& header) { return is_token(header.name) && is_field_value(header.value); });
    return target_fits && headers_fit ? Result<void>{} : fail(Code::bad_request, "a target or header cannot be sent");
  }

  [[nodiscard]] std::string authority() const {
    const bool literal6 = options_.host.find(':') != std::string::npos;
    return (literal6 ? "[" + options_.host + "]" : options_.host) + ":" + std::to_string(options_.port);
  }

  tcp::socket& lowest() {
    if (auto* const secure = std::get_if<Secure>(&*stream_)) {
      return secure->next_layer();
    }
    return std::get<Plain>(*stream_);
  }

  /// Runs the loop until the pending operation called back or time is up.
  bool wait() {
    io_.restart();
    io_.run_for(options_.timeout);
    if (io_.stopped()) {
      return true;
    }
    error_code ignored;
    lowest().close(ignored);
    io_.run();
    return false;
  }

  Result<void> open_socket() {
    error_code error;
    tcp::resolver resolver{io_};
    const auto endpoints = resolver.resolve(options_.host, std::to_string(options_.port), error);
    if (error) {
      return fail(Code::unavailable, "cannot resolve " + options_.host + ": " + error.message());
    }
    if (tls_) {
      stream_.emplace(std::in_place_type<Secure>, io_, *tls_);
    } else {
      stream_.emplace(std::in_place_type<Plain>, io_);
    }
    asio::async_connect(lowest(), endpoints, [&](const error_code& result, const tcp::endpoint&) { error = result; });
    const bool in_time = wait();
    if (!in_time || error) {
      const auto words = in_time ? error.message() : std::string{"timed out"};
      close();
      return fail(Code::unavailable,
                  "cannot connect to " + options_.host + ":" + std::to_string(options_.port) + ": " + words);
    }
    lowest().set_option(tcp::no_delay{true}, error);
    return {};
  }

  Result<void> shake_hands(Secure& secure) {
    auto* const ssl = secure.native_handle();
    BM_CHECK(tls::expect_server(ssl, options_.host));
    error_code error;
    secure.async_handshake(asio::ssl::stream_base::client, [&](const error_code& result) { error = result; });
    if (!wait()) {
      return fail(Code::unavailable, "handshake timed out");
    }
    if (error) {
      const auto words = tls::refusal_words(ssl);
      return fail(Code::unauthenticated, "TLS: " + error.message() + (words.empty() ? "" : ": " + words));
    }
    BM_TRY(auto facts, tls::established(ssl));
    channel_binding_ = std::move(facts.channel_binding);
    return {};
  }

  Result<Response> exchange(Method method, const std::string& target, const std::vector<Header>& headers,
                            BytesView body) {
    beast::http::request<Body> message{verb_of(method), target, 11};
    message.set(beast::http::field::host, authority());
    for (const auto& header : headers) {
      message.insert(header.name, header.value);
    }
    message.body().assign(body.begin(), body.end());
    if (method != Method::get && method != Method::head) {
      message.content_length(body.size());
    }
    beast::http::response_parser<Body> parser;
    parser.body_limit(options_.body_bytes_max);
    error_code error;
    std::visit(
        [&](auto& stream) {
          beast::http::async_write(stream, message, [&](const error_code& written, std::size_t) {
            // Who refuses a body may say so, and end the connection, before he has read it all (RFC 9112 §9.5).
            beast::http::async_read(stream, buffer_, parser, [&, written](const error_code& read, std::size_t) {
              error = read && written ? written : read;
            });
          });
        },
        *stream_);
    if (!wait()) {
      return fail(Code::unavailable, "no answer in time from " + options_.host);
    }
    if (error == beast::http::error::body_limit) {
      return fail(Code::too_large, "the answer is larger than " + std::to_string(options_.body_bytes_max) + " bytes");
    }
    if (error) {
      return fail(Code::unavailable, options_.host + ": " + error.message(), parser.got_some() ? "" : kNothingAnswered);
    }
    return take(parser);
  }

  Result<Response> take(beast::http::response_parser<Body>& parser) {
    const bool keep_alive = parser.get().keep_alive();
    auto message = parser.release();
    Response answer{.status = static_cast<int>(message.result_int()), .headers = {}, .body = {}, .close = !keep_alive};
    for (const auto& field : message) {
      answer.headers.push_back({std::string{field.name_string()}, std::string{field.value()}});
    }
    answer.body.assign(message.body().begin(), message.body().end());
    if (!keep_alive) {
      close();
    }
    return answer;
  }

  Options options_;
  asio::io_context io_{1};
  std::optional<asio::ssl::context> tls_;
  std::optional<std::variant<Plain, Secure>> stream_;
  beast::flat_buffer buffer_;
  std::string channel_binding_;
  bool open_ = false;
};

}  // namespace

std::unique_ptr<Client> Client::create(Options options) {
  return std::make_unique<AsioClient>(std::move(options));
}

}  // namespace birthmark::http
