// SPDX-License-Identifier: Apache-2.0
#include "adapters/http/connection.h"

#include <boost/asio/ip/network_v6.hpp>

#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <utility>

namespace birthmark::http {
namespace {

constexpr std::size_t kFirstReadBytes = 4096;
constexpr std::size_t kReadAheadBytes = 64 * 1024;  // what one read of Beast may take beyond the header
constexpr std::size_t kDrainBytesMax = 256 * 1024;
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

std::variant<Plain, Secure> make_stream(Shared& shared, tcp::socket socket) {
  if (shared.tls) {
    return std::variant<Plain, Secure>{std::in_place_type<Secure>, std::move(socket), *shared.tls};
  }
  return std::variant<Plain, Secure>{std::in_place_type<Plain>, std::move(socket)};
}

}  // namespace

std::string source_of(const asio::ip::address& address) {
  if (!address.is_v6()) {
    return address.to_string();
  }
  const auto v6 = address.to_v6();
  constexpr unsigned short kNetworkBits = 64;
  return v6.is_v4_mapped() ? asio::ip::make_address_v4(asio::ip::v4_mapped, v6).to_string()
                           : asio::ip::make_network_v6(v6, kNetworkBits).canonical().to_string();
}

void Shared::fault(std::string_view what) const noexcept {
  try {
    if (options.on_fault) {
      options.on_fault(what);
    }
  } catch (...) {  // NOLINT(bugprone-empty-catch): a log that throws must not end the server
  }
}

void Shared::refused(const Peer& peer, const Error& why) const noexcept {
  try {
    if (options.on_refusal) {
      options.on_refusal(peer, why);
      return;
    }
    fault("handshake with " + peer.address + ": " + std::string{info(why.code).name} + ": " + why.detail);
  } catch (...) {  // NOLINT(bugprone-empty-catch): as above
  }
}

Answer Shared::refusal(int status, const Peer& peer, bool keep_alive, AnswerTo method) const {
  Response response;
  try {
    response = options.error_response ? options.error_response(status, peer) : Response{};
  } catch (...) {
    response = {};
    fault("the maker of error answers threw");
  }
  response.status = status;
  response.close = !keep_alive;
  const bool says_when =
      std::ranges::any_of(response.headers, [](const Header& header) { return header.name == "Retry-After"; });
  if (status == 503 && !says_when) {
    response.headers.push_back({"Retry-After", "1"});
  }
  if (auto answer = answer_from(std::move(response), keep_alive, method)) {
    return std::move(*answer);
  }
  return answer_from({.status = status, .headers = {}, .body = {}, .close = true}, false, method).value();
}

std::shared_ptr<Connection> Shared::find(std::uint64_t number) {
  const std::scoped_lock lock{mutex};
  const auto at = connections.find(number);
  return at == connections.end() ? nullptr : at->second.lock();
}

std::vector<std::shared_ptr<Connection>> Shared::live() {
  std::vector<std::shared_ptr<Connection>> found;
  const std::scoped_lock lock{mutex};
  found.reserve(connections.size());
  for (const auto& [number, weak] : connections) {
    if (auto connection = weak.lock()) {
      found.push_back(std::move(connection));
    }
  }
  return found;
}

Connection::Connection(std::shared_ptr<Shared> shared, tcp::socket socket, std::uint64_t number)
    : shared_{std::move(shared)},
      timer_{socket.get_executor()},
      stream_{make_stream(*shared_, std::move(socket))},
      buffer_{shared_->options.limits.header_bytes_max + kReadAheadBytes} {
  peer_.connection = number;
  error_code ignored;
  const auto address = lowest().remote_endpoint(ignored).address();
  peer_.address = address.to_string();
  peer_.source = source_of(address);
  lowest().set_option(tcp::no_delay{true}, ignored);
  ++shared_->counters.connections_open;
}

Connection::~Connection() {
  {
    const std::scoped_lock lock{shared_->mutex};
    shared_->connections.erase(peer_.connection);
  }
  --shared_->counters.connections_open;
  shared_->admission->leave(peer_.connection);
}

void Connection::start() {
  {
    const std::scoped_lock lock{shared_->mutex};
    shared_->connections.emplace(peer_.connection, weak_from_this());
  }
  asio::dispatch(timer_.get_executor(), [self = shared_from_this()] { self->handshake(); });
}

bool Connection::cut(const Owners& owners) {
  const auto known = owner_.load(std::memory_order_acquire);
  if (known != 0 && !owners->contains(known)) {
    return false;
  }
  // Whoever is in the handshake may have been let in by the verifier a moment ago: only the strand can tell.
  asio::post(timer_.get_executor(), [self = shared_from_this(), owners] { self->close_if_owned_by(owners); });
  return known != 0;
}

void Connection::close_if_owned_by(const Owners& owners) {
  auto* const secure = std::get_if<Secure>(&stream_);
  if (closed_ || secure == nullptr || !owners->contains(tls::owner_of(secure->native_handle()))) {
    return;
  }
  ++shared_->counters.cut;
  close(Ending::reset);
}

void Connection::give_way() {
  ++shared_->counters.evicted;
  asio::post(timer_.get_executor(), [self = shared_from_this()] { self->close(Ending::reset); });
}

/// From now on it gives way to nobody.
void Connection::prove() {
  if (!std::exchange(proven_, true)) {
    shared_->admission->prove(peer_.connection);
  }
}

void Connection::shut() {
  asio::post(timer_.get_executor(), [self = shared_from_this()] { self->close(Ending::quiet); });
}

tcp::socket& Connection::lowest() {
  if (auto* const secure = std::get_if<Secure>(&stream_)) {
    return secure->next_layer();
  }
  return std::get<Plain>(stream_);
}

void Connection::expire_after(std::chrono::milliseconds time, Slow slow) {
  timer_.expires_after(time);
  timer_.async_wait([weak = weak_from_this(), turn = ++turn_, slow](const error_code& error) {
    const auto self = weak.lock();
    if (error || !self || self->turn_ != turn || self->closed_) {
      return;
    }
    self->expired(slow);
  });
}

void Connection::expired(Slow slow) {
  shared_->counters.dropped_slow += slow == Slow::expected ? 0 : 1;
  if (slow != Slow::told) {
    close(Ending::reset);
    return;
  }
  late_ = true;
  error_code ignored;
  lowest().cancel(ignored);  // the read that waits ends, and answers
}

void Connection::calm() {
  ++turn_;
  timer_.cancel();
}

void Connection::close(Ending ending) {
  if (std::exchange(closed_, true)) {
    return;
  }
  calm();
  error_code ignored;
  if (ending == Ending::reset) {
    lowest().set_option(asio::socket_base::linger{true, 0}, ignored);
  } else {
    lowest().shutdown(tcp::socket::shutdown_both, ignored);
  }
  lowest().close(ignored);
}

void Connection::handshake() {
  auto* const secure = std::get_if<Secure>(&stream_);
  if (secure == nullptr) {
    await_request();
    return;
  }
  expire_after(shared_->options.limits.request_timeout, Slow::offence);
  secure->async_handshake(asio::ssl::stream_base::server,
                          [self = shared_from_this()](const error_code& error) { self->after_handshake(error); });
}

void Connection::after_handshake(const error_code& error) {
  calm();
  auto* const ssl = std::get<Secure>(stream_).native_handle();
  auto facts = error ? Result<tls::Established>{fail(Code::unauthenticated, error.message())}
                     : tls::established(ssl, shared_->options.tls->extended_master_secret());
  if (closed_) {
    return;
  }
  if (!facts) {
    ++shared_->counters.handshakes_failed;
    const auto refusal = error ? tls::refusal_of(ssl) : std::optional{facts.error()};
    if (refusal) {
      shared_->refused(peer_, *refusal);
    } else {
      shared_->fault("handshake with " + peer_.address + ": " + facts.error().detail);
    }
    drain();  // the alert that says why has to arrive
    return;
  }
  peer_.certificate = std::move(facts->peer_certificate);
  peer_.channel_binding = std::move(facts->channel_binding);
  owner_.store(facts->owner, std::memory_order_release);
  if (!peer_.certificate.empty()) {
    prove();
  }
  await_request();
}

void Connection::await_request() {
  if (buffer_.size() != 0) {
    read_header();
    return;
  }
  // Waits for the first byte under the idle timeout; from then on the whole request has to arrive in time.
  expire_after(shared_->options.limits.idle_timeout, Slow::expected);
  with_stream([this](auto& stream) {
    stream.async_read_some(buffer_.prepare(kFirstReadBytes),
                           [self = shared_from_this()](const error_code& error, std::size_t size) {
                             if (error) {
                               self->close(Ending::quiet);
                               return;
                             }
                             self->buffer_.commit(size);
                             self->read_header();
                           });
  });
}

void Connection::read_header() {
  expire_after(shared_->options.limits.request_timeout, Slow::told);
  parser_.emplace();
  parser_->header_limit(static_cast<std::uint32_t>(shared_->options.limits.header_bytes_max));
  const auto& options = shared_->options;
  parser_->body_limit(options.body_bytes_max ? options.limits.large_body_bytes_max : options.limits.body_bytes_max);
  with_stream([this](auto& stream) {
    beast::http::async_read_header(
        stream, buffer_, *parser_,
        [self = shared_from_this()](const error_code& error, std::size_t) { self->after_header(error); });
  });
}

void Connection::after_header(const error_code& error) {
  if (error || late_) {
    refuse_unreadable(error);
    return;
  }
  // Before the body: a request that could be read as two is not read on (AC-26).
  if (framing_fault(parser_->get()) != nullptr) {
    refuse(400);
    return;
  }
  if (!body_fits()) {
    refuse(413);
    return;
  }
  if (parser_->is_done()) {
    serve();
    return;
  }
  const auto expects = parser_->get()[beast::http::field::expect];
  if (beast::iequals(expects, "100-continue") && buffer_.size() == 0) {
    tell_to_continue();
    return;
  }
  read_body();
}

bool Connection::body_fits() const {
  const auto& options = shared_->options;
  const auto length = parser_->content_length();
  if (!length || *length <= options.limits.body_bytes_max) {
    return true;
  }
  const auto& head = parser_->get();
  const auto target = split_target({head.target().data(), head.target().size()});
  return options.body_bytes_max && *length <= options.body_bytes_max(method_of(head.method()), target.path, peer_);
}

void Connection::tell_to_continue() {
  with_stream([this](auto& stream) {
    asio::async_write(stream, asio::buffer(kContinue),
                      [self = shared_from_this()](const error_code& error, std::size_t) {
                        if (error) {
                          self->close(Ending::quiet);
                          return;
                        }
                        self->read_body();
                      });
  });
}

void Connection::read_body() {
  with_stream([this](auto& stream) {
    beast::http::async_read(stream, buffer_, *parser_,
                            [self = shared_from_this()](const error_code& error, std::size_t) {
                              if (error || self->late_) {
                                self->refuse_unreadable(error);
                                return;
                              }
                              self->serve();
                            });
  });
}

void Connection::refuse_unreadable(const error_code& error) {
  if (late_ && !closed_) {
    refuse(408);
    return;
  }
  if (const auto status = status_of(error)) {
    refuse(*status);
    return;
  }
  close(Ending::quiet);
}

void Connection::refuse(int status) {
  ++shared_->counters.requests_refused;
  write(shared_->refusal(status, peer_, false, AnswerTo::other));
}

void Connection::serve() {
  calm();
  prove();
  ++shared_->counters.requests;
  const bool keep_alive = parser_->get().keep_alive();
  const auto method = parser_->get().method() == beast::http::verb::head ? AnswerTo::head : AnswerTo::other;
  auto request = std::make_shared<const Request>(request_from(parser_->release(), peer_));
  parser_.reset();
  auto& workers = shared_->urgent_workers && shared_->options.urgent(request->method, request->path, *request->peer)
                      ? *shared_->urgent_workers
                      : *shared_->workers;
  auto job = [self = shared_from_this(), request = std::move(request), keep_alive, method] {
    auto answer = std::make_shared<Answer>(self->answer_to(*request, keep_alive, method));
    asio::post(self->timer_.get_executor(), [self, answer = std::move(answer)] { self->write(std::move(*answer)); });
  };
  if (!workers.post(std::move(job))) {
    ++shared_->counters.queue_full;
    write(shared_->refusal(503, peer_, keep_alive, method));
  }
}

Answer Connection::answer_to(const Request& request, bool keep_alive, AnswerTo method) const {
  std::string why;
  try {
    auto answer = answer_from(shared_->options.handler(request), keep_alive, method);
    if (answer) {
      return std::move(*answer);
    }
    why = answer.error().detail;
  } catch (const std::exception& exception) {
    why = exception.what();
  } catch (...) {
    why = "not a standard exception";
  }
  ++shared_->counters.handler_faults;
  shared_->fault("handler of " + request.path + ": " + why);
  return shared_->refusal(500, peer_, false, method);
}

void Connection::write(Answer&& answer) {
  if (closed_) {
    return;
  }
  answer_.emplace(std::move(answer));
  const auto& limits = shared_->options.limits;
  const std::chrono::seconds at_rate{answer_->body().size() / limits.answer_bytes_per_second_min};
  expire_after(limits.request_timeout + at_rate, Slow::offence);
  with_stream([this](auto& stream) {
    beast::http::async_write(stream, *answer_, [self = shared_from_this()](const error_code& error, std::size_t) {
      self->after_write(error);
    });
  });
}

void Connection::after_write(const error_code& error) {
  calm();
  if (error) {
    close(Ending::reset);
    return;
  }
  const bool goes_on = answer_->keep_alive();
  answer_.reset();
  if (!goes_on) {
    say_goodbye();
    return;
  }
  if (buffer_.size() == 0) {
    buffer_.shrink_to_fit();
  }
  await_request();
}

void Connection::say_goodbye() {
  auto* const secure = std::get_if<Secure>(&stream_);
  if (secure == nullptr || closed_) {
    drain();
    return;
  }
  expire_after(shared_->options.limits.linger, Slow::expected);
  secure->async_shutdown([self = shared_from_this()](const error_code&) { self->drain(); });
}

/// Closing with unread input would make the system throw away the answer on its way (RFC 9112 §9.6).
void Connection::drain() {
  if (closed_) {
    return;
  }
  if (drained_ == 0) {
    error_code ignored;
    lowest().shutdown(tcp::socket::shutdown_send, ignored);
    expire_after(shared_->options.limits.linger, Slow::expected);
  }
  buffer_.clear();
  lowest().async_read_some(buffer_.prepare(kFirstReadBytes),
                           [self = shared_from_this()](const error_code& error, std::size_t size) {
                             self->drained_ += size;
                             if (error || self->drained_ > kDrainBytesMax) {
                               self->close(Ending::quiet);
                               return;
                             }
                             self->drain();
                           });
}

}  // namespace birthmark::http
