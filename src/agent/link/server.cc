// SPDX-License-Identifier: Apache-2.0
#include "agent/link/server.h"

#include "codec/frame.h"

namespace birthmark::link {
namespace {

template <class Body>
Reply reply_of(std::uint32_t id, Result<Body> outcome) {
  if (!outcome) {
    return {id, ErrorReply{std::move(outcome).error()}};
  }
  return {id, std::move(*outcome)};
}

Result<void> send(Stream& stream, const Reply& reply) {
  auto framed = frame::write_frame(write(reply));
  if (!framed) {
    BM_TRY(framed,
           frame::write_frame(write(Reply{reply.id, ErrorReply{{Code::too_large, "the reply is too large", {}}}})));
  }
  return stream.write(*framed);
}

}  // namespace

Reply LinkServer::answer(const Request& request) {
  struct Dispatch {
    Device& device;
    std::uint32_t id;
    Reply operator()(const HelloRequest&) const { return reply_of(id, device.hello()); }
    Reply operator()(const KeysRequest&) const { return reply_of(id, device.keys()); }
    Reply operator()(const EvidenceRequest& m) const { return reply_of(id, device.evidence(m)); }
    Reply operator()(const ActivateRequest& m) const { return reply_of(id, device.activate(m)); }
    Reply operator()(const InstallRequest& m) const { return reply_of(id, device.install(m)); }
    Reply operator()(const SealRequest& m) const { return reply_of(id, device.seal(m)); }
    Reply operator()(const RetireRequest& m) const { return reply_of(id, device.retire(m)); }
  };
  return std::visit(Dispatch{device_, request.id}, request.body);
}

Result<void> LinkServer::serve(Stream& stream) {
  while (true) {
    auto body = read_frame(stream);
    if (body && body->empty()) {
      return {};
    }
    auto request = body ? read_request(*body) : Result<Request>{fail(std::move(body).error())};
    if (!request) {
      if (request.error().code == Code::bad_request) {
        BM_CHECK(send(stream, {0, ErrorReply{request.error()}}));
      }
      return fail(std::move(request).error());
    }
    BM_CHECK(send(stream, answer(*request)));
  }
}

}  // namespace birthmark::link
