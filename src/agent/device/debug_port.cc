// SPDX-License-Identifier: Apache-2.0
#include "agent/device/debug_port.h"

#include <thread>

namespace birthmark::agent {
namespace {

constexpr std::chrono::seconds kProbeTimeout{2};

}  // namespace

struct DebugPort::Impl {
  std::optional<link::TcpListener> listener;
  link::Endpoint endpoint;
  std::jthread thread;

  void serve() {
    while (true) {
      auto probe = listener->accept();
      if (!probe) {
        return;
      }
      // One at a time; a probe that does not read loses its line.
      static_cast<void>(link::fd_stream(std::move(*probe), kProbeTimeout)->write(as_bytes(kIdcode)));
    }
  }
};

DebugPort::DebugPort(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {}
DebugPort::~DebugPort() {
  close();
}

Result<std::unique_ptr<DebugPort>> DebugPort::open(const link::Endpoint& at) {
  auto impl = std::make_unique<Impl>();
  BM_TRY(auto listener, link::TcpListener::open(at));
  impl->listener = std::move(listener);
  impl->endpoint = impl->listener->endpoint();
  impl->thread = std::jthread{[raw = impl.get()] { raw->serve(); }};
  return std::unique_ptr<DebugPort>{new DebugPort{std::move(impl)}};
}

const link::Endpoint& DebugPort::endpoint() const {
  return impl_->endpoint;
}

void DebugPort::close() {
  if (!impl_->thread.joinable()) {
    return;
  }
  impl_->listener->wake();
  impl_->thread.join();
  impl_->listener.reset();
}

}  // namespace birthmark::agent
