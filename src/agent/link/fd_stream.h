// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "agent/link/stream.h"

namespace birthmark::link {

/// One open descriptor, closed when it goes.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_{fd} {}
  Descriptor(Descriptor&& other) noexcept : fd_{std::exchange(other.fd_, -1)} {}
  Descriptor& operator=(Descriptor&& other) noexcept;
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { close(); }
  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool open() const { return fd_ >= 0; }
  void close();

 private:
  int fd_ = -1;
};

/// "127.0.0.1:4711" or "[::1]:4711" or "name:4711". @error bad_request
struct Endpoint {
  std::string host;
  std::uint16_t port = 0;
};
Result<Endpoint> parse_endpoint(std::string_view text);
std::string to_text(const Endpoint& endpoint);

inline constexpr std::chrono::milliseconds kLinkTimeout{60'000};

/// A stream over two descriptors, or one both ways.
/// @param timeout longest wait for the other side within one read or write.
std::unique_ptr<Stream> fd_stream(Descriptor in, Descriptor out, std::chrono::milliseconds timeout = kLinkTimeout);
std::unique_ptr<Stream> fd_stream(Descriptor both, std::chrono::milliseconds timeout = kLinkTimeout);

/// Standard input and output of this process. Nothing else may be written there.
std::unique_ptr<Stream> stdio_stream(std::chrono::milliseconds timeout = kLinkTimeout);

/// @error unavailable: nobody answers there in time; conflict: refused by the other side (nobody listens), at
/// every address of the name.
Result<Descriptor> connect_tcp(const Endpoint& to, std::chrono::milliseconds timeout);

/// Waits for connections on one address.
class TcpListener {
 public:
  /// @param at port 0: any free one. @error unavailable
  static Result<TcpListener> open(const Endpoint& at);
  [[nodiscard]] const Endpoint& endpoint() const { return endpoint_; }
  /// The next connection. @error unavailable: also after `wake`.
  Result<Descriptor> accept();
  /// Ends every present and later `accept`, from any thread.
  void wake();

 private:
  Descriptor socket_;
  Endpoint endpoint_;
};

/// A program whose standard input and output are the link; ended, if it has not ended, when the stream goes.
/// @param argv argv[0] is a path or a name looked up in PATH. @error unavailable: no such program
Result<std::unique_ptr<Stream>> child_stream(const std::vector<std::string>& argv,
                                             std::chrono::milliseconds timeout = kLinkTimeout);

}  // namespace birthmark::link
