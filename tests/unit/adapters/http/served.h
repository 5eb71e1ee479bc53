// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "adapters/http/server.h"
#include "support/comes_true.h"
#include "support/wire_socket.h"

namespace birthmark::http::testing {

using test::comes_true;

/// A door that the test opens: what passes it waits until then.
class Gate {
 public:
  void pass() {
    std::unique_lock lock{mutex_};
    ++waiting_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_; });
  }
  void open() {
    const std::scoped_lock lock{mutex_};
    open_ = true;
    changed_.notify_all();
  }
  /// Until `count` callers have come to the door.
  void wait_for(unsigned count) {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [&] { return waiting_ >= count; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  unsigned waiting_ = 0;
  bool open_ = false;
};

/// A listener whose handler writes down what it was asked, and answers with method, path and body.
class Served {
 public:
  explicit Served(Limits limits = {}, Handler handler = {}) {
    Server::Options options;
    options.limits = limits;
    options.handler = [this, handler = std::move(handler)](const Request& request) {
      {
        const std::scoped_lock lock{mutex_};
        paths_.push_back(request.path);
      }
      return handler ? handler(request) : echo(request);
    };
    options.urgent = [](Method, std::string_view path, const Peer&) { return path.starts_with("/urgent"); };
    options.on_fault = [this](std::string_view what) {
      const std::scoped_lock lock{mutex_};
      faults_.emplace_back(what);
    };
    options.error_response = [](int status, const Peer& peer) {
      return Response{
          .status = 0, .headers = {{"X-Made", "here"}}, .body = std::to_string(status) + " to " + peer.address + "\n"};
    };
    server_ = Server::start(std::move(options)).value();
  }

  static Response echo(const Request& request) {
    return {.status = 200,
            .headers = {{"Content-Type", "text/plain"}},
            .body = request.path + "?" + request.query + " " + std::string{as_text(request.body)}};
  }
  [[nodiscard]] test::WireSocket connect() const { return test::WireSocket{server_->port()}; }
  Server& server() { return *server_; }
  std::vector<std::string> paths() {
    const std::scoped_lock lock{mutex_};
    return paths_;
  }
  std::vector<std::string> faults() {
    const std::scoped_lock lock{mutex_};
    return faults_;
  }
  /// As `comes_true`, of the counters.
  bool counts(const std::function<bool(const Counters&)>& fact) {
    return comes_true([&] { return fact(server_->counters()); });
  }
  bool forgets_connections() {
    return counts([](const Counters& c) { return c.connections_open == 0; });
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> paths_;
  std::vector<std::string> faults_;
  std::unique_ptr<Server> server_;  // ends first: its workers use the rest
};

inline std::string get(std::string_view path, std::string_view more = {}) {
  return "GET " + std::string{path} + " HTTP/1.1\r\nHost: a\r\n" + std::string{more} + "\r\n";
}
inline std::string post(std::string_view path, std::string_view body, std::string_view more = {}) {
  return "POST " + std::string{path} + " HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n" + std::string{more} + "\r\n" + std::string{body};
}
inline bool has(const std::optional<std::string>& text, std::string_view part) {
  return text && text->find(part) != std::string::npos;
}

}  // namespace birthmark::http::testing
