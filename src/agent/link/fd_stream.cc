// SPDX-License-Identifier: Apache-2.0
#include "agent/link/fd_stream.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>

extern char** environ;  // NOLINT: POSIX declares it nowhere

namespace birthmark::link {
namespace {

tl::unexpected<Error> broken(const std::string& what, int error) {
  return fail(Code::unavailable, what + ": " + std::strerror(error));
}

/// Waits until `fd` can be read or written. @error unavailable: not in time
Result<void> wait_for(int fd, short events, std::chrono::milliseconds timeout) {
  pollfd one{fd, events, 0};
  while (true) {
    const int ready = ::poll(&one, 1, static_cast<int>(timeout.count()));
    if (ready > 0) {
      return {};
    }
    if (ready == 0) {
      return fail(Code::unavailable, "link: the other side says nothing");
    }
    if (errno != EINTR) {
      return broken("link", errno);
    }
  }
}

class FdStream final : public Stream {
 public:
  FdStream(Descriptor in, Descriptor out, std::chrono::milliseconds timeout)
      : in_{std::move(in)}, out_{std::move(out)}, timeout_{timeout} {}

  Result<std::size_t> read(std::span<std::uint8_t> out) override {
    while (true) {
      BM_CHECK(wait_for(in_.get(), POLLIN, timeout_));
      const auto size = ::read(in_.get(), out.data(), out.size());
      if (size >= 0) {
        return static_cast<std::size_t>(size);
      }
      if (errno == ECONNRESET) {
        return std::size_t{0};
      }
      if (errno != EINTR && errno != EAGAIN) {
        return broken("link", errno);
      }
    }
  }

  Result<void> write(BytesView bytes) override {
    const int fd = out_.open() ? out_.get() : in_.get();
    while (!bytes.empty()) {
      BM_CHECK(wait_for(fd, POLLOUT, timeout_));
      // A peer that went away is an error here and no signal: send() where it is a socket.
      // It takes what there is room for and does not wait: the time of a stalled peer is counted above.
      auto size = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (size < 0 && errno == ENOTSOCK) {
        size = ::write(fd, bytes.data(), bytes.size());
      }
      if (size >= 0) {
        bytes = bytes.subspan(static_cast<std::size_t>(size));
        continue;
      }
      if (errno != EINTR && errno != EAGAIN) {
        return broken("link", errno);
      }
    }
    return {};
  }

 private:
  Descriptor in_;
  Descriptor out_;  ///< closed: `in_` is for both ways
  std::chrono::milliseconds timeout_;
};

/// The stream of a child, with its end.
class ChildStream final : public Stream {
 public:
  ChildStream(std::unique_ptr<Stream> stream, pid_t pid) : stream_{std::move(stream)}, pid_{pid} {}
  ~ChildStream() override {
    stream_.reset();
    ::kill(pid_, SIGTERM);
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  Result<std::size_t> read(std::span<std::uint8_t> out) override { return stream_->read(out); }
  Result<void> write(BytesView bytes) override { return stream_->write(bytes); }

 private:
  std::unique_ptr<Stream> stream_;
  pid_t pid_;
};

struct FreeAddresses {
  void operator()(addrinfo* list) const noexcept { ::freeaddrinfo(list); }
};
using Addresses = std::unique_ptr<addrinfo, FreeAddresses>;

Result<Addresses> resolve(const Endpoint& endpoint, int flags) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags | AI_NUMERICSERV;
  addrinfo* list = nullptr;
  const int error = ::getaddrinfo(endpoint.host.c_str(), std::to_string(endpoint.port).c_str(), &hints, &list);
  if (error != 0) {
    return fail(Code::unavailable, endpoint.host + ": " + ::gai_strerror(error));
  }
  return Addresses{list};
}

/// @param started errno of connect(), 0 if it is done; over loopback a refusal comes at once.
Result<void> finish_connecting(int fd, int started, const std::string& where, std::chrono::milliseconds timeout) {
  int error = started;
  if (started == EINPROGRESS) {
    BM_CHECK(wait_for(fd, POLLOUT, timeout));
    socklen_t size = sizeof error;
    ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
  }
  if (error == ECONNREFUSED) {
    return fail(Code::conflict, where + " refuses connections");
  }
  return error == 0 ? Result<void>{} : broken(where, error);
}

}  // namespace

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  if (this != &other) {
    close();
    fd_ = std::exchange(other.fd_, -1);
  }
  return *this;
}

void Descriptor::close() {
  if (fd_ >= 0) {
    ::close(std::exchange(fd_, -1));
  }
}

Result<Endpoint> parse_endpoint(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) {
    return fail(Code::bad_request, "an address is HOST:PORT");
  }
  auto host = text.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  const auto digits = text.substr(colon + 1);
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc{} || end != digits.data() + digits.size()) {
    return fail(Code::bad_request, "a port is a number below 65536");
  }
  return Endpoint{std::string{host}, port};
}

std::string to_text(const Endpoint& endpoint) {
  const bool v6 = endpoint.host.find(':') != std::string::npos;
  return (v6 ? "[" + endpoint.host + "]" : endpoint.host) + ":" + std::to_string(endpoint.port);
}

std::unique_ptr<Stream> fd_stream(Descriptor in, Descriptor out, std::chrono::milliseconds timeout) {
  return std::make_unique<FdStream>(std::move(in), std::move(out), timeout);
}
std::unique_ptr<Stream> fd_stream(Descriptor both, std::chrono::milliseconds timeout) {
  return std::make_unique<FdStream>(std::move(both), Descriptor{}, timeout);
}
std::unique_ptr<Stream> stdio_stream(std::chrono::milliseconds timeout) {
  return fd_stream(Descriptor{::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)},
                   Descriptor{::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3)}, timeout);
}

Result<Descriptor> connect_tcp(const Endpoint& to, std::chrono::milliseconds timeout) {
  BM_TRY(const auto addresses, resolve(to, 0));
  std::optional<Error> failed;  // refused only where every address refuses
  for (const addrinfo* a = addresses.get(); a != nullptr; a = a->ai_next) {
    Descriptor socket{::socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    if (!socket.open()) {
      return broken("socket", errno);
    }
    const int started = ::connect(socket.get(), a->ai_addr, a->ai_addrlen) == 0 ? 0 : errno;
    auto connected = finish_connecting(socket.get(), started, to_text(to), timeout);
    if (connected) {
      const int on = 1;
      ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      return socket;
    }
    if (!failed || failed->code == Code::conflict) {
      failed = std::move(connected).error();
    }
  }
  return fail(failed.value_or(Error{Code::unavailable, to.host + ": no address"}));
}

Result<TcpListener> TcpListener::open(const Endpoint& at) {
  BM_TRY(const auto addresses, resolve(at, AI_PASSIVE));
  const addrinfo& a = *addresses;
  TcpListener listener;
  listener.socket_ = Descriptor{::socket(a.ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  const int fd = listener.socket_.get();
  const int on = 1;
  if (fd < 0 || ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
      ::bind(fd, a.ai_addr, a.ai_addrlen) != 0 || ::listen(fd, 8) != 0) {
    return broken("cannot listen on " + to_text(at), errno);
  }
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &size) != 0) {
    return broken("getsockname", errno);
  }
  const auto port = bound.ss_family == AF_INET6 ? reinterpret_cast<const sockaddr_in6*>(&bound)->sin6_port
                                                : reinterpret_cast<const sockaddr_in*>(&bound)->sin_port;
  listener.endpoint_ = {at.host, ntohs(port)};
  return listener;
}

Result<Descriptor> TcpListener::accept() {
  while (true) {
    Descriptor connection{::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC)};
    if (connection.open()) {
      const int on = 1;
      ::setsockopt(connection.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      return connection;
    }
    if (errno != EINTR && errno != ECONNABORTED) {
      return broken("accept", errno);
    }
  }
}

void TcpListener::wake() {
  ::shutdown(socket_.get(), SHUT_RDWR);
}

Result<std::unique_ptr<Stream>> child_stream(const std::vector<std::string>& argv, std::chrono::milliseconds timeout) {
  int ends[2] = {-1, -1};
  if (argv.empty() || ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    return fail(Code::unavailable, "link: no program, or no socket for it");
  }
  Descriptor ours{ends[0]};
  const Descriptor theirs{ends[1]};
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, theirs.get(), STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, theirs.get(), STDOUT_FILENO);
  std::vector<char*> words;
  for (const auto& word : argv) {
    words.push_back(const_cast<char*>(word.c_str()));  // NOLINT: execve's signature; it writes nothing
  }
  words.push_back(nullptr);
  pid_t pid = -1;
  const int error = ::posix_spawnp(&pid, words[0], &actions, nullptr, words.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (error != 0) {
    return broken(argv[0], error);
  }
  return std::unique_ptr<Stream>{std::make_unique<ChildStream>(fd_stream(std::move(ours), timeout), pid)};
}

}  // namespace birthmark::link
